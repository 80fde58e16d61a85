import numpy as np
import pytest

from hearfelt.augment.frequency_warp import FrequencyWarp, _hz_to_mel, _mel_to_hz
from hearfelt.features.log_mel import LogMelConfig, hz_to_mel, log_mel, mel_to_hz


@pytest.mark.parametrize("factor", [0.85, 0.93, 1.08, 1.15])
@pytest.mark.parametrize("hertz", [500.0, 1000.0, 2500.0])
def test_a_tone_lands_at_its_frequency_times_the_factor(tone, factor, hertz):
    config = LogMelConfig(normalization="none", floor=1e-9, window_seconds=0.128)
    warped = FrequencyWarp().apply(log_mel(tone(hertz), config), {"factor": factor})[:, 3]
    target = log_mel(tone(hertz * factor), config)[:, 3]
    assert abs(int(np.argmax(warped)) - int(np.argmax(target))) <= 1


def test_the_scale_is_the_front_ends():
    hertz = np.linspace(0, 8000, 500)
    np.testing.assert_allclose(_hz_to_mel(hertz), hz_to_mel(hertz), atol=1e-9)
    np.testing.assert_allclose(_mel_to_hz(_hz_to_mel(hertz)), mel_to_hz(hz_to_mel(hertz)), atol=1e-6)


@pytest.mark.parametrize("bands", [1, 2, 13, 64, 128])
@pytest.mark.parametrize("factor", [0.5, 0.85, 1.0, 1.15, 2.0])
def test_rows_interpolate_and_order_is_kept(factor, bands):
    matrix = FrequencyWarp().matrix(factor, bands)
    assert matrix.min() >= 0.0
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-6)
    assert (np.count_nonzero(matrix, axis=1) <= 2).all()
    places = matrix @ np.arange(bands)
    assert (np.diff(places) >= -1e-6).all()
    if factor == 1.0:
        assert np.array_equal(matrix, np.eye(bands))


def test_factors_and_their_inverses_nearly_undo_each_other():
    rows = np.arange(64.0)[:, None]
    there = FrequencyWarp().apply(rows, {"factor": 1.1})
    back = FrequencyWarp().apply(there, {"factor": 1 / 1.1})
    np.testing.assert_allclose(back[2:50], rows[2:50], atol=0.5)


def test_the_bend_lies_inside_the_bands():
    with pytest.raises(ValueError, match="bend_hz"):
        FrequencyWarp(bend_hz=9000.0)
