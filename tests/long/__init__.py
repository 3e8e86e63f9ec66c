"""Long forms: soak, pictures."""
