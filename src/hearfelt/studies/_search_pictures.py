"""Pictures of a search: its history, the importances of its fields, parallel coordinates."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hearfelt.evaluation._canvas import dress, legend, new_figure, series_colors, theme
from hearfelt.studies._space import Dimension

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_history(trials: Sequence[tuple[str, float | None, str]], *, dark: bool = False) -> Figure:
    """Validation UAR of trials (name, value, state) in their order; crosses were stopped, the line is the best yet."""
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(3.4, dark)
    axes = figure.add_subplot()
    first, second = series_colors(dark)[0], series_colors(dark)[4]
    best, line = -math.inf, []
    for number, (_, value, state) in enumerate(trials):
        if value is not None and state == "done":
            best = max(best, value)
            axes.plot(number, 100 * value, "o", color=first, markersize=5)
        elif value is not None:
            axes.plot(number, 100 * value, "x", color=second, markersize=6)
        line.append(100 * best if math.isfinite(best) else np.nan)
    axes.step(
        range(len(trials)), line, where="post", color=theme(dark).ink, linewidth=1.6, label="best so far"
    )
    axes.plot([], [], "o", color=first, label="trained to the end")
    axes.plot([], [], "x", color=second, label="stopped early")
    dress(axes, dark, grid="y", x="trial", y="validation UAR, %")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    legend(axes, dark, loc="lower right")
    return figure


def plot_importances(importances: Mapping[str, float], *, dark: bool = False) -> Figure:
    """A bar a field, largest on top."""
    ordered = sorted(importances.items(), key=lambda item: item[1])
    figure = new_figure(1.0 + 0.4 * len(ordered), dark)
    axes = figure.add_subplot()
    bars = axes.barh(
        [name for name, _ in ordered], [value for _, value in ordered], color=series_colors(dark)[0]
    )
    axes.bar_label(bars, fmt="%.2f", padding=4, fontsize=8.5, color=theme(dark).ink)
    axes.margins(x=0.12)
    dress(axes, dark, grid="x", x="importance, shares of 1")
    return figure


def plot_parallel(
    space: Sequence[Dimension],
    trials: Sequence[tuple[Mapping[str, Any], float]],
    chosen: Sequence[str],
    *,
    dark: bool = False,
) -> Figure:
    """An axis a field and one for the figure; a line a trial.

    Args:
        space: the fields.
        trials: (entry of ``results.json``, validation UAR).
        chosen: names that are drawn thick.
        dark: theme.
    """
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    figure = new_figure(4.2, dark)
    axes = figure.add_subplot()
    values = [value for _, value in trials]
    norm = Normalize(min(values), max(values) if max(values) > min(values) else min(values) + 1e-6)
    ramp = LinearSegmentedColormap.from_list(
        "uar", ["#2e3540", "#4DA6E0", "#cfeaff"] if dark else ["#dfe7ee", "#5fa3cf", "#063a5f"]
    )
    for entry, value in sorted(trials, key=lambda pair: (pair[0]["name"] in chosen, pair[1])):
        heights = [_height(dimension, entry["axes"].get(dimension.field)) for dimension in space]
        thick = entry["name"] in chosen
        axes.plot(
            range(len(space) + 1),
            [*heights, float(norm(value))],
            color=series_colors(dark)[4] if thick else ramp(norm(value)),
            linewidth=3 if thick else 1.3,
        )
    for place, dimension in enumerate(space):
        axes.axvline(place, color=theme(dark).muted, linewidth=1)
        for height, text in _ticks(dimension):
            axes.annotate(
                text,
                (place, height),
                xytext=(4, 0),
                textcoords="offset points",
                fontsize=7.5,
                color=theme(dark).ink,
                bbox={"facecolor": theme(dark).background, "edgecolor": "none", "pad": 1, "alpha": 0.8},
            )
    axes.axvline(len(space), color=theme(dark).muted, linewidth=1)
    for height in (0.0, 0.5, 1.0):
        shown = 100 * (norm.vmin or 0) + height * 100 * ((norm.vmax or 0) - (norm.vmin or 0))
        axes.annotate(
            f"{shown:.1f}",
            (len(space), height),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=7.5,
            color=theme(dark).ink,
        )
    names = [dimension.field.split(".")[-1] for dimension in space]
    dress(axes, dark)
    axes.set_xticks(range(len(space) + 1), [*names, "validation UAR, %"])
    axes.set_yticks([])
    axes.set_xlim(-0.1, len(space) + 0.3)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


def _height(dimension: Dimension, value: Any) -> float:
    """Place of a value on its axis, from 0 to 1."""
    if dimension.choices:
        texts = [json.dumps(choice) for choice in dimension.choices]
        place = texts.index(json.dumps(value)) if json.dumps(value) in texts else 0
        return place / max(1, len(texts) - 1)
    low, high, number = float(dimension.low or 0), float(dimension.high or 0), float(value or 0)
    if dimension.log:
        low, high, number = math.log(low), math.log(high), math.log(max(number, 1e-300))
    return (number - low) / (high - low)


def _ticks(dimension: Dimension) -> list[tuple[float, str]]:
    if dimension.choices:
        return [(_height(dimension, choice), str(choice)) for choice in dimension.choices]
    low, high = float(dimension.low or 0), float(dimension.high or 0)
    middle = math.sqrt(low * high) if dimension.log else (low + high) / 2
    return [(_height(dimension, value), f"{value:.3g}") for value in (low, middle, high)]
