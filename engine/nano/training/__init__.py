"""How nano was trained: its stages, each of which can be stopped and resumed."""
