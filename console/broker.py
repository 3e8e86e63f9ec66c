"""The address of an MQTT broker from settings or the command line, refused in plain words."""

from __future__ import annotations

from backend_client.mqtt import Broker, broker_of
from console.errors import ConsoleError

WORDS = {
    "scheme": ("不能识别", "请写成 mqtts://主机:8883，本机可用 mqtt://127.0.0.1:1883。"),
    "password": ("里写了密码", "请去掉地址里的密码，放入环境变量 FLOOD_CONSOLE_MQTT_PASSWORD。"),
    "clear": ("没有加密", "请改用 mqtts:// 地址；明文地址只允许用于本机。"),
}


def broker_from(url: str) -> Broker | None:
    """Return the broker of a setting, None when there is none.

    Raises:
        ConsoleError: the address cannot be used.
    """
    if not url:
        return None
    try:
        return broker_of(url)
    except ValueError as exc:
        what, next_step = WORDS[str(exc)]
        raise ConsoleError(f"MQTT 代理的地址{what}。", next_step) from exc
