"""Intents of the operator and long work."""
