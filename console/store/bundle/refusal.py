"""Why a bundle is not taken: one code each, with the reason and the next step in words."""

from __future__ import annotations

from console.errors import ConsoleError

WORDS = {
    "not-a-bundle": ("这不是联络包，或文件开头已损坏。", "请核对文件是否选对；选对了就请对方重新拷贝一份。"),
    "cut": ("联络包不完整，文件没有拷全。", "请重新拷贝；拔出介质前先安全弹出。"),
    "damaged": ("联络包已损坏，内容与校验值不符。", "没有导入任何内容；请重新拷贝，或请对方重新导出。"),
    "newer": ("联络包由更新版本的程序写成。", "请先升级本程序再导入。"),
    "too-large": ("联络包超过允许的大小。", "没有导入任何内容；请对方缩短时段或减少附件后重新导出。"),
    "foreign": ("联络包的签发设备不在信任名单中。", "请向对方要身份卡，电话核对指纹后用 console trust 加入，再导入。"),
    "revoked": ("联络包的签发设备已被撤销信任。", "没有导入任何内容；请向管理员核实这台设备。"),
    "forged": ("联络包的签名与签发设备不符，可能被改动或冒名。", "没有导入任何内容；请向对方核实，并保留此文件备查。"),
    "receiver": ("联络包不是发给这台设备的。", "请在接收设备上导入，或请对方按本机身份卡重新导出。"),
    "expired": ("联络包已过有效期。", "请对方重新导出；若本机时钟不准，请先校时。"),
    "replayed": ("联络包已经导入过，或比已导入的更旧。", "本机内容没有变化；如需补数，请对方重新导出。"),
    "epoch": ("联络包与本机缓存不属于中心的同一次运行（纪元不同）。", "请连上中心同步一次，或请对方从现在的中心重新导出。"),
    "direction": ("这种联络包不能在这里导入。", "下行包和回执包在终端导入，上行包在中心所在的机器导入。"),
    "bad-content": ("联络包签名正确，但内容不合格式。", "没有导入任何内容；请对方升级程序后重新导出。"),
}


class BundleRefused(ConsoleError):
    """A bundle is not taken; code says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(*WORDS[code], detail)
        self.code = code
