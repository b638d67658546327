"""From an accepted command to a delivered picture."""
