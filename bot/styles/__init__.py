"""Which adapter draws a style, where, and who chooses it."""
