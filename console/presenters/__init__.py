"""Decide what a view shows."""
