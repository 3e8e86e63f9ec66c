"""Where the ground is: the scene's coordinates, height and picture sources, tiles; no Qt, no VTK."""
