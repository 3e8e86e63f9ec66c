"""Signed and sealed files that carry what the network would: readings, records, entries, answers."""
