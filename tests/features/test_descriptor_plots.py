"""A panel a descriptor beneath the waveform, titled, with units, on one time axis."""

from __future__ import annotations

import numpy as np
import pytest

from hearfelt.errors import HearfeltError
from hearfelt.evaluation._canvas import figure_to_bytes
from hearfelt.features.descriptor_plots import DRAWN, TITLES, plot_descriptors
from hearfelt.features.extract import GROUPS
from hearfelt.testing.voices import make_speakers, utter


@pytest.fixture
def voice(generator: np.random.Generator) -> np.ndarray:
    return utter(make_speakers(1, generator)[0], "angry", generator, seconds=1.0).samples


@pytest.mark.parametrize("dark", [False, True])
def test_every_descriptor_has_a_titled_panel_with_a_unit(voice: np.ndarray, dark: bool) -> None:
    figure = plot_descriptors(voice, 16000, GROUPS, title="voice.wav", dark=dark)
    waveform, *panels = figure.axes
    assert waveform.get_title(loc="left") == "voice.wav" and waveform.get_ylabel() == "amplitude"
    for name, axes in zip(GROUPS, panels, strict=True):
        heading, unit = TITLES[name]
        assert axes.get_title(loc="left").startswith(heading) and axes.get_ylabel() == unit
        assert axes.get_xlim() == (0, 1.0)
    assert panels[-1].get_xlabel() == "seconds"
    assert figure_to_bytes(figure).startswith(b"\x89PNG")


def test_the_pitch_is_drawn_where_it_is(voice: np.ndarray) -> None:
    tone = np.sin(2 * np.pi * 200 * np.arange(16000) / 16000)
    line = plot_descriptors(tone, 16000, ("f0",)).axes[1].lines[0]
    assert np.allclose(line.get_ydata(), 200, rtol=0.01)


@pytest.mark.parametrize("samples", [1, 300, 600, 100000])
def test_any_length_and_rate_is_drawn(samples: int) -> None:
    figure = plot_descriptors(np.zeros(samples), 8000)
    assert len(figure.axes) == 1 + len(DRAWN)
    assert figure_to_bytes(figure)


def test_nothing_is_drawn_of_nothing() -> None:
    with pytest.raises(HearfeltError, match=r"shape \(0,\) cannot be drawn"):
        plot_descriptors(np.zeros(0), 16000)
    with pytest.raises(HearfeltError, match="no descriptor named 'energi'"):
        plot_descriptors(np.zeros(100), 16000, ("energi",))
