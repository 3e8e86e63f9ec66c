"""Settings: a TOML file into one frozen value; a wrong file is named, never guessed at."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from console.errors import SettingsError

SCHEMA = 1
DEFAULT_SOURCE = "beijiang-2022-06"
CHOICES = {"theme": ("dark", "light"), "language": ("zh", "en")}
LIMITS = {"font_scale": (0.8, 2.0), "replay_rate": (1.0, 3600.0), "keep_days": (7, 36500)}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a user may set.

    source: ``live``, a recording's name, or the https:// address of a central service.
    scope: what part of the province is kept here: ``all``, or a list like ``basin:北江,city:清远``.
    font_scale: 0.8 to 2.0. replay_rate: how fast a recording starts, ×1 to ×3600.
    left_handed: mouse buttons of the sandbox change places. reduced_motion: cuts instead of flights.
    doorbell: an MQTT broker (mqtts://host:8883) that announces news of a large centre.
    keep_days: telemetry older than this, counted from the newest, is removed month by month.
    tls_*: PEM files of the site's authority and of this machine's own certificate; up to two
    pins of the authority's key, comma separated. oidc_issuer: the site's identity provider; ""
    means a token from the environment. compute: a Dask scheduler (tls://host:8786) that what-ifs run on; "" runs them
    here.
    """

    schema: int = SCHEMA
    source: str = DEFAULT_SOURCE
    theme: str = "dark"
    language: str = "zh"
    font_scale: float = 1.0
    operator: str = "值班员"
    replay_rate: float = 120.0
    replay_start: str = ""
    dem: str = ""
    left_handed: bool = False
    reduced_motion: bool = False
    scope: str = "all"
    doorbell: str = ""
    keep_days: int = 400
    tls_ca: str = ""
    tls_pins: str = ""
    tls_client_cert: str = ""
    tls_client_key: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = "flood-console"
    compute: str = ""


def _fault(path: Path, key: str, problem: str) -> SettingsError:
    return SettingsError(
        f"设置文件 {path} 的 “{key}” {problem}。",
        "请改正这一项，或删除该文件以恢复默认设置；本次先用默认设置运行。",
    )


def load_settings(path: Path) -> Settings:
    """Read the settings file; an absent file means defaults.

    Raises:
        SettingsError: not TOML, an unknown key, a wrong type or a value out of range.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise _fault(path, "全文", f"不是有效的 TOML（{exc}）") from exc
    except OSError as exc:
        raise _fault(path, "全文", f"读不出来（{exc}）") from exc
    return _checked(path, raw)


def _checked(path: Path, raw: Mapping[str, Any]) -> Settings:
    known = {f.name: type(getattr(Settings(), f.name)) for f in fields(Settings)}
    values: dict[str, Any] = {}
    for key, value in raw.items():
        if key not in known:
            raise _fault(path, key, "不是已知的设置项")
        if known[key] is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if type(value) is not known[key]:
            raise _fault(path, key, f"的类型不对，应为 {known[key].__name__}")
        if key in CHOICES and value not in CHOICES[key]:
            raise _fault(path, key, f"只能是 {'、'.join(CHOICES[key])}")
        if key in LIMITS and not LIMITS[key][0] <= value <= LIMITS[key][1]:
            raise _fault(path, key, f"应在 {LIMITS[key][0]} 到 {LIMITS[key][1]} 之间")
        values[key] = value
    if values.get("schema", SCHEMA) > SCHEMA:
        raise _fault(path, "schema", "来自更新的版本")
    return Settings(**values)


def save_settings(path: Path, settings: Settings) -> None:
    """Write the settings; the old file stays until the new one is whole."""
    lines = []
    for f in fields(Settings):
        value = getattr(settings, f.name)
        if isinstance(value, str):
            text = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
        lines.append(f"{f.name} = {text}")
    draft = path.with_suffix(".new")
    draft.write_text("\n".join(lines) + "\n", "utf-8")
    draft.replace(path)
