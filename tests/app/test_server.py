"""Processes: a stop that loses nothing, workers that are replaced, full queues, tokens, time-outs."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

from hearfelt.audio.decode import read_audio
from hearfelt.testing.bundles import write_tiny_bundle

from .conftest import Running, files, start

pytest.importorskip("websockets")
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

TOKEN = "a-token-for-tests-only"


def flac(samples: np.ndarray) -> list[tuple[str, tuple[str, bytes]]]:
    file = io.BytesIO()
    soundfile.write(file, samples, 16000, format="FLAC")
    return [("file", ("long.flac", file.getvalue()))]


def test_a_stop_loses_no_request(tmp_path: Path, samples) -> None:
    with start(tmp_path / "a", "--threads", 1) as running, ThreadPoolExecutor(8) as pool:
        long = flac(np.tile(np.concatenate([read_audio(path) for path in samples]), 6))  # 100 s

        def ask(number: int) -> int:
            with running.client() as client:
                return client.post("/v1/recognize", files=long).status_code

        kept = running.client()
        assert kept.get("/readyz").status_code == 200
        with connect(running.address.replace("http", "ws") + "/v1/stream") as line:
            line.send('{"sample_rate": 16000}')
            line.recv()
            line.send(np.zeros(16000, "<i2").tobytes())
            answers = [pool.submit(ask, number) for number in range(6)]
            until = time.monotonic() + 20
            while (
                "hearfelt_requests_in_flight 8" not in kept.get("/metrics").text
            ):  # six, the stream, and this one
                assert time.monotonic() < until
            running.process.send_signal(signal.SIGTERM)
            assert json.loads(line.recv())["emotion"] == "no_speech"  # what has come is heard to its end
            assert json.loads(line.recv())["reason"] == "draining"
            with pytest.raises(ConnectionClosed) as closed:
                line.recv()
            assert closed.value.rcvd.code == 1012
        assert kept.get("/readyz").status_code == 503
        with running.client() as late:
            refused = late.post("/v1/recognize", files=files(samples[0]))
        assert refused.status_code == 503 and refused.headers["retry-after"]
        assert refused.json()["error"].startswith("The service is about to stop")
        assert [answer.result() for answer in answers] == [200] * 6
        assert running.process.wait(20) == 0
        assert "leaked" not in running.lines() and "Traceback" not in running.lines()


def test_token_full_queue_and_workers(tmp_path: Path, samples) -> None:
    tiny = write_tiny_bundle(tmp_path / "tiny")
    options = (
        "--workers",
        2,
        "--threads",
        1,
        "--queue",
        0,
        "--timeout",
        4,
        "--streams",
        1,
        "--max-seconds",
        9000,
    )
    more = ("--model", tiny, "--max-megabytes", 200, "--cors-origin", "https://example.org")
    with start(tmp_path / "b", *options, *more, environment={"HEARFELT_TOKEN": TOKEN}) as running:
        with running.client(headers={"authorization": f"Bearer {TOKEN}"}) as client:
            _token(running, client, samples)
            _cors(client)
            _full(running, client)
        _replaced(running)
        children = _children(running)
        assert running.stop() == 0
        assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
        assert TOKEN not in running.lines()


def _token(running: Running, client: httpx.Client, samples: list[Path]) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"}):
        answer = httpx.post(f"{running.address}/v1/recognize", files=files(samples[0]), headers=headers)
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert httpx.get(f"{running.address}/healthz").status_code == 200
    assert client.post("/v1/recognize", files=files(samples[0])).status_code == 200
    stream = running.address.replace("http", "ws") + "/v1/stream"
    with connect(stream, additional_headers={"authorization": f"Bearer {TOKEN}"}) as line:
        line.send('{"sample_rate": 16000}')
        assert json.loads(line.recv())["type"] == "ready"
    with connect(stream) as line:  # a browser cannot set headers
        line.send(json.dumps({"sample_rate": 16000, "token": TOKEN}))
        assert json.loads(line.recv())["type"] == "ready"
    with connect(stream) as line:
        line.send(json.dumps({"sample_rate": 16000, "token": "wrong"}))
        assert json.loads(line.recv())["status"] == 401
    with pytest.raises(InvalidStatus):
        connect(stream, additional_headers={"authorization": "Bearer wrong"})


def _cors(client: httpx.Client) -> None:
    asked = {"origin": "https://example.org", "access-control-request-method": "POST"}
    answer = client.options("/v1/recognize", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://example.org"
    refused = client.options("/v1/recognize", headers=asked | {"origin": "https://example.com"})
    assert "access-control-allow-origin" not in refused.headers


def _full(running: Running, client: httpx.Client) -> None:
    """Requests that take longer than is allowed, and too many of them: 503 and 429, each with a time to come again."""
    long = flac(np.zeros(8000 * 16000, np.int16))

    def ask(_: int) -> httpx.Response:
        with running.client(headers=client.headers) as own:
            return own.post("/v1/timeline?format=png", files=long)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))
    statuses = {answer.status_code for answer in found}
    assert 429 in statuses and statuses <= {200, 429, 503}
    for answer in found:
        if answer.status_code != 200:
            assert int(answer.headers["retry-after"]) >= 1 and answer.json()["error"].endswith(".")


def _children(running: Running) -> list[str]:
    return Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()


def _replaced(running: Running) -> None:
    """A worker that dies is replaced, and its counts are kept."""
    before = _children(running)
    assert len(before) == 2
    time.sleep(0.7)  # counts are hung out twice a second
    os.kill(int(before[0]), signal.SIGKILL)
    until = time.monotonic() + 30
    while running.lines().count('"event": "ready"') < 3:
        assert time.monotonic() < until
        time.sleep(0.05)
    with running.client() as client:
        time.sleep(0.7)
        text = client.get("/metrics").text
    assert "hearfelt_workers 2" in text
    counted = re.search(r'route="/v1/recognize",status="401"} (\d+)', text)
    assert counted and int(counted[1]) == 3


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with start(tmp_path / "c", "--threads", 1) as running:
        line = socket.create_connection(("127.0.0.1", running.port))
        line.sendall(
            b"POST /v1/recognize HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=x\r\n"
        )
        line.sendall(b"content-length: 99999\r\n\r\n--x")
        time.sleep(0.3)
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert running.process.poll() is None  # it waits for the upload
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(8) == 0


def test_workers_leave_when_their_supervisor_was_killed(tmp_path: Path) -> None:
    tiny = write_tiny_bundle(tmp_path / "tiny")
    with start(tmp_path / "d", "--workers", 2, "--threads", 1, "--model", tiny) as running:
        until = time.monotonic() + 30
        while running.lines().count('"event": "ready"') < 2:
            assert time.monotonic() < until
            time.sleep(0.05)
        children = _children(running)
        assert len(children) == 2
        running.process.kill()
        until = time.monotonic() + 20
        while [
            pid
            for pid in children
            if Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes()
        ]:
            assert time.monotonic() < until
            time.sleep(0.1)
