"""What all tests share: settings, what a process said, waiting for a condition, tiny models."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The folder of the checkout."""
