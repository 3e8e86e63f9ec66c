"""Bytes of any WaterML version into series, and series into what a harvest wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from backend_client.adapters.harvest import ForeignSeries, Gap, Harvest, readings
from backend_client.adapters.plain_words import one_line
from backend_client.adapters.plausible import graded
from backend_client.adapters.safe_xml import name_of, parse, space_of
from backend_client.adapters.units import to_ours
from backend_client.adapters.waterml import one, two
from backend_client.adapters.waterml.document import WmlSeries
from backend_client.adapters.waterml.words import element_of
from backend_client.errors import WireFormatError


def read_document(data: bytes, what: str, zone: str = "") -> tuple[str, tuple[WmlSeries, ...]]:
    """Return (version, series).

    Raises:
        WireFormatError: not WaterML, cut short, or hostile XML.
    """
    root = parse(data, what)
    name = name_of(root)
    if name == "Envelope":  # WaterOneFlow answers inside SOAP
        root = next((n for n in root.iter() if name_of(n) == "timeSeriesResponse"), root)
        name = name_of(root)
    if name == "timeSeriesResponse":
        return ("1.0" if "1.0" in space_of(root) else "1.1"), tuple(one.series_of(root, zone))
    if name in ("Collection", "OM_Observation", "GetObservationResponse"):
        return "2.0", tuple(two.series_of(root, zone))
    raise WireFormatError(f"{what}: root is {name[:40]!r}, not WaterML")


def foreign_series(found: Iterable[WmlSeries], elements: Mapping[str, str]) -> tuple[ForeignSeries, ...]:
    """Return the series as listed. elements: property code → our element, where the site knows better."""
    merged: dict[str, ForeignSeries] = {}
    for s in found:
        element = elements.get(s.property_code) or element_of(s.property_code, s.property_name, s.statistic)
        scale = to_ours(element, s.unit) if element else None
        merged[s.key] = ForeignSeries(
            s.key, one_line(s.site, 60), one_line(s.site_name or s.site, 80), element if scale else "", s.unit,
            *(scale or (1.0, 0.0)), datum=one_line(s.datum, 40), lon=s.lon, lat=s.lat, interval_s=s.interval_s,
        )  # fmt: skip
    return tuple(merged[k] for k in sorted(merged))


def harvest(wanted: Sequence[ForeignSeries], found: Iterable[WmlSeries], from_t: int, to_t: int) -> Harvest:
    """Put documents' rows together; expected is what the documents promise, None where they promise nothing."""
    by_key = {s.key: s for s in wanted}
    rows: dict[str, list[tuple[int, float | None, int]]] = {s.key: [] for s in wanted}
    gaps: list[Gap] = []
    notes: set[str] = set()
    unknown: set[str] = set()
    seen: set[str] = set()
    promised = True
    for s in found:
        if (series := by_key.get(s.key)) is None:
            continue
        seen.add(s.key)
        scale = to_ours(series.element, s.unit)
        if scale is None or scale != (series.factor, series.offset):
            gaps.append(Gap(s.key, from_t, to_t, f"unit {one_line(s.unit, 20)}"))
            continue
        rows[s.key] += [(t, v, graded(series.element, None if v is None else v * scale[0] + scale[1], q)) for t, v, q in s.rows]
        unknown |= s.unknown
        promised = promised and s.promised is not None
        if s.left_out:
            notes.add(f"bad-time:{s.key}:{s.left_out}")
        if s.promised is not None and s.promised != len(s.rows) + s.left_out:
            gaps.append(Gap(s.key, from_t, to_t, f"count {s.promised} read {len(s.rows) + s.left_out}"))
    notes |= {f"absent:{key}" for key in set(by_key) - seen}
    parts = tuple(readings(s, rows[s.key], from_t, to_t) for s in wanted)
    expected = sum(len(p.t) for p in parts) + len(gaps) if promised and seen else None
    return Harvest(parts, expected, not gaps, tuple(gaps), tuple(sorted(notes)), tuple(sorted(unknown)))
