"""The SQLite files of the local cache."""
