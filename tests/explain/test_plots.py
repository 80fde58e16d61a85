"""Colours lie where the values are, and people can read what they are."""

from __future__ import annotations

import numpy as np
import pytest

from hearfelt.errors import HearfeltError
from hearfelt.evaluation._canvas import figure_to_bytes
from hearfelt.explain._base import Explanation, Heat
from hearfelt.explain.plots import AGAINST, FOR, plot_explanation

SECONDS, HERTZ = np.linspace(0, 0.8, 5), np.array([0.0, 1000, 4000, 8000])


def explanation(values: np.ndarray) -> Explanation:
    return Explanation(
        values, SECONDS, HERTZ, None, "occlusion", "tiny", "very_sad", 0.5, 0.0, 0.8, "log-odds", "meaning"
    )


def test_colours_lie_where_the_values_are(voice) -> None:
    from matplotlib.colors import to_hex

    values = np.zeros((3, 4))
    values[1, 2], values[0, 0] = 2.0, -1.0
    figure = plot_explanation(voice, 16000, explanation(values))
    main = figure.axes[0]
    mesh = next(item for item in main.collections if item.get_array() is not None)
    colours = np.asarray(mesh.get_array()).reshape(3, 4, 4)
    assert to_hex(colours[1, 2]).upper() == FOR
    assert to_hex(colours[0, 0]).upper() == AGAINST
    assert colours[1, 2, 3] == pytest.approx(2 * colours[0, 0, 3]) == pytest.approx(0.85)
    assert colours[2, 1, 3] == 0
    assert main.get_title(loc="left") == "Occlusion: what spoke for very sad (50%)"
    assert figure.axes[2].get_xlabel() == "seconds"
    assert any("log-odds" in axes.get_xlabel() for axes in figure.axes + figure.axes[3].child_axes)


@pytest.mark.parametrize("values", [np.zeros((3, 4)), np.eye(3, 4)])
def test_flat_and_positive_planes_are_drawn(voice, values) -> None:
    assert figure_to_bytes(plot_explanation(voice, 16000, explanation(values), dark=True)).startswith(
        b"\x89PNG"
    )


def test_what_does_not_fit(voice) -> None:
    with pytest.raises(HearfeltError, match=r"0\.00 to 0\.80 s"):
        plot_explanation(voice[:100], 16000, explanation(np.zeros((3, 4))))
    with pytest.raises(ValueError, match="edges"):
        Heat(np.zeros((2, 2)), SECONDS, HERTZ)
    with pytest.raises(HearfeltError, match="no numbers"):
        Heat(np.full((3, 4), np.nan), SECONDS, HERTZ)
