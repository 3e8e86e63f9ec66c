"""Widgets: show viewdata, report gestures; know no store and no service."""
