"""What a profile's files say of themselves, for doctor and verify: read only, whatever state they are in."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from sqlite_utils import Database

from console.findings import FAULT, GOOD, NOTE, Finding
from console.paths import Profile
from console.store import schema
from console.store.audit import breaks
from console.store.backups import backups
from console.store.cache_writer import seq_of
from console.store.checkup import NotChecked, cache_files, damage_of, open_to_look
from console.store.keys import OpsKey
from console.store.presence import is_marked
from console.store.recovery import last_recovery
from console.store.reserve import RESERVE_BYTES, Reserve
from console.store.sqlite import Connection, DatabaseError

STATES = ("waiting", "done", "rejected", "conflict")
OLD_S = 3600.0
NEWER = "请升级本程序；不要用旧版本打开，文件没有被改动。"


def steps_of(path: Path) -> int:
    kinds = {"latest.db": schema.LATEST, "ref.db": schema.REFERENCE, "ops.db": schema.OPS}
    return len(kinds.get(path.name, schema.TELEMETRY))


def file_finding(path: Path, key: OpsKey | None, *, deep: bool) -> Finding:
    """Return how one file stands: soundness, version, rows."""
    name = f"{path.parent.name}/{path.name}"
    try:
        found = damage_of(path, key, deep=deep)
        if found:
            ops = path.name == "ops.db"
            advice = "重新启动时会用备份和还能读出的内容恢复。" if ops else "程序运行时会把它改名保留，并从中心重新取回。"
            return Finding(name, FAULT, f"损坏（{found[0]}）", advice)
        with contextlib.closing(open_to_look(path, key)) as db:
            version = int(db.execute("pragma user_version").fetchone()[0])
            rows = sum(Database(db).table(t).count for t in Database(db).table_names())
    except (NotChecked, DatabaseError, OSError) as exc:
        return Finding(name, NOTE, f"现在检查不了（{exc}）", "请稍后再试；若一直如此请检查文件权限。")
    if version > steps_of(path):
        return Finding(name, FAULT, f"由更新的版本写成（{version} > {steps_of(path)}）", NEWER)
    older = f"，旧版本 {version}，启动时自动升级" if version < steps_of(path) else ""
    return Finding(name, GOOD, f"{'完整性' if deep else '结构'}检查通过，{rows} 行，{path.stat().st_size / 1e6:.1f} MB{older}")


def file_findings(profile: Profile, key: OpsKey | None, *, deep: bool) -> Iterator[Finding]:
    for path in cache_files(profile):
        yield file_finding(path, None, deep=deep)
    if profile.ops.exists():
        if key is None:
            yield Finding(
                f"{profile.name}/ops.db", NOTE, "没有密钥，没有检查", "请设置环境变量 FLOOD_CONSOLE_PASSPHRASE 后再运行。"
            )
        else:
            yield file_finding(profile.ops, key, deep=deep)
    asides = sorted(p.name for p in profile.folder.glob("*.damaged-*") if not p.name.endswith(("-wal", "-shm")))
    if asides:
        yield Finding(f"{profile.name} 保留的损坏文件", NOTE, "、".join(asides[-3:]), "确认不再需要后可以删除。")


def keeping_findings(profile: Profile, now: float) -> Iterator[Finding]:
    """Return how reserve, copies and the last recovery stand."""
    held = Reserve(profile.ops).held
    if not profile.ops.exists():
        return
    whole = held >= RESERVE_BYTES
    yield Finding(
        f"{profile.name} 预留空间",
        GOOD if whole else NOTE,
        f"{held / 1e6:.0f} MB",
        "" if whole else "磁盘有空间后，同步进程会自动补足；请清理磁盘。",
    )
    copies = backups(profile.ops)
    age = (now - copies[0].stat().st_mtime) / 3600 if copies else None
    late = age is None or age > 2
    words = "还没有备份" if age is None else f"{len(copies)} 份，最近 {age:.1f} 小时前"
    yield Finding(f"{profile.name} 记录库备份", NOTE if late else GOOD, words, "同步进程运行时每小时备份一次。" if late else "")
    if is_marked(profile.ops):
        yield Finding(f"{profile.name}/ops.db", FAULT, "已发现损坏，等待恢复", "请关闭所有窗口后重新启动，程序会自动恢复。")
    recovery = last_recovery(profile.ops)
    if recovery is not None:
        when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(recovery.at + 8 * 3600))
        words = f"{when} 恢复过，{recovery.entries} 条记录，重新上报 {recovery.offered} 条"
        yield Finding(f"{profile.name} 记录库恢复", NOTE, words, "请核对那个时刻前后的记录。")


def outbox_finding(profile: Profile, key: OpsKey, now: float) -> Finding:
    name = f"{profile.name} 待上报"
    try:
        with contextlib.closing(open_to_look(profile.ops, key)) as db:
            count, oldest = db.execute("select count(*), min(at) from outbox where state='waiting'").fetchone()
            stuck = db.execute("select count(*) from outbox where state in ('rejected','conflict')").fetchone()[0]
    except DatabaseError as exc:
        return Finding(name, NOTE, f"现在读不出来（{exc}）", "请稍后再试。")
    words = (
        f"{count} 条"
        + (f"，最早 {(now - oldest) / 60:.0f} 分钟前" if oldest else "")
        + (f"，被拒绝或有冲突 {stuck} 条" if stuck else "")
    )
    late = bool(oldest and now - oldest > OLD_S) or stuck > 0
    return Finding(
        name, NOTE if late else GOOD, words, "请检查与中心的连接；被拒绝和有冲突的记录在“运维”里处理。" if late else ""
    )


# --- what only verify asks ------------------------------------------------------------------
def ops_findings(profile: Profile, key: OpsKey) -> Iterator[Finding]:
    """Return whether audit chain and outbox are consistent.

    Raises:
        DatabaseError: the file cannot be read.
    """
    with contextlib.closing(open_to_look(profile.ops, key)) as db:
        broken = breaks(db)
        lines = db.execute("select count(*) from audit").fetchone()[0]
        yield Finding(
            f"{profile.name} 审计链",
            FAULT if broken else GOOD,
            f"第 {broken[0]} 行与前一行接不上，共 {len(broken)} 处" if broken else f"{lines} 行首尾相接",
            "该行被改动过，或在恢复时丢失了前面的行；请与中心的审计核对。" if broken else "",
        )
        yield from _outbox_findings(profile, db)


def _outbox_findings(profile: Profile, db: Connection) -> Iterator[Finding]:
    checks = {
        "没有上报操作的记录": "select count(*) from entry where id not in (select id from outbox)",
        "没有记录的上报操作": "select count(*) from outbox where id not in (select id from entry)",
        "内容与记录不同的上报操作": "select count(*) from outbox o join entry e using(id)"
        " where o.body<>e.body or o.kind<>e.kind",
        "状态不明的上报操作": f"select count(*) from outbox where state not in ({','.join('?' * len(STATES))})",
        "没有应答时间的已上报操作": "select count(*) from outbox where state='done' and answered_at is null",
    }
    for words, query in checks.items():
        count = db.execute(query, STATES if "?" in query else ()).fetchone()[0]
        if count:
            state = NOTE if "应答时间" in words else FAULT
            yield Finding(f"{profile.name} 待上报", state, f"{words} {count} 条", "请联系运维，并保留数据目录。")
    total = db.execute("select count(*) from outbox").fetchone()[0]
    yield Finding(f"{profile.name} 上报操作", GOOD, f"{total} 条，逐条核对过")


def cursor_findings(profile: Profile) -> Iterator[Finding]:
    """Return whether the feed's cursor runs ahead of what the month files hold.

    Raises:
        DatabaseError: a file cannot be read.
    """
    if not profile.latest.exists():
        return
    with contextlib.closing(open_to_look(profile.latest)) as db:
        noted = db.execute("select name, cursor from month order by name").fetchall()
    behind = [name for name, cursor in noted if _held(profile, name) < seq_of(cursor)]
    yield Finding(
        f"{profile.name} 数据游标",
        NOTE if behind else GOOD,
        f"月份 {'、'.join(behind)} 落后于游标" if behind else f"{len(noted)} 个月份与游标一致",
        "下次同步会从落后处重新取回，不需要做什么。" if behind else "",
    )


def _held(profile: Profile, month: str) -> int:
    path = profile.telemetry(month)
    if not path.exists():
        return -1
    with contextlib.closing(open_to_look(path)) as db:
        row = db.execute("select cursor from mark where feed='obs'").fetchone()
    return seq_of(row[0]) if row else -1
