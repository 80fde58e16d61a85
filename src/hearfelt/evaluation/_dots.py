"""Dots with their intervals, row by row: the picture of figures that are to be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hearfelt.evaluation._canvas import dress, legend, new_figure, series_colors, theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARKERS = ("o", "D", "s", "^", "v")


@dataclass(frozen=True)
class Dot:
    """A figure with its interval; the ends are None where there is none.

    Attributes:
        value: the figure, a share.
        low: lower end.
        high: upper end.
        series: number of the series, which gives colour and marker.
        hollow: drawn without filling, for what does not count in the whole.
    """

    value: float
    low: float | None = None
    high: float | None = None
    series: int = 0
    hollow: bool = False


def plot_dots(
    rows: Sequence[tuple[str, Sequence[Dot]]],
    *,
    series: Sequence[str] = (),
    zero: bool = False,
    label: str = "UAR in %",
    title: str = "",
    dark: bool = False,
) -> Figure:
    """A line a name; the dots of several series lie above each other.

    Args:
        rows: name and dots, from the top down.
        series: names of the series, for the legend.
        zero: a line at zero, for differences; else the axis begins where it has to.
        label: of the axis; figures are drawn in percent.
        title: above the picture.
        dark: theme.
    """
    count = max(1, len(series))
    figure = new_figure(1.15 + (0.2 + 0.13 * count) * len(rows) + (0.2 if count > 1 else 0), dark)
    axes = figure.add_subplot()
    colours = series_colors(dark)
    palette = (colours[0], colours[4], colours[2], colours[3], colours[1])
    drawn: set[int] = set()
    for place, (_, dots) in enumerate(reversed(rows)):
        for dot in dots:
            colour = palette[dot.series % len(palette)]
            height = place + (0.32 * ((count - 1) / 2 - dot.series) if count > 1 else 0.0)
            if dot.low is not None and dot.high is not None:
                axes.plot(
                    [100 * dot.low, 100 * dot.high],
                    [height, height],
                    color=colour,
                    linewidth=2,
                    alpha=0.65,
                    solid_capstyle="butt",
                )
            axes.plot(
                100 * dot.value,
                height,
                _MARKERS[dot.series % len(_MARKERS)],
                color=colour,
                markersize=6.5,
                markerfacecolor=theme(dark).background if dot.hollow else colour,
                linestyle="none",
                label=series[dot.series] if series and dot.series not in drawn and not dot.hollow else None,
            )
            if not dot.hollow:
                drawn.add(dot.series)
    if zero:
        axes.axvline(0, color=theme(dark).ink, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(rows)), [name for name, _ in reversed(rows)])
    axes.set_ylim(-0.7, len(rows) - 0.3)
    dress(axes, dark, grid="x", title=title, x=label)
    axes.tick_params(axis="y", length=0)
    if len(drawn) > 1:
        legend(axes, dark, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(drawn))
    return figure
