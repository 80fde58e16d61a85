"""Uploads: limits hold while they are read, and nothing of a client's naming is opened."""

from __future__ import annotations

import contextlib
import io
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hearfelt.app.uploads import Upload, Uploads

from .conftest import Running, files


def test_an_upload_moves_to_disk_and_leaves_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    upload = Upload("a")
    with Uploads([upload]):
        for _ in range(30):
            upload.write(b"abcdefgh" * 8192)
        assert not isinstance(upload.file, io.BytesIO) and upload.size == 30 * 65536
        assert list(tmp_path.iterdir()) == []  # without a name from the beginning
        upload.file.seek(0)
        assert upload.file.read() == b"abcdefgh" * 8192 * 30 and upload.beginning == b"abcdefgh" * 2
    assert upload.file.closed


def test_too_large_is_refused_while_it_is_read(client) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while sent < 1 << 30:
            sent += 1 << 16
            yield bytes(1 << 16)

    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = None
    # Without a length only reading tells. The service may hang up on a client that does not stop.
    with contextlib.suppress(httpx.TransportError):
        answer = client.post("/v1/recognize", content=endless(), headers=kind)
    assert answer is None or answer.status_code == 413
    assert sent < 1 << 30
    told = client.post("/v1/recognize", files=[("file", ("a.wav", bytes(3_100_000)))])
    assert told.status_code == 413 and "3 MB" in told.json()["error"]


def test_wrong_forms(client, samples) -> None:
    def status(content: bytes, kind: str) -> int:
        return client.post("/v1/recognize", content=content, headers={"content-type": kind}).status_code

    form = "multipart/form-data; boundary=x"
    part = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    assert status(samples[0].read_bytes(), "audio/ogg") == 415
    assert status(b"{}", "application/json") == 415
    assert status(b"", "multipart/form-data") == 415
    assert status(b"no form at all", form) == 400
    assert status(part + b"the end is missing", form) == 400
    assert status(b'--x\r\ncontent-disposition: form-data; name="other"\r\n\r\n1\r\n--x--\r\n', form) == 422
    assert status(b"", "multipart/form-data; boundary=" + 400 * "x") == 400
    assert client.post("/v1/recognize", files=files(*samples[:5])).status_code == 413  # four may come


def test_names_are_only_shown(client, samples, running: Running) -> None:
    data = samples[0].read_bytes()
    for name, shown in (
        ("../../../etc/passwd", "passwd"),
        (str(Path.cwd() / "pyproject.toml"), "pyproject.toml"),
        ("file:///etc/hosts", "hosts"),
        ("<b>ä\u202e.wav", "<b>ä.wav"),
        ("a" * 500 + ".wav", "a" * 116 + ".wav"),
    ):
        assert client.post("/v1/recognize", files=[("file", (name, data))]).json()["path"] == shown
    secret = running.temporary.parent / "secret.wav"
    secret.write_bytes(data)
    for form in ("html", "eaf", "textgrid", "rttm"):  # formats that look at the path
        answer = client.post(f"/v1/timeline?format={form}", files=[("file", (str(secret), data))])
        assert answer.status_code == 200 and str(secret.parent) not in answer.text
        assert str(Path.cwd()) not in answer.text
    assert "passwd" not in running.lines() and "secret" not in running.lines()


def head(length: int) -> bytes:
    return (
        "POST /v1/recognize HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=x\r\n"
        f"content-length: {length}\r\n\r\n"
        '--x\r\ncontent-disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    ).encode()


def test_slow_and_vanished_clients_do_no_harm(running: Running, client, samples) -> None:
    half = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(20)]
    for number, line in enumerate(half):
        line.sendall(head(1000) if number % 2 else b"POST /v1/recog")
    vanished = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(10)]
    for line in vanished:
        line.sendall(head(10_000))
        line.close()
    begun = time.monotonic()
    assert client.post("/v1/recognize", files=files(samples[0])).status_code == 200
    assert time.monotonic() - begun < 5
    for number, line in enumerate(half):  # a drop now and then does not keep a line alive
        line.settimeout(10)
        if number % 2:
            assert line.recv(100).startswith(b"HTTP/1.1 408")
        else:
            assert line.recv(100) == b""
        line.close()
    assert time.monotonic() - begun < 8
    text = client.get("/metrics").text
    assert "hearfelt_uploads 0" in text and 'status="499"' in text


def test_a_header_without_end_is_not_kept(running: Running, client) -> None:
    with socket.create_connection(("127.0.0.1", running.port)) as line:
        line.settimeout(10)
        line.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises(OSError):  # it hangs up
            for number in range(1000):
                line.sendall(b"x-more-%d: " % number + 4000 * b"a" + b"\r\n")
                time.sleep(0.001)
    assert client.get("/healthz").status_code == 200


def test_files_are_closed(running: Running, client, samples) -> None:
    for _ in range(3):
        big = bytes(2_000_000)
        client.post("/v1/recognize", files=[("file", ("a.wav", big))])
    client.post("/v1/recognize", files=files(samples[0]))
    opened = [str(entry.readlink()) for entry in Path(f"/proc/{running.process.pid}/fd").iterdir()]
    assert not [name for name in opened if str(running.temporary) in name]
