"""Pictures of comparisons: figures in, a Matplotlib figure out, in a light or a dark theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hearfelt.evaluation._canvas import dress, ink_on, legend, new_figure, series_colors, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKERS = ("o", "s", "D", "^", "v", "P", "X")
#: Names of columns that take more stand aslant.
_LETTERS_IN_A_LINE = 80
_STYLES = ("-", "--", "-.", ":", "-", "--", "-.")


@dataclass(frozen=True)
class Point:
    """A figure with its interval; the ends are None where there is none."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    x: float = 0.0


def plot_ranking(
    points: Sequence[Point],
    *,
    marked: Sequence[str] = (),
    second: Mapping[str, float] | None = None,
    zero: bool = False,
    label: str = "UAR",
    dark: bool = False,
) -> Figure:
    """A line a cell, best first: its figure with its interval.

    Args:
        points: what is ranked.
        marked: names that were chosen.
        second: another figure of each name, drawn hollow.
        zero: draw a line at zero, for differences.
        label: of the axis.
        dark: theme.
    """
    ordered = sorted(points, key=lambda point: (point.value, point.name))
    figure = new_figure(1.2 + 0.26 * len(ordered), dark)
    axes = figure.add_subplot()
    first_colour, other_colour = series_colors(dark)[0], series_colors(dark)[1]
    for place, point in enumerate(ordered):
        if point.low is not None and point.high is not None:
            axes.plot(
                [100 * point.low, 100 * point.high],
                [place, place],
                color=first_colour,
                linewidth=1.8,
                alpha=0.6,
            )
        axes.plot(100 * point.value, place, "o", color=first_colour, markersize=6)
        if second and point.name in second:
            axes.plot(
                100 * second[point.name],
                place,
                "D",
                markersize=5,
                color=other_colour,
                markerfacecolor=theme(dark).background,
                label="validation" if place == 0 else None,
            )
    names = [f"{point.name} (chosen)" if point.name in marked else point.name for point in ordered]
    axes.set_yticks(range(len(ordered)), names)
    for text, point in zip(axes.get_yticklabels(), ordered, strict=True):
        text.set_fontweight("bold" if point.name in marked else "normal")
    if zero:
        axes.axvline(0, color=theme(dark).muted, linewidth=1.2, linestyle=":")
    axes.set_ylim(-0.7, len(ordered) - 0.3)
    dress(axes, dark, grid="x", x=f"{label}, {'points' if zero else '%'}; lines are 95 % intervals")
    if second:
        axes.plot([], [], "o", color=first_colour, label="test")
        figure.legend(
            loc="outside upper right", ncols=2, frameon=False, fontsize=8.5, labelcolor=theme(dark).ink
        )
    return figure


def plot_curves(
    series: Mapping[str, Sequence[Point]],
    *,
    baseline: Point | None = None,
    x: str = "",
    named: bool = True,
    dark: bool = False,
) -> Figure:
    """A panel a series with the figures over their levels, or one panel with all where levels are numbers.

    Args:
        series: name -> points in the order of the levels.
        baseline: drawn as a band behind each panel.
        x: what the levels are.
        named: levels are names, one panel a series; otherwise `Point.x` counts and all series share a panel.
        dark: theme.
    """
    columns = min(3, len(series)) if named else 1
    rows = -(-len(series) // columns) if named else 1
    figure = new_figure(2.7 * rows + 0.5 if named else 4.0, dark)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes in grid[len(series) :]:
        axes.set_visible(False)
    for number, (name, points) in enumerate(series.items()):
        axes = grid[number] if named else grid[0]
        colour = series_colors(dark)[number % 7 if not named else 0]
        places = np.arange(len(points)) if named else np.array([point.x for point in points])
        places = places + (0 if named else 0.0)
        values = np.array([100 * point.value for point in points])
        ends = [(p.low, p.high) for p in points]
        for place, (low, high) in zip(places, ends, strict=True):
            if low is not None and high is not None:
                axes.plot([place, place], [100 * low, 100 * high], color=colour, linewidth=1.4, alpha=0.55)
        axes.plot(
            places,
            values,
            _STYLES[number % 7 if not named else 0],
            marker=_MARKERS[number % 7 if not named else 0],
            color=colour,
            linewidth=2,
            markersize=5,
            label=name,
        )
        if named or number == 0:
            dress(
                axes,
                dark,
                grid="y",
                title=name if named else "",
                x=x,
                y="UAR, %" if number % columns == 0 else "",
            )
        if named:
            axes.set_xticks(places, [point.name for point in points])
            axes.set_xlim(-0.5, len(points) - 0.5)
            if len(points) > 4:
                axes.tick_params(axis="x", labelrotation=30)
        if baseline is not None and (named or number == 0):
            if baseline.low is not None and baseline.high is not None:
                axes.axhspan(100 * baseline.low, 100 * baseline.high, color=theme(dark).grid, zorder=0)
            axes.axhline(100 * baseline.value, color=theme(dark).muted, linestyle=":", linewidth=1.6)
            axes.annotate(
                baseline.name,
                (0.01, 100 * baseline.value),
                xycoords=("axes fraction", "data"),
                fontsize=7.5,
                va="bottom",
                color=theme(dark).muted,
            )
    if not named:
        ticks = sorted({point.x for points in series.values() for point in points})
        grid[0].set_xscale("log")
        labels = {point.x: point.name for points in series.values() for point in points}
        grid[0].set_xticks(ticks, [labels[tick] for tick in ticks])
        grid[0].minorticks_off()
        legend(grid[0], dark)
    return figure


def plot_matrix(
    values: Sequence[Sequence[float | None]],
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    x: str,
    y: str,
    best_in_bold: bool = True,
    dark: bool = False,
) -> Figure:
    """A heat map with its figures, the best of each column in bold where columns compare. None is left blank."""
    from matplotlib.colors import LinearSegmentedColormap, Normalize, to_hex

    table = np.array([[np.nan if v is None else 100 * v for v in row] for row in values], dtype=np.float64)
    figure = new_figure(1.7 + 0.52 * len(rows), dark)
    axes = figure.add_subplot()
    ramp = LinearSegmentedColormap.from_list(
        "uar", ["#1d232c", "#1f5f8f", "#8fd0f5"] if dark else ["#f5f8fb", "#5fa3cf", "#063a5f"]
    )
    norm = Normalize(float(np.nanmin(table)), float(np.nanmax(table)))
    image = axes.imshow(table, cmap=ramp, norm=norm, aspect="auto")
    best = np.nanmax(table, axis=0)
    for row in range(len(rows)):
        for column in range(len(columns)):
            value = table[row, column]
            if np.isfinite(value):
                axes.text(
                    column,
                    row,
                    f"{value:.1f}",
                    ha="center",
                    va="center",
                    fontsize=9.5,
                    color=ink_on(to_hex(ramp(norm(value)))),
                    fontweight="bold" if best_in_bold and value == best[column] else "normal",
                )
    dress(axes, dark, x=x, y=y)
    crowded = max(map(len, columns)) * len(columns) > _LETTERS_IN_A_LINE
    aslant: dict[str, Any] = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
    axes.set_xticks(range(len(columns)), columns, **aslant)
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = figure.colorbar(image, ax=axes, fraction=0.03, pad=0.02)
    bar.ax.tick_params(colors=theme(dark).muted, labelcolor=theme(dark).ink, labelsize=8)
    bar.set_label("UAR, %", color=theme(dark).ink, fontsize=8.5)
    bar.outline.set_visible(False)
    return figure


def plot_scatter(
    panels: Mapping[str, Sequence[Point]], *, marked: Sequence[str] = (), dark: bool = False
) -> Figure:
    """A panel a cost (its name is the axis', on a logarithmic scale): UAR over it, every point with its name."""
    figure = new_figure(4.2, dark)
    grid = figure.subplots(1, len(panels), squeeze=False, sharey=True).ravel()
    for number, (axes, (name, points)) in enumerate(zip(grid, panels.items(), strict=True)):
        for index, point in enumerate(sorted(points, key=lambda p: p.x)):
            colour = series_colors(dark)[index % 7]
            if point.low is not None and point.high is not None:
                axes.plot(
                    [point.x, point.x],
                    [100 * point.low, 100 * point.high],
                    color=colour,
                    linewidth=1.2,
                    alpha=0.5,
                )
            axes.plot(point.x, 100 * point.value, _MARKERS[index % 7], color=colour, markersize=7)
            axes.annotate(
                point.name,
                (point.x, 100 * point.value),
                xytext=(5, (6, -11)[index % 2]),
                textcoords="offset points",
                fontsize=7.5,
                color=theme(dark).ink,
                fontweight="bold" if point.name in marked else "normal",
            )
        axes.set_xscale("log")
        axes.margins(x=0.18)
        low, high = axes.get_xlim()
        axes.xaxis.set_major_formatter(lambda value, _: _plain(value))
        few = high / low < 20  # else the minor ticks' names would overlap
        axes.xaxis.set_minor_formatter(lambda value, _, few=few: _plain(value) if few else "")
        dress(axes, dark, grid="both", x=name, y="UAR, %" if number == 0 else "")
    return figure


def _plain(value: float) -> str:
    """A number on an axis.

    >>> _plain(0.3), _plain(20000.0), _plain(5e6)
    ('0.3', '20k', '5M')
    """
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
