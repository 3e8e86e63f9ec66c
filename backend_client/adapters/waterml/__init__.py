"""WaterML 1.0, 1.1 (USGS, CUAHSI) and 2.0 (OGC), from a service or from files."""
