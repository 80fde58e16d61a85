"""``hearfelt timeline`` as people meet it: what is written where, exit status, one sentence for each mistake."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from hearfelt.cli import main
from hearfelt.recognition.recognizer import load
from hearfelt.recognition.timeline import timeline
from hearfelt.recognition.timelines._registry import FORMATS, create_writer
from hearfelt.testing.bundles import write_tiny_bundle
from hearfelt.testing.voices import make_speakers, speak

RATE = 16000


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> str:
    return str(write_tiny_bundle(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two talks, one of them in stereo, and something that is no audio."""
    root = tmp_path_factory.mktemp("talks")
    rng = np.random.default_rng(4)
    speaker = make_speakers(1, rng)[0]
    voice = np.concatenate(
        [np.pad(speak(speaker, e, rng, seconds=3), (RATE, RATE)) for e in ("angry", "sad")]
    )
    soundfile.write(root / "one.wav", voice, RATE)
    soundfile.write(root / "two.wav", np.column_stack((voice, np.roll(voice, 2 * RATE))), RATE)
    (root / "bad.wav").write_text("not audio")
    return root


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    status = main(["timeline", *map(str, arguments)])
    return status, *capsys.readouterr()


def test_json_says_what_the_library_says(capsys, bundle, folder) -> None:
    status, out, err = run(capsys, folder, "--model", bundle)
    assert status == 1
    assert "bad.wav" in err
    bad, one, two = json.loads(out)
    assert set(bad) == {"path", "error"}
    assert one["segments"] == timeline(load(bundle), folder / "one.wav").to_dict()["segments"]
    assert [answer["path"] for answer in (one, two)] == [str(folder / "one.wav"), str(folder / "two.wav")]
    assert len(one["segments"]) >= 2


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_goes_to_a_file(capsys, bundle, folder, tmp_path, name) -> None:
    target = tmp_path / f"out{create_writer(name).suffix}"
    assert run(capsys, folder / "one.wav", "--model", bundle, "--format", name, "--out", target)[0] == 0
    assert target.stat().st_size > 50
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


@pytest.mark.parametrize("name", ["srt", "csv"])
def test_several_recordings(capsys, bundle, folder, tmp_path, name) -> None:
    """A folder of files where a format holds one recording, one file where it holds many."""
    target = tmp_path / "out"
    files = [folder / "one.wav", folder / "two.wav", folder / "one.wav"]
    assert run(capsys, *files, "--model", bundle, "--format", name, "--out", target)[0] == 0
    if name == "srt":
        assert sorted(path.name for path in target.iterdir()) == ["one.srt", "one_2.srt", "two.srt"]
        assert (target / "one.srt").read_bytes() == (target / "one_2.srt").read_bytes()
    else:
        assert target.read_text().count(str(folder / "one.wav")) >= 4


def test_a_bad_file_leaves_none_behind(capsys, bundle, folder, tmp_path) -> None:
    status, _, err = run(
        capsys, folder / "bad.wav", "--model", bundle, "--format", "srt", "--out", tmp_path / "x.srt"
    )
    assert status == 1
    assert "not audio" in err
    assert not list(tmp_path.iterdir())


def test_split_channels_and_given_segments(capsys, bundle, folder, tmp_path) -> None:
    (tmp_path / "who.rttm").write_text(
        "SPEAKER two 1 1.0 3.0 <NA> <NA> ann <NA> <NA>\nSPEAKER two 2 8.5 1.0625 <NA> <NA> bob <NA> <NA>\n"
    )
    given = ["--segments", tmp_path / "who.rttm", "--channels", "split", "--smoothing", "none"]
    status, out, _ = run(capsys, folder / "two.wav", "--model", bundle, "--format", "jsonl", *given)
    assert status == 0
    answer = json.loads(out)
    assert [(s["channel"], s["speaker"], s["start"], s["end"]) for s in answer["segments"]] == [
        (0, "ann", 1.0, 4.0),
        (1, "bob", 8.5, 9.5625),
    ]
    assert answer["settings"]["speech"] == "given"


def test_a_recording_without_turns_does_not_stop_the_others(capsys, bundle, folder, tmp_path) -> None:
    (tmp_path / "who.rttm").write_text(
        "SPEAKER two 1 1.0 3.0 <NA> <NA> ann <NA> <NA>\nSPEAKER six 1 1.0 3.0 <NA> <NA> bob <NA> <NA>\n"
    )
    files = [folder / "one.wav", folder / "two.wav"]
    status, out, err = run(capsys, *files, "--model", bundle, "--segments", tmp_path / "who.rttm")
    assert status == 1
    one, two = json.loads(out)
    assert "none of them 'one'" in one["error"]
    assert one["error"] in err
    assert [segment["speaker"] for segment in two["segments"]] == ["ann"]


def test_standard_input(capsys, bundle, folder, monkeypatch) -> None:
    data = (folder / "one.wav").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    status, out, _ = run(capsys, "-", "--model", bundle)
    assert status == 0
    (answer,) = json.loads(out)
    assert answer["path"] == "-"
    assert answer["segments"] == timeline(load(bundle), folder / "one.wav").to_dict()["segments"]


def test_options_reach_the_work(capsys, bundle, folder) -> None:
    options = (
        "--smoothing hysteresis --margin 0.3 --stay-seconds 9 --speech-threshold 0.6 --min-gap-seconds 5"
    )
    options += " --min-speech-seconds 0.5 --window-seconds 2 --hop-seconds 0.5"
    options += " --labels happy,sad --unsure-below 1 --threads 2"
    status, out, _ = run(capsys, folder / "one.wav", "--model", bundle, *options.split())
    assert status == 0
    (answer,) = json.loads(out)
    assert answer["labels"] == ["happy", "sad"]
    assert {segment["emotion"] for segment in answer["segments"]} == {"unsure"}
    settings = answer["settings"]
    assert (settings["smoothing"], settings["margin"], settings["stay_seconds"]) == ("hysteresis", 0.3, 9.0)
    assert (settings["window_seconds"], settings["hop_seconds"]) == (2.0, 0.5)
    speech = settings["speech"]
    assert (speech["on"], speech["min_gap_seconds"], speech["min_speech_seconds"]) == (0.6, 5.0, 0.5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["one.wav", "--format", "html"], "--format html needs --out"),
        (["one.wav", "two.wav", "--format", "png"], "--format png needs --out: a folder"),
        (["one.wav", "two.wav", "--format", "srt"], "holds one recording, and 2 were given"),
        (["one.wav", "--format", "textgird"], "Did you mean 'textgrid'"),
        (["one.wav", "--channels", "left"], "--channels is mix or split"),
        (["one.wav", "--smoothing", "mean"], "no smoothing named 'mean'"),
        (["one.wav", "--stay-seconds", "0"], "stay_seconds is 0"),
        (["one.wav", "--speech-threshold", "2"], "Speech begins at 2"),
        (["one.wav", "--segments", "none.csv"], "Cannot read none.csv"),
        (["one.wav", "two.wav", "--segments", "a.csv"], "belongs to one recording, and 2 were given"),
        (["one.wav", "--format", "html", "--audio", "loud", "--out", "x.html"], "no audio mode named 'loud'"),
    ],
)
def test_wrong_requests(capsys, bundle, folder, monkeypatch, arguments, sentence) -> None:
    monkeypatch.chdir(folder)
    status, out, err = run(capsys, *arguments, "--model", bundle)
    assert (status, out) == (2, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_a_recording_is_never_written_over(capsys, bundle, folder, tmp_path) -> None:
    import shutil

    talk = Path(shutil.copy(folder / "one.wav", tmp_path / "talk.wav"))
    before = talk.read_bytes()
    status, _, err = run(capsys, talk, "--model", bundle, "--out", talk)
    assert status == 2
    assert "would be lost" in err
    assert talk.read_bytes() == before
