"""The commands of the adapters and the data sets."""
