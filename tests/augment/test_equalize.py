import numpy as np
import pytest

from hearfelt.augment.equalize import Equalize

RATE = 16000


@pytest.mark.parametrize("hertz", [100.0, 333.0, 1000.0, 2500.0, 6000.0])
def test_a_tone_changes_by_the_curve(tone, level_at, hertz):
    equalize = Equalize(max_gain_db=12.0)
    clip = tone(hertz)
    for seed in range(5):
        parameters = equalize.sample(np.random.default_rng(seed), clip.size, RATE)
        curve = np.interp(np.log(hertz), np.log(parameters["hertz"]), parameters["gains_db"])
        change = level_at(equalize.apply(clip, parameters, RATE), hertz) - level_at(clip, hertz)
        assert change == pytest.approx(curve, abs=0.3)


def test_gains_stay_within_the_range_and_a_flat_curve_is_identity(voice):
    equalize = Equalize(max_gain_db=3.0, points=5)
    parameters = equalize.sample(np.random.default_rng(0), voice.size, RATE)
    assert len(parameters["gains_db"]) == 5 and np.abs(parameters["gains_db"]).max() <= 3.0
    flat = equalize.apply(voice, {**parameters, "gains_db": [0.0] * 5}, RATE)
    np.testing.assert_allclose(flat, voice, atol=1e-6)


def test_nothing_wraps_around():
    """A click at the end leaves the beginning quiet."""
    clip = np.zeros(8000, np.float32)
    clip[-1] = 1.0
    equalize = Equalize(max_gain_db=20.0)
    for seed in range(5):
        out = equalize.apply(clip, equalize.sample(np.random.default_rng(seed), clip.size, RATE), RATE)
        assert np.abs(out[:4000]).max() < 1e-2 * np.abs(out).max()
