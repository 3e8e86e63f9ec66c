"""``console verify``: is everything on this machine whole and consistent? Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from console.errors import ConsoleError
from console.findings import FAULT, NOTE, Finding
from console.paths import DataHome, Profile
from console.store.inspection import cursor_findings, file_findings, ops_findings
from console.store.keys import OpsKey, available_key, kind_of
from console.store.sqlite import DatabaseError


def profiles_of(home: DataHome) -> list[Profile]:
    folder = home.root / "profiles"
    return [Profile(p.name, p) for p in sorted(folder.iterdir()) if p.is_dir()] if folder.is_dir() else []


def key_or_finding(home: DataHome) -> tuple[OpsKey | None, Finding | None]:
    """Return the key where it is to be had without making one, and what is wrong where it is not."""
    try:
        kind = kind_of(home.root)
        return (available_key(home.root) if kind else None), None
    except ConsoleError as exc:
        return None, Finding("密钥", FAULT, exc.what, exc.next_step)


def verify(home: DataHome) -> list[Finding]:
    """Check every profile's files thoroughly."""
    key, trouble = key_or_finding(home)
    found = [trouble] if trouble else []
    for profile in profiles_of(home):
        found += _profile(profile, key)
    return found or [Finding("数据目录", NOTE, f"{home.root} 里还没有数据", "启动一次指挥台后再核对。")]


def _profile(profile: Profile, key: OpsKey | None) -> Iterator[Finding]:
    for finding in file_findings(profile, key, deep=True):
        unseen = finding.state == NOTE and "没有检查" in finding.words
        yield Finding(finding.name, FAULT, finding.words, finding.advice) if unseen else finding
    try:
        if key is not None and profile.ops.exists():
            yield from ops_findings(profile, key)
        yield from cursor_findings(profile)
    except DatabaseError as exc:
        yield Finding(f"{profile.name} 一致性", FAULT, f"读不出来（{exc}）", "见上面损坏的文件；重新启动后会恢复。")
