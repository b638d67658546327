"""Adapters in memory: read from disk, kept under a budget, applied row by row."""
