"""What every picture shares: theme, palette, a figure without global state, and writing it."""

from __future__ import annotations

import base64
import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hearfelt.emotions import ALL_EMOTIONS, COLORS
from hearfelt.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DPI = 150
_WIDTH_INCHES = 8.0  # 1200 px


@dataclass(frozen=True)
class Theme:
    """Colours of everything that is not data."""

    background: str
    ink: str
    muted: str
    grid: str


LIGHT = Theme(background="#ffffff", ink="#1d2430", muted="#5d6775", grid="#e3e6ea")
DARK = Theme(background="#171b22", ink="#e6e9ee", muted="#9aa5b4", grid="#2e3540")

#: The second cue beside the colour of an emotion.
HATCHES = dict(zip(ALL_EMOTIONS, ("", "..", "//", "\\\\", "xx", "||", "--", "oo", "++"), strict=True))
HATCH_WIDTH = 0.6  # points
# For series that are no emotions: Okabe-Ito, the dark ones lightened where the ground is dark.
_SERIES_LIGHT = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#999999")
_SERIES_DARK = ("#4DA6E0", "#E69F00", "#1FBF93", "#D990B8", "#E8743B", "#8CCBF0", "#A9B0BA")


def theme(dark: bool) -> Theme:
    """The dark or the light theme."""
    return DARK if dark else LIGHT


def series_colors(dark: bool) -> tuple[str, ...]:
    """Seven colour-blind-safe colours for series that are no emotions."""
    return _SERIES_DARK if dark else _SERIES_LIGHT


def ink_on(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour ``#rrggbb``."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return "#0b1016" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "#ffffff"


def emotion_color(label: str) -> str:
    """Colour of an emotion; other classes are grey."""
    return COLORS.get(label, "#8a8f98")


def new_figure(height: float, dark: bool, *, width: float = _WIDTH_INCHES) -> Figure:
    """An empty figure on its own Agg canvas; pyplot and its global state are never touched.

    Args:
        height: inches; 150 px each.
        dark: theme.
        width: inches; 8 is 1200 px.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained", facecolor=theme(dark).background)
    FigureCanvasAgg(figure)
    return figure


def dress(axes: Axes, dark: bool, *, grid: str = "", title: str = "", x: str = "", y: str = "") -> None:
    """Give axes the theme, a grid along ``grid`` (``x``, ``y`` or ``both``), a title and axis labels."""
    colours = theme(dark)
    axes.set_facecolor(colours.background)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(colours.muted)
    axes.tick_params(colors=colours.muted, labelcolor=colours.ink, labelsize=8.5)
    if grid:
        axes.grid(True, axis=grid, color=colours.grid, linewidth=0.8)  # type: ignore[arg-type]
        axes.set_axisbelow(True)
    if title:
        axes.set_title(title, color=colours.ink, fontsize=11, fontweight="bold", loc="left")
    if x:
        axes.set_xlabel(x, color=colours.ink, fontsize=9)
    if y:
        axes.set_ylabel(y, color=colours.ink, fontsize=9)


def legend(axes: Axes, dark: bool, **options: Any) -> None:
    """A legend without a frame, in the theme's ink."""
    axes.legend(frameon=False, labelcolor=theme(dark).ink, fontsize=8.5, **options)


def figure_to_bytes(figure: Figure) -> bytes:
    """The figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", facecolor=figure.get_facecolor(), metadata={"Software": None})
    return buffer.getvalue()


def figure_to_png(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write a figure as PNG, atomically.

    Raises:
        HearfeltError: the file cannot be written.
    """
    write_atomically(path, figure_to_bytes(figure))


def figure_to_data_uri(figure: Figure) -> str:
    """The figure as ``data:image/png;base64,...`` for a page without requests."""
    return "data:image/png;base64," + base64.b64encode(figure_to_bytes(figure)).decode("ascii")
