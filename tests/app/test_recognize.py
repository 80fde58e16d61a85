"""POST /v1/recognize: the answers of the command line, over HTTP."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile

import hearfelt
from hearfelt.cli import main

from .conftest import Running, files


def wav(seconds: float, name: str = "a.wav") -> list[tuple[str, tuple[str, bytes]]]:
    tone = 0.2 * np.sin(np.arange(round(16000 * seconds)) * 0.03)
    file = io.BytesIO()
    soundfile.write(file, tone, 16000, format="WAV")
    return [("file", (name, file.getvalue()))]


def close(found: dict, wanted: dict) -> None:
    """Equal but for the last digit of probabilities: they were computed in other company."""
    assert found.keys() == wanted.keys()
    for key in ("path", "duration", "emotion"):
        assert found[key] == wanted[key]
    assert found["probabilities"] == pytest.approx(wanted["probabilities"], abs=1e-5)
    assert len(found["segments"]) == len(wanted["segments"])


def test_answers_are_those_of_predict(client, samples, capsys) -> None:
    assert main(["predict", "--format", "json", str(samples[0])]) == 0
    (wanted,) = json.loads(capsys.readouterr().out)
    answer = client.post("/v1/recognize", files=files(samples[0]))
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/json"
    close(answer.json(), wanted | {"path": samples[0].name})


def test_real_recordings_of_every_corpus_in_one_request(client, real_clips) -> None:
    clips = [paths[0] for paths in real_clips.values()][:4]
    found = client.post("/v1/recognize", files=files(*clips)).json()
    recognizer = hearfelt.load()
    for answer, clip in zip(found, clips, strict=True):
        close(answer, recognizer(clip).to_dict() | {"path": clip.name})


def test_many_clients_at_once_get_their_own_answers(running: Running, samples) -> None:
    recognizer = hearfelt.load()
    wanted = {path.name: recognizer(path).to_dict() | {"path": path.name} for path in samples}

    def ask(path: Path) -> httpx.Response:
        with running.client() as client:
            return client.post("/v1/recognize", files=files(path))

    with ThreadPoolExecutor(6) as pool:
        for answer in pool.map(ask, samples * 3):
            assert answer.status_code == 200
            close(answer.json(), wanted[answer.json()["path"]])


def test_a_long_recording_has_its_windows(client) -> None:
    answer = client.post("/v1/recognize", files=wav(39.0)).json()
    assert answer["duration"] == 39.0 and answer["segments"][-1]["end"] == 39.0


def test_options(client, samples) -> None:
    closed = client.post("/v1/recognize?labels=happy,sad&unsure_below=1", files=files(samples[0])).json()
    assert list(closed["probabilities"]) == ["happy", "sad"] and closed["emotion"] == "unsure"
    assert sum(closed["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_one_bad_recording_does_not_spoil_the_others(client, samples) -> None:
    good, bad = client.post("/v1/recognize", files=[*files(samples[0]), ("file", ("b.wav", b""))]).json()
    assert (
        good["emotion"] and bad["path"] == "b.wav" and bad["status"] == 422 and "it is empty" in bad["error"]
    )


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("empty.wav", b"", 422),
        ("header.wav", b"RIFF\x24\0\0\0WAVEfmt ", 422),
        ("noise.flac", b"fLaC" + bytes(500), 422),
        ("picture.wav", b"\x89PNG\r\n\x1a\n" + bytes(500), 415),
        ("notes.opus", b"It sounds happy. " * 100, 415),
    ],
)
def test_what_is_no_audio_gets_the_sentence_of_the_command_line(
    client, tmp_path, capsys, name, data, status
) -> None:
    (tmp_path / name).write_bytes(data)
    assert main(["predict", "--format", "json", str(tmp_path / name)]) == 1
    (wanted,) = json.loads(capsys.readouterr().out)
    answer = client.post("/v1/recognize", files=[("file", (name, data))])
    sentence = wanted["error"].replace(repr(str(tmp_path / name)), repr(name))
    assert answer.status_code == status and answer.json() == {"error": sentence, "status": status}


def test_the_name_does_not_decide(client, samples) -> None:
    answer = client.post("/v1/recognize", files=[("file", ("notes.txt", samples[0].read_bytes()))])
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("model=../../etc", "no model in this service"),
        ("unsure_below=2", "unsure_below"),
        ("labels=joyless", "no label"),
        ("labels=happy", "at least two"),
    ],
)
def test_wrong_options(client, samples, query, word) -> None:
    answer = client.post(f"/v1/recognize?{query}", files=files(samples[0]))
    assert answer.status_code == 422 and word in answer.json()["error"]


def test_too_long(client) -> None:
    answer = client.post("/v1/recognize", files=wav(41.0))
    assert answer.status_code == 413 and "longer than the 40 s" in answer.json()["error"]
