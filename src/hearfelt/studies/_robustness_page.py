"""``robustness.html``: what is kept and what is lost, as curves and tables on one page without a request."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hearfelt.evaluation._canvas import dress, legend, new_figure, series_colors, theme
from hearfelt.evaluation._dots import Dot, plot_dots
from hearfelt.evaluation._figures import both, percent, signed, with_interval
from hearfelt.evaluation._html import escape, paragraph, report_page, section, table
from hearfelt.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Entry = Mapping[str, Any]
_GROUPS = {
    "noise": ("Noise", "signal-to-noise ratio in dB; to the left the noise is louder"),
    "room": ("Rooms", "seconds in which the reverberation falls by 60 dB"),
    "channel": ("Telephone and 8 kHz", ""),
    "codec": ("Low bit rates", "kbit/s that came out, with the header of the file"),
    "level": ("Level", ""),
    "clipping": ("Clipping", "percent of the samples that are cut"),
    "speed": ("Speed", "times as fast as recorded, pitch with it"),
    "cropping": ("Cropped clips", "seconds"),
}
_STYLES = ("o-", "s--", "D-.", "^:")
_FLOORS = {
    "level": "20 dB louder or softer costs nothing (at most half a point)",
    "babble": "babble at 10 dB leaves at least 80 % of the clean UAR",
    "telephone": "a telephone leaves at least 80 % of the clean UAR",
}


def write_page(path: str | os.PathLike[str], results: Entry) -> None:
    """Write the page of ``robustness.json``, atomically."""
    parts = [("floors", "What has to be kept", _floors(results))]
    for group, (title, axis) in _GROUPS.items():
        entries = [entry for entry in results["conditions"] if entry["group"] == group]
        if entries:
            parts.append((group, title, _group(results, entries, axis)))
    parts.append(("how", "How this was measured", _how(results)))
    clean = results["conditions"][0]
    words = (
        f"{results['clips']:,} clips of {results['speakers']} speakers, the same under every condition. Clean: UAR "
        f"(mean recall of the classes) {with_interval(clean['uar'])} %."
    )
    content = report_page(
        f"Robustness of {results['model']['name']}",
        _heard(results) + "".join(section(*part) for part in parts),
        kind="robustness",
        heading=results["model"]["name"],
        lead="How much is left when the recording is disturbed.",
        words=words,
        links=[part[:2] for part in parts],
        made=(results["hearfelt"], results["created"]),
    )
    write_atomically(path, content)


def plot_levels(
    series: Mapping[str, Sequence[tuple[float, Entry]]], clean: Entry, *, x: str, dark: bool = False
) -> Figure:
    """UAR over the level of a disturbance, a line a kind, the clean UAR as a band.

    Args:
        series: name -> (level, figure with ``value``, ``low``, ``high``) in order.
        clean: figure of the clean clips.
        x: what the level is.
        dark: theme.
    """
    figure = new_figure(3.4, dark)
    axes = figure.add_subplot()
    if clean["low"] is not None:
        axes.axhspan(100 * clean["low"], 100 * clean["high"], color=theme(dark).grid, zorder=0)
    axes.axhline(100 * clean["value"], color=theme(dark).muted, linestyle=":", linewidth=1.6, label="clean")
    colours = series_colors(dark)
    places = sorted({level for points in series.values() for level, _ in points})
    span = (places[-1] - places[0]) or 1.0
    for number, (name, points) in enumerate(series.items()):
        colour = colours[(0, 4, 2, 3)[number % 4]]
        shift = 0.006 * span * (number - (len(series) - 1) / 2)  # so that intervals do not hide each other
        at = [level + shift for level, _ in points]
        for place, (_, value) in zip(at, points, strict=True):
            if value["low"] is not None:
                axes.plot(
                    [place, place],
                    [100 * value["low"], 100 * value["high"]],
                    color=colour,
                    linewidth=1.5,
                    alpha=0.6,
                )
        axes.plot(
            at,
            [100 * value["value"] for _, value in points],
            _STYLES[number % 4],
            color=colour,
            linewidth=2,
            markersize=6,
            label=name,
        )
    axes.set_xticks(places, [f"{place:g}" for place in places])
    dress(axes, dark, grid="y", x=x, y="UAR in %")
    legend(axes, dark, loc="lower right" if "signal" in x else "best")
    return figure


def _heard(results: Entry) -> str:
    heard = results["heard"]
    if not heard["known"]:
        words = (
            "Whom this model was trained on is not known, so nobody can say whether these are unheard voices."
        )
    elif heard["speakers"]:
        words = f"The model was trained on {heard['speakers']} of these {heard['of']} speakers: the figures flatter it."
    else:
        return ""
    return f'<div class="warn" role="note"><strong>Not unheard voices</strong><p>{escape(words)}</p></div>'


def _floors(results: Entry) -> str:
    known = {entry["name"]: entry for entry in results["conditions"]}
    rows = []
    for floor in results["floors"]:
        there = [known[name] for name in floor["conditions"] if name in known]
        found = ", ".join(
            f"{100 * entry['difference']['value']:+.1f} points"
            if floor["points"] is not None
            else f"{with_interval(entry['share'])} % kept"
            for entry in there
        )
        verdict = {True: "met", False: "missed", None: "not asked"}[floor["met"]]
        rows.append([_FLOORS[floor["name"]], found, verdict])
    return table(
        "Floors of the project, with 95 % intervals over speakers",
        ["floor", "measured", "verdict"],
        rows,
        text_columns=3,
    )


def _group(results: Entry, entries: Sequence[Entry], axis: str) -> str:
    clean = results["conditions"][0]["uar"]
    alt = "; ".join(f"{entry['title']}: {percent(entry['uar']['value'])} %" for entry in entries)
    series: dict[str, list[tuple[float, Entry]]] = {}
    for entry in entries:
        level = entry["kbps"] if entry["kbps"] is not None else entry["level"]
        if level is not None:
            series.setdefault(entry["series"], []).append((float(level), entry["uar"]))
    if axis and any(len(points) > 1 for points in series.values()):
        shown = both(lambda dark: plot_levels(series, clean, x=axis, dark=dark), f"UAR. {alt}")
    else:
        dots = [("clean", [Dot(clean["value"], clean["low"], clean["high"], hollow=True)])]
        dots += [
            (entry["title"], [Dot(entry["uar"]["value"], entry["uar"]["low"], entry["uar"]["high"])])
            for entry in entries
        ]
        shown = both(lambda dark: plot_dots(dots, dark=dark), f"UAR. {alt}")
    return shown + _table(entries)


def _table(entries: Sequence[Entry]) -> str:
    coded = any(entry["kbps"] is not None for entry in entries)
    silent = any(entry["no_answer"] for entry in entries)
    rows = [
        [
            entry["title"],
            with_interval(entry["uar"]),
            signed(entry["difference"]),
            with_interval(entry["share"]),
            *([entry["kbps"]] if coded else []),
            *([entry["no_answer"]] if silent else []),
        ]
        for entry in entries
    ]
    header = ["condition", "UAR", "points against clean", "share of clean"]
    header += ["kbit/s"] if coded else []
    header += ["no speech heard"] if silent else []
    words = (
        "In percent with 95 % intervals over speakers; differences are paired, clip by clip; in bold: clear"
    )
    return table(words, header, rows)


def _how(results: Entry) -> str:
    corpora = ", ".join(f"{name} {count}" for name, count in results["corpora"].items())
    words = (
        "Each clip is answered with the best of the classes that its corpus has. Noise, rooms and babble are drawn "
        f"from seed {results['seed']}, the clip and the kind of disturbance, so that a clip meets the same noise at "
        "every level of it. A clip in which no speech is heard counts as wrong. Clips: "
    )
    left = f" Left out: {'; '.join(results['left_out'])}." if results["left_out"] else ""
    again = f'<pre class="wrap"><code>{escape(results["command"])}</code></pre>' if results["command"] else ""
    return paragraph(f"{words}{corpora}.{left}") + again
