"""Foreign sources read into the centre: which, how often, what is owed, and what went wrong."""
