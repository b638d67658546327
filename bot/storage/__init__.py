"""What outlives the process: the SQLite database and the locks on a data folder."""
