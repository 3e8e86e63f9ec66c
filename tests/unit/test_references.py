"""The table of reference cases: what is beyond its tolerance fails and is marked, and no case of an engine is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.references import KEY, hold, table


def test_an_error_beyond_its_tolerance_fails_and_is_noted_all_the_same():
    noted = []
    hold(noted, "自检", "在内", 0.5, 1.0)
    with pytest.raises(AssertionError, match="自检 在外: 2"):
        hold(noted, "自检", "在外", 2.0, 1.0)
    assert [row[1] for _, row in noted] == ["在内", "在外"]


def test_the_table_has_the_worst_of_each_comparison_and_marks_what_fails():
    rows = [(KEY, ("a", "x", e, 1.0, "m")) for e in (0.1, 0.7)] + [(KEY, ("b", "y", 3.0, 1.0, "")), ("other", "z")]
    assert [line.split() for line in table(rows)] == [
        ["✓", "a", "x", "7.00e-01", "≤", "1.00e+00", "m"], ["✗", "b", "y", "3.00e+00", "≤", "1.00e+00"],
    ]  # fmt: skip
    assert table([]) == []


def test_every_reference_case_is_held(shared):
    known = {path.stem for path in (shared / "refcases").glob("*.json")}
    lines = [line for path in Path(__file__).parent.glob("test_*.py") for line in path.read_text("utf-8").splitlines()]
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    held = set(re.findall(r'within\(\s*"([a-z0-9_]+)"', text))
    for prefix in re.findall(r'within\(\s*f"([a-z_]+)\{name\}"', text):  # parametrised: its names stand beside the test
        held |= {k for k in known if k.startswith(prefix) and f'"{k.removeprefix(prefix)}"' in text}
    if "within(name," in text:
        held |= {k for k in known if f'"{k}"' in text}
    assert not known - held, "a case that nobody compares"
