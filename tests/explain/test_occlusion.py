"""The sound without nothing is the sound; the bundled model's decisive regions decide, and its weights do."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hearfelt.audio.decode import read_audio
from hearfelt.explain._registry import explain
from hearfelt.explain._subject import Subject, open_subject
from hearfelt.explain.occlusion import Quieter, log_odds
from hearfelt.explain.occlusion import explain as occlude
from hearfelt.features.log_mel import LogMelConfig
from hearfelt.recognition.bundle import MODELS_FOLDER

RATE = 16000
SAMPLES = Path(__file__).resolve().parents[2] / "src" / "hearfelt" / "assets" / "samples"
SHORT = ("03a01Fa_happy.opus", "11a04Ac_fearful.opus")
EDGES = np.linspace(0, 0.8, 9), np.array([0, 1000, 2000, 4000, 8000.0])


def test_nothing_is_taken_from_the_sound(voice) -> None:
    quieter = Quieter(voice, RATE, *EDGES)
    assert np.allclose(quieter.without(np.zeros((4, 8), bool)), voice, atol=1e-7)


def test_what_is_taken_away_is_the_region(voice, generator) -> None:
    noise = generator.standard_normal(voice.size).astype(np.float32)
    noise[: RATE // 10] *= 0.001  # what is quiet there otherwise: the first of eight cells, of 0.1 s
    mask = np.zeros((4, 8), bool)
    mask[1, 4:6] = True  # 1 to 2 kHz, 0.4 to 0.6 s
    quiet = Quieter(noise, RATE, *EDGES).without(mask)
    taken = noise - quiet
    assert taken.shape == noise.shape
    inside = slice(int(0.42 * RATE), int(0.58 * RATE))
    outside = np.r_[taken[: int(0.37 * RATE)], taken[int(0.63 * RATE) :]]
    assert np.abs(outside).max() < 1e-3
    power = np.abs(np.fft.rfft(quiet[inside] * np.hanning(inside.stop - inside.start))) ** 2
    hertz = np.fft.rfftfreq(inside.stop - inside.start, 1 / RATE)
    within = power[(hertz > 1150) & (hertz < 1850)].mean()
    beside = power[(hertz > 2500) & (hertz < 7000)].mean()
    assert within < 0.05 * beside


def test_a_model_that_hears_one_region_is_explained_by_it(voice, generator) -> None:
    """A stand-in answers to the energy of 1 to 2 kHz from 0.4 to 0.6 s, and to nothing else."""

    def judge(clips):
        shares = []
        for clip in clips:
            spectrum = np.abs(np.fft.rfft(clip[int(0.4 * RATE) : int(0.6 * RATE)])) ** 2
            energy = spectrum[200:400].sum() / 2e5
            shares.append(energy / (1 + energy))
        return np.stack([shares, 1 - np.array(shares)], axis=1)

    subject = Subject("one region", ("happy", "sad"), RATE, 5.0, 4.0, LogMelConfig(), judge)
    noise = generator.standard_normal(voice.size).astype(np.float32)
    noise *= 0.02 + np.repeat(generator.random(8) > 0.3, voice.size // 8)  # loud and quiet stretches
    noise[int(0.4 * RATE) : int(0.6 * RATE)] = generator.standard_normal(int(0.2 * RATE))
    found = occlude(subject, noise, 0)
    band, frame = np.unravel_index(found.values.argmax(), found.values.shape)
    assert 900 < (found.hertz[band] + found.hertz[band + 1]) / 2 < 2100
    assert 0.33 < (found.seconds[frame] + found.seconds[frame + 1]) / 2 < 0.67
    assert found.values.max() > 0.1
    assert np.allclose(occlude(subject, noise, 1).values, -found.values, atol=1e-4)


@pytest.fixture(scope="module")
def default() -> Subject:
    return open_subject("default")


@pytest.fixture(scope="module")
def explained(default):
    return {name: explain(default, SAMPLES / name) for name in SHORT}


def test_the_top_region_matters_more_than_a_random_one(default, explained) -> None:
    rng = np.random.default_rng(0)
    top_falls, other_falls = [], []
    for name, found in explained.items():
        clip = read_audio(SAMPLES / name, RATE)
        label = default.labels.index(found.label)
        quieter = Quieter(clip, RATE, found.seconds, found.hertz)
        count = found.values.size // 10
        top = found.values >= np.sort(found.values.ravel())[-count]
        others = [rng.permutation(top.ravel()).reshape(top.shape) for _ in range(5)]
        shares = default.judge([clip, quieter.without(top), *map(quieter.without, others)])[:, label]
        assert shares[0] == pytest.approx(found.probability, abs=1e-6)
        falls = shares[0] - shares[1:]
        top_falls.append(falls[0])
        other_falls.append(falls[1:].mean())
    assert np.mean(top_falls) > 0.1
    assert np.mean(top_falls) > 2 * np.mean(other_falls)


def test_the_bundle_with_random_weights_is_explained_otherwise(tmp_path, explained) -> None:
    import onnx
    from onnx import numpy_helper

    folder = tmp_path / "random"
    shutil.copytree(MODELS_FOLDER / "default", folder)
    model = onnx.load(folder / "model.onnx")
    rng = np.random.default_rng(1)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float16:  # learnt; the Fourier basis is not
            tensor.CopyFrom(
                numpy_helper.from_array(rng.permutation(values.ravel()).reshape(values.shape), tensor.name)
            )
    graph = model.SerializeToString()
    (folder / "model.onnx").write_bytes(graph)
    facts = json.loads((folder / "model.json").read_text())
    facts["provenance"]["model_sha256"] = hashlib.sha256(graph).hexdigest()
    (folder / "model.json").write_text(json.dumps(facts))
    name = SHORT[1]
    found, learnt = explain(folder, SAMPLES / name, label=explained[name].label), explained[name]
    assert found.values.shape == learnt.values.shape
    assert np.corrcoef(found.values.ravel(), learnt.values.ravel())[0, 1] < 0.5


def test_log_odds() -> None:
    assert log_odds(np.array([0.25])) == pytest.approx(np.log(1 / 3))
    assert np.isfinite(log_odds(np.array([0.0, 1.0]))).all()
