"""Geometry from arrays; needs no window."""
