"""Prompts: from text to embeddings."""
