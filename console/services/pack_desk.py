"""Offline packs from a window: work on worker threads, states from the journal, one message line."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from backend_client.errors import BackendError
from console.domain.scopes import ALL, basin_names, scopes_of
from console.domain.time import beijing
from console.errors import ConsoleError, StoreError
from console.services.local_builds import local_builds, where_built
from console.services.session import Source
from console.services.tasks import TaskScope
from console.store.cache_reader import CacheReader
from console.store.packs import PackJournal, PackSpec, PackState, pack_files, pack_specs
from console.sync.sources import session_with

if TYPE_CHECKING:
    from console.sync.bundle_apply import Taken
    from console.sync.pack_estimate import PackEstimate

PROGRESS_MS = 500
PLACED = ("basins", "stations", "reservoirs")


@dataclass(frozen=True, slots=True)
class PackView:
    """A declared pack, how far it is, and the last estimate of this window."""

    spec: PackSpec
    state: PackState | None = None
    estimate: PackEstimate | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    device_id: str
    name: str


class PackDesk(QObject):
    """Owned by the panel that shows it.

    Signals:
        changed: views, devices, busy or said are other ones.
    """

    changed = Signal()

    def __init__(self, source: Source, tasks: TaskScope, tr: Callable[[str], str]) -> None:
        super().__init__()
        self._home = source.home
        self._key = source.key
        self._source = source.name
        self._tasks = tasks
        self._words = tr
        self._stop = threading.Event()
        self.views: tuple[PackView, ...] = tuple(PackView(s) for s in pack_specs())
        self.devices: tuple[Receiver, ...] = ()
        self.regions: tuple[str, ...] = (ALL,)
        self.busy = ""
        self.said = ""
        self._timer = QTimer(self, interval=PROGRESS_MS)
        self._timer.timeout.connect(self._ask_progress)
        self._reading = False
        self._closed = False

    async def reload(self) -> None:
        """Read the journal and the trust list."""
        states, self.devices, self.regions = await self._off(self._read)
        self.views = tuple(replace(v, state=states.get(v.spec.code)) for v in self.views)
        self._tell()

    def choose_region(self, region: str) -> None:
        """Make the next estimates and fetches of this part of the province; "" leaves each pack its own."""
        declared = {spec.code: spec for spec in pack_specs()}
        specs = {code: replace(spec, region=region or spec.region) for code, spec in declared.items()}
        self.views = tuple(replace(v, spec=specs[v.spec.code], estimate=None) for v in self.views)
        self._tell()

    def _read(self) -> tuple[dict[str, PackState], tuple[Receiver, ...], tuple[str, ...]]:
        from console.store.identity import TrustList  # the ciphers: not before the first window

        regions = self._regions_held()
        path = self._home.profile(self._source).folder / "packs.db"
        states: dict[str, PackState] = {}
        if path.exists():
            with closing(PackJournal(path)) as journal:
                found = {v.spec.code: journal.state(v.spec.code) for v in self.views}
                states = {code: state for code, state in found.items() if state is not None}
        trusted = TrustList(self._home.root / "identity").all()
        return states, tuple(Receiver(t.card.device_id, t.card.name) for t in trusted if not t.revoked_at), regions

    def _regions_held(self) -> tuple[str, ...]:
        """Return the parts of the province that the objects in the cache name: basins, then cities."""
        with closing(CacheReader(self._home.profile(self._source))) as reader:
            docs = {kind: reader.objects(kind) for kind in PLACED}
        basins = basin_names(docs["basins"])
        found = {scope for held in docs.values() for doc in held for scope in scopes_of(doc, basins)}
        return (ALL, *sorted(found))

    async def estimate(self, code: str) -> None:
        found = await self._guarded(code, lambda: self._estimate(code))
        if found is not None:
            self.views = tuple(replace(v, estimate=found) if v.spec.code == code else v for v in self.views)
            self._tell()

    async def fetch(self, code: str) -> None:
        """Fetch what is missing; pause() ends it, the next call goes on."""
        if self.busy:
            return
        self._stop.clear()
        self._timer.start()
        try:
            await self._guarded(code, lambda: self._fetch(code))
        finally:
            self._timer.stop()
        await self.reload()

    def pause(self) -> None:
        self._stop.set()

    async def export(self, code: str, device_id: str) -> None:
        """Write the pack as a bundle sealed to a trusted device; said tells where."""
        path = await self._guarded(code, lambda: self._export(code, device_id))
        if path is not None:
            tr = self._words
            self._say(f"{tr('已导出')} {path}")

    async def export_outbox(self, device_id: str) -> None:
        """Write what waits as an up bundle; it goes on waiting until the answer comes."""
        path = await self._guarded("outbox", lambda: self._export_outbox(device_id))
        if path is not None:
            tr = self._words
            self._say(f"{tr('已导出待上报内容，收到回执前仍保持待上报：')} {path}")

    async def take(self, path: str) -> None:
        """Take a down or receipt bundle in; a refusal's reason becomes the message."""
        taken = await self._guarded("import", lambda: self._take(Path(path)))
        if taken is not None:
            tr = self._words
            counts = f"{taken.rows} {tr('行读数')} · {taken.records} {tr('条记录')} · {taken.answers} {tr('条答复')}"
            self._say(f"{tr('已导入联络包，来自')} {taken.issuer}：{counts}")

    def close(self) -> None:
        """Stop what runs; nothing is told any more, the views may be gone."""
        self._closed = True
        self._timer.stop()
        self._stop.set()

    # --- on worker threads ------------------------------------------------------------------
    def _estimate(self, code: str) -> PackEstimate:
        from backend_client.central import Central  # the wire: not before the first window
        from console.sync.pack_estimate import estimate

        with closing(session_with(self._home, self._source)) as session:
            return estimate(self._spec(code), Central(session), where_built(self._home))

    def _fetch(self, code: str) -> PackState:
        from backend_client.central import Central
        from console.sync.pack_apply import take_in
        from console.sync.pack_estimate import estimate
        from console.sync.pack_fetch import PackFetch

        profile = self._home.profile(self._source)
        builds = local_builds(self._home)
        with (
            closing(session_with(self._home, self._source)) as session,
            closing(PackJournal(profile.folder / "packs.db")) as kept,
        ):
            central = Central(session)
            needed = estimate(self._spec(code), central, where_built(self._home)).size
            going: Callable[[], bool] = lambda: not self._stop.is_set()  # noqa: E731 - asked from a worker thread
            fetch = PackFetch(
                self._spec(code), central, profile, builds, lambda what, path: take_in(profile, what, path), going
            )
            return fetch.run(kept, needed)

    def _export(self, code: str, device_id: str) -> Path:
        from console.store.bundle.relay import export_cache  # Arrow: only when a bundle is made

        path = self._out(code)
        profile = self._home.profile(self._source)
        export_cache(self._home, self._source, device_id, path, self._spec(code).days, pack_files(profile, code), self._key)
        return path

    def _export_outbox(self, device_id: str) -> Path:
        from console.store.bundle.relay import export_outbox

        if self._key is None:
            raise StoreError("本机还没有解锁，待上报内容导不出来。", "请重新启动并输入口令。")
        path = self._out("up")
        export_outbox(self._home, self._source, device_id, path, self._key)
        return path

    def _take(self, path: Path) -> Taken:
        from console.sync.bundles import take_here

        return take_here(self._home, self._home.profile(self._source), path, key=self._key)

    def _out(self, word: str) -> Path:
        stamp = beijing(time.time()).strftime("%Y%m%d-%H%M%S")
        return self._home.root / "exports" / f"{word}-{stamp}.fccx"

    def _spec(self, code: str) -> PackSpec:
        return next(v.spec for v in self.views if v.spec.code == code)

    # --- on the GUI thread ------------------------------------------------------------------
    async def _guarded(self, code: str, work: Callable[[], Any]) -> Any:
        """Run one piece of work at a time; an expected fault becomes the message."""
        if self.busy:
            return None
        self.busy = code
        self._say("")
        try:
            return await self._off(work)
        except ConsoleError as exc:
            self.said = f"{exc.what}{exc.next_step}"
        except BackendError:
            tr = self._words
            self.said = tr("中心没有应答；已下载的部分保留，连上后再次下载会接着进行。")
        finally:
            self.busy = ""
            self._tell()
        return None

    def _tell(self) -> None:
        if not self._closed:
            self.changed.emit()

    def _say(self, text: str) -> None:
        self.said = text
        self._tell()

    def _ask_progress(self) -> None:
        if not self._reading:
            self._reading = True
            self._tasks.start("packs", self._progress())

    async def _progress(self) -> None:
        try:
            await self.reload()
        finally:
            self._reading = False

    @staticmethod
    async def _off(work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(None, work)
