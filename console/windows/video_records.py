"""What video leaves behind: a picture as an attachment of a log entry, a patrol as an entry."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from console.domain.cameras import VideoCamera
from console.errors import ConsoleError
from console.presenters.video import stamp_lines
from console.presenters.video_patrol import log_text
from console.services.video.patrol import Patrol
from console.services.video.stream import Stream, full_picture
from console.store.ops import Attached
from console.windows.panels import Context
from widgets.video_stamp import stamped_jpeg


class VideoRecords:
    """Writes through the duty desk; say: shows one line, and says saved only after the commit."""

    def __init__(self, context: Context, say: Callable[[str], None]) -> None:
        self._c, self._say = context, say

    async def picture(
        self, camera: VideoCamera, stream: Stream | None, source: tuple[str, str], object_code: str, name: str
    ) -> None:
        """Save the newest frame at its own size. source: (which stream, whose camera), both in Chinese."""
        look, session = self._c.look, self._c.session
        found = None if stream is None else stream.full_frame()
        if found is None or stream is None:
            self._say(look.tr("没有存：这一路还没有画面"))
            return
        frame, came_t = found
        size = f"{source[0]} {frame.width}×{frame.height}"
        lines = stamp_lines(camera, stream.look(), came_t + session.link.skew_s, size, source[1])
        self._say(look.tr("正在保存…"))
        loop = asyncio.get_running_loop()
        try:
            session.duty.signed(name)
            content = await loop.run_in_executor(None, lambda: stamped_jpeg(full_picture(frame), lines, look))
            title = f"{camera.name} {lines[0][:19].replace(':', '')}.jpg"
            file = await session.duty.attach_made(title, "image/jpeg", content)
        except ConsoleError as exc:
            self._say(f"{exc.what}{exc.next_step}")
            return
        said = f"{look.tr('已保存到值班日志')} {camera.name}"
        await self._write("\n".join(["视频截图", *lines]), name, object_code, (file,), said)

    async def patrol(self, patrol: Patrol, name: str) -> None:
        self._say(self._c.look.tr("正在保存…"))
        text = log_text(patrol, self._c.session.link.skew_s)
        await self._write(text, name, "", (), self._c.look.tr("巡检结果已保存到值班日志"))

    async def _write(self, text: str, name: str, object_code: str, files: tuple[Attached, ...], said: str) -> None:
        session = self._c.session
        try:
            await session.duty.write_log("note", text, name, object_code, files)
        except ConsoleError as exc:
            self._say(f"{exc.what}{exc.next_step}")
            return
        self._say(said)
        await session.read_outbox()
