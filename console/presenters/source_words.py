"""Words of the sources page: states with their shape, reasons with what to do, kinds, notes.

The centre sends codes; their words are ours. A code that is not here is shown as it is.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StateWord:
    """rank: smaller is worse and stands higher on the page."""

    rank: int
    shape: str
    word: str
    token: str


STATES = {
    "down": StateWord(0, "■", "中断", "state.guaranteed"),
    "degraded": StateWord(1, "▲", "降级", "state.flood_limit"),
    "late": StateWord(2, "△", "迟", "state.warning"),
    "starting": StateWord(3, "◇", "正在开始", "state.watch"),
    "ok": StateWord(4, "○", "正常", "good"),
    "history": StateWord(5, "○", "历史资料", "text.dim"),
}
REASONS = {
    "unreachable": ("对方没有应答。", "请检查网络和对方服务是否在线；程序会继续重试，恢复后自动补读。"),
    "busy": ("对方说太忙，要求稍后再来。", "不用处理；程序按对方要求的时间再读。若长期如此，请把 poll_s 调大。"),
    "login": ("对方不认账号或没有权限。", "请核对访问令牌是否过期、账号是否有读取权限。"),
    "address": ("对方没有这个地址。", "请核对 sources.toml 里的地址，对方可能升级过。"),
    "refused": ("对方拒绝了请求。", "请把技术细节交给对方运维核对。"),
    "format": ("对方的应答不是约定的格式。", "已拒收，没有写入任何数据；请把技术细节交给对方运维核对。"),
    "config": ("来源的配置有误。", "请按技术细节改正 sources.toml，然后重新启动中心服务。"),
    "store": ("中心的数据库写不进去。", "请检查中心的数据库和磁盘；恢复后自动补读。"),
    "hangs": ("一次读取迟迟不结束。", "别的来源不受影响；请检查对方服务是否卡住。"),
    "bug": ("读取程序出错，已隔离。", "别的来源不受影响；程序稍后重试。请把日志交给本系统运维。"),
    "gaps": ("读到了，但有时段对方没有给全。", "缺口列在下面，程序会反复补读；长期不补的请向对方要数据。"),
    "mapping": ("有对照的本地测站不存在。", "请核对 sources.toml 里的 ours 站码。"),
    "late": ("能读到，但最新数据来得迟。", "请向对方核实测站是否停报。"),
    "unknown": ("读取失败。", "程序会继续重试；请把技术细节交给运维。"),
}
KINDS = {
    "sensorthings": "SensorThings",
    "ogcapi": "OGC API",
    "cwms": "CWMS",
    "waterml": "WaterML",
    "fews-pi": "FEWS PI",
    "waterml-files": "WaterML",
    "ogc-features": "OGC API",
    "ogc-edr": "OGC EDR",
    "sl323": "SL 323 数据库",
    "tables": "文件目录",
    "cap-files": "CAP 预警",
    "cap-atom": "CAP 预警",
    "tiles": "地图瓦片",
    "recording": "录像",
    "import": "文件导入",
    "file": "配置文件",
}
NOTES = {
    "mapped-station-missing": "对照的本地测站不存在：",
    "series-twice": "同一测站同一要素有两个系列，只读第一个",
    "unit-differs": "单位与本地声明的不同，没有读：",
    "not-proved": "无法证明完整",
    "count-short": "少于对方声明的数量",
    "next-link-missing": "分页没有给下一页",
}
