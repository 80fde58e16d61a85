"""Spectra show a tone where it is, on axes with units."""

from __future__ import annotations

import numpy as np
import pytest

from hearfelt.errors import HearfeltError, UnknownNameError
from hearfelt.features.log_mel import mel_to_hz
from hearfelt.features.spectrum_plots import KINDS, plot_magnitude_spectrum, plot_spectrogram

RATE = 16000
TONE = np.sin(2 * np.pi * 2000 * np.arange(RATE) / RATE) * (np.arange(RATE) > RATE // 2)


def test_magnitude_spectrum() -> None:
    figure = plot_magnitude_spectrum(TONE, RATE)
    linear, decibels = figure.axes
    for line in linear.lines:
        assert line.get_xdata()[np.argmax(line.get_ydata())] == pytest.approx(2000, abs=20)
        assert line.get_ydata().max() == pytest.approx(1)
    for shown, plain in zip(decibels.lines, linear.lines, strict=True):
        assert shown.get_ydata().max() == pytest.approx(0)
        loud = plain.get_ydata() > 0.01
        assert np.allclose(shown.get_ydata()[loud], 20 * np.log10(plain.get_ydata()[loud]))
    assert decibels.get_xlabel() == "Hz"


@pytest.mark.parametrize("kind", KINDS)
def test_spectrograms(kind) -> None:
    figure = plot_spectrogram(TONE, RATE, kind, dark=True)
    axes = figure.axes[0]
    (image,) = axes.images
    values = np.asarray(image.get_array())
    left, right, low, high = image.get_extent()
    row, column = np.unravel_index(values.argmax(), values.shape)
    hertz = low + (row + 0.5) / len(values) * (high - low)
    hertz = float(mel_to_hz(np.array(hertz))) if kind == "mel" else hertz
    assert hertz == pytest.approx(2000, rel=0.05)
    assert left + column / values.shape[1] * (right - left) > 0.45
    quiet = 0 if kind == "linear" else -80
    assert values[:, : values.shape[1] // 3].max() == pytest.approx(quiet, abs=1e-3)
    assert axes.get_xlim() == pytest.approx((0, 1))
    assert axes.get_xlabel() == "seconds"
    assert figure.axes[1].get_ylabel() == KINDS[kind][1]


def test_short_silent_and_long_recordings() -> None:
    for wave in (np.zeros(RATE), np.ones(10), np.resize(TONE, 100 * RATE)):
        assert plot_spectrogram(wave, RATE, "mel").axes[0].images
    values = plot_spectrogram(np.resize(TONE, 100 * RATE), RATE, "linear").axes[0].images[0].get_array()
    assert values.shape[1] <= 2400
    plot_magnitude_spectrum(np.zeros(100), RATE)


def test_what_cannot_be_drawn() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'linear'"):
        plot_spectrogram(TONE, RATE, "linea")
    for plot in (plot_spectrogram, plot_magnitude_spectrum):
        with pytest.raises(HearfeltError, match=r"got shape \(2, 3\)"):
            plot(np.zeros((2, 3)), RATE)
