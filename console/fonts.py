"""A font that has Chinese: the system's first, else the one of a pip package, else a clear word."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

from PySide6.QtGui import QFontDatabase, QRawFont

from console.errors import ConsoleError
from console.look import tokens

log = logging.getLogger(__name__)
PROBE = "三防指挥台汛限洪峰㎥滃浈潖"
PACKAGE = "cvttf_NotoSansCJK_Regular"


class NoChineseFont(ConsoleError):
    """Nothing on this machine can write Chinese."""


def has_chinese(family: str) -> bool:
    """Tell whether a family has the characters that place names here need."""
    if not family:
        return False
    raw = QRawFont.fromFont(QFontDatabase.font(family, "Regular", 12))
    return all(raw.supportsCharacter(ord(ch)) for ch in PROBE)


def chinese_family() -> str:
    """Return a family with Chinese, installing the packaged one when the system has none.

    Raises:
        NoChineseFont: neither is there; the message is readable in the terminal.
    """
    installed = set(QFontDatabase.families())
    for family in tokens()["fonts"]["families"]:
        if family in installed and has_chinese(family):
            return str(family)
    packaged = packaged_font()
    if packaged is not None:
        number = QFontDatabase.addApplicationFont(str(packaged))
        for family in QFontDatabase.applicationFontFamilies(number) if number >= 0 else []:
            if has_chinese(family):
                return family
    raise NoChineseFont(
        "这台机器上没有中文字体，界面会显示成方框，因此没有启动。",
        "请安装中文字体（Debian：apt-get install fonts-noto-cjk）或重新安装本程序的依赖包，然后再启动。",
    )


def packaged_font() -> Path | None:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    fonts = sorted(Path(spec.submodule_search_locations[0]).glob("*.[ot]tf"))
    return fonts[0] if fonts else None
