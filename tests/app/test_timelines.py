"""POST /v1/timeline: every format of `hearfelt timeline`, equal to what the command line writes."""

from __future__ import annotations

import json

import pytest

from hearfelt.app.timelines import MEDIA_TYPES
from hearfelt.cli import main
from hearfelt.recognition.timelines._registry import FORMATS, create_writer

from .conftest import files


def test_every_format_is_offered() -> None:
    assert MEDIA_TYPES.keys() == FORMATS.keys()


def test_json_is_that_of_the_command_line(client, samples, capsys) -> None:
    assert main(["timeline", str(samples[3]), "--stay-seconds", "1"]) == 0
    (wanted,) = json.loads(capsys.readouterr().out)
    (found,) = client.post("/v1/timeline?stay_seconds=1", files=files(samples[3])).json()
    assert found.pop("path") == samples[3].name and wanted.pop("path")
    for one, other in zip(found.pop("segments"), wanted.pop("segments"), strict=True):
        assert one.pop("probabilities") == pytest.approx(other.pop("probabilities"), abs=1e-5)
        assert one.pop("confidence") == pytest.approx(other.pop("confidence"), abs=1e-5)
        assert one == other
    assert found == wanted


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_each_format_is_a_download(client, samples, form) -> None:
    data = samples[0].read_bytes()
    answer = client.post(f"/v1/timeline?format={form}", files=[("file", ("tä lk;.opus", data))])
    assert answer.status_code == 200 and answer.headers["content-type"] == MEDIA_TYPES[form]
    suffix = create_writer(form).suffix
    named = f"attachment; filename=\"t__lk_{suffix}\"; filename*=UTF-8''t%C3%A4%20lk%3B{suffix}"
    assert answer.headers["content-disposition"] == named
    assert answer.content.startswith(
        {"png": b"\x89PNG", "html": b"<!doctype", "vtt": b"WEBVTT"}.get(form, b"")
    )
    if form == "html":
        assert "sandbox" in answer.headers["content-security-policy"]


def test_the_page_holds_the_sound_where_asked(client, samples) -> None:
    with_sound = client.post("/v1/timeline?format=html&audio=embed", files=files(samples[0])).text
    assert "data:audio/ogg;base64,T2dnUw" in with_sound  # OggS
    assert "data:audio" not in client.post("/v1/timeline?format=html", files=files(samples[0])).text


def test_wrong_requests(client, samples) -> None:
    def answer(query: str, *paths: object) -> tuple[int, str]:
        found = client.post(f"/v1/timeline?{query}", files=files(*paths))
        return found.status_code, found.json()["error"]

    assert answer("format=docx", samples[0])[0] == 422
    assert answer("channels=left", samples[0])[0] == 422
    status, sentence = answer("format=json", samples[0], samples[1])
    assert status == 422 and "one recording" in sentence
    found = client.post("/v1/timeline", files=[("file", ("a.txt", b"no sound"))])
    assert found.status_code == 415 and "'a.txt' is not audio" in found.json()["error"]
