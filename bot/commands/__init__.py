"""What can be typed: the command table, its options, and how text becomes a request."""
