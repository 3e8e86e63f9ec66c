"""The 3D sandbox: geometry builders and the one owner of a VTK window."""
