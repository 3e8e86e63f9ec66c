"""Delft-FEWS PI REST service: time series as PI JSON or PI XML, found out by a probe."""
