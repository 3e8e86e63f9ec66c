"""Flights of the sandbox on screen and as films: one picture for both."""
