"""A laptop without a line to the centre: data goes down and entries go up in files, by real processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from console import cli
from console.paths import DataHome
from console.store.bundle.manifest import Manifest
from console.store.bundle.writing import bundle_draft, seal_bundle
from console.store.ops import OpsStore
from console.store.secret_box import KeyBox
from console.store.sqlite import OperationalError, open_reader
from tests.bench.bundle import day_of_readings
from tests.bundles import device, introduce
from tests.e2e.test_kills_and_outages import cached, served
from tests.processes import ROOT, Running, eventually, make_key

AWAY = "http://127.0.0.1:9"  # nobody listens there
ENV = {"FLOOD_CONSOLE_TOKEN": "none"}


def console(home, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "console", "--home", str(home.root), *arguments],
        cwd=ROOT,
        env={**os.environ, **ENV},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def export(monkeypatch, capsys):
    """The same command in this process: a start less to wait for."""
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)

    def run(home, source, *arguments):
        assert cli.run(["--home", str(home.root), "--source", source, "export", "bundle", *arguments]) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture
def laptop(tmp_path):
    home = DataHome(tmp_path / "laptop")
    home.prepare()
    return home


def meet(tmp_path, *homes):
    """Each home's identity is made with its passphrase, and each trusts the others' cards."""
    devices = [device(home.root, name, KeyBox(make_key(home))) for home, name in homes]
    introduce(*devices)
    for one in devices:
        one.register.close()


def test_data_goes_down_entries_go_up_and_the_answer_comes_back(chain, home, laptop, tmp_path, export):
    meet(tmp_path, (home, "省中心"), (laptop, "外业一号"))
    flood = chain(rate="3600", start="2022-06-14 08:00")
    flood.start_central()
    eventually(lambda: flood.ask(served))
    flood.ask(lambda c: c.player({"action": "pause"}))
    profile = laptop.profile(AWAY)
    store = OpsStore(profile.ops, make_key(laptop))
    op_id = store.add("log.entry", "log", {"type": "danger", "text": "左岸 12+300 发现管涌"}, "外业组")
    sync = Running(laptop, "--source", AWAY, "sync", env=ENV)
    try:
        eventually(lambda: profile.sync_endpoint.exists(), what="sync listens")
        source = ("--source", flood.source)
        down, up, back = (str(tmp_path / name) for name in ("d.fccx", "u.fccx", "r.fccx"))
        assert "已导出" in export(home, flood.source, "--to", "外业一号", "--out", down)
        done = console(laptop, "--source", AWAY, "import", down)
        assert "省中心" in done.stdout and "同步位置已前移" in done.stdout, done.stderr
        assert cached(profile) == flood.ask(served)

        assert "待上报 1 条" in export(laptop, AWAY, "--kind", "up", "--to", "省中心", "--out", up)
        assert store.waiting()[0] == 1, "exported entries go on waiting"
        done = console(home, *source, "import", up, "--receipt", back)
        assert "采纳 1" in done.stdout, done.stderr
        log = [r for r in flood.ask(lambda c: c.records("", 20000)).records if r.kind == "log"]
        assert [(r.record_id, r.body["author"]) for r in log] == [(op_id, "外业组")]
        again = console(home, *source, "import", up)
        assert again.returncode == 2 and "已经导入过" in again.stderr
        done = console(laptop, "--source", AWAY, "import", back)
        assert "1 条待上报内容得到答复" in done.stdout, done.stderr
        assert store.waiting()[0] == 0
    finally:
        store.close()
        sync.stop()


def test_killed_in_the_middle_of_an_import_the_next_one_gives_the_same(laptop, tmp_path):
    box = KeyBox(make_key(laptop))
    centre, field = device(tmp_path / "centre", "省中心"), device(laptop.root, "外业一号", box)
    introduce(centre, field)
    manifest = Manifest("live", "", "e" * 32, "e" * 12 + ".9", 0, "", 0, None, "all", 1.0, "live", "")
    with bundle_draft(tmp_path / "run") as draft:
        rows = draft.add_readings(day_of_readings(series=1000))
        card = field.identity.card
        seal_bundle(tmp_path / "d.fccx", "down", draft, manifest, centre.identity, card, centre.register)
    for one in (centre, field):
        one.register.close()
    profile = laptop.profile(AWAY)

    def held():
        db = open_reader(profile.telemetry("202206"))
        try:
            return db.execute("select count(*) from obs").fetchone()[0]
        finally:
            db.close()

    def arrived():
        try:
            return profile.telemetry("202206").exists() and held() > 0
        except OperationalError:  # the file is being made right now
            return False

    first = Running(laptop, "--source", AWAY, "import", str(tmp_path / "d.fccx"), env=ENV)
    try:
        eventually(arrived, what="rows arrive")
    finally:
        first.kill()
        first.stop()
    assert 0 < held() < rows, "killed in the middle"
    done = console(laptop, "--source", AWAY, "import", str(tmp_path / "d.fccx"))
    assert "同步位置已前移" in done.stdout, done.stderr
    assert held() == rows
