"""An adapter over a WaterML service of the NWIS kind: sites, a window, and what was modified since."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from backend_client.adapters.foreign_http import ForeignHttp
from backend_client.adapters.harvest import Capability, ForeignSeries, Harvest, Meter
from backend_client.adapters.times import iso_z
from backend_client.adapters.waterml.document import WmlSeries
from backend_client.adapters.waterml.reader import foreign_series, harvest, read_document
from backend_client.errors import BackendRefused, WireFormatError

SITES_A_QUERY = 50
CHANGED_SPAN_S = 30 * 86400


class WaterMlService:
    """base: e.g. ``…/nwis/iv/``. sites: site numbers. version: "1.1" or "2.0"."""

    def __init__(
        self,
        http: ForeignHttp,
        sites: Sequence[str],
        *,
        version: str = "1.1",
        zone: str = "",
        elements: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._sites = tuple(sites)
        self._version = version
        self._zone = zone
        self._elements = dict(elements or {})
        self._clock = clock

    @property
    def meter(self) -> Meter:
        return self._http.meter

    def close(self) -> None:
        self._http.close()

    def probe(self) -> Capability:
        found = self._ask({}, self._sites[:1])
        try:
            self._ask({"modifiedSince": "PT30M"}, self._sites[:1])
            modified = "yes"
        except (BackendRefused, WireFormatError):
            modified = "no"
        traits = (("modified_since", modified), ("series", str(len(found))), ("count", "no"))
        return Capability("waterml", "WaterML", self._version, traits)

    def series(self) -> tuple[ForeignSeries, ...]:
        return foreign_series(self._all({}), self._elements)

    def read(self, wanted: Sequence[ForeignSeries], from_t: int, to_t: int) -> Harvest:
        return harvest(wanted, self._all({"startDT": iso_z(from_t), "endDT": iso_z(to_t)}), from_t, to_t)

    def changed_since(self, wanted: Sequence[ForeignSeries], since_t: int) -> Harvest:
        """Ask for the last month of the series that were modified since; late approvals come this way."""
        now = int(self._clock())
        minutes = max(1, -(-(now - since_t) // 60))
        start = max(0, since_t - CHANGED_SPAN_S)
        words = {"modifiedSince": f"PT{minutes}M", "startDT": iso_z(start), "endDT": iso_z(now)}
        return harvest(wanted, self._all(words), start, now)

    def _all(self, words: Mapping[str, str]) -> list[WmlSeries]:
        found: list[WmlSeries] = []
        for i in range(0, len(self._sites), SITES_A_QUERY):
            found += self._ask(words, self._sites[i : i + SITES_A_QUERY])
        return found

    def _ask(self, words: Mapping[str, str], sites: Sequence[str]) -> tuple[WmlSeries, ...]:
        query = urlencode({"format": f"waterml,{self._version}", "sites": ",".join(sites), **words}, safe=",:")
        answer = self._http.get(f"?{query}", missing_ok=True)
        if answer.status == 404:  # how NWIS says that none of the sites has anything in the window
            return ()
        if answer.status != 200:
            raise BackendRefused(answer.status, "unexplained")
        return read_document(answer.data, "waterml", self._zone)[1]
