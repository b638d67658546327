"""Puts the bot together: settings, database, engine client, studio, moderation, replies."""
