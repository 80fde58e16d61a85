"""WebSocket /v1/stream: the events of the whole recording, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import hearfelt
from hearfelt.audio.decode import read_audio

from .conftest import Running

pytest.importorskip("websockets")
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

BEGIN = {"sample_rate": 48000, "format": "f32le"}


def url(running: Running) -> str:
    return running.address.replace("http", "ws") + "/v1/stream"


def talk(running: Running, *messages: str | bytes) -> tuple[list[dict], int]:
    """What is answered until the connection closes, and the close code."""
    found = []
    with connect(url(running)) as line:
        for message in messages:
            line.send(message)
        try:
            while True:
                found.append(json.loads(line.recv(timeout=30)))
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            return found, closed.rcvd.code


@pytest.fixture(scope="module")
def sound(samples) -> np.ndarray:
    return np.concatenate([read_audio(path, 48000) for path in samples[:5]])


@pytest.mark.parametrize(("kind", "chunk"), [("f32le", 4800), ("s16le", 1023), ("f32le", 200_000)])
def test_events_are_those_of_the_whole_recording(running, sound, kind, chunk) -> None:
    given = sound if kind == "f32le" else np.round(np.clip(sound, -1, 1) * 32767).astype("<i2")
    wanted = hearfelt.load()(given, 48000).to_dict()["segments"]
    parts = [given[start : start + chunk].tobytes() for start in range(0, given.size, chunk)]
    found, code = talk(running, json.dumps(BEGIN | {"format": kind}), *parts, '{"end": true}')
    assert code == 1000
    assert found[0]["type"] == "ready" and found[0]["labels"] == list(hearfelt.load().labels)
    assert found[-1] == {
        "type": "end",
        "reason": "end",
        "duration": pytest.approx(sound.size / 48000, abs=1e-5),
        "events": len(wanted),
    }
    for event, segment in zip(found[1:-1], wanted, strict=True):
        assert event.pop("type") == "event"
        assert event.pop("probabilities") == pytest.approx(segment.pop("probabilities"), abs=1e-5)
        assert event.pop("confidence") == pytest.approx(segment.pop("confidence"), abs=1e-5)
        assert event == segment


@pytest.mark.parametrize(
    ("messages", "status", "code", "word"),
    [
        ([b"\0\0"], 422, 1003, "Sound came before"),
        (["hello"], 422, 1003, "no JSON"),
        (["[1]"], 422, 1003, "object"),
        (['{"sample_rate": 48000, "rate": 1}'], 422, 1003, "'rate' is not known"),
        (['{"sample_rate": "fast"}'], 422, 1003, "sample_rate is 'fast'"),
        (['{"sample_rate": 5}'], 422, 1003, "1000 to"),
        (['{"sample_rate": 16000, "format": "mp3"}'], 422, 1003, "s16le or f32le"),
        (['{"sample_rate": 16000, "model": "../x"}'], 422, 1003, "no model"),
        (['{"sample_rate": 16000, "labels": ["happy"]}'], 422, 1003, "at least two"),
        (['{"sample_rate": 16000}', b"\0\0\0"], 422, 1003, "no whole number"),
        (['{"sample_rate": 16000}', '{"end": false}'], 422, 1003, "After the beginning"),
        (['{"sample_rate": 16000, "format": "f32le"}', b"\0\0\xc0\x7f"], 422, 1003, "nan"),
        ([], 408, 1008, "Nothing came for 1.5 s"),
    ],
)
def test_what_is_wrong_gets_a_sentence_and_a_code(running, messages, status, code, word) -> None:
    found, closed = talk(running, *messages)
    assert found[-1]["type"] == "error" and found[-1]["status"] == status and word in found[-1]["error"]
    assert closed == code


def test_pages_of_other_hosts_may_not_listen_in(running) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(url(running), origin="https://example.org")
    assert refused.value.response.status_code == 403
    with connect(url(running), origin=running.address) as line:
        line.send(json.dumps(BEGIN))
        assert json.loads(line.recv())["type"] == "ready"


def test_a_message_that_is_too_large(running) -> None:
    with connect(url(running)) as line:
        line.send(json.dumps(BEGIN))
        line.recv()
        with pytest.raises(ConnectionClosed) as closed:
            line.send(bytes(2 << 20))
            line.recv(timeout=30)
        assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
