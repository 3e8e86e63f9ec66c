"""The sandbox without OpenGL: relief cast in numpy, painted by QPainter."""
