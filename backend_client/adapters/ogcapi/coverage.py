"""CoverageJSON point series into columns; shapes are checked before a value is believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backend_client.errors import WireFormatError


@dataclass(frozen=True, slots=True)
class PointSeries:
    """times and values of one parameter at one place; values as published, None is missing."""

    coverage_id: str
    parameter: str
    unit: str
    label: str
    times: tuple[str, ...]
    values: tuple[Any, ...]


def point_series(doc: Any, where: str) -> tuple[PointSeries, ...]:
    """Return the series of a Coverage or a CoverageCollection.

    Raises:
        WireFormatError: another document, or axes and values that do not fit together.
    """
    if not isinstance(doc, dict):
        raise WireFormatError(f"{where}: no CoverageJSON")
    if doc.get("type") == "CoverageCollection" and isinstance(doc.get("coverages"), list):
        shared = _dict(doc.get("parameters"))
        return tuple(s for c in doc["coverages"] for s in _series(_dict(c), shared, where))
    if doc.get("type") == "Coverage":
        return tuple(_series(doc, {}, where))
    raise WireFormatError(f"{where}: no CoverageJSON but {str(doc.get('type'))[:40]!r}")


def unit_of(parameter: Mapping[str, Any]) -> str:
    """Return a parameter's unit as text: a symbol in either form, else its label."""
    unit = _dict(parameter.get("unit"))
    symbol = unit.get("symbol")
    if isinstance(symbol, dict):
        symbol = symbol.get("value")
    return symbol if isinstance(symbol, str) and symbol else label_of(unit.get("label"))


def label_of(raw: Any) -> str:
    """Return a label that is a text or a map from language to text."""
    if isinstance(raw, dict):
        raw = raw.get("en", next(iter(raw.values()), ""))
    return raw if isinstance(raw, str) else ""


def _series(coverage: Mapping[str, Any], shared: Mapping[str, Any], where: str) -> Iterator[PointSeries]:
    times = _axis_t(coverage, where)
    parameters = {**shared, **_dict(coverage.get("parameters"))}
    for name, raw in _dict(coverage.get("ranges")).items():
        block = _dict(raw)
        values, shape, axes = block.get("values"), block.get("shape", []), block.get("axisNames", [])
        if not isinstance(values, list) or not isinstance(shape, list) or not isinstance(axes, list):
            raise WireFormatError(f"{where}: range {str(name)[:40]!r} without values")
        sizes = dict(zip(axes, shape, strict=False))
        if (
            len(values) != len(times)
            or any(sizes[a] != 1 for a in sizes if a != "t")
            or sizes.get("t", len(times)) != len(times)
        ):
            raise WireFormatError(f"{where}: range {str(name)[:40]!r} has {len(values)} values for {len(times)} times")
        parameter = _dict(parameters.get(name))
        label = label_of(_dict(parameter.get("observedProperty")).get("label"))
        yield PointSeries(str(coverage.get("id") or ""), str(name), unit_of(parameter), label, times, tuple(values))


def _axis_t(coverage: Mapping[str, Any], where: str) -> tuple[str, ...]:
    axes = _dict(_dict(coverage.get("domain")).get("axes"))
    axis = _dict(axes.get("t"))
    values = axis.get("values")
    if not isinstance(values, list):
        raise WireFormatError(f"{where}: a coverage without a t axis of values")
    return tuple(str(v) for v in values)


def _dict(raw: Any) -> Mapping[str, Any]:
    return raw if isinstance(raw, dict) else {}
