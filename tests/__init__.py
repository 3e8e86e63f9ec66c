"""Stories a user would recognise."""
