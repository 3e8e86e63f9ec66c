"""Files go up in pieces, go on where they stopped, and are checked at the end."""

from __future__ import annotations

import hashlib
import os
import uuid

import pytest


@pytest.fixture
def photo():
    data = os.urandom(300_000)
    return hashlib.sha256(data).hexdigest(), data


def put(http, file_id, first, total, data, **params):
    headers = {"Content-Range": f"bytes {first}-{first + len(data) - 1}/{total}"}
    return http.put(f"/v1/files/{file_id}", content=data, headers=headers, params=params)


def test_a_file_goes_on_where_it_stopped_and_comes_down_whole(http, photo):
    file_id, data = photo
    assert http.head(f"/v1/files/{file_id}").status_code == 404
    first = put(http, file_id, 0, len(data), data[:200_000], name="险情 3+200.jpg", media="image/jpeg")
    assert (first.status_code, first.headers["upload-offset"], first.headers["upload-complete"]) == (200, "200000", "?0")
    assert http.get(f"/v1/files/{file_id}").status_code == 404, "half a file is not served"
    assert http.head(f"/v1/files/{file_id}").headers["upload-offset"] == "200000"
    again = put(http, file_id, 0, len(data), data[:200_000])
    assert again.status_code == 409 and again.json()["code"] == "wrong-offset"
    last = put(http, file_id, 200_000, len(data), data[200_000:], name="险情 3+200.jpg", media="image/jpeg")
    assert last.status_code == 201 and last.headers["upload-complete"] == "?1"
    reply = http.get(f"/v1/files/{file_id}")
    assert reply.content == data and reply.headers["content-type"] == "image/jpeg"
    assert "attachment" in reply.headers["content-disposition"] and reply.headers["x-content-type-options"] == "nosniff"
    assert put(http, file_id, 0, len(data), data[:10]).headers["upload-complete"] == "?1", "once more is no second file"


def test_a_damaged_file_is_refused_and_starts_again(http, photo):
    file_id, data = photo
    wrong = data[:100_000] + bytes([data[100_000] ^ 1]) + data[100_001:250_000]
    put(http, file_id, 0, 250_000, wrong)
    assert http.head(f"/v1/files/{file_id}").status_code == 404
    reply = put(http, file_id, 0, 250_000, wrong)
    assert reply.status_code == 422 and reply.json()["code"] == "checksum-mismatch"
    put(http, file_id, 0, len(data), data[:250_000])
    assert put(http, file_id, 250_000, len(data), data[250_000:]).status_code == 201


@pytest.mark.parametrize(
    ("file_id", "span", "size", "status"),
    [
        ("../central.db", "bytes 0-9/10", 10, (404, 405)),
        ("x" * 64, "bytes 0-9/10", 10, (422,)),
        ("a" * 64, "", 10, (422,)),
        ("a" * 64, "bytes 0-9/5", 10, (422,)),
        ("a" * 64, "bytes 0-8/20", 10, (422,)),
        ("a" * 64, "bytes 0-9/99999999999", 10, (413,)),
        ("a" * 64, "bytes 0-300000/400000", 300_001, (413,)),
    ],
)
def test_what_is_no_piece_of_a_file_is_a_problem(http, file_id, span, size, status):
    reply = http.put(f"/v1/files/{file_id}", content=b"x" * size, headers={"Content-Range": span})
    assert reply.status_code in status and reply.json()["code"]


def test_a_hostile_name_reaches_nobody_as_a_path(http):
    data = uuid.uuid4().bytes
    file_id = hashlib.sha256(data).hexdigest()
    put(http, file_id, 0, 16, data, name='../../x"\n.exe', media="text/html; charset=x")
    reply = http.get(f"/v1/files/{file_id}")
    assert reply.headers["content-type"] == "application/octet-stream"
    assert "/" not in reply.headers["content-disposition"].replace("utf-8''", "")
