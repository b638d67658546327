"""What the tests of the adapters share: pictures, and recipes for the tiny model."""
