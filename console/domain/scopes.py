"""Which part of the province a console keeps: ``all``, or a union of basins and cities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

ALL = "all"


def scope_parts(text: str) -> tuple[str, ...]:
    """Return the parts of a scope list, sorted and each once; ``all`` swallows the others."""
    parts = sorted({p.strip() for p in text.split(",") if p.strip()})
    return (ALL,) if ALL in parts or not parts else tuple(parts)


def scope_text(parts: Iterable[str]) -> str:
    """Return parts as they travel and are stored: sorted, comma separated."""
    return ",".join(scope_parts(",".join(parts)))


def basin_names(basins: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the short name of each basin object by its code: 北江流域 is 北江."""
    return {str(b["code"]): _short(str(_properties(b).get("name", b["code"]))) for b in basins}


def scopes_of(doc: Mapping[str, Any], basins: Mapping[str, str]) -> frozenset[str]:
    """Return the scopes an object belongs to; an object that names no place belongs to every one.

    The basin is ``properties.basin``, else the basin whose areal rain is the object's, else its
    river; a basin object belongs to itself. basins: from basin_names().
    """
    props = _properties(doc)
    code = str(doc.get("code", ""))
    basin = basins.get(code) or props.get("basin") or basins.get(str(props.get("rain_basin", ""))) or props.get("river")
    cities = re.split(r"[、,，/]", str(props.get("city") or ""))
    found = {f"city:{c.strip()}" for c in cities if c.strip()}
    if basin:
        found.add(f"basin:{_short(str(basin))}")
    return frozenset(found)


def within(scopes: frozenset[str], parts: Iterable[str]) -> bool:
    """Tell whether an object of these scopes belongs to a union of parts."""
    wanted = set(parts)
    return ALL in wanted or not scopes or not scopes.isdisjoint(wanted)


def _properties(doc: Mapping[str, Any]) -> Mapping[str, Any]:
    props = doc.get("properties")
    return props if isinstance(props, Mapping) else {}


def _short(name: str) -> str:
    return name.removesuffix("流域").replace(",", "，").strip() or name
