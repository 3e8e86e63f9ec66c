"""Rules and vocabulary of the field: frozen values, no Qt, no I/O."""
