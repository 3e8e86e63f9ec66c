"""Readings from files into the centre: CSV, XLSX, SL 323 tables; drifting columns, honest rejects."""
