"""Client of the central service; knows no console."""
