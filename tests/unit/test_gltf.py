"""A real model of a works is read as it is, or refused in words; a hostile or half file never ends the process."""

from __future__ import annotations

import base64
import json
import random
import struct
import zlib

import numpy as np
import pytest

from scenes.build import gltf, gltf_file
from scenes.build.gltf import ModelRefused, Placement, placed, read_model

CORNERS = np.array([[0, 0, 0], [2, 0, 0], [0, 3, 0]], "<f4")
ORDER = np.array([0, 1, 2], "<u2")


def document(**changes):
    """Return a triangle's document; its buffer holds three points, three indices, and three texture coordinates."""
    doc = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "name": "闸室"}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "accessors": [
            {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"},
            {"bufferView": 1, "componentType": 5123, "count": 3, "type": "SCALAR"},
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": 36},
            {"buffer": 0, "byteOffset": 36, "byteLength": 6},
        ],
        "buffers": [{"byteLength": 42}],
    }
    return {**doc, **changes}


def glb(doc, body=CORNERS.tobytes() + ORDER.tobytes(), version=2, total=None):
    text = json.dumps(doc).encode()
    text += b" " * (-len(text) % 4)
    body += b"\0" * (-len(body) % 4)
    size = 12 + 8 + len(text) + 8 + len(body)
    head = struct.pack("<III", 0x46546C67, version, total or size)
    return head + struct.pack("<II", len(text), 0x4E4F534A) + text + struct.pack("<II", len(body), 0x004E4942) + body


@pytest.fixture
def put(tmp_path):
    def write(data, name="model.glb"):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        return path

    return write


def png(pixels):
    rows = b"".join(b"\0" + bytes(row.tobytes()) for row in pixels)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_a_model_stands_upright_with_its_height_upwards(put):
    mesh = read_model(put(glb(document()))).mesh
    assert np.allclose(mesh.points, [[0, 0, 0], [2, 0, 0], [0, 0, 3]]), "y of the file is up"
    assert mesh.triangles.tolist() == [[0, 1, 2]] and mesh.parts == (("闸室:0", 0, 0),)
    normal = np.cross(mesh.points[1] - mesh.points[0], mesh.points[2] - mesh.points[0])
    assert normal[1] < 0, "what faced the viewer (+Z) faces south"


def test_nodes_are_placed_by_their_parents_and_a_mirrored_one_keeps_its_outside_outside(put):
    nodes = [
        {"children": [1, 2], "translation": [10, 0, 0], "scale": [2, 2, 2]},
        {"mesh": 0, "rotation": [0, 0, np.sqrt(0.5), np.sqrt(0.5)]},
        {"mesh": 0, "matrix": [-1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]},
    ]
    mesh = read_model(put(glb(document(nodes=nodes)))).mesh
    named = {n: mesh.points[mesh.triangles[a]] for n, a, _ in mesh.parts}
    assert len(named) == 2
    turned, mirrored = sorted(named.values(), key=lambda p: float(p[:, 2].max()))
    assert np.allclose(sorted(turned.tolist()), [[4, 0, 0], [10, 0, 0], [10, 0, 4]], atol=1e-5)
    assert mirrored[:, 0].min() == pytest.approx(6.0)
    assert np.cross(mirrored[1] - mirrored[0], mirrored[2] - mirrored[0])[1] < 0


def test_a_model_is_turned_scaled_and_lifted_to_its_place(put):
    model = read_model(put(glb(document())))
    there = placed(model, Placement(113.0, 23.0, height_m=30.0, bearing_deg=90.0, scale=10.0)).mesh.points
    assert np.allclose(there, [[0, 0, 30], [0, -20, 30], [0, 0, 60]], atol=1e-4), "its east is now south"
    with pytest.raises(ModelRefused, match="单位可能不是米"):
        placed(model, Placement(113.0, 23.0, scale=9999.0))
    with pytest.raises(ModelRefused):
        placed(model, Placement(113.0, float("nan")))


def test_a_picture_of_the_material_colours_the_model(put):
    doc = document()
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0, 0], picture[1, 1] = (255, 0, 0), (0, 0, 255)
    uv = np.array([[0.1, 0.1], [0.9, 0.9], [0.1, 0.1]], "<f4").tobytes()
    data = png(picture)
    body = CORNERS.tobytes() + ORDER.tobytes() + b"\0\0" + uv + data
    doc["accessors"].append({"bufferView": 2, "componentType": 5126, "count": 3, "type": "VEC2"})
    doc["bufferViews"] += [{"buffer": 0, "byteOffset": 44, "byteLength": 24}]
    doc["bufferViews"] += [{"buffer": 0, "byteOffset": 68, "byteLength": len(data)}]
    doc["buffers"] = [{"byteLength": len(body)}]
    doc["images"], doc["textures"] = [{"bufferView": 3, "mimeType": "image/png"}], [{"source": 0}]
    doc["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    doc["meshes"][0]["primitives"][0] |= {"material": 0, "attributes": {"POSITION": 0, "TEXCOORD_0": 2}}
    model = read_model(put(glb(doc, body)))
    assert model.mesh.colors[0, 0] > 100 and model.mesh.colors[0, 2] == 0 and model.mesh.colors[1, 2] > 100
    assert model.pictures[0][0] == "闸室:0" and model.pictures[0][1].shape == (2, 2, 3)
    assert np.allclose(model.uv[0], [0.1, 0.9]) and model.notes == ()
    broken = put(glb(doc, body[:-30]), "broken.glb")
    with pytest.raises(ModelRefused):
        read_model(broken)
    doc["bufferViews"][3]["byteLength"] = 20
    assert "没有采用" in read_model(put(glb(doc, body), "half.glb")).notes[0], "the model is there, its picture is not"


def test_strips_normalised_colours_and_lines(put):
    doc = document()
    body = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]], "<f4").tobytes() + bytes([255, 0, 0, 255] * 4)
    doc["accessors"] = [
        {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3"},
        {"bufferView": 1, "componentType": 5121, "count": 4, "type": "VEC4", "normalized": True},
    ]
    doc["bufferViews"] = [{"buffer": 0, "byteLength": 48}, {"buffer": 0, "byteOffset": 48, "byteLength": 16}]
    doc["buffers"] = [{"byteLength": 64}]
    attributes = {"POSITION": 0, "COLOR_0": 1}
    doc["meshes"] = [{"primitives": [{"mode": 5, "attributes": attributes}, {"mode": 1, "attributes": attributes}]}]
    model = read_model(put(glb(doc, body)))
    corners = model.mesh.points[model.mesh.triangles]
    facing = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert len(corners) == 2 and (facing[:, 1] < 0).all(), "both halves of the strip face the same way"
    assert (model.mesh.colors[:, 1:] == 0).all() and (model.mesh.colors[:, 0] > 100).all()
    assert model.notes == ("点和线没有采用",)


def test_a_buffer_beside_the_model_is_read_and_one_elsewhere_never(put, tmp_path):
    doc = document(buffers=[{"byteLength": 42, "uri": "my%20mesh.bin"}])
    put(CORNERS.tobytes() + ORDER.tobytes(), "my mesh.bin")
    assert len(read_model(put(doc, "model.gltf")).mesh.triangles) == 1
    inline = "data:application/octet-stream;base64," + base64.b64encode(CORNERS.tobytes() + ORDER.tobytes()).decode()
    assert len(read_model(put(document(buffers=[{"byteLength": 42, "uri": inline}]), "inline.gltf")).mesh.triangles) == 1
    (tmp_path / "inner").mkdir()
    secret = put(CORNERS.tobytes() + ORDER.tobytes(), "secret.bin")
    (tmp_path / "inner" / "link.bin").symlink_to(secret)
    for uri in (
        "../secret.bin",
        "%2e%2e/secret.bin",
        str(secret),
        f"file://{secret}",
        "http://127.0.0.1/a.bin",
        "..\\secret.bin",
        "link.bin",
        "C:/a.bin",
        "//host/a.bin",
        "a\x00b",
    ):
        path = put(document(buffers=[{"byteLength": 42, "uri": uri}]), "inner/model.gltf")
        with pytest.raises(ModelRefused, match="文件夹"):
            read_model(path)
    with pytest.raises(ModelRefused, match="不在它旁边"):
        read_model(put(document(buffers=[{"byteLength": 42, "uri": "gone.bin"}]), "model.gltf"))


def changed(path, value):
    doc = document()
    at = doc
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return doc


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("accessors", 1, "count"), 10**9),
        (("accessors", 0, "count"), 10**6),
        (("accessors", 0, "count"), -3),
        (("accessors", 0, "count"), True),
        (("accessors", 0, "type"), "VEC2"),
        (("accessors", 0, "bufferView"), 9),
        (("accessors", 0, "byteOffset"), 2**60),
        (("accessors", 1, "componentType"), 7),
        (("bufferViews", 0, "byteOffset"), -100),
        (("bufferViews", 0, "byteOffset"), 2**31),
        (("bufferViews", 0, "byteStride"), 1),
        (("bufferViews", 0, "buffer"), 5),
        (("buffers",), None),
        (("nodes", 0, "children"), [0]),
        (("nodes", 0, "mesh"), 77),
        (("nodes", 0, "scale"), [1, 1, "x"]),
        (("nodes", 0, "matrix"), [1e300] * 16),
        (("nodes", 0, "scale"), [1e11, 1e11, 1e11]),
        (("nodes",), [{"children": [n + 1]} for n in range(5000)]),
        (("scenes", 0, "nodes"), [55]),
        (("scenes", 0, "nodes"), "many"),
        (("meshes", 0, "primitives", 0, "material"), 9),
        (("meshes", 0, "primitives", 0, "attributes"), {"POSITION": 9}),
        (("meshes", 0, "primitives", 0, "attributes"), []),
        (("meshes", 0, "primitives", 0, "mode"), 99),
        (("meshes", 0, "primitives", 0, "extensions"), {"KHR_draco_mesh_compression": {}}),
        (("extensionsRequired",), ["KHR_draco_mesh_compression"]),
        (("extensionsRequired",), ["X_unknown"]),
        (("asset", "version"), "1.0"),
    ],
)
def test_a_document_that_does_not_fit_is_refused_with_a_next_step(put, path, value):
    with pytest.raises(ModelRefused) as refused:
        read_model(put(glb(changed(path, value))))
    assert refused.value.what.endswith("。") and refused.value.next_step.endswith("。")


def test_an_index_beyond_the_points_is_refused(put):
    with pytest.raises(ModelRefused, match="对不上"):
        read_model(put(glb(document(), CORNERS.tobytes() + np.array([0, 1, 60000], "<u2").tobytes())))


@pytest.mark.parametrize("cut", [0, 3, 4, 12, 19, 40, 200, -1])
def test_a_file_that_was_not_copied_whole_is_refused(put, cut):
    with pytest.raises(ModelRefused, match="不完整|不是 glTF"):
        read_model(put(glb(document())[:cut]))


def test_other_files_are_told_from_models(put, tmp_path):
    for data in (b"", b"PK\x03\x04 a zip", b"[" * 100_000, b"\xff\xfe\x00", b"null", b"{}"):
        with pytest.raises(ModelRefused, match="glTF"):
            read_model(put(data, "x.gltf"))
    with pytest.raises(ModelRefused, match="glTF 1"):
        read_model(put(glb(document(), version=1)))
    with pytest.raises(ModelRefused, match="读不出来"):
        read_model(tmp_path / "gone.glb")


def test_too_large_a_model_is_refused_before_it_is_laid_out(put, monkeypatch):
    doc = document(nodes=[{"children": list(range(1, 101))}, *({"mesh": 0} for _ in range(100))])
    assert len(read_model(put(glb(doc))).mesh.triangles) == 100
    monkeypatch.setattr(gltf, "TRIANGLES", 99)
    with pytest.raises(ModelRefused, match="减面"):
        read_model(put(glb(doc)))
    monkeypatch.setattr(gltf_file, "FILE_LIMIT", 100)
    with pytest.raises(ModelRefused, match="200 MB"):
        read_model(put(glb(document())))


def test_flipped_bytes_never_do_anything_but_refuse(put):
    whole = glb(document())
    rng = random.Random(7)
    read = 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.choice([rng.randrange(256), 0x2D, 0x30 + rng.randrange(10)])
        try:
            model = read_model(put(bytes(data)))
        except ModelRefused:
            continue
        read += 1
        assert np.isfinite(model.mesh.points).all() and int(model.mesh.triangles.max()) < len(model.mesh.points)
    assert read > 0, "some flips do no harm"


def test_vtks_own_reader_sees_the_same_model(put):
    reader = pytest.importorskip("vtkmodules.vtkIOGeometry", reason="VTK is not here").vtkGLTFReader()
    path = put(glb(document()))
    reader.SetFileName(str(path))
    reader.Update()
    ours = read_model(path)
    assert reader.GetOutput().GetNumberOfPoints() == len(ours.mesh.points)
