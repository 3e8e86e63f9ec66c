"""A TCP proxy on loopback that loses, cuts and delays as a bad line does; seeded, switched at will."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable

CHUNK = 32 * 1024


class FaultProxy:
    """Runs on its own thread; upstream is asked at each connection. trouble: share of chunks that meet a fault.

    Faults: the connection is refused, a request is cut short, an answer is lost whole after the
    service acted, an answer is cut in its middle, a chunk is late.
    """

    def __init__(self, upstream: Callable[[], tuple[str, int] | None], *, seed: int, trouble: float = 0.1) -> None:
        self._upstream = upstream
        self._dice = random.Random(seed)
        self.trouble = trouble
        self.met: Counter[str] = Counter()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="fault-proxy", daemon=True)
        self._thread.start()
        assert self._up.wait(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accepted, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        self._loop.run_forever()
        server.close()
        rest = asyncio.all_tasks(self._loop)
        for task in rest:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        self._loop.close()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        where = self._upstream()
        try:
            if where is None or self._meets("refused"):
                return
            far_reader, far_writer = await asyncio.open_connection(*where)
            try:
                await self._both(reader, writer, far_reader, far_writer)
            finally:
                far_writer.close()
        except OSError:
            self.met["upstream away"] += 1
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _both(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
    ) -> None:
        ways = (
            asyncio.create_task(self._carry(reader, far_writer, ("request cut",))),
            asyncio.create_task(self._carry(far_reader, writer, ("answer lost", "answer cut"))),
        )
        _, rest = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in rest:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, faults: tuple[str, ...]) -> None:
        while data := await source.read(CHUNK):
            fault = self._dice.choice((*faults, "late"))
            if self._meets(fault):
                if fault == "late":
                    await asyncio.sleep(self._dice.uniform(0.01, 0.15))
                elif fault == "answer lost":
                    return
                else:
                    target.write(data[: self._dice.randrange(len(data))])
                    await target.drain()
                    return
            target.write(data)
            await target.drain()

    def _meets(self, fault: str) -> bool:
        met = self._dice.random() < self.trouble
        self.met[fault] += met
        return met
