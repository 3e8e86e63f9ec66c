"""Offline packs on the command line: list, estimate, fetch, status."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from backend_client.central import Central
from backend_client.errors import BackendError
from console.domain.time import full_stamp
from console.errors import ConsoleError, StoreError
from console.paths import DataHome
from console.presenters.packs import NAMES, STATES, size_words
from console.services.local_builds import local_builds, where_built
from console.settings import Settings
from console.store.packs import PackJournal, PackSpec, PackState, chosen_pack, pack_specs
from console.sync.pack_apply import take_in
from console.sync.pack_estimate import PackEstimate, estimate
from console.sync.pack_fetch import PackFetch
from console.sync.sources import session_with


def run_pack(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    """Do one of the actions; a fetch that failed says how to go on."""
    if options.action == "list":
        for spec in pack_specs():
            print(f"{spec.code}\t{spec.name}\t{spec.days} 天\t{spec.purpose}")
        return 0
    if options.action == "status":
        return _status(home, settings)
    spec = chosen(options.pack, options.days, options.region)
    with closing(session_with(home, settings.source)) as session:
        try:
            if options.action == "estimate":
                print(words_of(estimate(spec, Central(session), where_built(home))))
                return 0
            return _fetch(spec, Central(session), home, settings)
        except BackendError as exc:
            raise StoreError(
                "中心没有应答，离线包没有下载完。", "已下载的部分保留；连上后再次执行会接着下载。", str(exc)
            ) from exc


def chosen(code: str, days: int | None, region: str) -> PackSpec:
    """Return a declared pack with the wishes of this call.

    Raises:
        ConsoleError: no such pack, or an impossible number of days.
    """
    spec = chosen_pack(code)
    if days is not None and not 1 <= days <= 60:
        raise ConsoleError(f"天数 {days} 超出范围。", "请给出 1 到 60。")
    return replace(spec, days=days or spec.days, region=region or spec.region)


def _fetch(spec: PackSpec, central: Central, home: DataHome, settings: Settings) -> int:
    profile = home.profile(settings.source)
    expected = estimate(spec, central, where_built(home))
    print(words_of(expected))
    fetch = PackFetch(spec, central, profile, local_builds(home), lambda what, path: take_in(profile, what, path), lambda: True)
    with closing(PackJournal(profile.folder / "packs.db")) as journal:
        state = fetch.run(journal, expected.size)
    print(state_words(spec, state))
    return 0 if state.complete else 1


def _status(home: DataHome, settings: Settings) -> int:
    path: Path = home.profile(settings.source).folder / "packs.db"
    if not path.exists():
        print("还没有下载过离线包。", file=sys.stderr)
        return 0
    with closing(PackJournal(path)) as journal:
        for spec in pack_specs():
            state = journal.state(spec.code)
            print(state_words(spec, state) if state else f"{spec.name}\t未下载")
    return 0


def words_of(found: PackEstimate) -> str:
    """Return an estimate line by line, then the sum; what is unknown is said so."""
    lines = []
    for line in found.lines:
        where = "（本机生成）" if line.local else ""
        count = f"\t{line.count} 项" if line.count else ""
        lines.append(
            f"{NAMES.get(line.kind, line.kind)}\t{'中心未提供' if line.absent else size_words(line.size)}{where}{count}"
        )
    at_least = "" if found.certain else "至少 "
    seconds = "未知" if found.seconds is None else f"{at_least}{max(1, round(found.seconds))} 秒"
    lines.append(f"合计\t{at_least}{size_words(found.size)}，用时 {seconds}")
    return "\n".join(lines)


def state_words(spec: PackSpec, state: PackState) -> str:
    word = STATES[state.word(time.time())]
    head = f"{spec.name}\t{word}\t{state.days} 天\t{size_words(state.size)}\t有效至 {full_stamp(state.valid_until)}"
    items = [
        f"  {NAMES.get(i.kind, i.kind)} {i.name.removeprefix('readings-') if i.kind == 'readings' else ''}"
        f"\t{STATES[i.state]}\t{size_words(i.size if i.state != 'absent' else None) if i.state != 'absent' else '—'}"
        for i in state.items
    ]
    return "\n".join([head, *items])
