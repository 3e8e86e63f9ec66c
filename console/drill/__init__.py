"""Recorded floods and how they were reconstructed."""
