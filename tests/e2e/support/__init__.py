"""What the end-to-end tests of the Chrome source stand on."""
