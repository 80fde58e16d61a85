import numpy as np
import pytest

from hearfelt.augment.tempo import change_tempo

RATE = 16000


@pytest.mark.parametrize("factor", [0.5, 0.8, 0.95, 1.1, 1.5, 2.0])
@pytest.mark.parametrize("hertz", [80.0, 200.0, 700.0])
def test_a_tone_stays_where_it_is(tone, peak_hz, level_at, factor, hertz):
    out = change_tempo(tone(hertz, 2.0), factor, RATE)
    assert out.size == round(2 * RATE / factor)
    assert peak_hz(out) == pytest.approx(hertz, rel=0.01)
    assert level_at(out, hertz) == pytest.approx(-6.02, abs=1.0)


@pytest.mark.parametrize("factor", [0.6, 1.0, 1.4])
def test_events_move_to_their_time(factor):
    """A burst at 1 s is heard at 1 s / factor."""
    clip = np.zeros(2 * RATE, np.float32)
    clip[RATE : RATE + 1600] = np.random.default_rng(0).standard_normal(1600)
    energy = np.square(change_tempo(clip, factor, RATE))
    centre = np.sum(energy * np.arange(energy.size)) / energy.sum() / RATE
    assert centre == pytest.approx(1.05 / factor, abs=0.02)


def test_factor_one_is_identity(voice):
    assert np.array_equal(change_tempo(voice, 1.0, RATE), voice)


def test_the_level_of_a_voice_is_kept(voice):
    for factor in (0.8, 1.25):
        out = change_tempo(voice, factor, RATE)
        assert np.sqrt(np.mean(out**2)) == pytest.approx(np.sqrt(np.mean(voice**2)), rel=0.1)
