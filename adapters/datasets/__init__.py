"""How the data sets of the shipped adapters were made: drawn by rule from openly licensed emoji artwork."""
