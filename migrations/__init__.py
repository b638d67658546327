"""Numbered changes of the SQLite schema, one ``NNNN_name.sql`` file each."""
