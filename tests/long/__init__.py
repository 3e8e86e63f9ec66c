"""Long forms: soak, chaos, pictures."""
