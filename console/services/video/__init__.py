"""Video: streams decoded in threads of their own, patrol, snapshots."""
