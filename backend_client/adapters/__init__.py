"""Readers of foreign servers and files; run by the central service or by the console itself."""
