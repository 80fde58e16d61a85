from __future__ import annotations

import numpy as np
import pytest

from hearfelt.augment.noise import Noise, coloured, hum
from hearfelt.errors import RecipeError

RATE = 16000
CLIPS = [np.random.default_rng(seed).standard_normal(900, dtype=np.float32) for seed in range(9)]


def provide(generator: np.random.Generator) -> np.ndarray:
    return CLIPS[int(generator.integers(len(CLIPS)))]


@pytest.mark.parametrize("kind", ["white", "pink", "brown", "hum", "babble"])
@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 12.5, 40.0])
def test_the_ratio_asked_for_is_reached(voice, kind, snr_db):
    noise = Noise(kinds=(kind,), min_snr_db=snr_db, max_snr_db=snr_db)
    parameters = noise.sample(np.random.default_rng(0), voice.size, RATE)
    added = noise.apply(voice, parameters, RATE, provide).astype(np.float64) - voice
    reached = 10 * np.log10(np.sum(np.square(voice, dtype=np.float64)) / np.sum(np.square(added)))
    assert reached == pytest.approx(snr_db, abs=0.1)


@pytest.mark.parametrize(("slope", "fall_db"), [(0.0, 0.0), (1.0, 3.01), (2.0, 6.02)])
def test_colours_fall_as_named(slope, fall_db):
    noise = coloured(np.random.default_rng(0), 20 * RATE, RATE, slope)
    power = np.square(np.abs(np.fft.rfft(noise)))
    hertz = np.fft.rfftfreq(noise.size, 1 / RATE)
    octaves = [power[(hertz >= low) & (hertz < 2 * low)].mean() for low in (100, 200, 400, 800, 1600, 3200)]
    falls = -10 * np.diff(np.log10(octaves))
    np.testing.assert_allclose(falls, fall_db, atol=0.5)


def test_hum_has_mains_harmonics_only():
    for seed in range(4):
        size = np.abs(np.fft.rfft(hum(np.random.default_rng(seed), RATE, RATE)))
        strong = np.flatnonzero(size > size.max() * 1e-4)  # bins of one hertz
        assert (strong % 50 == 0).all() or (strong % 60 == 0).all()


def test_kinds_are_drawn_alike():
    noise = Noise(kinds=("white", "white", "pink", "hum"))
    generator = np.random.default_rng(0)
    kinds = [noise.sample(generator, 10, RATE)["kind"] for _ in range(1000)]
    assert 440 < kinds.count("white") < 560 and 190 < kinds.count("hum") < 310


def test_babble_needs_clips_and_uses_several(voice):
    noise = Noise(kinds=("babble",), min_voices=4, max_voices=4)
    parameters = noise.sample(np.random.default_rng(0), voice.size, RATE)
    with pytest.raises(RecipeError, match="clips="):
        noise.apply(voice, parameters, RATE)
    asked = []

    def count(generator: np.random.Generator) -> np.ndarray:
        asked.append(1)
        return provide(generator)

    noise.apply(voice, parameters, RATE, count)
    assert len(asked) == 4
    silent = noise.apply(voice, parameters, RATE, lambda _: np.zeros(0, np.float32))
    assert np.array_equal(silent, voice)
