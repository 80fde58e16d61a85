"""The pictures of an inspection by name, each a Matplotlib figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from hearfelt.evaluation.recording_plots import plot_recording, plot_waveform
from hearfelt.explain.plots import plot_explanation
from hearfelt.features.descriptor_plots import plot_descriptors
from hearfelt.features.spectrum_plots import plot_magnitude_spectrum, plot_spectrogram
from hearfelt.inspection.view import Inspection

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        name: of its file, without the suffix.
        text: what it shows, in a sentence.
        draw: the figure, in the dark theme or the light one.
        begin: second at the left end of its time axis; None where it has no such axis.
        end: second at the right end.
    """

    name: str
    text: str
    draw: Callable[[bool], Figure]
    begin: float | None = None
    end: float = 0.0


def pictures(inspection: Inspection) -> list[Picture]:
    """All of an inspection: waveform, spectra, descriptors, emotions, and one for each explanation."""
    wave, rate = inspection.samples, inspection.sample_rate
    whole = (0.0, wave.size / rate)
    found = [
        Picture(
            "waveform", "Amplitude over time.", lambda dark: plot_waveform(wave, rate, dark=dark), *whole
        ),
        Picture(
            "magnitude_spectrum",
            "Amplitude over frequency, of the whole recording and as the mean of short frames; below in decibels.",
            lambda dark: plot_magnitude_spectrum(wave, rate, dark=dark),
        ),
        Picture(
            "spectrogram",
            "Amplitude over time and frequency; few points are loud.",
            lambda dark: plot_spectrogram(wave, rate, "linear", dark=dark),
            *whole,
        ),
        Picture(
            "log_amplitude_spectrogram",
            "The same in decibels, as loudness is heard.",
            lambda dark: plot_spectrogram(wave, rate, "log_amplitude", dark=dark),
            *whole,
        ),
        Picture(
            "mel_spectrogram",
            "Decibels of mel bands, as pitch is heard.",
            lambda dark: plot_spectrogram(wave, rate, "mel", dark=dark),
            *whole,
        ),
        Picture(
            "descriptors",
            "Acoustic descriptors of every frame beneath the waveform, on one time axis.",
            lambda dark: plot_descriptors(wave, rate, dark=dark),
            *whole,
        ),
        Picture(
            "emotions",
            "Waveform, mel spectrogram, recognised emotions and their probabilities over time.",
            lambda dark: _plot_emotions(inspection, dark),
            *whole,
        ),
    ]
    return found + [_of_explanation(inspection, number) for number in range(len(inspection.explanations))]


def _of_explanation(inspection: Inspection, number: int) -> Picture:
    explanation = inspection.explanations[number]

    def draw(dark: bool) -> Figure:
        return plot_explanation(inspection.samples, inspection.sample_rate, explanation, dark=dark)

    return Picture(
        f"explanation_{explanation.method}", explanation.meaning, draw, explanation.start, explanation.end
    )


def _plot_emotions(inspection: Inspection, dark: bool) -> Figure:
    view = inspection.timeline.overview[0]
    windows = [window.to_dict() for window in inspection.timeline.windows if window.probabilities]
    return plot_recording(
        inspection.samples,
        inspection.sample_rate,
        view.decibels,
        (np.arange(view.low.size) + 0.5) * view.column_seconds,
        view.hertz,
        windows,
        inspection.timeline.labels,
        title=PurePath(inspection.recognition.path).name.replace("$", r"\$") or "Emotions over time",
        log_mel_unit="dB",
        dark=dark,
    )
