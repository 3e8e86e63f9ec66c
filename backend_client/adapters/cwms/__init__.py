"""CWMS Data API of the US Army Corps of Engineers: catalogue, paged time series, quality as a bit field."""
