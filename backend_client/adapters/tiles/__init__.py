"""Map tiles from XYZ templates, WMTS services and MBTiles files, behind one way of asking."""
