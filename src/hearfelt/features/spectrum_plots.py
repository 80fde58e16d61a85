"""Spectra as pictures: magnitude over frequency, and spectrograms of amplitude, decibels and mel bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.errors import HearfeltError, UnknownNameError
from hearfelt.evaluation._canvas import dress, legend, new_figure, series_colors, theme
from hearfelt.features._base import framed, power_spectra
from hearfelt.features.images import ImageConfig, spectrogram
from hearfelt.features.log_mel import LogMelConfig, hz_to_mel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Kind -> title of its picture and unit of its colours.
KINDS: dict[str, tuple[str, str]] = {
    "linear": ("Spectrogram", "amplitude, the largest is 1"),
    "log_amplitude": ("Log-amplitude spectrogram", "dB, the loudest is 0"),
    "mel": ("Mel spectrogram", "dB, the loudest is 0"),
}
_DECIBELS = 80.0
_COLUMNS = 1200  # more than there are pixels says nothing
_MOST_HOP_SECONDS = 0.064  # so that no sample is left out
_HZ_TICKS = (250, 500, 1000, 2000, 4000, 8000, 16000)


def plot_magnitude_spectrum(
    samples: ArrayLike, sample_rate: int, *, title: str = "Magnitude spectrum", dark: bool = False
) -> Figure:
    """Magnitude over frequency of a whole recording: its Fourier transform, and the mean over short frames.

    Above as it is, below in decibels; each relative to its largest value.

    Args:
        samples: mono, shape (samples,).
        sample_rate: hertz.
        title: above the picture.
        dark: theme.

    Raises:
        HearfeltError: no samples.
    """
    wave = _checked(samples, sample_rate)
    whole = np.abs(np.fft.rfft(wave))
    hertz = np.fft.rfftfreq(wave.size, 1 / sample_rate)
    if whole.size > 2 * _COLUMNS:
        edges = np.linspace(0, whole.size, _COLUMNS + 1).astype(np.int64)[:-1]
        whole, hertz = np.maximum.reduceat(whole, edges), hertz[edges]
    config = LogMelConfig(
        sample_rate=sample_rate,
        max_hz=0.475 * sample_rate,
        min_hz=0,
        window_seconds=0.064,
        hop_seconds=0.032,
        level="none",
    )
    power = power_spectra(framed(wave, config)).mean(axis=1)
    middle = np.sqrt(power)
    middle_hertz = np.fft.rfftfreq(config.window_samples, 1 / sample_rate)
    figure = new_figure(4.4, dark)
    rows = figure.subplots(2, 1, sharex=True)
    fine, mean = series_colors(dark)[5], theme(dark).ink
    for place, axes in enumerate(rows):
        for values, places, colour, width, name in (
            (whole, hertz, fine, 0.7, "whole recording"),
            (middle, middle_hertz, mean, 1.4, "mean of frames of 64 ms"),
        ):
            share = values / max(float(values.max()), 1e-12)
            shown = 20 * np.log10(np.maximum(share, 10 ** (-_DECIBELS / 20))) if place else share
            axes.plot(places, shown, color=colour, linewidth=width, label=name)
        axes.set_xlim(0, sample_rate / 2)
    dress(rows[0], dark, grid="both", title=title, y="amplitude, largest 1")
    dress(rows[1], dark, grid="both", x="Hz", y="dB, largest 0")
    legend(rows[0], dark, loc="upper right")
    return figure


def plot_spectrogram(
    samples: ArrayLike,
    sample_rate: int,
    kind: Literal["linear", "log_amplitude", "mel"] = "mel",
    *,
    title: str = "",
    dark: bool = False,
) -> Figure:
    """One of three spectrograms, frames of 64 ms, with seconds, hertz and a scale.

    Args:
        samples: mono, shape (samples,).
        sample_rate: hertz.
        kind: ``linear``, amplitudes; ``log_amplitude``, decibels; ``mel``, decibels of 128 mel bands.
        title: above the picture; the kind's own by default.
        dark: theme.

    Raises:
        HearfeltError: no samples.
        UnknownNameError: no such kind.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind of spectrogram", kind, KINDS)
    wave = _checked(samples, sample_rate)
    seconds, top = wave.size / sample_rate, sample_rate / 2
    hop = min(_MOST_HOP_SECONDS, max(0.008, seconds / _COLUMNS))
    config = ImageConfig(
        kind=kind, sample_rate=sample_rate, max_hz=top, hop_seconds=hop, top_decibels=_DECIBELS
    )
    values = spectrogram(wave, config)
    if kind != "linear":
        values = (values - 1) * _DECIBELS
    if values.shape[1] > 2 * _COLUMNS:
        edges = np.linspace(0, values.shape[1], _COLUMNS + 1).astype(np.int64)
        values = np.add.reduceat(values, edges[:-1], axis=1) / np.diff(edges)
    last = max(seconds, config.window_seconds)
    heading, unit = KINDS[kind]
    figure = new_figure(3.2, dark)
    axes = figure.add_subplot()
    high = float(hz_to_mel(np.array(top))) if kind == "mel" else top
    image = axes.imshow(
        values.astype(np.float32),
        origin="lower",
        aspect="auto",
        cmap="magma",
        interpolation="nearest",
        vmin=0.0 if kind == "linear" else -_DECIBELS,
        # Few points are near the largest; the rest would be black.
        vmax=max(float(np.percentile(values, 99.5)), 1e-3) if kind == "linear" else 0.0,
        extent=(0, last, 0.0, high),
    )
    axes.set_xlim(0, seconds)
    dress(axes, dark, title=title or heading, x="seconds", y="Hz (mel scale)" if kind == "mel" else "Hz")
    _ticks(axes, kind, top)
    bar = figure.colorbar(
        image, ax=axes, fraction=0.02, pad=0.01, extend="max" if kind == "linear" else "neither"
    )
    bar.set_label(unit, color=theme(dark).ink, fontsize=8.5)
    bar.ax.tick_params(colors=theme(dark).muted, labelcolor=theme(dark).ink, labelsize=7.5)
    bar.outline.set_visible(False)
    return figure


def _ticks(axes: Axes, kind: str, top: float) -> None:
    if kind != "mel":
        return
    ticks = [hz for hz in _HZ_TICKS if hz <= top]
    axes.set_yticks(hz_to_mel(np.array(ticks, dtype=np.float64)), [f"{hz:,}" for hz in ticks])


def _checked(samples: ArrayLike, sample_rate: int) -> NDArray[np.float64]:
    wave = np.asarray(samples, dtype=np.float64)
    if wave.ndim != 1 or not wave.size or sample_rate <= 0:
        raise HearfeltError(
            f"A spectrum needs mono samples (one axis, at least one) and a sample rate, got shape {wave.shape} at "
            f"{sample_rate} Hz."
        )
    return wave
