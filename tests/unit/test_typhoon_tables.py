"""A typhoon's track comes in from a table and lies on the map at its moment."""

from __future__ import annotations

import pytest

from console.central.importers.run import Importer
from console.domain.objects import thing_from_doc
from console.domain.time import from_beijing
from console.presenters.typhoon import typhoon_views
from tests.in_process import Centre

HEAD = "编号,名称,时间,经度,纬度,风速(m/s),中心气压,七级风圈,十级风圈,起报时间,发布单位\n"
FIXES = (
    "1713,天鸽,2017-08-23 05:00,115.0,21.5,48,940,300/250/200/240,100,,\n"
    "1713,天鸽,2017-08-23 12:50,113.2,22.0,45,950,280,90,,\n"
)
AHEAD = (
    "1713,天鸽,2017-08-24 00:00,110.6,22.6,30,,,,2017-08-23 12:00,中央气象台\n"
    "1713,天鸽,2017-08-23 18:00,112.0,22.3,38,,,,2017-08-23 12:00,中央气象台\n"
)
LANDFALL = from_beijing("2017-08-23 12:50")


@pytest.fixture
def centre(tmp_path):
    found = Centre(tmp_path / "centre")
    yield found
    found.client.session.close()
    found.repo.close()


def bring(centre, folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "台风路径.csv").write_text(text, "utf-8")
    return Importer(centre.repo).folder(folder, progress=False)


def shown(centre, moment=LANDFALL):
    return typhoon_views([thing_from_doc("typhoons", d) for d in centre.repo.objects("typhoons")], moment)


def test_fixes_and_forecasts_become_one_typhoon(centre, tmp_path):
    report = bring(centre, tmp_path / "in", HEAD + FIXES + AHEAD)
    assert report.listed == {"typhoons": 1} and not report.rejects
    assert "台风 1 项。" in report.lines_of_text()
    (one,) = shown(centre)
    assert (one.name, one.now.wind_ms, one.issuer) == ("天鸽", 45.0, "中央气象台")
    assert one.now.radii_km == ((7, (280.0,) * 4), (10, (90.0,) * 4))
    assert [p.lon for p in one.ahead] == [112.0, 110.6]
    (before,) = shown(centre, LANDFALL - 3600)
    assert before.now.radii_km[0] == (7, (300.0, 250.0, 200.0, 240.0)) and before.ahead == ()


def test_importing_again_changes_nothing_and_a_longer_track_replaces_the_shorter(centre, tmp_path):
    bring(centre, tmp_path / "in", HEAD + FIXES)
    first = centre.repo.objects("typhoons")
    bring(centre, tmp_path / "in", HEAD + FIXES)
    assert centre.repo.objects("typhoons") == first
    bring(centre, tmp_path / "in", HEAD + FIXES + "1713,天鸽,2017-08-23 17:00,112.2,22.4,33,,,,,\n")
    (doc,) = centre.repo.objects("typhoons")
    assert (doc["version"], len(doc["properties"]["fixes"])) == (2, 3)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("1713,天鸽,2017-08-23 05:00,215.0,21.5,48,940,,,,", "超出范围"),
        ("1713,天鸽,2017-08-23 05:00,115.0,nan,48,940,,,,", "超出范围"),
        ("1713,天鸽,2017-08-23 05:00,115.0,21.5,很大,940,,,,", "不是数"),
        ("1713,天鸽,2017-08-23 05:00,115.0,21.5,48,940,300/200,,,", "四个数"),
        ("1713,,2017-08-23 05:00,115.0,21.5,48,940,,,,", "没有编号或名称"),
        ("1713,天鸽,昨天,115.0,21.5,48,940,,,,", "昨天"),
    ],
)
def test_a_line_with_a_fault_is_left_out_and_told(centre, tmp_path, line, why):
    report = bring(centre, tmp_path / "in", HEAD + FIXES + line + "\n")
    assert len(report.rejects) == 1 and why in report.rejects[0][2] and report.rejects[0][1] == 4
    assert len(shown(centre)) == 1


def test_a_table_without_the_columns_is_refused(centre, tmp_path):
    report = bring(centre, tmp_path / "in", "编号,经度\n1713,115\n")
    assert "表头没有" in report.rejects[0][2]
