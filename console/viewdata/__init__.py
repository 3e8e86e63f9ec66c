"""Plain frozen data that views draw."""
