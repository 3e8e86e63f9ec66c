"""Bundles on the command line: up to a centre that is switched off, the receipt back, a look inside."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from console import cli
from console.bundle_cli import import_bundle
from console.central.repository import Repository
from console.errors import StoreError
from console.paths import DataHome
from console.settings import Settings
from console.store.bundle.refusal import BundleRefused
from console.store.ops import OpsStore
from console.store.secret_box import KeyBox
from console.sync.bundles import take_here
from tests.bundles import centre_store, device, introduce
from tests.processes import make_key

NAMES = {"c": "省中心", "l": "外业一号"}


def box_of(folder):
    folder.mkdir(exist_ok=True)
    return KeyBox(make_key(DataHome(folder)))


@pytest.fixture
def two_homes(tmp_path):
    """A centre that is switched off and a laptop, on the command line."""
    centre, laptop = (device(tmp_path / folder, name, box_of(tmp_path / folder)) for folder, name in NAMES.items())
    introduce(centre, laptop)
    for one in (centre, laptop):
        one.register.close()
    repo = centre_store(centre.home.central("live") / "central.db")
    repo.close()
    return centre.home, laptop.home


def command(home, *arguments):
    return cli.run(["--home", str(home.root), "--source", "live", *arguments])


def test_entries_reach_a_centre_that_is_switched_off_once_and_are_answered(two_homes, tmp_path, capsys):
    centre, laptop = two_homes
    store = OpsStore(laptop.profile("live").ops, make_key(laptop))
    store.add("log.entry", "log", {"type": "danger", "text": "管涌"}, "外业组")
    store.add("log.entry", "log", {"type": "nonsense", "text": "x"}, "外业组")
    out = [str(tmp_path / n) for n in ("1.fccx", "2.fccx", "r.fccx")]
    for name in out[:2]:
        assert command(laptop, "export", "bundle", "--kind", "up", "--to", "省中心", "--out", name) == 0
    assert store.waiting()[0] == 2
    settings = Settings(source="live")

    def taken(home, path, receipt=None):
        capsys.readouterr()
        options = argparse.Namespace(folder=Path(path), receipt=receipt and Path(receipt))
        import_bundle(options, home, settings)
        return capsys.readouterr().out

    assert "采纳 1，此前已有 0，冲突 0，拒绝 1" in taken(centre, out[0])
    assert "采纳 0，此前已有 2" in taken(centre, out[1], out[2]), "the keys make a double harmless"
    assert "2 条待上报内容得到答复" in taken(laptop, out[2])
    assert sorted((op.state, op.code) for op in store.recent()) == [("done", ""), ("rejected", "bad-type")]
    store.close()
    repo = Repository(centre.central("live") / "central.db", "embedded:live")
    assert [r[1]["text"] for r in repo.records("log")] == ["水位上涨", "管涌"]
    repo.close()


def test_an_up_bundle_is_for_the_centre_and_a_down_one_for_a_desk(two_homes, tmp_path):
    centre, laptop = two_homes
    store = OpsStore(laptop.profile("live").ops, make_key(laptop))
    store.add("log.entry", "log", {"type": "note", "text": "x"}, "外业组")
    store.close()
    path = tmp_path / "u.fccx"
    command(laptop, "export", "bundle", "--kind", "up", "--to", "省中心", "--out", str(path))
    with pytest.raises(BundleRefused) as caught:
        take_here(centre, centre.profile("live"), path)
    assert caught.value.code == "direction"


def test_a_bundle_is_shown_without_being_taken(two_homes, tmp_path, capsys):
    centre, laptop = two_homes
    path = tmp_path / "d.fccx"
    assert command(centre, "export", "bundle", "--to", "外业一号", "--out", str(path), "--valid-hours", "24") == 0
    capsys.readouterr()
    assert command(laptop, "bundle", "show", str(path)) == 0
    told = capsys.readouterr().out
    assert "下行" in told and "省中心" in told and "obs.parquet 71 行" in told
    assert command(centre, "bundle", "show", str(path)) == 0
    told = capsys.readouterr().out
    assert "obs.parquet" not in told, "the inside is for its receiver"
    assert not laptop.profile("live").latest.exists()


def test_what_cannot_be_exported_is_said(two_homes, tmp_path, capsys):
    centre, laptop = two_homes
    out = str(tmp_path / "x.fccx")
    assert command(centre, "export", "bundle", "--to", "没有这台", "--out", out) == 2
    assert "信任名单" in capsys.readouterr().err
    assert command(laptop, "export", "bundle", "--to", "省中心", "--out", out) == 2
    assert "还没有数据" in capsys.readouterr().err
    assert command(laptop, "export", "bundle", "--kind", "up", "--to", "省中心", "--out", out) == 2
    assert "没有待上报" in capsys.readouterr().err
    assert command(centre, "export", "bundle", "--to", "外业一号", "--out", out, "--since", "abc.1") == 2
    assert "游标" in capsys.readouterr().err
    assert not Path(out).exists()


def test_a_pack_takes_its_attachments_along(two_homes, tmp_path):
    from console.store.bundle.relay import export_cache

    centre, laptop = two_homes
    files = centre.profile("live").folder / "packs" / "field" / "files"
    files.mkdir(parents=True)
    (files / "plan-1").write_bytes(b"plan" * 1000)
    (files / "plan-1.etag").write_text("x")
    out = tmp_path / "d.fccx"
    assert command(centre, "export", "bundle", "--pack", "field", "--to", "外业一号", "--out", str(out)) == 0
    taken = take_here(laptop, laptop.profile("live"), out)
    assert taken.files == 1
    assert (laptop.profile("live").folder / "files" / "plan-1").read_bytes() == b"plan" * 1000
    with pytest.raises(StoreError):
        export_cache(laptop, "live", "A" * 32, tmp_path / "r.fccx", 3)
