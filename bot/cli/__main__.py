"""``python -m bot.cli``: the same as the script ``sanggar``."""

from bot.cli import main

main()
