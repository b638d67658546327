"""What becomes of members' commands while everything around the bot goes wrong.

``python -m benchmarks.chaos --jobs 200 --kills 40`` starts a bot process on a local Discord, a local Telegram and a
scripted engine, has members draw, and meanwhile kills the bot, breaks streams, holds the engine up, locks the database,
fills its disk and loses the platforms' answers. Then every command is looked up where its member reads.
"""
