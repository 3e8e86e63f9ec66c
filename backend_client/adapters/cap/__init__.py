"""CAP 1.1 and 1.2 warnings from files and Atom indexes: what is in force, and how far it is to be believed."""
