"""Frame, workspaces and wall screens: build, place, connect."""
