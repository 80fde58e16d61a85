import numpy as np
import pytest

from hearfelt.augment.speed import change_speed


@pytest.mark.parametrize("factor", [0.5, 0.8, 0.93, 1.0, 1.07, 1.25, 2.0])
def test_a_tone_moves_by_the_factor_and_the_length_is_exact(run, tone, peak_hz, factor):
    clip = tone(440.0)
    out = run("speed", clip, {"factor": factor})
    assert out.size == round(clip.size / factor)
    assert peak_hz(out) == pytest.approx(440.0 * factor, rel=1e-3)


@pytest.mark.parametrize("samples", [1, 7, 999, 12345])
def test_every_length_is_exact(samples):
    for factor in np.linspace(0.5, 2.0, 23):
        assert change_speed(np.ones(samples, np.float32), float(factor)).size == max(
            1, round(samples / factor)
        )


def test_what_rises_above_the_band_is_gone(tone):
    assert np.abs(change_speed(tone(6000.0), 1.5)[500:-500]).max() < 0.5 * 10 ** (-50 / 20)
