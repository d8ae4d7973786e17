"""Who may talk to our servers. The servers call it; it knows none of them."""
