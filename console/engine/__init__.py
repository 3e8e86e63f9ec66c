"""Hydrology as pure functions of arrays: units and sources stated, no Qt, no I/O."""
