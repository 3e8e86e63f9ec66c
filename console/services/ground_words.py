"""Why a ground of the map is not all there, in words: what happened and what to do."""

from __future__ import annotations

from backend_client.errors import BackendError, BackendRefused, BackendUnavailable, Untrusted, WireFormatError
from console.errors import ConsoleError

# code → (what happened, what to do)
GROUND_WORDS: dict[str, tuple[str, str]] = {
    "unreachable": ("底图服务没有应答，只显示本机存过的瓦片。", "请检查网络和服务地址；程序会自动再试。"),
    "busy": ("底图服务太忙，只显示本机存过的瓦片。", "不用处理，程序稍后再取。"),
    "login": ("底图服务要求密钥或没有权限。", "请核对地址中的密钥（如天地图 tk）是否有效、是否允许本机使用。"),
    "refused": ("底图服务拒绝了请求。", "请核对地址是否写全；技术细节见日志。"),
    "format": ("底图服务的应答不是瓦片。", "请核对地址和图层名；技术细节见日志。"),
    "untrusted": ("底图服务的证书核实不了，没有取任何瓦片。", "请让网络管理员核对对方证书，不要跳过核实。"),
    "missing": ("底图文件不在原来的位置。", "请接上存放它的磁盘，或移除这个图层后重新添加。"),
    "damaged": ("底图文件读不出来。", "请确认文件完整，可用原软件打开后另存，再重新添加。"),
    "too-far": ("此比例尺没有瓦片。", "请放大地图。"),
}
SHIFTED = "该服务的瓦片按 GCJ-02 偏移，与实测坐标相差数百米，只可示意"


class GroundTrouble(ConsoleError):
    """A ground cannot be shown now. code: of GROUND_WORDS. passing: worth another try soon."""

    def __init__(self, code: str, detail: str = "", *, passing: bool = False) -> None:
        super().__init__(*GROUND_WORDS[code], detail)
        self.code = code
        self.passing = passing


def trouble_of(exc: BackendError) -> GroundTrouble:
    """Return what a fault of the line means for the map."""
    if isinstance(exc, Untrusted):
        return GroundTrouble("untrusted", str(exc))
    if isinstance(exc, BackendUnavailable):
        return GroundTrouble("busy" if "HTTP 429" in str(exc) else "unreachable", str(exc), passing=True)
    if isinstance(exc, BackendRefused):
        return GroundTrouble("login" if exc.status in (401, 403) else "refused", str(exc))
    return GroundTrouble("format" if isinstance(exc, WireFormatError) else "refused", str(exc))
