"""Reads a SensorThings service with frost-sta-client; prints what it found: ``frost_client.py URL TOKEN``."""

import json
import sys

import frost_sta_client as fsc


class Bearer(fsc.AuthHandler):
    """The client knows basic authentication only; requests takes any callable."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def add_auth_header(self):
        def sign(request):
            request.headers["Authorization"] = f"Bearer {self._token}"
            return request

        return sign


def main() -> None:
    service = fsc.SensorThingsService(sys.argv[1], auth_handler=Bearer(sys.argv[2]))
    things = service.things().query().expand("Locations,Datastreams").list()
    streams = service.datastreams().query().list()
    one = service.datastreams().find(1)
    rows = one.get_observations().query().count().top(50).orderby("phenomenonTime", "asc").list()
    found = list(rows)
    filtered = (
        service.observations()
        .query()
        .filter("Datastream/@iot.id eq 1 and phenomenonTime ge 2022-06-21T00:00:00Z and phenomenonTime lt 2022-06-22T00:00:00Z")
        .list()
    )
    told = {
        "things": len(list(things)),
        "streams": len(list(streams)),
        "unit": one.unit_of_measurement.symbol,
        "observations": len(found),
        "count": rows.count,
        "first": [found[0].phenomenon_time.replace("+00:00", "Z"), found[0].result],
        "filtered": len(list(filtered)),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
