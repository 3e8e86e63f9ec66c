"""Terrain and imagery on disk: every scale, holes, seams; damaged, half-written and contested folders."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from scenes.ground import pyramid
from scenes.ground.picture_pyramid import PicturePyramid, write_picture
from scenes.ground.pyramid import (
    HEIGHTS,
    About,
    HeightPyramid,
    ImportCancelled,
    PyramidDamaged,
    PyramidNotWritten,
    PyramidWriter,
    halve_heights,
    write_pyramid,
)
from scenes.ground.source import Ground


def made(folder, heights, west=0.0, south=0.0, cell_km=0.001, **words):
    rows, columns = heights.shape
    box = (west, south, west + columns * cell_km, south + rows * cell_km)
    told = {"label": "合成地形", "datum": "1985 国家高程基准", "synthetic": True} | words
    return write_pyramid(folder, heights.astype(np.float32), box, **told)


def plane(rows, columns, cell_km, west=0.0, south=0.0):
    """Return 3 m a km to the east and 5 m a km to the north."""
    east = west + (np.arange(columns) + 0.5) * cell_km
    north = south + (np.arange(rows) + 0.5) * cell_km
    return 3 * east[None, :] + 5 * north[:, None]


def one(source, east, north, cell_km=0.0):
    return float(source.heights(np.array([east]), np.array([north]), cell_km)[0])


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True) if os.name == "posix" else None
    if done is None or done.returncode:
        pytest.skip("no right to mount a small disk here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_levee_of_one_metre_cells_speaks_inside_and_the_coarse_province_around_it(tmp_path):
    province = made(tmp_path / "province", np.full((64, 64), 20.0), -3.2, -3.2, 0.1)
    x = np.arange(400) + 0.5
    crest = 26 - np.clip(np.abs(x - 200) - 4, 0, 12) / 3  # 8 m wide, 1:3, its toe at 22 m
    survey = np.where(np.abs(x - 200) < 40, crest, np.nan)[None, :].repeat(300, 0)
    levee = made(tmp_path / "levee", survey, 0.0, 0.0, 0.001, label="地形：石角段 1 m.tif", synthetic=False)
    ground = Ground([province, levee])
    assert ground.at(0.200, 0.15) == pytest.approx(26.0)
    assert ground.at(0.210, 0.15) == pytest.approx(24.0, abs=0.01), "6 m down the slope of 1:3"
    assert ground.at(0.230, 0.15) == pytest.approx(22.0), "the toe"
    assert ground.at(0.245, 0.15) == 20.0 and ground.at(0.100, 0.15) == 20.0, "unsurveyed: the province speaks"
    assert ground.at(-1.0, 2.0) == 20.0 and ground.at(9.0, 9.0) is None
    assert ground.source_at(0.2, 0.15).label == "地形：石角段 1 m.tif" and ground.source_at(0.1, 0.15).synthetic
    line = ground.heights(np.linspace(0.1, 0.3, 2001), np.full(2001, 0.15))
    assert np.isfinite(line).all() and line.max() == pytest.approx(26.0)


@pytest.mark.parametrize("shape", [(100, 100), (101, 67), (1, 40), (40, 1), (1, 1), (33, 500)])
@pytest.mark.parametrize("cell_km", [0.0, 0.01, 0.013, 0.02, 0.031, 0.08])
def test_an_even_slope_is_the_same_slope_at_every_scale_and_size(tmp_path, shape, cell_km):
    source = made(tmp_path / "p", plane(*shape, 0.01), cell_km=0.01)
    margin = 2 * max(cell_km, 0.01)  # an odd edge's cell is the mean of its known half
    east = np.linspace(margin, shape[1] * 0.01 - margin, 50)
    north = np.linspace(margin, shape[0] * 0.01 - margin, 50)
    kept = (east > margin) & (east < source.box[2] - margin) & (north > margin) & (north < source.box[3] - margin)
    found = source.heights(east[kept], north[kept], cell_km)
    assert found == pytest.approx(3 * east[kept] + 5 * north[kept], abs=1e-4)
    assert np.isfinite(source.heights(np.array([source.box[2] / 2]), np.array([source.box[3] / 2]), cell_km)).all()
    assert np.isnan(source.heights(np.array([-1e-6, source.box[2] + 1e-6]), np.zeros(2), cell_km)).all(), (
        "outside it knows nothing"
    )


def test_a_coarse_answer_is_the_mean_of_the_ground_not_a_sample_of_it(tmp_path):
    rough = np.zeros((256, 256))
    rough[::2] = 10.0  # ridges of one cell
    source = made(tmp_path / "p", rough)
    assert one(source, 0.1005, 0.1005, 0.0) in (0.0, 10.0)
    assert one(source, 0.1, 0.1, 0.004) == pytest.approx(5.0)


def test_between_two_levels_the_answer_changes_little_by_little(tmp_path):
    rng = np.random.default_rng(3)
    source = made(tmp_path / "p", rng.normal(50, 10, (256, 256)))
    answers = np.array([one(source, 0.1203, 0.0877, 0.001 * 2**k) for k in np.linspace(0, 3, 301)])
    assert np.abs(np.diff(answers)).max() < 0.15 * np.ptp(answers), "no jump where the level changes"


def test_holes_stay_holes_and_lend_nothing_to_their_neighbours(tmp_path):
    ground = np.full((64, 64), 8.0)
    ground[20:30, 20:30] = np.nan
    source = made(tmp_path / "p", ground)
    assert np.isnan(one(source, 0.025, 0.025)) and np.isnan(one(source, 0.0201, 0.0201))
    assert one(source, 0.0199, 0.025) == 8.0, "the last known cell"
    assert one(source, 0.025, 0.025, 0.002) != 8.0 and one(source, 0.05, 0.05, 0.002) == 8.0
    everything = source.heights(
        *(g.ravel() for g in np.meshgrid(np.linspace(0, 0.064, 200), np.linspace(0, 0.064, 200))), 0.0015
    )
    assert set(np.unique(everything[np.isfinite(everything)])) == {8.0}


def test_a_coarser_cell_is_known_when_half_of_it_is():
    four = np.array([[1, np.nan, np.nan, np.nan, 5], [3, np.nan, np.nan, 4, 7], [1, 1, 1, 1, 9]], np.float32)
    found = halve_heights(four)
    assert found.shape == (2, 3) and found[0, 0] == 2.0 and np.isnan(found[0, 1]) and found[0, 2] == 6.0
    assert found[1].tolist() == [1.0, 1.0, 9.0], "at an odd edge what the file has of it counts"


def test_written_block_by_block_it_is_the_same_as_at_once(tmp_path, monkeypatch):
    rng = np.random.default_rng(5)
    heights = rng.normal(30, 9, (150, 213)).astype(np.float32)
    heights[40:50, 60:100] = np.nan
    whole = made(tmp_path / "whole", heights)
    monkeypatch.setattr(pyramid, "BAND_CELLS", 1000)
    with PyramidWriter(tmp_path / "parts", whole.about, halve_heights) as writer:
        for row in range(0, 150, 64):
            for column in range(0, 213, 50):
                writer.put(row, column, heights[row : row + 64, column : column + 50])
        told = []
        writer.finish(told.append)
    parts = HeightPyramid(tmp_path / "parts")
    for a, b in zip(whole._levels, parts._levels, strict=True):
        np.testing.assert_array_equal(a, b)
    assert told == sorted(told) and told[-1] == 1.0


def test_a_forgotten_block_is_noticed(tmp_path):
    about = About(HEIGHTS, "合成地形", "", True, 1.0, (0, 0, 4, 4), (4, 4))
    with pytest.raises(ValueError, match="12 cells"), PyramidWriter(tmp_path / "p", about, halve_heights) as writer:
        writer.put(0, 0, np.zeros((2, 2)))
        writer.finish()
    assert not list(tmp_path.iterdir())


def cut(folder):
    path = folder / "level-1.npy"
    path.write_bytes(path.read_bytes()[:-100])


def garble(folder):
    (folder / "level-0.npy").write_bytes(b"\x93NUMPY" + bytes(5000))


def lie(folder):
    told = json.loads((folder / "meta.json").read_text("utf-8"))
    (folder / "meta.json").write_text(json.dumps(told | {"size": [70, 100]}), "utf-8")


@pytest.mark.parametrize(
    "harm",
    [
        cut,
        garble,
        lie,
        lambda f: (f / "level-0.npy").unlink(),
        lambda f: (f / "level-0.npy").write_bytes(b""),
        lambda f: (f / "meta.json").unlink(),
        lambda f: (f / "meta.json").write_text('{"version": 1', "utf-8"),
        lambda f: (f / "meta.json").write_text("[1]", "utf-8"),
        lambda f: (f / "meta.json").write_bytes(b"\xff\xfe\x00"),
    ],
    ids=["cut", "garbled", "wrong size", "missing", "empty", "no meta", "half meta", "odd meta", "no text"],
)
def test_a_damaged_pyramid_says_so_and_what_to_do(tmp_path, harm):
    made(tmp_path / "石角", np.zeros((80, 100)))
    harm(tmp_path / "石角")
    with pytest.raises(PyramidDamaged, match="石角 的文件不完整或已损坏") as fault:
        HeightPyramid(tmp_path / "石角")
    assert "重新导入" in fault.value.next_step


def test_a_pyramid_of_a_newer_program_or_of_imagery_is_refused_in_words(tmp_path):
    made(tmp_path / "p", np.zeros((8, 8)))
    told = json.loads((tmp_path / "p" / "meta.json").read_text("utf-8"))
    (tmp_path / "p" / "meta.json").write_text(json.dumps(told | {"version": 99, "more": 1}), "utf-8")
    with pytest.raises(PyramidDamaged, match="更新版本"):
        HeightPyramid(tmp_path / "p")
    write_picture(tmp_path / "q", np.zeros((8, 8, 4), np.uint8), (0, 0, 1, 1), label="合成影像", synthetic=True)
    with pytest.raises(PyramidDamaged, match="不是地形"):
        HeightPyramid(tmp_path / "q")


def test_a_half_written_folder_is_never_seen_and_is_gone_after_a_fault(tmp_path):
    about = About(HEIGHTS, "合成地形", "", True, 1.0, (0, 0, 64, 64), (64, 64))
    with pytest.raises(RuntimeError), PyramidWriter(tmp_path / "p", about, halve_heights) as writer:
        writer.put(0, 0, np.zeros((64, 64)))
        assert not (tmp_path / "p").exists()
        raise RuntimeError("the program stops")
    assert not list(tmp_path.iterdir())


def test_stopped_while_the_coarser_levels_are_made_it_leaves_nothing(tmp_path):
    about = About(HEIGHTS, "合成地形", "", True, 1.0, (0, 0, 64, 64), (64, 64))
    with pytest.raises(ImportCancelled, match="已取消"), PyramidWriter(tmp_path / "p", about, halve_heights) as writer:
        writer.put(0, 0, np.zeros((64, 64)))
        writer.finish(cancelled=lambda: True)
    assert not list(tmp_path.iterdir())


def test_a_disk_that_fills_up_is_said_and_nothing_stays(small_disk, monkeypatch):
    with pytest.raises(PyramidNotWritten, match="磁盘空间不够：需要 2"):
        made(small_disk / "p", np.zeros((500, 500)))
    monkeypatch.setattr(pyramid, "SPACE_KEPT", -(10**9))  # as if another program takes the space meanwhile
    with pytest.raises(PyramidNotWritten, match="磁盘已满"):
        made(small_disk / "p", np.zeros((1200, 1000)))
    assert not list(small_disk.iterdir())
    assert made(small_disk / "p", np.zeros((300, 300))).label == "合成地形"


def test_a_file_in_the_way_is_not_replaced(tmp_path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "毕业论文.docx").write_text("x")
    with pytest.raises(PyramidNotWritten, match="写不进去"):
        made(tmp_path / "p", np.zeros((8, 8)))
    assert [f.name for f in tmp_path.iterdir()] == ["p"] and (tmp_path / "p" / "毕业论文.docx").exists()


def test_of_many_writers_of_one_folder_one_stays_whole(tmp_path):
    def write(value):
        with PyramidWriter(tmp_path / "p", about, halve_heights) as writer:
            writer.put(0, 0, np.full((90, 90), value))
            writer.finish()

    about = About(HEIGHTS, "合成地形", "", True, 1.0, (0, 0, 90, 90), (90, 90))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(24)))
    source = HeightPyramid(tmp_path / "p")
    found = {float(v) for level in source._levels for v in np.unique(level)}
    assert len(found) == 1 and found <= set(map(float, range(24)))
    assert [f.name for f in tmp_path.iterdir()] == ["p"], "no drafts and no old ones"


def test_many_threads_read_the_same_as_one(tmp_path):
    source = made(tmp_path / "p", np.random.default_rng(2).normal(0, 5, (300, 300)))
    east, north = np.random.default_rng(4).uniform(0, 0.3, (2, 5000))
    alone = source.heights(east, north, 0.0025)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: source.heights(east, north, 0.0025), range(40)):
            np.testing.assert_array_equal(found, alone)


def test_a_picture_keeps_its_colours_to_the_edge_at_every_scale(tmp_path):
    picture = np.zeros((101, 120, 4), np.uint8)
    picture[:, :60] = (40, 160, 80, 255)  # the other half is no picture
    picture[:, 60:, :3] = 255
    source = write_picture(tmp_path / "p", picture, (0.0, 0.0, 0.12, 0.101), label="合成影像", synthetic=True)
    assert isinstance(source, PicturePyramid) and source.pixel_km == pytest.approx(0.001)
    x, y = np.meshgrid(np.linspace(0, 0.12, 90), np.linspace(0, 0.101, 80))
    for scale in (0.0, 0.001, 0.0015, 0.004, 0.02):
        found = source.pixels(x, y, scale)
        assert found.shape == (80, 90, 4) and found.dtype == np.uint8
        seen = found[found[..., 3] > 8][:, :3].astype(int)
        assert np.abs(seen - (40, 160, 80)).max() <= 8, "no white from where there is no picture"
        assert (found[:, x[0] < 0.04, 3] == 255).all() and (found[:, x[0] > 0.1, 3] == 0).all()
    assert (source.pixels(np.array([-0.01, 0.2]), np.array([0.05, 0.05]), 0.001) == 0).all()
