"""The renderer: a process of its own that owns the OpenGL window; no Qt here."""
