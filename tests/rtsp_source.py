"""A camera for tests: a small moving clip, served over RTSP on loopback by a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
FPS = 25


def make_clip(path: Path, *, seconds: int = 4, width: int = 320, height: int = 180, still: bool = False) -> Path:
    """Encode a bright bar that walks over a grey ramp (or stands still); H.264, a key frame a second."""
    import av

    ramp = np.repeat(np.linspace(40, 160, width, dtype=np.uint8)[None, :, None], height, 0).repeat(3, 2)
    with av.open(str(path), "w", format="hls" if path.suffix == ".m3u8" else None) as out:
        stream = out.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(FPS), "bf": "0"}
        for n in range(seconds * FPS):
            picture = ramp.copy()
            x = 0 if still else n * 6 % (width - 40)
            picture[height // 4 : height // 2, x : x + 40] = (250, 220, 30)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, FPS)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


class RtspSource:
    """The serving process; stall() stops it as a hung camera would, kill() ends it."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.folder = folder
        self.port = port
        self.start()

    def start(self) -> None:
        """Serve the folder, at the port it had before; returns once it listens."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.rtsp_source", str(self.folder), str(self.port)],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.process.stdout.readline()
        assert line.startswith("port "), line
        self.port = int(line.split()[1])

    def url(self, clip: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{clip}?play_count=0"

    def stall(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.process.stdin.close()


class Quiet:
    def __getattr__(self, _level):
        return lambda *_words, **_more: None


async def serve(folder: str, port: int) -> None:
    from aio_rtsp_toolkit.server import RtspServer

    # each session holds a thread of the default executor, which has only cores + 4
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64))
    server = RtspServer(folder, "127.0.0.1", port)
    server.logger = Quiet()  # it would fill the pipe that says the port
    await server.start()
    print("port", server._server.sockets[0].getsockname()[1])
    await asyncio.to_thread(sys.stdin.read)  # until whoever started it ends it, or dies
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
