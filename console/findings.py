"""One line of a check: how it stands, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

GOOD, NOTE, FAULT = "正常", "注意", "故障"


@dataclass(frozen=True, slots=True)
class Finding:
    """state: 正常, 注意 or 故障. advice: the next step; "" when there is nothing to do."""

    name: str
    state: str
    words: str
    advice: str = ""


def report(findings: Sequence[Finding], *, as_json: bool) -> str:
    """Return the lines for a terminal, or a JSON list."""
    if as_json:
        return json.dumps([asdict(f) for f in findings], ensure_ascii=False, indent=1)
    lines = []
    for found in findings:
        lines.append(f"[{found.state}] {found.name}：{found.words}")
        if found.advice:
            lines.append(f"       → {found.advice}")
    faults, notes = (sum(f.state == state for f in findings) for state in (FAULT, NOTE))
    return "\n".join([*lines, f"共 {len(findings)} 项，故障 {faults}，注意 {notes}。"])


def status_of(findings: Sequence[Finding]) -> int:
    return 1 if any(f.state == FAULT for f in findings) else 0
