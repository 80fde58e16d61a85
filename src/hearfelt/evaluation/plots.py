"""Pictures of results: numbers in, a figure 1200 px wide out, in a light or a dark theme.

Colour is never the only cue: bars have names or hatches, lines have styles and markers, cells have numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from hearfelt.evaluation._canvas import (
    HATCH_WIDTH,
    HATCHES,
    dress,
    emotion_color,
    figure_to_bytes,
    figure_to_data_uri,
    figure_to_png,
    ink_on,
    legend,
    new_figure,
    series_colors,
    theme,
)
from hearfelt.evaluation.calibration_plots import plot_reliability, plot_risk_coverage
from hearfelt.evaluation.recording_plots import plot_recording, plot_waveform

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "figure_to_bytes",
    "figure_to_data_uri",
    "figure_to_png",
    "plot_classes",
    "plot_confusion",
    "plot_learning_curves",
    "plot_recording",
    "plot_reliability",
    "plot_risk_coverage",
    "plot_speakers",
    "plot_waveform",
]

# beyond these names would overlap
_NAMED_SPEAKERS = 60
_NAMED_CORPORA = 3


def plot_confusion(
    confusion: ArrayLike, labels: Sequence[str], *, title: str = "Confusion matrix", dark: bool = False
) -> Figure:
    """Row percent, by colour and in figures, with the counts beneath.

    Args:
        confusion: counts of shape (classes, classes), rows truth.
        labels: class names.
        title: above the picture.
        dark: theme.
    """
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    counts = np.asarray(confusion, dtype=np.int64)
    support = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, support, out=np.zeros(counts.shape), where=support > 0)
    colours = theme(dark)
    size = len(labels)
    figure = new_figure(2.2 + 0.6 * size, dark)
    axes = figure.add_subplot()
    ramp = LinearSegmentedColormap.from_list(
        "share", ["#1d232c", "#1f5f8f", "#8fd0f5"] if dark else ["#f5f8fb", "#5fa3cf", "#063a5f"]
    )
    image = axes.imshow(share, cmap=ramp, vmin=0, vmax=1, aspect="auto")
    for row in range(size):
        for column in range(size):
            ink = ink_on(to_hex(ramp(share[row, column])))
            faint = row != column and share[row, column] < 0.005
            text = "" if not counts[row, column] else f"{share[row, column]:.0%}"
            axes.text(
                column,
                row - 0.08,
                text or "·",
                ha="center",
                va="center",
                fontsize=10,
                color=colours.muted if faint else ink,
                fontweight="bold" if row == column else "normal",
            )
            if counts[row, column]:
                axes.text(
                    column,
                    row + 0.27,
                    f"{counts[row, column]}",
                    ha="center",
                    va="center",
                    fontsize=7,
                    color=ink,
                )
    dress(axes, dark, title=title, x="heard as", y="truth")
    axes.set_xticks(range(size), labels, rotation=30 if size > 6 else 0)
    axes.set_yticks(range(size), [f"{label}  ({n[0]})" for label, n in zip(labels, support, strict=True)])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    bar = figure.colorbar(image, ax=axes, fraction=0.03, pad=0.02)
    bar.ax.tick_params(colors=colours.muted, labelcolor=colours.ink, labelsize=8)
    bar.set_ticks([0, 0.5, 1], labels=["0 %", "50 %", "100 %"])
    bar.set_label("share of the true class", color=colours.ink, fontsize=8.5)
    bar.outline.set_visible(False)
    return figure


_PANELS = (
    ("Loss", ("loss",)),
    ("UAR (recall)", ("uar", "recall", "macro_recall")),
    ("Accuracy", ("accuracy",)),
    ("Precision", ("macro_precision", "precision")),
)


def plot_learning_curves(
    folds: Mapping[int, Sequence[Mapping[str, Any]]], *, title: str = "Learning curves", dark: bool = False
) -> Figure:
    """Loss, UAR, accuracy and precision over epochs; a thin line a fold, a thick one for their mean.

    Args:
        folds: fold number -> lines of ``metrics.jsonl``; figures that were not kept have no panel.
        title: above the picture.
        dark: theme.
    """
    from matplotlib.ticker import MaxNLocator

    panels = []
    for name, keys in _PANELS:
        kept = [
            k
            for k in keys
            if any(
                f"{part}_{k}" in line
                for part in ("train", "validation")
                for lines in folds.values()
                for line in lines
            )
        ]
        if kept:
            panels.append((name, kept[0]))
    figure = new_figure(1.2 + 2.3 * max(1, (len(panels) + 1) // 2), dark)
    figure.suptitle(title, color=theme(dark).ink, fontsize=11, fontweight="bold", x=0.01, ha="left")
    grid = figure.subplots(max(1, (len(panels) + 1) // 2), 2, squeeze=False).ravel()
    for axes in grid[len(panels) :]:
        axes.set_visible(False)
    for axes, (name, key) in zip(grid, panels, strict=False):
        for part, colour, style in (
            ("train", series_colors(dark)[1], "--"),
            ("validation", series_colors(dark)[0], "-"),
        ):
            curves = [_curve(lines, f"{part}_{key}") for lines in folds.values()]
            curves = [curve for curve in curves if len(curve[0])]
            for epochs, values in curves if len(curves) > 1 else ():
                axes.plot(epochs, values, style, color=colour, linewidth=0.8, alpha=0.45)
            if curves:
                epochs = np.unique(np.concatenate([curve[0] for curve in curves]))
                # the mean goes as far as all folds did: folds that stop early would make it jump
                epochs = epochs[epochs <= min(curve[0].max() for curve in curves)]
                mean = np.mean([np.interp(epochs, *curve) for curve in curves], axis=0)
                marker = {"marker": "o", "markersize": 3} if len(epochs) == 1 else {}
                axes.plot(epochs, mean, style, color=colour, linewidth=2.2, label=part, **marker)
        dress(axes, dark, grid="y", x="epoch", y=name)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        if np.diff(axes.dataLim.intervalx)[0] <= 0:  # one epoch alone
            axes.set_xlim(axes.dataLim.x0 - 1, axes.dataLim.x0 + 1)
        legend(axes, dark)
    return figure


def _curve(lines: Sequence[Mapping[str, Any]], key: str) -> tuple[Any, Any]:
    points = [(line["epoch"], line[key]) for line in lines if isinstance(line.get(key), int | float)]
    points = [point for point in points if np.isfinite(point[1])]
    table = np.array(points, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def plot_speakers(
    per_speaker: Mapping[str, Mapping[str, Any]],
    *,
    chance: float | None = None,
    measure: str = "uar",
    title: str = "Every speaker",
    dark: bool = False,
) -> Figure:
    """A bar a speaker, grouped by corpus and sorted, with the line of guessing.

    Args:
        per_speaker: speaker -> ``corpus`` and the measure, as in ``metrics.json``.
        chance: what guessing reaches; None draws no line.
        measure: ``uar`` or ``accuracy``.
        title: above the picture.
        dark: theme.
    """
    corpora = sorted({str(row.get("corpus", "")) for row in per_speaker.values()})
    crowded = len(corpora) > _NAMED_CORPORA
    figure = new_figure(3.6 + 0.2 * crowded * (-(-len(corpora) // 4)), dark)
    axes = figure.add_subplot()
    position, ticks, names = 0.0, [], []
    for index, corpus in enumerate(corpora):
        people = sorted(
            (
                (name, float(row[measure]))
                for name, row in per_speaker.items()
                if row.get("corpus", "") == corpus
            ),
            key=lambda item: (-item[1], item[0]),
        )
        places = position + np.arange(len(people))
        values = [value for _, value in people]
        bars = axes.bar(
            places,
            values,
            width=0.8,
            color=series_colors(dark)[index % 7],
            edgecolor=theme(dark).background,
            hatch=("", "//", "..", "xx", "\\\\")[index % 5],
            hatch_linewidth=HATCH_WIDTH,
            linewidth=0.5,
        )
        mean = float(np.mean(values))
        axes.plot([places[0] - 0.4, places[-1] + 0.4], [mean, mean], color=theme(dark).ink, linewidth=1.6)
        label = f"{corpus or 'unnamed corpus'}: mean {mean:.2f}"
        if not crowded:
            axes.text(places.mean(), 1.03, label, ha="center", fontsize=8.5, color=theme(dark).ink)
        else:
            bars.set_label(label)
        ticks += list(places)
        names += [name for name, _ in people]
        position = places[-1] + 2.2
    if chance is not None:
        axes.axhline(chance, color=theme(dark).muted, linewidth=1.4, linestyle=":")
        axes.text(
            1.005,
            chance,
            f"chance\n{chance:.3g}",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=8,
            color=theme(dark).muted,
        )
    if len(names) <= _NAMED_SPEAKERS:
        axes.set_xticks(ticks, names, rotation=90)
        axes.tick_params(axis="x", labelsize=8 if len(names) <= 30 else 6.5)
    else:
        axes.set_xticks([])
        axes.set_xlabel(f"{len(names)} speakers, best first", color=theme(dark).ink, fontsize=9)
    axes.set_xlim(-0.8, position - 1.4)
    axes.set_ylim(0, 1.1)
    axes.set_yticks(np.arange(0, 1.01, 0.2))
    dress(axes, dark, grid="y", title=title, y=_MEASURE_NAMES.get(measure, measure))
    if crowded:
        figure.legend(
            loc="outside upper left", ncols=4, frameon=False, fontsize=8.5, labelcolor=theme(dark).ink
        )
    return figure


_MEASURE_NAMES = {"uar": "UAR", "accuracy": "accuracy", "macro_f1": "macro F1"}


def plot_classes(
    per_class: Mapping[str, Mapping[str, Any]], *, title: str = "Every class", dark: bool = False
) -> Figure:
    """Recall of each class as a bar with its interval over speakers; precision and F1 as markers.

    Args:
        per_class: label -> precision, recall, f1, support, ``recall_speakers``, as in ``metrics.json``.
        title: above the picture.
        dark: theme.
    """
    figure = new_figure(3.6, dark)
    axes = figure.add_subplot()
    ink = theme(dark).ink
    for place, (label, row) in enumerate(per_class.items()):
        if row.get("recall") is None:
            axes.text(place, 0.02, "no clips", ha="center", fontsize=8, color=theme(dark).muted)
            continue
        axes.bar(
            place,
            row["recall"],
            width=0.62,
            color=emotion_color(label),
            hatch=HATCHES.get(label, ""),
            hatch_linewidth=HATCH_WIDTH,
            edgecolor=theme(dark).background,
            linewidth=0.5,
            label="recall" if place == 0 else None,
        )
        interval = row.get("recall_speakers") or {}
        if interval.get("low") is not None:
            axes.plot([place, place], [interval["low"], interval["high"]], color=ink, linewidth=1.6)
        for key, marker, offset in (("precision", "D", -0.2), ("f1", "o", 0.2)):
            axes.plot(
                place + offset,
                row[key],
                marker,
                markersize=6,
                color=ink,
                markerfacecolor=theme(dark).background,
                markeredgewidth=1.4,
                clip_on=False,
                label={"precision": "precision", "f1": "F1"}[key] if place == 0 else None,
            )
    axes.set_xticks(range(len(per_class)), [f"{label}\n{row['support']}" for label, row in per_class.items()])
    axes.set_ylim(0, 1.12)
    axes.set_yticks(np.arange(0, 1.01, 0.2))
    dress(axes, dark, grid="y", title=title, y="bar: recall; line: its 95 % interval")
    legend(axes, dark, ncols=3, loc="upper right")
    return figure
