"""The samplers: their table, and one picture's way from noise."""
