from __future__ import annotations

import numpy as np
import pytest
import soundfile

from hearfelt.cli import main
from hearfelt.cli.demo import SAMPLES_FOLDER
from hearfelt.recognition.bundle import bundled_models
from hearfelt.testing.bundles import write_tiny_bundle
from hearfelt.testing.voices import make_speakers, speak


@pytest.fixture
def samples(tmp_path, generator):
    folder = tmp_path / "samples"
    folder.mkdir()
    for name, emotion in {"one.wav": "happy", "two.wav": "sad"}.items():
        soundfile.write(folder / name, speak(make_speakers(1, generator)[0], emotion, generator), 16000)
    soundfile.write(folder / "silence.wav", np.zeros(16000), 16000)
    (folder / "README.md").write_text("# Samples\n\nSynthetic voices\nof nobody.\n\nMore.\n")
    return folder


def test_it_prints_a_table_and_draws_a_picture(capsys, samples, tmp_path) -> None:
    bundle = write_tiny_bundle(tmp_path / "tiny")
    status = main(
        ["demo", "--samples", str(samples), "--model", str(bundle), "--out", str(tmp_path / "new" / "out")]
    )
    out, err = capsys.readouterr()
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["file", "one.wav", "silence.wav", "two.wav"]
    assert "no_speech" in lines[2]
    picture = tmp_path / "new" / "out" / "demo.png"
    assert f"Picture: {picture}" in out and "Samples: Synthetic voices of nobody." in out
    assert picture.read_bytes().startswith(b"\x89PNG") and picture.stat().st_size > 20_000


def test_without_samples_it_says_what_to_do(capsys, tmp_path) -> None:
    assert main(["demo", "--samples", str(tmp_path)]) == 2
    assert "Name a folder of yours with --samples" in capsys.readouterr().err


def test_the_bundled_samples_are_there(capsys, tmp_path) -> None:
    if not (SAMPLES_FOLDER.is_dir() and "default" in bundled_models()):
        pytest.skip("this checkout has no bundled model and samples yet")
    assert main(["demo", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "CC0" in out and (tmp_path / "demo.png").stat().st_size > 20_000
