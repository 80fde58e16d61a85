"""One recording over time as a picture, for ``predict --picture`` and ``demo``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import HearfeltError

#: Longer recordings do not fit on a page, nor their samples into little memory.
MAX_MINUTES = 30.0


def draw(
    samples: NDArray[np.float32],
    sample_rate: int,
    segments: Sequence[Mapping[str, Any]],
    labels: Sequence[str],
    path: str | os.PathLike[str],
    title: str,
) -> None:
    """Draw waveform, log-mel spectrogram and emotions over time into a PNG.

    Args:
        samples: (samples,) mono.
        sample_rate: in hertz.
        segments: of the prediction JSON.
        labels: of the model.
        path: of the PNG.
        title: above the picture.

    Raises:
        HearfeltError: the recording is longer than `MAX_MINUTES`, or the PNG cannot be written.
    """
    minutes = samples.size / sample_rate / 60
    if minutes > MAX_MINUTES:
        raise HearfeltError(
            f"A picture shows up to {MAX_MINUTES:g} minutes; this recording has {minutes:.0f}."
        )
    from hearfelt.evaluation.plots import figure_to_png
    from hearfelt.evaluation.recording_plots import plot_recording
    from hearfelt.features.log_mel import LogMelConfig, hz_to_mel, log_mel, mel_to_hz

    # What there is to see, whatever the model hears: levels as they are, in decibels.
    top = min(7600.0, 0.475 * sample_rate)
    config = LogMelConfig(sample_rate=sample_rate, level="none", normalization="none", floor=1e-7, max_hz=top)
    decibels = log_mel(samples, config) * (10 / np.log(10))
    low, high = hz_to_mel(np.array([config.min_hz, top]))
    edges = mel_to_hz(np.linspace(low, high, config.mel_count + 2))
    times = np.arange(decibels.shape[1]) * config.hop_seconds + config.window_seconds / 2
    figure = plot_recording(
        samples, sample_rate, decibels, times, edges[1:-1], segments, labels, title=title, log_mel_unit="dB"
    )
    figure_to_png(figure, path)
