"""PNG: a recording at one glance, hours as well as seconds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import PurePath
from typing import Any

import numpy as np

from hearfelt.features.overview import Overview
from hearfelt.recognition.timeline import Timeline, TimelineSegment
from hearfelt.recognition.timelines._base import TimelineWriter, one_line

#: The ribbon has at most so many places: four pixels each.
_PLACES = 280
#: Less speech than this share of a place is not drawn.
_LEAST_SPEECH = 0.15


class PngWriter(TimelineWriter):
    """Waveform, log-mel spectrogram, emotions and their probabilities over one time axis."""

    suffix = ".png"
    binary = True
    overview = True

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> bytes:
        """The picture. Split channels share it: loudest of all, speech of any."""
        from hearfelt.evaluation.plots import figure_to_bytes
        from hearfelt.evaluation.recording_plots import plot_recording

        view = joined(timeline.overview)
        wave = np.column_stack((view.low, view.high)).ravel()
        columns = np.arange(view.low.size)
        figure = plot_recording(
            wave,
            wave.size / max(timeline.duration, 1e-3),
            view.decibels,
            (columns + 0.5) * view.column_seconds,
            view.hertz,
            places(timeline.windows, timeline.duration, _PLACES),
            timeline.labels,
            title=one_line(PurePath(timeline.path).name),
            log_mel_unit="dB",
        )
        return figure_to_bytes(figure)


def joined(views: Sequence[Overview]) -> Overview:
    """One view of all channels."""
    first = views[0]
    return Overview(
        first.duration,
        np.min([view.low for view in views], axis=0),
        np.max([view.high for view in views], axis=0),
        np.max([view.decibels for view in views], axis=0),
        first.hertz,
        first.column_seconds,
    )


def places(windows: Sequence[TimelineSegment], duration: float, most: int) -> list[dict[str, Any]]:
    """Windows as they are, or, where they are many, ``most`` places of equal length with the emotion of most time.

    A place with hardly any speech stays empty: gaps are gaps.
    """
    spoken = [window for window in windows if window.probabilities]
    if len(spoken) <= most and all(a.end <= b.start for a, b in pairwise(spoken)):
        return [window.to_dict() for window in spoken]
    step = duration / most
    shares: list[dict[str, float]] = [{} for _ in range(most)]
    sums: list[dict[str, float]] = [{} for _ in range(most)]
    for window in spoken:
        for place in range(int(window.start / step), min(most, int(window.end / step) + 1)):
            inside = min(window.end, (place + 1) * step) - max(window.start, place * step)
            if inside <= 0:
                continue
            shares[place][window.emotion] = shares[place].get(window.emotion, 0.0) + inside
            for label, value in window.probabilities.items():
                sums[place][label] = sums[place].get(label, 0.0) + inside * value
    return [
        {
            "start": place * step,
            "end": (place + 1) * step,
            "emotion": max(share, key=lambda name: share[name]),
            "probabilities": {label: value / sum(share.values()) for label, value in sums[place].items()},
        }
        for place, share in enumerate(shares)
        if sum(share.values()) >= _LEAST_SPEECH * step
    ]
