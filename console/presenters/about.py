"""About this program: versions, encryption, where the data lies."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version

from console import __version__
from console.presenters.system import Cell
from console.presenters.wording import Translate
from console.services.session import Session
from console.store.keys import SOURCES
from console.store.sqlite import LIBRARY, cipher_version

PACKAGES: Mapping[str, str] = {"Qt（PySide6）": "PySide6-Essentials", "VTK": "vtk", "PyVista": "pyvista"}


def about_rows(session: Session, tr: Translate) -> Sequence[Sequence[Cell]]:
    """Return name and value of each fact; read once, nothing of it changes while the program runs but the epoch."""
    key = session.source.key
    known = [
        (tr("三防指挥台"), __version__),
        ("Python", ".".join(str(p) for p in sys.version_info[:3])),
        ("SQLite", LIBRARY),
        (tr("记录库加密"), f"SQLCipher {cipher_version()}"),
        (tr("密钥来源"), tr(SOURCES[key.source]) if key is not None else tr("没有解锁")),
        *((name, _version(package)) for name, package in PACKAGES.items()),
        (tr("中心纪元"), session.link.epoch or "—"),
        (tr("数据目录"), str(session.source.home.root)),
    ]
    return [((name, "text.dim"), (value, "text")) for name, value in known]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "—"
