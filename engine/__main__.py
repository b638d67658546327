"""``python -m engine``: the engine process."""

from engine.cli import main

main()
