"""Bundles on the command line: out, in, and what a file is."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from backend_client.central import Central
from backend_client.errors import BackendError
from backend_client.session import Session
from console.central.bundles import Answer, CentreSource, Send, local_send, take_up
from console.central.repository import Repository
from console.domain.time import full_stamp
from console.drill.facts import is_recording
from console.errors import ConsoleError, StoreError
from console.paths import DataHome
from console.processes import is_owned, read_endpoint, sole_owner
from console.settings import Settings
from console.store.bundle.cache_source import CacheSource
from console.store.bundle.container import Frame, read_container
from console.store.bundle.gather import gather_down, gather_outbox
from console.store.bundle.manifest import ANSWERS, Header, Manifest
from console.store.bundle.opening import Doorkeeper, OpenBundle
from console.store.bundle.refusal import BundleRefused
from console.store.bundle.writing import bundle_draft, seal_bundle
from console.store.cache_writer import seq_of
from console.store.identity import TrustList, spoken
from console.store.keys import PASSPHRASE_VARIABLE, available_key
from console.store.packs import chosen_pack, pack_files
from console.sync.bundle_apply import Taken
from console.sync.bundles import device_keys, doorkeeper, identity_folder, take_here
from console.texts import printable

SUFFIX = ".fccx"
WORDS = {"down": "下行（中心→终端）", "up": "上行（终端→中心）", "receipt": "回执（中心→终端）"}


# --- out ------------------------------------------------------------------------------------
def export_bundle(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    receiver = TrustList(identity_folder(home)).match(options.to).card
    out = options.out if options.out.suffix == SUFFIX else options.out.with_name(options.out.name + SUFFIX)
    if options.valid_hours <= 0:
        raise ConsoleError("有效期必须大于 0 小时。", "请写成 --valid-hours 168。")
    profile = home.profile(settings.source)
    key = available_key(home.root)
    if key is None:
        raise StoreError("本机还没有解锁。", f"请先设置环境变量 {PASSPHRASE_VARIABLE} 为口令后再试。")
    with closing(_Register(home, settings)) as kept, bundle_draft(profile.run) as draft:
        if options.kind == "up":
            manifest, count = gather_outbox(draft, profile.ops, settings.source, key)
            said = f"待上报 {count} 条；仍保持待上报，直到收到回执或连上中心"
        else:
            manifest, said = _gather_down(options, home, settings, draft)
        header = seal_bundle(
            out,
            options.kind,
            draft,
            manifest,
            kept.keeper.identity,
            receiver,
            kept.keeper.register,
            lifetime_s=options.valid_hours * 3600,
        )
    print(f"已导出 {out}（{out.stat().st_size / 1e6:.2f} MB）：{said}")
    print(f"接收设备 {receiver.name}，有效至 {full_stamp(header.expires)}。只有该设备能打开。")
    return 0


class _Register:
    """The doorkeeper of this home for the length of one command."""

    def __init__(self, home: DataHome, settings: Settings, place: str = "") -> None:
        self.keeper: Doorkeeper = doorkeeper(home, home.profile(settings.source), place)

    def close(self) -> None:
        self.keeper.register.close()


def _gather_down(options: argparse.Namespace, home: DataHome, settings: Settings, draft: Any) -> tuple[Manifest, str]:
    path = home.central(settings.source) / "central.db"
    days: float | None = options.days
    files: tuple[Path, ...] = ()
    if options.pack:
        spec = chosen_pack(options.pack)
        days = options.days or spec.days
        files = pack_files(home.profile(settings.source), spec.code)
    if options.relay or not path.exists():
        source: CacheSource | CentreSource = CacheSource(home.profile(settings.source), settings.source)
        repo = None
    else:
        repo = Repository(path, f"embedded:{settings.source}")
        source = CentreSource(repo, settings.source, *_time_of(repo, settings.source), since=_since(options, repo))
    try:
        found = gather_down(draft, source, days, files)
    finally:
        if repo is not None:
            repo.close()
    attached = f"，附件 {found.files} 个" if found.files else ""
    return found.manifest, f"读数 {found.rows} 行，记录 {found.records} 条，对象 {found.objects} 个{attached}"


def _since(options: argparse.Namespace, repo: Repository) -> int | None:
    if not options.since:
        return None
    if options.since.partition(".")[0] != repo.epoch[:12] or not 0 <= seq_of(options.since) <= repo.seq:
        raise ConsoleError("这个游标不属于中心的这一次运行。", "请去掉 --since 导出全部。")
    return seq_of(options.since)


def _time_of(repo: Repository, source: str) -> tuple[float, str]:
    if is_recording(source):
        return float(repo.meta("player_t") or 0.0), "replay"
    return time.time(), "live"


# --- in -------------------------------------------------------------------------------------
def import_bundle(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    """Take a .fccx file in: down and receipt into the cache, up into the centre of this machine."""
    path: Path = options.folder
    header = read_container(path).header
    if header.kind == "up":
        return _take_up(path, header, options.receipt, home, settings)
    profile = home.profile(settings.source)
    key = available_key(home.root)
    print(_said(take_here(home, profile, path, lambda rows: print(f"已写入 {rows} 行", file=sys.stderr), key)))
    return 0


def _said(taken: Taken) -> str:
    if taken.kind == "receipt":
        return f"已导入 {taken.issuer} 的回执：{taken.answers} 条待上报内容得到答复。"
    moved = "同步位置已前移" if taken.moved else "已补齐数据，同步位置不变"
    at = full_stamp(taken.asof) if taken.asof else "—"
    return (
        f"已导入 {taken.issuer} 的联络包（数据时刻 {at}）：读数 {taken.rows} 行，记录 {taken.records} 条，"
        f"对象 {taken.objects} 个，附件 {taken.files} 个；{moved}。"
    )


def _take_up(path: Path, header: Header, receipt: Path | None, home: DataHome, settings: Settings) -> int:
    folder = home.central(settings.source)
    with closing(_Register(home, settings, f"central:{settings.source}")) as kept:
        if is_owned(folder, "central"):
            found = read_endpoint(folder / "endpoint.json")
            if found is None:
                raise StoreError("中心服务正在启动，还不能导入。", "请稍后再试。")
            with closing(Session(found.url, found.token)) as session:
                answers = _applied(path, kept.keeper, _network_send(Central(session)))
        elif (folder / "central.db").exists():
            with (
                sole_owner(folder, "central"),
                closing(Repository(folder / "central.db", f"embedded:{settings.source}")) as repo,
            ):
                answers = _applied(path, kept.keeper, local_send(repo, _time_of(repo, settings.source)[0]))
        else:
            raise BundleRefused("direction", "up")
        counts = {s: sum(a["status"] == s for a in answers) for s in ("applied", "duplicate", "conflict", "rejected")}
        print("已导入上行包：采纳 {applied}，此前已有 {duplicate}，冲突 {conflict}，拒绝 {rejected}。".format(**counts))
        if receipt:
            _write_receipt(receipt, header, answers, kept.keeper, home, settings)
    return 0


def _applied(path: Path, keeper: Doorkeeper, send: Send) -> list[Answer]:
    try:
        return take_up(path, keeper, send)[1]
    except BackendError as exc:
        raise StoreError("中心服务没有接收完。", "请稍后重新导入；重复导入无害。", str(exc)) from exc


def _network_send(central: Central) -> Send:
    def send(docs: Sequence[dict[str, Any]]) -> Sequence[Answer]:
        return [{"id": a.op_id, "status": a.status, "code": a.code, "current": a.current} for a in central.send(docs).answers]

    return send


def _write_receipt(
    path: Path, header: Header, answers: Sequence[Answer], keeper: Doorkeeper, home: DataHome, settings: Settings
) -> None:
    to = keeper.trust.find(header.issuer)
    if to is None:
        raise BundleRefused("foreign")
    manifest = Manifest(settings.source, "", "", "", None, "", None, None, "all", time.time(), "", "", answers_to=header.bundle)
    with bundle_draft(home.profile(settings.source).run) as draft:
        draft.add_lines(ANSWERS, answers)
        seal_bundle(path, "receipt", draft, manifest, keeper.identity, to.card, keeper.register)
    print(f"回执已写到 {path}，请交回 {to.card.name} 导入。")


def show_bundle(options: argparse.Namespace, home: DataHome, settings: Settings) -> int:
    """Say what a bundle is; its inside only to its receiver."""
    frame = read_container(options.file)
    header = frame.header
    folder = identity_folder(home)
    issuer = TrustList(folder).find(header.issuer)
    whose = "未信任的设备" if issuer is None else issuer.card.name + ("（已撤销）" if issuer.revoked_at else "")
    lines = [
        ("种类", WORDS[header.kind]),
        ("签发", f"{whose}  {spoken(header.issuer)}"),
        ("接收", spoken(header.receiver)),
        ("编号", str(header.number)),
        ("生成", full_stamp(header.created)),
        ("有效至", full_stamp(header.expires) + ("（已过期）" if time.time() > header.expires else "")),
        ("大小", f"{options.file.stat().st_size / 1e6:.2f} MB"),
    ]
    if (folder / "device.json").exists():
        lines += _inside(frame, home)
    for name, value in lines:
        print(f"{name}\t{value}")
    return 0


def _inside(frame: Frame, home: DataHome) -> list[tuple[str, str]]:
    """Return what the sealed part says; only its receiver can open it."""
    try:
        identity = device_keys(home).load()
    except StoreError as exc:
        return [("内容", f"看不到：{exc.what}{exc.next_step}")]
    if identity.card.device_id != frame.header.receiver:
        return [("内容", "只有接收设备能看到")]
    with frame.path.open("rb") as file:
        manifest = OpenBundle(frame, identity, file).manifest
    parts = "，".join(f"{p.name} {p.rows} 行 {p.size} 字节" if p.rows else f"{p.name} {p.size} 字节" for p in manifest.parts)
    return [
        ("数据源", printable(manifest.source, 80)),
        ("数据时刻", full_stamp(manifest.asof)),
        ("同步位置", printable(manifest.cursor, 60) or "—"),
        ("内容", parts),
    ]
