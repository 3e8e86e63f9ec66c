"""The field with the name that an entry is signed with."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit


def sign_as(field: QLineEdit, name: str) -> None:
    """Hold the field to the name of who is signed in; "" leaves it to the person at the desk."""
    if name and field.text() != name:
        field.setText(name)
    field.setReadOnly(bool(name))
