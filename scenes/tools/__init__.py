"""Measuring on the ground: profile, section, sight, distance, area, volume, pick; pure functions, no Qt, no VTK."""
