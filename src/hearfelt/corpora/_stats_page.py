"""The page of `stats`: tables, and pictures in light and dark."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hearfelt.corpora._registry import get_corpus, list_corpora
from hearfelt.corpora.manifest import Manifest
from hearfelt.evaluation._canvas import (
    HATCH_WIDTH,
    HATCHES,
    dress,
    emotion_color,
    figure_to_data_uri,
    ink_on,
    new_figure,
    series_colors,
    theme,
)
from hearfelt.evaluation._html import details, escape, page, picture, section, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hearfelt.corpora.stats import Group, Statistics


def render_page(manifest: Manifest, statistics: Statistics, title: str) -> str:
    """The whole page as text."""
    names = [group.name for group in statistics.corpora]
    titles = [get_corpus(name).title if name in list_corpora() else name for name in names]
    heading = title or (", ".join(titles) if len(titles) <= 3 else f"{len(titles)} corpora")
    whole = statistics.all
    hours = f", {whole.durations.total / 3600:.2f} hours" if whole.durations else ""
    lead = f"{whole.clips:,} clips{hours}, {len(whole.speakers)} speakers, {len(whole.emotions)} emotions"
    overview, emotions = statistics.tables()
    body = [
        f'<header><p class="eyebrow">Corpora</p><h1>{escape(heading)}</h1><p '
        f'class="lead">{lead}.</p></header>',
        '<main id="main">',
        section("overview", "What is there", table(*overview, text_columns=2)),
        section(
            "emotions",
            "Emotions",
            _both(lambda dark: _emotions(statistics, dark), _emotions_in_words(whole)),
            table(*emotions),
        ),
    ]
    seconds = {name: [r.duration for r in manifest if r.corpus == name and r.duration] for name in names}
    if any(seconds.values()):
        words = "Durations of the clips of each corpus. The table above gives shortest, median and longest."
        body.append(section("durations", "Durations", _both(lambda dark: _durations(seconds, dark), words)))
    words = "Clips of each speaker, a dot each, by corpus. The numbers are in the table below it."
    speakers = [
        [speaker, group.name, n] for group in statistics.corpora for speaker, n in group.speakers.items()
    ]
    counts = table("Clips by speaker", ["speaker", "corpus", "clips"], speakers, text_columns=2)
    body.append(
        section(
            "speakers",
            "Speakers",
            _both(lambda dark: _speakers(statistics, dark), words),
            details(f"All {len(whole.speakers)} speakers", counts),
        )
    )
    body.append("</main>")
    return page(heading, "".join(body))


def _both(draw: Callable[[bool], Figure], alt: str) -> str:
    return picture(figure_to_data_uri(draw(False)), figure_to_data_uri(draw(True)), alt)


def _emotions_in_words(group: Group) -> str:
    counts = ", ".join(f"{emotion} {count}" for emotion, count in group.emotions.items())
    return f"Share of each emotion in each corpus. In all: {counts}."


def _emotions(statistics: Statistics, dark: bool) -> Figure:
    """Share of each emotion, one bar a corpus; colour and hatch tell emotions apart, numbers are clips."""
    import matplotlib as mpl

    groups = list(statistics.corpora)
    if len(groups) > 1:
        groups.insert(0, statistics.all)
    figure = new_figure(1.5 + 0.38 * len(groups), dark)
    axes = figure.subplots()
    with mpl.rc_context({"hatch.linewidth": HATCH_WIDTH}):
        left = [0.0] * len(groups)
        for emotion in statistics.all.emotions:
            shares = [100 * group.emotions.get(emotion, 0) / group.clips for group in groups]
            axes.barh(
                range(len(groups)),
                shares,
                left=left,
                color=emotion_color(emotion),
                hatch=HATCHES.get(emotion, ""),
                edgecolor=theme(dark).background,
                linewidth=0.8,
                label=emotion,
            )
            left = [a + b for a, b in zip(left, shares, strict=True)]
    axes.set_yticks(range(len(groups)), [f"{group.name} ({group.clips:,})" for group in groups])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    dress(axes, dark, grid="x", title="Emotions of each corpus (clips in brackets)", x="share of clips (%)")
    figure.legend(
        *axes.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=min(5, len(statistics.all.emotions)),
        frameon=False,
        labelcolor=theme(dark).ink,
        fontsize=8.5,
    )
    return figure


def _durations(seconds: dict[str, list[float]], dark: bool) -> Figure:
    """Box plots: quartiles, whiskers from the 1st to the 99th percentile, and what lies outside as dots."""
    names = [name for name, values in seconds.items() if values]
    figure = new_figure(1.2 + 0.38 * len(names), dark)
    axes = figure.subplots()
    colours, ink = series_colors(dark), theme(dark).ink
    axes.boxplot(
        [seconds[name] for name in names],
        orientation="horizontal",
        whis=(1, 99),
        widths=0.55,
        patch_artist=True,
        boxprops={"facecolor": colours[5], "edgecolor": ink},
        medianprops={"color": ink_on(colours[5]), "linewidth": 2},
        whiskerprops={"color": ink},
        capprops={"color": ink},
        flierprops={"marker": ".", "markersize": 3, "markeredgecolor": theme(dark).muted},
    )
    axes.set_yticks(range(1, len(names) + 1), names)
    axes.invert_yaxis()
    axes.set_xlim(left=0)
    title = "Durations (box: middle half; whiskers: 1st to 99th percentile)"
    dress(axes, dark, grid="x", title=title, x="duration of a clip (s)")
    return figure


def _speakers(statistics: Statistics, dark: bool) -> Figure:
    groups = statistics.corpora
    figure = new_figure(1.2 + 0.38 * len(groups), dark)
    axes = figure.subplots()
    for place, group in enumerate(groups):
        counts = sorted(group.speakers.values())
        spread = [
            place + 0.22 * ((k % 5) - 2) / 2 for k in range(len(counts))
        ]  # so that equal counts are seen
        axes.plot(counts, spread, "o", color=series_colors(dark)[0], markersize=4, alpha=0.7)
    axes.set_yticks(range(len(groups)), [f"{group.name} ({len(group.speakers)})" for group in groups])
    axes.invert_yaxis()
    most = max(max(group.speakers.values()) for group in groups)
    if most > 20 * min(min(group.speakers.values()) for group in groups):
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
    else:
        axes.set_xlim(left=0)
    title = "Clips of each speaker (speakers in brackets)"
    dress(axes, dark, grid="x", title=title, x="clips of one speaker")
    return figure
