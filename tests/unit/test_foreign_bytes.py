"""Any bytes at all, cut, flipped and spliced from real answers: read or refused, never another error."""

from __future__ import annotations

import random

import pytest

from backend_client.adapters.cap.message import parse_alert
from backend_client.adapters.fews_pi.document import read_document as read_pi
from backend_client.adapters.harvest import ForeignSeries
from backend_client.adapters.sl323.mapping import BadMapping, load
from backend_client.adapters.tiles.capabilities import read_capabilities
from backend_client.adapters.tiles.tile import whole
from backend_client.adapters.waterml.reader import foreign_series, harvest
from backend_client.adapters.waterml.reader import read_document as read_wml
from backend_client.errors import WireFormatError
from tests.unit.test_tiles import DEGREES, LINK_W, PNG, WEB, capabilities
from tests.unit.test_waterml import meta, point, two

NASTY = [
    b"\x00",
    b"\xff\xfe",
    b"<!--",
    b"]]>",
    b"&#0;",
    b"-",
    b"1e999",
    b"NaN",
    b"null",
    b"{}",
    b"[]",
    b"9" * 400,
    b"\xe2\x80\xae",
    b"<a/>",
    b'""',
    b"2024-02-30",
    b"true",
]
ROUNDS = 150


def spoiled(data, chance):
    """Return data with a few bytes cut, flipped, doubled or replaced."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        end = min(len(found), at + chance.choice((1, 2, 10, 200)))
        match chance.randrange(4):
            case 0:
                del found[at:end]
            case 1:
                found[at:end] = chance.choice(NASTY)
            case 2:
                found[at:at] = found[at:end]
            case _:
                del found[at:]
        if not found:
            break
    return bytes(found)


def waterml(data):
    _, found = read_wml(data, "x")
    listed = foreign_series(found, {})
    assert all(isinstance(s, ForeignSeries) for s in listed)
    harvest([s for s in listed if s.element], found, 0, 2**40)


def version_two(shared):
    from tests.unit.test_waterml import TWO

    inner = point("2024-06-01T00:00:00Z", "<wml2:value>1.5</wml2:value>" + meta('<wml2:quality xlink:href="x/good"/>'))
    assert two(inner)
    return TWO.format(
        points=inner * 3,
        code="00065",
        title="t",
        unit="m",
        inter="TotalSucc",
        more="<wml2:aggregationDuration>PT1H</wml2:aggregationDuration>",
    ).encode()


READERS = {
    "cap": (lambda data: parse_alert(data, "x"), lambda shared: (shared / "realdata/cap/canada.cap").read_bytes()),
    "pi-json": (
        lambda data: read_pi(data, "x"),
        lambda shared: (shared / "realdata/fews_pi/pi_time_series.json").read_bytes()[:4000] + b'"}]}]}',
    ),
    "pi-xml": (
        lambda data: read_pi(data, "x"),
        lambda shared: (shared / "realdata/fews_pi/normal_test_series.xml").read_bytes(),
    ),
    "waterml-1": (waterml, lambda shared: (shared / "realdata/waterml/wof_1_1_ipswich_temp.xml").read_bytes()),
    "waterml-2": (waterml, version_two),
    "wmts": (read_capabilities, lambda shared: capabilities(WEB + DEGREES, LINK_W)),
    "tile": (whole, lambda shared: PNG),
}


@pytest.mark.parametrize("name", READERS)
def test_spoiled_answers_are_read_or_refused(name, shared):
    read, sample = READERS[name]
    chance = random.Random(name)
    data = sample(shared)
    refused = 0
    for _ in range(ROUNDS):
        try:
            read(spoiled(data, chance))
        except WireFormatError:
            refused += 1
    assert refused or name == "tile"


def test_spoiled_mapping_files_are_read_or_refused():
    text = b"zone = '+08:00'\nmissing = [-1, -9991.5]\n[tables.river]\ntime_type = 'text'\nquality = 'F'\nquality_codes = { 1 = 'good' }\n[tables.river.values.Z]\ncolumn = 'Z'\nunit = 'm'\n"
    chance = random.Random(5)
    for _ in range(400):
        try:
            load(spoiled(text, chance).decode("utf-8", "replace"))
        except BadMapping as bad:
            assert bad.line >= 0
