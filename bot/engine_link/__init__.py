"""The bot's side of the engine: its HTTP client, and the process where it is ours."""
