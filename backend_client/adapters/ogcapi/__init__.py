"""OGC API: Features whose features are readings, and Environmental Data Retrieval as CoverageJSON."""
