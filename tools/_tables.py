"""How figures are rounded, written and put into lines of Markdown; shared by all tables of docs/results.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Figures = Mapping[str, Any]
Lines = list[list[Any]]

SCORES = ("uar", "accuracy")


def kept(score: Figures) -> dict[str, float | None]:
    """A score with its interval, as docs/results keeps it."""
    return {key: rounded(score.get(key)) for key in ("value", "low", "high")}


def rounded(value: float | None) -> float | None:
    """To four digits."""
    return None if value is None else round(value, 4)


def percent(score: Figures) -> str:
    """``61.2``."""
    return f"{100 * score['value']:.1f}"


def ends(score: Figures) -> str:
    """``58.0 to 64.1``; empty where there is no interval."""
    return "" if score["low"] is None else f"{100 * score['low']:.1f} to {100 * score['high']:.1f}"


def with_ends(score: Figures | None) -> str:
    """``61.2 (58.0 to 64.1)``."""
    if not score:
        return ""
    return percent(score) + (f" ({ends(score)})" if ends(score) else "")


def difference(found: Figures | None) -> str:
    """``+1.2 (-0.3 to +2.7)``, with a star where it is clear."""
    if not found:
        return ""
    value = f"{100 * found['value']:+.1f}"
    if found["low"] is None:
        return value
    return f"{value} ({100 * found['low']:+.1f} to {100 * found['high']:+.1f})" + (
        " *" if found["clear"] else ""
    )


def interval(test: Figures) -> str:
    """``58.0 to 64.1 (20 speakers)``."""
    who = f"{test['speakers']} speakers" if test["interval_over"] == "speakers" else "clips"
    return f"{ends(test['uar'])} ({who})" if ends(test["uar"]) else ""


def times(folds: int) -> str:
    """``, 6 folds``."""
    return f", {folds} folds" if folds > 1 else ""


def markdown(table: Lines) -> str:
    """A table; the first line is the head."""
    head, *rest = [f"| {' | '.join(map(str, line))} |" for line in table]
    return "\n".join([head, "|" + "---|" * len(table[0]), *rest])
