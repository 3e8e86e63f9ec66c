"""What a SensorThings server can really do, asked once with a dozen small requests."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backend_client.adapters.foreign_http import Answer, ForeignHttp
from backend_client.adapters.harvest import Capability
from backend_client.adapters.sensorthings.document import RawObservation, entities, literal, observations
from backend_client.adapters.times import utc_s
from backend_client.errors import WireFormatError

ORDERS = ("phenomenonTime", "resultTime", "id")
NO = frozenset({400, 404, 405, 422, 500, 501})  # answers that mean "not this way" to a probe
TRIED_STREAMS = 5
TOPS = (1000, 100)  # a server may refuse more than its limit instead of cutting


@dataclass(frozen=True, slots=True)
class _Seen:
    rows: tuple[RawObservation, ...]
    count: int | None
    next_link: str


@dataclass(frozen=True, slots=True)
class Strategy:
    """How observations are asked for. order: "" when the server sorts by nothing we can use.

    sweep: one request may read all Datastreams together. lead_s: length of interval times; a
    server compares their begin, we use their end, so a window is asked for that much earlier.
    top: rows to ask for in one answer, 0 leaves it to the server.
    """

    order: str = ""
    count: bool = True
    time_filter: bool = True
    data_array: bool = False
    sweep: bool = False
    lead_s: int = 0
    top: int = 0


def probe(http: ForeignHttp) -> tuple[Capability, Strategy]:
    """Return what the server is and how to read it.

    Raises:
        BackendError: it cannot be reached, refuses, or is no SensorThings service.
    """
    version, conformance, notes = _root(http)
    path, sample = _sample(http)
    if path is None or sample is None:
        return Capability(
            "sensorthings", http.base_url, version, (("observations", "none"),), ("no-observations", *notes)
        ), Strategy()
    order, failed = _order(http, path)
    notes += [f"orderby-{name}-fails" for name in failed]
    strategy = Strategy(
        order=order,
        count=sample.count is not None,
        time_filter=_filters(http, path),
        data_array=_data_array(http, path),
        lead_s=_lead_s(sample),
    )
    strategy = replace(strategy, sweep=strategy.data_array and _sweeps(http), top=_top(http, path, strategy.data_array))
    notes += ["no-count"] * (not strategy.count) + ["time-filter-ignored"] * (not strategy.time_filter)
    notes += ["interval-times-end-used"] * bool(strategy.lead_s) + ["paging-by-skip"] * ("skip=" in sample.next_link)
    notes += ["order-ignored"] * (not order)
    traits = (
        ("order", order or "none"),
        ("count", _yes(strategy.count)),
        ("time_filter", _yes(strategy.time_filter)),
        ("data_array", _yes(strategy.data_array)),
        ("sweep", _yes(strategy.sweep)),
        ("paging", "skip" if "skip=" in sample.next_link else "link" if sample.next_link else "unknown"),
        ("modified_since", "no"),
        ("conformance", str(len(conformance))),
    )
    return Capability("sensorthings", http.base_url, version, traits, tuple(notes)), strategy


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _root(http: ForeignHttp) -> tuple[str, list[str], list[str]]:
    doc = http.get("").json()
    names = {e.get("name") for e in entities(doc, "service root")[0]}
    if not {"Datastreams", "Observations"} <= names:
        raise WireFormatError("service root names no Datastreams and Observations")
    settings = doc.get("serverSettings")
    conformance = settings.get("conformance") if isinstance(settings, dict) else None
    stated = [str(c) for c in conformance] if isinstance(conformance, list) else []
    version = "1.1" if any("/1.1/" in c for c in stated) or "v1.1" in http.base_url else "1.0"
    return version, stated, ["multi-datastreams-not-read"] * ("MultiDatastreams" in names)


def _sample(http: ForeignHttp) -> tuple[str | None, _Seen | None]:
    streams = entities(http.get("Datastreams", {"$top": TRIED_STREAMS}).json(), "Datastreams")[0]
    for stream in streams:
        path = f"Datastreams({literal(stream.get('@iot.id'))})/Observations"
        page = _Seen(*observations(http.get(path, {"$top": 2, "$count": "true"}).json(), path))
        if page.rows:
            return path, page
    return None, None


def _tried(http: ForeignHttp, path: str, params: dict[str, str | int]) -> _Seen | None:
    answer: Answer = http.get(path, params, accept=NO)
    if answer.status != 200:
        return None
    try:
        return _Seen(*observations(answer.json(), path))
    except WireFormatError:
        return None  # the form that was asked for is not usable; the plain one is


def _order(http: ForeignHttp, path: str) -> tuple[str, list[str]]:
    failed: list[str] = []
    for name in ORDERS:
        up = _tried(http, path, {"$top": 3, "$orderby": f"{name} asc"})
        if up is None:
            failed.append(name)
            continue
        down = _tried(http, path, {"$top": 3, "$orderby": f"{name} desc"})
        if down is None or not up.rows or not down.rows or len(up.rows) < 2:
            return name, failed
        if up.rows[0].obs_id != down.rows[0].obs_id:
            return name, failed
        failed.append(name)
    return "", failed


def _filters(http: ForeignHttp, path: str) -> bool:
    page = _tried(http, path, {"$top": 1, "$filter": "phenomenonTime lt 1970-01-02T00:00:00Z"})
    return page is not None and not page.rows


def _data_array(http: ForeignHttp, path: str) -> bool:
    page = _tried(http, path, {"$top": 2, "$resultFormat": "dataArray", "$count": "true"})
    return page is not None and bool(page.rows) and all(r.obs_id and r.phenomenon for r in page.rows)


def _top(http: ForeignHttp, path: str, data_array: bool) -> int:
    form = {"$resultFormat": "dataArray"} if data_array else {}
    return next((top for top in TOPS if _tried(http, path, {"$top": top, **form}) is not None), 0)


def _sweeps(http: ForeignHttp) -> bool:
    page = _tried(http, "Observations", {"$top": 2, "$resultFormat": "dataArray", "$count": "true"})
    return page is not None and page.count is not None and bool(page.rows) and all(r.stream for r in page.rows)


def _lead_s(sample: _Seen) -> int:
    longest = 0
    for row in sample.rows:
        begin, slash, end = row.phenomenon.partition("/")
        if slash:
            try:
                longest = max(longest, utc_s(end) - utc_s(begin))
            except ValueError:
                continue  # an open or unreadable interval is reported with its reading
    return longest
