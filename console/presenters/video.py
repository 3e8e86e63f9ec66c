"""Video tiles in words: which camera, whose, what its picture is worth, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from console.domain.cameras import Near, VideoCamera
from console.domain.time import beijing
from console.domain.video import WORDS, StreamState
from console.presenters.wording import Translate
from console.services.video.stream import Sight
from console.viewdata.video import TileView

REASONS: Mapping[str, str] = {
    "no-answer": "没有应答。请检查线路和摄像头供电",
    "refused": "对方没有开视频服务。请核对地址和端口",
    "unreachable": "连不上。请检查网络和地址",
    "not-allowed": "账号或口令不被接受。请中心更新地址",
    "not-found": "对方没有这一路视频。请中心核对地址",
    "server": "视频平台出错。请联系平台运维",
    "not-video": "收到的不是能识别的视频。请核对地址",
    "no-video": "这一路里没有图像。请核对地址",
    "codec": "编码格式不支持。请在摄像头上改用 H.264 或 H.265",
    "too-large": "画面尺寸过大，没有解码。请改用子码流",
    "protocol": "协议不支持。请中心改用 RTSP、HLS 或 HTTP-FLV 地址",
    "silent": "连上了，但收不到画面。请检查线路",
    "ended": "对方中断了视频",
    "broken": "视频数据损坏",
    "stall": "没有收到新画面",
    "still": "画面一直没有变化",
    "film": "是录像，不是摄像头",
    "again": "重复播放旧画面。请平台检查编码器",
    "no-file": "本机文件不存在。请核对 cameras.toml 里的 file",
    "decoder": "解码组件不可用。请按 README 重新安装",
    "fault": "处理视频出错，正在重试",
    "busy": "本机同时解码的路数已满",
    "no-address": "没有流地址。请中心在“摄像头”表填写主码流、子码流",
    "scheme": "地址的协议不被允许，没有打开。请中心改用 rtsp 或 http(s) 地址",
    "file": "地址指向本机文件，没有打开。请中心改用 rtsp 或 http(s) 地址",
    "form": "流地址写得不对。请中心更正",
    "long": "流地址过长。请中心更正",
}
NameOf = Callable[[str], str]


def clock_text(t: float, now_t: float) -> str:
    """Return HH:mm:ss in Beijing time, with the date when it is not today's."""
    moment = beijing(t)
    return moment.strftime("%H:%M:%S" if beijing(now_t).date() == moment.date() else "%m-%d %H:%M:%S")


def caution_of(mode: str, source_mode: str, tr: Translate) -> str:
    """Say when the other views show a moment that is not the picture's: cameras know only now."""
    if mode != "live":
        return tr("画面为实时，不是回看时刻")
    return tr("画面为实时，不是演练或回放时刻") if source_mode in ("replay", "drill") else ""


def bound_text(near: Near, selected: str | None, name_of: NameOf, tr: Translate) -> str:
    """Return which object a camera belongs to, or how far it is from the selected one."""
    camera = near.camera
    if selected and not near.bound and selected != camera.code:
        name = name_of(selected)
        if near.km is None:
            return f"{tr('距')} {name} {tr('未知')}"
        return f"{tr('距')} {name} {near.km:.1f} km" if near.km >= 0.95 else f"{tr('距')} {name} {near.km * 1000:.0f} m"
    if not camera.objects:
        return tr("未关联对象")
    first = selected if near.bound and selected else camera.objects[0]
    more = len(camera.objects) - 1
    return f"{tr('关联')} {name_of(first)}" + (f" +{more}" if more else "")


def tile_view(near: Near, look: Sight | None, stream: str, words: tuple[str, str], now_t: float, tr: Translate) -> TileView:
    """Return a tile's words. look: None without an address. words: (bound, caution). now_t: UTC s, real."""
    camera, (bound, caution) = near.camera, words
    if look is None:
        return TileView(camera.code, camera.name, bound, word=tr("无画面"), detail=tr(REASONS[camera.refused or "no-address"]))
    verdict = look.verdict
    film = camera.film
    recorded = tr("本机文件，不是实时画面") if film else tr("对方给的是录像，不是实时画面")
    return TileView(
        code=camera.code,
        name=camera.name,
        bound=bound,
        state=verdict.state,
        word=tr(WORDS[verdict.state]),
        detail=_detail(look, now_t, tr),
        clock="" if look.frame_t is None else clock_text(look.frame_t, now_t),
        stream=stream + (f" {look.size[0]}×{look.size[1]}" if look.size[0] else ""),
        caution=recorded if film or verdict.state is StreamState.FILM else caution,
    )


def _detail(look: Sight, now_t: float, tr: Translate) -> str:
    state, since = look.verdict.state, look.verdict.since
    if state is StreamState.WAITING:
        return tr("本机同时解码的路数已满；没有子码流的请中心补填")
    if state not in (StreamState.FROZEN, StreamState.OFFLINE) or since is None:
        return ""
    at = f"{tr('自')} {clock_text(since, now_t)}"
    reason = tr(REASONS[look.verdict.reason])
    return f"{at} {reason}" if state is StreamState.FROZEN else f"{at} {reason} · {tr('正在重连')}"


def held_view(view: TileView, tr: Translate) -> TileView:
    """Return a tile of a panel that the officer froze: whatever its camera does, the picture is not live."""
    return TileView(
        view.code,
        view.name,
        view.bound,
        StreamState.FROZEN,
        tr("画面冻结"),
        tr("本面板已冻结，画面不是实时"),
        view.clock,
        view.stream,
        view.caution,
    )


def nothing_view(tr: Translate) -> TileView:
    """Return the tile of an empty catalogue."""
    return TileView(
        "",
        tr("没有摄像头"),
        word=tr("无画面"),
        detail=tr("请由中心导入“摄像头”表：编号、名称、经度、纬度、主码流、子码流、关联测站"),
    )


def counts_text(views: Sequence[TileView], tr: Translate) -> str:
    """Return how the cameras shown do, in words."""
    words = [tr(WORDS[s]) for s in (StreamState.LIVE, StreamState.FILM, StreamState.FROZEN, StreamState.OFFLINE)]
    return " · ".join(f"{word} {n}" for word in words if (n := sum(v.word == word for v in views)))


def stamp_lines(camera: VideoCamera, look: Sight, at_t: float, stream: str, bound: str) -> list[str]:
    """Return what is burnt into a saved picture; a record, so always in Chinese.

    at_t: when the frame came, UTC s by the centre's clock.
    """
    moment = beijing(at_t).strftime("%Y-%m-%d %H:%M:%S")
    word = WORDS[look.verdict.state]
    worth = "" if look.verdict.state is StreamState.LIVE else f" · {word}，不是实时"
    worth = f" · {'本机' if camera.film else ''}录像，不是实时" if look.verdict.state is StreamState.FILM else worth
    source = " · ".join(p for p in (f"{camera.name}（{camera.code}）", bound, camera.platform, stream) if p)
    return [f"{moment} 北京时间 收到{worth}", f"来源 {source}"]
