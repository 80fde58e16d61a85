"""Pictures of confidence: is it honest, and what is gained by answering only what is sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from hearfelt.evaluation._canvas import dress, legend, new_figure, series_colors, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_reliability(
    before: Mapping[str, Sequence[float]],
    after: Mapping[str, Sequence[float]] | None = None,
    *,
    title: str = "Is the confidence honest?",
    dark: bool = False,
) -> Figure:
    """Confidence against the share of right answers; on the diagonal the confidence is honest.

    Args:
        before: ``confidence``, ``accuracy``, ``count``, ``low``, ``high`` of each bin.
        after: the same of the calibrated probabilities.
        title: above the picture.
        dark: theme.
    """
    figure = new_figure(4.4, dark)
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    axes.plot([0, 1], [0, 1], ":", color=theme(dark).muted, linewidth=1.4)
    axes.text(0.03, 0.42, "too cautious", fontsize=8.5, color=theme(dark).muted)
    axes.text(0.97, 0.04, "too sure", fontsize=8.5, ha="right", color=theme(dark).muted)
    series = [("as trained", before, series_colors(dark)[1], "s--")]
    if after:
        series.append(("calibrated", after, series_colors(dark)[0], "o-"))
    for index, (name, table, colour, style) in enumerate(series):
        gap = np.abs(np.subtract(table["confidence"], table["accuracy"]))
        error = float((gap * np.asarray(table["count"])).sum() / np.sum(table["count"]))
        axes.plot(
            table["confidence"],
            table["accuracy"],
            style,
            color=colour,
            linewidth=1.8,
            markersize=4.5,
            label=f"{name}: mean gap (ECE) {error:.3f}",
        )
        width = np.subtract(table["high"], table["low"]) * 0.42
        centre = np.add(table["low"], table["high"]) / 2 + (index - 0.5 * (len(series) - 1)) * width
        below.bar(
            centre,
            table["count"],
            width=width,
            color=colour,
            hatch="" if index else "//",
            edgecolor=theme(dark).background,
            linewidth=0.4,
        )
    dress(axes, dark, grid="both", title=title, y="share of right answers")
    dress(below, dark, grid="y", x="confidence of the answer", y="clips")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    legend(axes, dark, loc="upper left")
    return figure


def plot_risk_coverage(
    curves: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    title: str = "Wrong answers, when only the surest clips are answered",
    dark: bool = False,
) -> Figure:
    """Share of wrong answers when only the most confident clips are answered.

    Args:
        curves: name -> ``coverage`` and ``risk``.
        title: above the picture.
        dark: theme.
    """
    figure = new_figure(3.4, dark)
    axes = figure.add_subplot()
    palette = series_colors(dark)
    looks = ((palette[1], "--"), (palette[0], "-"), (palette[2], ":"), (palette[3], "-."))
    top = 0.05
    for index, (name, curve) in enumerate(curves.items()):
        colour, style = looks[index % len(looks)]
        axes.plot(curve["coverage"], curve["risk"], style, color=colour, linewidth=2, label=name)
        top = max(top, *curve["risk"])
    axes.set_xlim(0, 1)
    axes.set_ylim(0, min(1.0, top * 1.1))
    dress(
        axes,
        dark,
        grid="both",
        title=title,
        x="share of clips answered, most confident first",
        y="wrong answers",
    )
    if len(curves) > 1:
        legend(axes, dark, loc="upper left")
    return figure
