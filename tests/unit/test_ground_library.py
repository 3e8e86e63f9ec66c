"""A user's own imagery in the sandbox, and the library of all that was imported; two consoles at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer
from rasterio.transform import from_origin

from scenes.ground.dem_import import GroundRefused, Vertical
from scenes.ground.frame import GEOGRAPHIC, GRID, ORIGIN_M
from scenes.ground.library import GroundLibrary
from scenes.ground.picture_import import import_picture
from scenes.ground.picture_pyramid import PicturePyramid
from scenes.ground.pyramid import HeightPyramid, ImportCancelled
from tests.geotiffs import HILL, flat, left_in, near, one, write

NATIONAL = Vertical("1985")


def colour(source, east_km, north_km):
    return tuple(int(v) for v in source.pixels(np.array([east_km]), np.array([north_km]), 0.0)[0])


def fields(n=100):
    """Return red fields in the west, green in the east; shape (3, n, n)."""
    picture = np.zeros((3, n, n), np.uint8)
    picture[0, :, : n // 2], picture[1, :, n // 2 :] = 200, 180
    return picture


def test_an_air_photo_lies_where_it_was_taken_and_its_empty_rim_is_clear(tmp_path):
    picture = fields()
    picture[:, :10] = 0
    report = import_picture(write(tmp_path / "航片.tif", picture, near(cell_m=0.5), nodata=0), tmp_path / "p", block=32)
    source = PicturePyramid(tmp_path / "p")
    assert colour(source, HILL[0] - 0.01, HILL[1]) == (200, 0, 0, 255), "only one band has the no-data value"
    assert colour(source, HILL[0] + 0.01, HILL[1]) == (0, 180, 0, 255)
    assert colour(source, HILL[0], HILL[1] + 0.024)[3] == 0 and colour(source, HILL[0] + 1, HILL[1]) == (0, 0, 0, 0)
    assert source.label == "影像：航片.tif" and report.pixel_m == 0.5 and report.empty == pytest.approx(0.1)


def test_a_bright_roof_is_no_hole_where_only_its_red_is_the_no_data_value(tmp_path):
    picture = fields()
    picture[0, 40:60, 20:40] = 255
    picture[:, :5] = 255
    import_picture(write(tmp_path / "a.tif", picture, near(cell_m=0.5), nodata=255), tmp_path / "p")
    source = PicturePyramid(tmp_path / "p")
    assert colour(source, HILL[0] - 0.01, HILL[1]) == (255, 0, 0, 255)
    assert colour(source, HILL[0], HILL[1] + 0.024)[3] == 0


def test_palettes_alpha_grey_and_sixteen_bits_become_what_is_seen(tmp_path):
    index = np.where(np.arange(100) < 50, 1, 2).astype(np.uint8)[None, :].repeat(100, 0)
    palette = {0: (0, 0, 0, 255), 1: (10, 90, 200, 255), 2: (240, 230, 20, 255)}
    import_picture(write(tmp_path / "a.tif", index, near(), colormap=palette), tmp_path / "a")
    assert colour(PicturePyramid(tmp_path / "a"), HILL[0] - 0.2, HILL[1]) == (10, 90, 200, 255)
    alpha = np.full((1, 100, 100), 255, np.uint8)
    alpha[:, :, 60:] = 0
    import_picture(
        write(tmp_path / "b.tif", np.concatenate([fields(), alpha]), near(), photometric="RGB", alpha="yes"), tmp_path / "b"
    )
    assert colour(PicturePyramid(tmp_path / "b"), HILL[0] + 0.05, HILL[1]) == (0, 180, 0, 255)
    assert colour(PicturePyramid(tmp_path / "b"), HILL[0] + 0.2, HILL[1])[3] == 0
    infrared = np.concatenate([fields(), np.zeros((1, 100, 100), np.uint8)])
    import_picture(write(tmp_path / "c.tif", infrared, near(), photometric="RGB", alpha="no"), tmp_path / "c")
    assert colour(PicturePyramid(tmp_path / "c"), HILL[0] - 0.2, HILL[1]) == (200, 0, 0, 255), "a fourth band is no hole"
    ramp = np.linspace(300, 2300, 100).astype(np.uint16)[None, :].repeat(100, 0)
    import_picture(write(tmp_path / "d.tif", np.stack([ramp] * 3), near(), nodata=65535), tmp_path / "d")
    shown = [colour(PicturePyramid(tmp_path / "d"), HILL[0] + x, HILL[1]) for x in (-0.495, 0.0, 0.495)]
    assert shown[0] == (0, 0, 0, 255) and shown[2] == (255, 255, 255, 255) and abs(shown[1][0] - 128) < 4


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4548", "EPSG:3857"])
def test_imagery_of_another_projection_covers_the_same_ground(tmp_path, crs):
    to_own = Transformer.from_crs(GRID, crs, always_xy=True)
    x, y = to_own.transform(HILL[0] * 1000 + ORIGIN_M[0], HILL[1] * 1000 + ORIGIN_M[1])
    cell = 1e-5 if crs == GEOGRAPHIC else 1.0
    import_picture(
        write(tmp_path / "a.tif", fields(200), from_origin(x - 100 * cell, y + 100 * cell, cell, cell), crs),
        tmp_path / "p",
        block=50,
    )
    source = PicturePyramid(tmp_path / "p")
    assert colour(source, HILL[0] - 0.004, HILL[1])[:2] == (200, 0) and colour(source, HILL[0] + 0.004, HILL[1])[:2] == (0, 180)


def test_what_is_no_picture_is_refused(tmp_path):
    with pytest.raises(GroundRefused, match="像是高程"):
        import_picture(flat(tmp_path / "d.tif"), tmp_path / "p")
    with pytest.raises(GroundRefused, match="没有内容"):
        import_picture(write(tmp_path / "e.tif", np.zeros((3, 40, 40), np.uint8), near(n=40), nodata=0), tmp_path / "p")
    with pytest.raises(ImportCancelled):
        import_picture(write(tmp_path / "f.tif", fields(), near()), tmp_path / "p", cancelled=lambda: True)
    assert left_in(tmp_path) == ["d.tif", "e.tif", "f.tif"]


# --- the library ----------------------------------------------------------------------------------
def test_a_library_lists_what_was_imported_and_says_what_is_broken(tmp_path):
    library = GroundLibrary(tmp_path / "ground")
    assert library.entries() == () and library.sources() == ()
    name, report = library.add_dem(flat(tmp_path / "石角段.tif"), NATIONAL)
    again, _ = library.add_dem(flat(tmp_path / "石角段.tif", 51.0), NATIONAL)
    library.add_picture(write(tmp_path / "航片.tif", fields(), near()))
    assert (name, again, report.datum) == ("石角段", "石角段-2", "1985 国家高程基准")
    assert [e.name for e in library.entries()] == ["石角段", "石角段-2", "航片"] and not any(
        e.problem for e in library.entries()
    )
    assert len(library.sources()) == 2 and [p.label for p in library.pictures()] == ["影像：航片.tif"]
    (tmp_path / "ground" / "石角段" / "level-0.npy").unlink()
    broken = library.entries()[0]
    assert broken.about is None and "不完整或已损坏" in broken.problem and "重新导入" in broken.problem
    assert len(library.sources()) == 1, "the others go on"
    library.remove("石角段")
    library.remove("石角段")
    library.remove("../石角段.tif")
    assert [e.name for e in library.entries()] == ["石角段-2", "航片"] and (tmp_path / "石角段.tif").exists()
    with pytest.raises(GroundRefused):
        library.add_dem(flat(tmp_path / "坏.tif", 30_000.0), NATIONAL)
    assert left_in(tmp_path / "ground") == ["石角段-2", "航片"]


def test_two_consoles_that_import_files_of_one_name_at_once_keep_both(tmp_path):
    for i in range(8):
        (tmp_path / str(i)).mkdir()
        flat(tmp_path / str(i) / "a.tif", 10.0 + i)
    with ThreadPoolExecutor(4) as pool:
        names = list(
            pool.map(lambda i: GroundLibrary(tmp_path / "g").add_dem(tmp_path / str(i) / "a.tif", NATIONAL)[0], range(8))
        )
    found = GroundLibrary(tmp_path / "g")
    assert len(set(names)) == 8 and {one(s, *HILL) for s in found.sources()} == {10.0 + i for i in range(8)}
    assert {e.name: one(HeightPyramid(e.folder), *HILL) for e in found.entries()} == {n: 10.0 + i for i, n in enumerate(names)}


def test_what_another_window_still_reads_is_hidden_now_and_deleted_later(tmp_path, monkeypatch):
    library = GroundLibrary(tmp_path / "g")
    name, _ = library.add_dem(flat(tmp_path / "a.tif"), NATIONAL)
    reader = library.sources()[0]

    def in_use(self, target):
        raise PermissionError(13, "in use")

    with monkeypatch.context() as held:
        held.setattr(Path, "rename", in_use)
        library.remove(name)
    assert library.entries() == () and (tmp_path / "g" / name).is_dir() and one(reader, *HILL) == 50.0
    library.sweep()
    assert left_in(tmp_path / "g") == []


def test_halves_of_imports_are_swept_after_a_day_and_nothing_else(tmp_path):
    library = GroundLibrary(tmp_path / "g")
    library.add_dem(flat(tmp_path / "a.tif"), NATIONAL)
    for name in (".import-0123456789ab", "..import-0123456789ab.part-01234567", ".ssh"):
        (tmp_path / "g" / name).mkdir()
        (tmp_path / "g" / name / "level-0.npy").write_bytes(b"x")
    changed = (tmp_path / "g" / ".ssh").stat().st_mtime
    library.sweep(changed + 80_000)
    assert len(left_in(tmp_path / "g")) == 4, "somebody may be at work"
    library.sweep(changed + 90_000)
    assert left_in(tmp_path / "g") == [".ssh", "a"]
