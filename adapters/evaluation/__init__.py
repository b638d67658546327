"""Whether an adapter is better than its base model: pictures before and after, measured and shown side by side."""
