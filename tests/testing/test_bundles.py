import json

import numpy as np

from hearfelt.recognition.recognizer import load
from hearfelt.testing.bundles import write_tiny_bundle


def test_the_tiny_bundle_hears_sound_not_level(tmp_path) -> None:
    recognizer = load(write_tiny_bundle(tmp_path / "a", labels=("happy", "sad", "angry"), window_seconds=2.0))
    seconds = np.arange(16000) / 16000
    syllables = np.float32(np.sin(2 * np.pi * 4 * seconds) > 0)
    low, high = (syllables * np.sin(2 * np.pi * hertz * seconds) for hertz in (200, 4000))
    answers = [[*recognizer(signal, 16000).probabilities.values()] for signal in (low, low * 0.01, high)]
    np.testing.assert_allclose(answers[0], answers[1], atol=1e-4)
    assert np.abs(np.subtract(answers[0], answers[2])).max() > 0.05


def test_it_is_the_same_each_time_and_small(tmp_path) -> None:
    a, b = write_tiny_bundle(tmp_path / "a"), write_tiny_bundle(tmp_path / "b")
    for name in ("model.onnx", "model.json", "README.md"):
        assert (a / name).read_bytes() == (b / name).read_bytes()
    assert (a / "model.onnx").stat().st_size < 100_000
    assert json.loads((a / "model.json").read_text())["provenance"]["model_sha256"]
    assert (
        write_tiny_bundle(tmp_path / "c", seed=1).joinpath("model.onnx").read_bytes()
        != (a / "model.onnx").read_bytes()
    )
