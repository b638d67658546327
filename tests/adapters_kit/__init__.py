"""What the tests of the adapters share: a tiny model, and recipes for it."""
