import numpy as np
import pytest


@pytest.mark.parametrize("semitones", [-12.0, -4.0, -0.5, 0.0, 1.0, 3.0, 7.0])
@pytest.mark.parametrize("hertz", [100.0, 200.0, 600.0])
def test_a_tone_lands_where_it_should_and_the_length_is_kept(run, tone, peak_hz, semitones, hertz):
    clip = tone(hertz, 1.5)
    out = run("pitch", clip, {"semitones": semitones})
    assert out.size == clip.size
    assert peak_hz(out) == pytest.approx(hertz * 2 ** (semitones / 12), rel=0.01)


def test_time_is_kept(run):
    clip = np.zeros(32000, np.float32)
    clip[16000:17600] = np.random.default_rng(0).standard_normal(1600)
    energy = np.square(run("pitch", clip, {"semitones": 4.0}))
    assert np.sum(energy * np.arange(energy.size)) / energy.sum() / 16000 == pytest.approx(1.05, abs=0.02)
