"""sources.toml: each kind is built from its table, and a slip of the pen is named by source, key and line."""

from __future__ import annotations

import sqlite3
import tomllib

import pytest

from backend_client.adapters.changes import ReadsChanges
from backend_client.adapters.configured import adapter_of, tiles_of, warnings_of
from backend_client.adapters.source_table import BadSource
from backend_client.errors import BackendUnavailable

SECRETS = {"pw": "geheim", "": ""}


def secret(name):
    return SECRETS.get(name, "")


def opened(path):
    return sqlite3.connect(path, isolation_level=None)


def build(text, folder, which=adapter_of):
    (conf,) = tomllib.loads("[[source]]\nname = '北江'\n" + text)["source"]
    more = {} if which is warnings_of else {"open_sqlite": opened}
    return which(conf, secret=secret, folder=folder, **more)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("kind = 'fews-pi'\nurl = 'https://fews.test/rest/'\nfilter = 'A'\nelements = { 'H.x' = 'Z' }\npoll_s = 60", "FewsPi"),
        ("kind = 'cwms'\nurl = 'https://cwms.test/cwms-data'\noffice = 'SWT'\nauth = 'apikey'\nsecret = 'pw'", "Cwms"),
        ("kind = 'waterml'\nurl = 'http://nwis.test/iv'\nsites = ['01']", "WaterMlService"),
        ("kind = 'waterml-files'\npath = 'in'\nzone = '+08:00'", "WaterMlFolder"),
        ("kind = 'tables'\npath = 'in'\nenabled = true", "TableFolder"),
        ("kind = 'sl323'\ndatabase = 'sqlite'\npath = 'x.db'\nmapping = 'm.toml'", "Sl323Source"),
    ],
)
def test_every_kind_of_readings_is_built_from_its_table(text, kind, tmp_path):
    sqlite3.connect(tmp_path / "x.db").close()
    (tmp_path / "m.toml").write_text("[tables.river]\n")
    adapter = build(text, tmp_path)
    assert type(adapter).__name__ == kind and adapter.meter.requests == 0, "building asks nothing"
    assert isinstance(adapter, ReadsChanges) == (kind not in ("FewsPi", "Cwms"))
    adapter.close()


@pytest.mark.parametrize(
    ("text", "kind", "which"),
    [
        ("kind = 'cap-files'\npath = 'in'", "CapFolder", warnings_of),
        ("kind = 'cap-atom'\nurl = 'https://cap.test/'\nindex = 'a.atom'", "CapAtom", warnings_of),
        ("kind = 'xyz'\nurl = 'https://t.test/'\ntemplate = '{z}/{x}/{y}?k={key}'\nsecret = 'pw'", "XyzTiles", tiles_of),
        ("kind = 'wmts'\nurl = 'https://t.test/img'\nsecret = 'pw'", "WmtsTiles", tiles_of),
    ],
)
def test_warnings_and_maps_too(text, kind, which, tmp_path):
    found = build(text, tmp_path, which)
    assert type(found).__name__ == kind
    found.close()


@pytest.mark.parametrize(
    ("text", "key", "code"),
    [
        ("kind = 'telex'", "kind", "source.unknown-kind"),
        ("url = 'x'", "kind", "source.missing-key"),
        ("kind = 'cwms'\nurl = 'https://a/'", "office", "source.missing-key"),
        ("kind = 'cwms'\nurl = 'ftp://a/'\noffice = 'x'", "url", "source.not-an-address"),
        ("kind = 'cwms'\nurl = 'https://u:p@a/'\noffice = 'x'", "url", "source.secret-in-file"),
        ("kind = 'cwms'\nurl = 'https://a/'\noffice = 'x'\nofice = 'y'", "ofice", "source.unknown-key"),
        (
            "kind = 'cwms'\nurl = 'http://a.test/'\noffice = 'x'\nauth = 'bearer'\nsecret = 'pw'",
            "url",
            "source.secret-over-plain-http",
        ),
        ("kind = 'cwms'\nurl = 'https://a/'\noffice = 'x'\nauth = 'basic'\nsecret = 'pw'", "user", "source.missing-key"),
        (
            "kind = 'cwms'\nurl = 'https://a/'\noffice = 'x'\nauth = 'bearer'\nsecret = 'lost'",
            "secret",
            "source.no-such-secret",
        ),
        ("kind = 'fews-pi'\nurl = 'https://a/'\nelements = { H = 'level' }", "elements.H", "source.not-one-of"),
        ("kind = 'waterml'\nurl = 'https://a/'\nsites = []", "sites", "source.not-a-list"),
        ("kind = 'waterml'\nurl = 'https://a/'\nsites = ['1']\nversion = '3'", "version", "source.not-one-of"),
        ("kind = 'tables'\npath = 'in'\nzone = 'Asia/Nowhere'", "zone", "source.unknown-zone"),
        ("kind = 'tables'\npath = 7", "path", "source.not-text"),
        ("kind = 'sl323'\ndsn = 'host=x password=y'\nmapping = 'm.toml'", "dsn", "source.secret-in-file"),
        ("kind = 'sl323'\ndsn = 'nonsense'\nmapping = 'm.toml'", "dsn", "source.not-an-address"),
        ("kind = 'sl323'\ndsn = 'host=x'\nmapping = 'absent.toml'", "mapping", "source.unreadable-file"),
    ],
)
def test_a_slip_of_the_pen_is_named(text, key, code, tmp_path):
    (tmp_path / "m.toml").write_text("[tables.river]\n")
    with pytest.raises(BadSource) as bad:
        build(text, tmp_path)
    assert (bad.value.key, bad.value.code) == (key, code) and bad.value.source == "北江"
    assert "geheim" not in str(bad.value)


def test_a_mistake_in_the_mapping_is_named_with_its_line(tmp_path):
    (tmp_path / "m.toml").write_text("[tables.river]\ntabel = 'x'\n")
    with pytest.raises(BadSource) as bad:
        build("kind = 'sl323'\ndatabase = 'sqlite'\npath = 'x.db'\nmapping = 'm.toml'", tmp_path)
    assert (bad.value.code, bad.value.key, bad.value.line) == ("source.bad-mapping", "mapping tables.river.tabel", 2)


def test_a_database_that_is_away_is_an_outage_and_not_a_mistake(tmp_path):
    (tmp_path / "m.toml").write_text("[tables.river]\n")
    with pytest.raises(BackendUnavailable):
        build(
            "kind = 'sl323'\ndsn = 'host=127.0.0.1 port=1 user=x connect_timeout=1'\nsecret = 'pw'\nmapping = 'm.toml'",
            tmp_path,
        )


def test_a_secret_goes_into_the_header_and_nowhere_else(tmp_path):
    adapter = build("kind = 'cwms'\nurl = 'https://a.test/'\noffice = 'x'\nauth = 'basic'\nuser = 'u'\nsecret = 'pw'", tmp_path)
    assert adapter._http._http.headers["authorization"] == "Basic dTpnZWhlaW0="
    assert "geheim" not in repr(adapter) + repr(vars(adapter))
    adapter.close()
    with pytest.raises(BadSource, match="bad-template"):
        build("kind = 'xyz'\nurl = 'https://t.test/'\ntemplate = '{z}'", tmp_path, tiles_of)
