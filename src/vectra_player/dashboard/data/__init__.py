"""What the pages ask of the store. Each module holds the statements of one subject."""
