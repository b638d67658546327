"""What the bot's tests share: an engine that follows a script, and a courier that remembers."""
