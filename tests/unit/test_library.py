"""Plans, contacts and drawings from the folder of an office into a laptop that has no network."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from backend_client.adapters.tabular.tables import UnreadableFile
from console.central.importers.library import Library, library_kind
from console.central.importers.run import Importer
from console.errors import StoreError
from console.presenters.library import library_rows
from console.services.library_desk import entries_held, plain_name
from console.store.packs import PackJournal, chosen_pack
from console.sync.pack_apply import take_in
from console.sync.pack_estimate import estimate
from console.sync.pack_fetch import PackFetch
from tests.in_process import Centre

PLANS = "编号,名称,流域,市,启用日期,文件\nP1,飞来峡调度预案,北江,清远,2026-04-15,feilaixia.pdf\nP2,博罗防汛预案,东江,惠州,,\n"
CONTACTS = "编号,姓名,单位,电话\nC1,张三,省三防办,020-12345678\n"


@pytest.fixture
def centre(tmp_path):
    found = Centre(tmp_path / "centre")
    yield found
    found.client.session.close()
    found.repo.close()


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "资料"
    found.mkdir()
    (found / "预案.csv").write_text(PLANS, "utf-8")
    (found / "联系人.csv").write_bytes(CONTACTS.encode("gb18030"))
    (found / "feilaixia.pdf").write_bytes(b"%PDF-1.4 " + b"x" * 300_000)
    return found


def bring(centre, folder):
    return Importer(centre.repo, files=centre.service.folder / "files").folder(folder, progress=False)


def fetched(centre, profile, going=lambda: True, **spec):
    wish = replace(chosen_pack("field"), contents=("plans", "contacts", "drawings"), **spec)
    with closing(PackJournal(profile.folder / "packs.db")) as journal:
        return PackFetch(wish, centre.client, profile, {}, lambda what, path: take_in(profile, what, path), going).run(journal)


def test_a_field_pack_takes_the_plans_of_its_region_and_their_files_along(centre, folder, profile):
    report = bring(centre, folder)
    assert report.listed == {"plans": 2, "contacts": 1} and not report.rejects
    assert "预案 2 项、联系人 1 项。" in report.lines_of_text()
    spec = replace(chosen_pack("field"), region="basin:北江", contents=("plans", "drawings"))
    lines = {line.kind: line for line in estimate(spec, centre.client, {}).lines}
    assert lines["plans"].count == 1 and lines["plans"].size > 300_000 and lines["drawings"].absent
    state = fetched(centre, profile, region="basin:北江")
    assert [(i.name, i.state) for i in state.items] == [("plans", "done"), ("contacts", "done"), ("drawings", "absent")]
    entries = entries_held(profile)
    assert [(e.kind, e.name) for e in entries] == [("plans", "飞来峡调度预案"), ("contacts", "张三")], "东江的预案不在内"
    assert entries[0].path.read_bytes() == (folder / "feilaixia.pdf").read_bytes()
    rows = [[cell[0] for cell in row] for row in library_rows(entries, str)]
    assert rows[0] == ["预案", "P1", "飞来峡调度预案", "北江 清远", "启用日期 2026-04-15", "feilaixia.pdf · 0.3 MB"]
    assert rows[1][3:] == ["—", "单位 省三防办；电话 020-12345678", "—"]


def test_a_table_is_the_whole_list_and_a_bad_line_takes_nothing_away(centre, folder):
    bring(centre, folder)
    text = "编号,名称,经度,文件\nP1,飞来峡调度预案（修订）,,../../etc/passwd\nP3,新预案,东经113度,\n,没有编号,,\n"
    (folder / "预案.csv").write_text(text, "utf-8")
    report = bring(centre, folder)
    assert [(line, reason.split("“")[0]) for _, line, reason in report.rejects] == [
        (2, "文件"),
        (3, "经纬度不是数"),
        (4, "没有编号或名称"),
    ]
    plans = {d["code"]: d for d in centre.repo.objects("plans")}
    assert set(plans) == {"P1"} and plans["P1"]["properties"]["name"] == "飞来峡调度预案", "P2 is not in the list any more"
    before = plans["P1"]["version"]
    (folder / "预案.csv").write_text(PLANS, "utf-8")
    bring(centre, folder)
    assert {d["code"]: d["version"] for d in centre.repo.objects("plans")} == {"P1": before, "P2": 1}


def test_a_link_out_of_the_folder_is_not_followed(centre, folder, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("x")
    (folder / "feilaixia.pdf").unlink()
    (folder / "feilaixia.pdf").symlink_to(secret)
    assert len(bring(centre, folder).rejects) == 1


def test_a_table_without_the_columns_is_refused_and_other_tables_stay_readings(centre, folder):
    (folder / "预案.csv").write_text("标题,说明\na,b\n", "utf-8")
    with pytest.raises(UnreadableFile, match="编号"):
        Library(centre.repo, centre.service.folder / "files").table("plans", folder / "预案.csv")
    assert bring(centre, folder).rejects[0][0] == "预案.csv"
    assert library_kind("Contacts") == "contacts" and library_kind("图纸") == "drawings" and library_kind("石角水位") is None


def test_a_file_that_came_wrong_is_dropped_and_fetched_again(centre, folder, profile):
    bring(centre, folder)

    def broken(request, reply):
        if "/v1/files/" not in request.url.path:
            return reply
        body = b"".join(reply.stream)
        import httpx

        return httpx.Response(reply.status_code, headers=reply.headers, content=b"y" + body[1:])

    centre.spoil = broken
    with pytest.raises(StoreError, match="不符"):
        fetched(centre, profile)
    assert entries_held(profile)[0].path is None, "its name is known, the file is not here"
    centre.spoil = None
    assert fetched(centre, profile).complete and entries_held(profile)[0].path is not None


def test_a_name_from_the_centre_leads_to_no_other_folder():
    assert plain_name("../../etc/passwd") == "_.._etc_passwd"
    assert plain_name("C:\\a\nb.pdf") == "C__a_b.pdf" and plain_name("预案.pdf") == "预案.pdf"
