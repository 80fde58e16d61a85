"""``hearfelt inspect`` as people meet it: what is written where, and one sentence for each mistake."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from hearfelt.cli import main
from hearfelt.evaluation import _canvas
from hearfelt.testing.bundles import write_tiny_bundle
from hearfelt.testing.voices import make_speakers, speak


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> str:
    return str(write_tiny_bundle(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    rng = np.random.default_rng(4)
    path = tmp_path_factory.mktemp("recording") / "voice.wav"
    soundfile.write(path, speak(make_speakers(1, rng)[0], "sad", rng, seconds=0.7), 16000)
    return path


@pytest.fixture(autouse=True)
def _small_pictures(monkeypatch) -> None:
    monkeypatch.setattr(_canvas, "_DPI", 30)


def run(capsys, *arguments: object) -> tuple[int, str, str]:
    status = main(["inspect", *map(str, arguments)])
    return status, *capsys.readouterr()


def test_page_and_pictures_of_standard_input(capsys, monkeypatch, bundle, recording, tmp_path) -> None:
    # The page's pictures are drawn in its own test, in both themes.
    monkeypatch.setattr("hearfelt.inspection.page._figure", lambda picture: picture.name)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(recording.read_bytes())))
    page, folder = tmp_path / "page.html", tmp_path / "pictures"
    status, out, _ = run(capsys, "-", "--model", bundle, "--out", page, "--png", folder, "--explain", "none")
    assert (status, out) == (0, "")
    text = page.read_text(encoding="utf-8")
    assert 'src="data:audio/ogg;base64,' in text
    assert "What decided" not in text
    assert sorted(path.stem for path in folder.iterdir()) == [
        "descriptors",
        "emotions",
        "log_amplitude_spectrogram",
        "magnitude_spectrum",
        "mel_spectrogram",
        "spectrogram",
        "waveform",
    ]


def test_one_sentence_for_each_mistake(capsys, bundle, recording, tmp_path) -> None:
    bad, page, file = tmp_path / "bad.wav", tmp_path / "page.html", tmp_path / "file"
    bad.write_text("not audio")
    file.write_text("")
    before = recording.read_bytes()
    for arguments, sentence in (
        ([recording], "Say where to: --out PAGE.html"),
        ([recording, "--out", recording], "a recording is there, and would be lost"),
        ([recording, "--png", file], "it is a file. Name a folder"),
        ([recording, "--out", page, "--explain", "grad_cam"], "grad_cam needs gradients"),
        ([recording, "--out", page, "--explain", "gradcam"], "Did you mean 'grad_cam'"),
        ([recording, "--out", page, "--fold", "1"], "--fold belongs to a run"),
        ([recording, "--out", page, "--run", tmp_path, "--fold", "0"], "only runs have folds"),
        ([recording, "--out", page, "--label", "hapy"], "Did you mean 'happy'"),
        ([recording, "--out", page, "--at", "9"], "second 9 cannot be explained"),
        ([recording, "--out", page, "--audio", "all"], "audio mode"),
        ([bad, "--out", page], "bad.wav"),
        ([tmp_path / "gone.wav", "--out", page], "gone.wav"),
    ):
        status, out, err = run(capsys, *arguments, "--model", bundle)
        assert (status, out) == (2, ""), arguments
        assert err.startswith("error: ")
        assert len(err.splitlines()) == 1
        assert sentence in err
    assert not page.exists()
    assert recording.read_bytes() == before
