"""Rules of the project that a machine can check."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.texts import shown_texts

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = [p for d in ("console", "widgets", "scenes", "backend_client") for p in (ROOT / d).rglob("*.py")]


def test_the_top_level_holds_only_what_was_agreed():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    names = {line.split("/")[0] for line in listed.stdout.splitlines()}
    agreed = {"console", "widgets", "scenes", "backend_client", "assets", "tests", "pyproject.toml", "README.md"}
    assert {n for n in names if not n.startswith(".")} <= agreed


def test_qt_is_the_pinned_one_and_does_not_lose_none():
    import PySide6
    from PySide6.QtCore import QObject

    assert PySide6.__version__ == "6.11.2"
    if sys.version_info < (3, 12):
        assert PySide6.__version_info__[:2] < (6, 12), "6.12 frees None on Python 3.11"
    subject = QObject()
    before = sys.getrefcount(None)
    for _ in range(200_000):
        subject.blockSignals(False)
        subject.setObjectName("x")
        subject.parent()
    assert sys.getrefcount(None) > before - 1000


def test_direct_dependencies_are_pinned_exactly():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        assert re.fullmatch(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==[A-Za-z0-9.]+", line), line


def test_colours_live_in_the_token_file_alone():
    for path in SOURCES:
        found = re.findall(r"[\"']#[0-9A-Fa-f]{6,8}[\"']", path.read_text("utf-8"))
        assert not found, f"{path.relative_to(ROOT)} has colours {found}"
    assert not re.findall(r"#[0-9A-Fa-f]{6}\b", (ROOT / "assets/theme/style.qss").read_text("utf-8"))


def test_no_file_has_outgrown_its_name():
    for path in SOURCES:
        assert len(path.read_text("utf-8").splitlines()) <= 400, path
    assert not [p for p in SOURCES if re.search(r"utils|manager|helper|common", p.stem)]


def test_every_shown_text_has_english():
    table = tomllib.loads((ROOT / "assets/texts/en.toml").read_text("utf-8"))["texts"]
    missing = sorted(shown_texts() - set(table))
    assert not missing
    assert all(isinstance(v, str) for v in table.values())


def test_text_reaches_the_contrast_that_tired_eyes_need():
    """WCAG: AA (4.5) for every text and state colour on panels, AAA (7) for numbers."""
    tokens = tomllib.loads((ROOT / "assets/theme/tokens.toml").read_text("utf-8"))

    def luminance(text):
        parts = [int(text[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(a, b):
        hi, lo = sorted((luminance(a), luminance(b)), reverse=True)
        return (hi + 0.05) / (lo + 0.05)

    for theme in ("dark", "light"):
        colors = tokens[theme]
        for name in [n for n in colors if n.startswith(("state.", "text"))]:
            assert contrast(colors[name], colors["panel"]) >= 4.5, (theme, name)
        assert contrast(colors["text"], colors["panel"]) >= 7


def test_nobody_runs_an_event_loop_inside_the_event_loop():
    """Steps of other tasks that come due inside a nested loop are lost for good."""
    for path in SOURCES:
        assert not re.search(r"processEvents|\.exec_?\(\)", path.read_text("utf-8")), path


def test_both_themes_have_the_same_tokens():
    tokens = tomllib.loads((ROOT / "assets/theme/tokens.toml").read_text("utf-8"))
    assert set(tokens["dark"]) == set(tokens["light"])


def test_no_secret_and_no_machine_path_is_in_the_sources():
    for path in SOURCES:
        text = path.read_text("utf-8")
        assert not re.search(r"/(work|root|home/\w+|tmp)/[a-z]", text), path
        assert not re.search(r"(password|secret|token)\s*=\s*[\"'][A-Za-z0-9+/]{16,}", text), path
