"""Opens a stream with PyAV, allowing no other protocol than its address needs; names what went wrong.

PyAV is imported by the first stream's thread, not before a tile needs it. Its own messages hold the
address with the password in it: they are never passed on, only a reason's code is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from console.domain.cameras import StreamAddress

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

OPEN_S = 5.0
READ_S = 6.0  # of silence; RTSP asks twice before it gives up
CODECS = ("h264", "hevc", "mpeg4", "mjpeg", "mpeg2video", "av1", "vp8", "vp9")
PIXELS_MAX = 8192 * 4320
FORMATS = "hls,mpegts,mpeg,flv,live_flv,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpjpeg,h264,hevc"
FIRST_PICTURE = {"analyzeduration": "1000000", "probesize": "1000000"}
OPTIONS = {
    "rtsp": {"protocol_whitelist": "tcp,tls", "format_whitelist": "rtsp,sdp", "rtsp_transport": "tcp", **FIRST_PICTURE},
    "http": {"protocol_whitelist": "http,https,tcp,tls,crypto", "format_whitelist": FORMATS, **FIRST_PICTURE},
    "file": {"protocol_whitelist": "file", "format_whitelist": FORMATS.removeprefix("hls,")},
}


class SourceLost(Exception):
    """No stream, or no more of it; code names the reason (words: presenters)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def options_of(address: StreamAddress) -> dict[str, str]:
    """Return FFmpeg's options: which protocols and formats may be opened on the way."""
    scheme = "file" if address.local else address.url.partition(":")[0].lower().removesuffix("s")
    return dict(OPTIONS[scheme])


@contextmanager
def opened(address: StreamAddress) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a stream for reading, in the calling thread.

    Raises:
        SourceLost: it does not open, is no video, or (inside the block) stops.
    """
    import av

    began = time.monotonic()
    stage = "open"
    try:
        with av.open(address.url, "r", options=options_of(address), timeout=(OPEN_S, READ_S)) as container:
            if not container.streams.video:
                raise SourceLost("no-video")
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            codec = stream.codec_context
            if codec is None or codec.name not in CODECS:
                raise SourceLost("codec")
            if codec.width * codec.height > PIXELS_MAX:
                raise SourceLost("too-large")
            stage = "read"
            yield container, stream
    except av.error.FFmpegError as exc:
        timed_out = stage == "open" and time.monotonic() - began >= OPEN_S
        raise SourceLost("no-answer" if timed_out else reason_of(exc, stage)) from None


def reason_of(exc: Exception, stage: str) -> str:
    """Return the code of what FFmpeg said; stage: open or read."""
    import av

    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        ((av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError, av.error.PermissionError), "not-allowed"),
        ((av.error.HTTPNotFoundError, av.error.FileNotFoundError), "not-found"),
        (av.error.HTTPError, "server"),
        (av.error.HTTPClientError, "server"),
        (av.error.ConnectionRefusedError, "refused"),
        ((av.error.ConnectionResetError, av.error.BrokenPipeError, av.error.EOFError), "ended"),
        ((av.error.ExitError, av.error.TimeoutError), "no-answer" if stage == "open" else "silent"),
        (av.error.ProtocolNotFoundError, "protocol"),
        (av.error.InvalidDataError, "not-video"),
        (av.error.OSError, "unreachable" if stage == "open" else "ended"),
    )
    return next((code for kind, code in kinds if isinstance(exc, kind)), "unreachable" if stage == "open" else "broken")
