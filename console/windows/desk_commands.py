"""The desk's commands: every action with its words, key and the reason when it cannot run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from console.commands import Command
from console.windows.workspaces import WORKSPACES

if TYPE_CHECKING:
    from console.windows.frame import Frame


def desk_commands(frame: Frame) -> list[Command]:
    """Return the table that menus, palette and keyboard read."""

    def go(code: str) -> Callable[[], None]:
        return lambda: frame.open_workspace(code)

    def theme(name: str) -> Callable[[], None]:
        return lambda: frame.set_look(theme=name)

    found = [Command(f"open.{w.code}", f"打开{w.title}", go(w.code), w.key, w.icon, "工作区") for w in WORKSPACES]
    found += [
        Command("open.wall", "打开大屏", go("wall"), "Ctrl+7", "mdi6.view-grid-outline", "工作区"),
        Command("palette", "查找站点或命令", frame.open_palette, "Ctrl+K", "mdi6.magnify", "查找"),
        Command("time.live", "回到实时", frame.session.situation.go_live, "Ctrl+L", "mdi6.circle-medium", "时间"),
        Command("time.play", "播放或暂停", lambda: frame.timeline.toggle_play(), "Ctrl+Space", "mdi6.play", "时间"),
        Command("time.back", "后退一小时", lambda: frame.timeline.step(-1), "Ctrl+Left", "", "时间"),
        Command("time.forward", "前进一小时", lambda: frame.timeline.step(1), "Ctrl+Right", "", "时间"),
        Command("time.newest", "跳到选中对象的最新数据", frame.jump_to_newest, "Ctrl+End", "", "时间"),
        Command("time.peak", "跳到选中对象近 24 小时最高", frame.jump_to_peak, "Ctrl+Up", "", "时间"),
        Command("window.wider", "过程线时段加倍", lambda: frame.widen(2.0), "Ctrl+Shift+Up", "", "时间"),
        Command("window.narrower", "过程线时段减半", lambda: frame.widen(0.5), "Ctrl+Shift+Down", "", "时间"),
        Command("look.dark", "深色主题", theme("dark"), "", "", "外观"),
        Command("look.light", "浅色主题", theme("light"), "", "", "外观"),
        Command(
            "look.english", "切换到英文 English", lambda: frame.set_look(language="en"), "", "", "外观", keywords="english"
        ),
        Command("look.chinese", "切换到中文", lambda: frame.set_look(language="zh"), "", "", "外观", keywords="chinese"),
        Command("look.larger", "放大字号", lambda: frame.scale_by(1.1), "Ctrl+=", "", "外观"),
        Command("look.smaller", "缩小字号", lambda: frame.scale_by(1 / 1.1), "Ctrl+-", "", "外观"),
        Command("wall.open", "打开大屏窗口", frame.open_wall, "", "mdi6.monitor", "大屏"),
        Command("layout.reopen", "重新打开关闭的面板", frame.reopen, "", "", "版面"),
        Command("layout.reset", "恢复本工作区默认版面", frame.reset_layout, "", "", "版面"),
        Command("sandbox.fly", "沙盘飞到选中对象", frame.fly, "Ctrl+G", "", "沙盘", enabled=frame.why_no_flight),
        Command(
            "source.2022",
            "数据源：演练 2022-06 北江",
            lambda: frame.restart_requested.emit("beijiang-2022-06"),
            "",
            "",
            "数据源",
        ),
        Command(
            "source.2024",
            "数据源：演练 2024-04 北江",
            lambda: frame.restart_requested.emit("beijiang-2024-04"),
            "",
            "",
            "数据源",
        ),
        Command(
            "source.live", "数据源：实时（导入的实测数据）", lambda: frame.restart_requested.emit("live"), "", "", "数据源"
        ),
        Command("about", "关于", go("system"), "", "mdi6.information-outline", "运维"),
        Command("instruments", "仪表（隐藏页）", frame.show_instruments, "Ctrl+Shift+P", "", "运维"),
    ]
    return found
