"""How figures with intervals and pictures in both themes are written on pages of results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from hearfelt.evaluation._canvas import figure_to_data_uri
from hearfelt.evaluation._html import Raw, escape, picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Entry = Mapping[str, Any]


def percent(value: float | None) -> str:
    """A share in percent with one decimal.

    >>> percent(0.6123), percent(None)
    ('61.2', '–')
    """
    return "–" if value is None else f"{100 * value:.1f}"


def with_interval(figure: Entry | None) -> str:
    """``61.2 [58.0, 64.1]``."""
    if figure is None:
        return "–"
    ends = "" if figure.get("low") is None else f" [{percent(figure['low'])}, {percent(figure['high'])}]"
    return f"{percent(figure['value'])}{ends}"


def signed(figure: Entry | None) -> Any:
    """``+1.2 [-0.3, +2.7]``, in bold where the interval excludes zero."""
    if figure is None:
        return None
    ends = "" if figure.get("low") is None else f" [{100 * figure['low']:+.1f}, {100 * figure['high']:+.1f}]"
    text = f"{100 * figure['value']:+.1f}{ends}"
    return Raw(f"<strong>{escape(text)}</strong>") if figure.get("clear") else text


def both(draw: Callable[[bool], Figure], alt: str) -> str:
    """A picture in both themes."""
    light, dark = (figure_to_data_uri(draw(dark)) for dark in (False, True))
    return picture(light, dark, alt)
