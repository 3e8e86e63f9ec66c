"""In-memory truth of the GUI process, Qt signals out."""
