"""``hearfelt fairness --out``: groups, gaps and causes, raters and trust on one page without a request."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from hearfelt.evaluation._dots import Dot, plot_dots
from hearfelt.evaluation._figures import both, percent, signed, with_interval
from hearfelt.evaluation._html import details, escape, paragraph, report_page, section, table
from hearfelt.evaluation._trust_page import raters_part, trust_part
from hearfelt.evaluation.fairness import cause
from hearfelt.files import write_atomically

Entry = Mapping[str, Any]
_TITLES = {
    "sex": "Sex",
    "age": "Age",
    "language": "Language",
    "corpus": "Corpus",
    "intensity": "Intensity of the emotion",
}
_MOST_DRAWN = 40


def write_page(path: str | os.PathLike[str], results: Entry, *, name: str, command: str = "") -> None:
    """Write the page of `hearfelt.evaluation.fairness.fairness`, atomically.

    Args:
        path: of the page.
        results: what was found.
        name: whose answers these are.
        command: that makes the page again.
    """
    parts = [
        *((column["column"], title(column["column"]), _column(column)) for column in results["columns"]),
        ("raters", "Beside the people who rated the clips", raters_part(results["raters"])),
        ("trust", "Can the confidence be believed?", trust_part(results)),
        ("how", "How this was measured", _how(results, command)),
    ]
    content = report_page(
        f"{name}: fairness",
        "".join(section(*part) for part in parts),
        kind="fairness",
        heading=name,
        lead="Who is recognised how well, and where the gaps come from.",
        words=_whole(results["all"]),
        links=[part[:2] for part in parts],
    )
    write_atomically(path, content)


def title(column: str) -> str:
    """Heading of a column."""
    return _TITLES.get(column, column.replace("_", " ").capitalize())


def gap_in_words(gap: Entry) -> str:
    """One sentence on a gap within corpora."""
    first, second, within = gap["first"], gap["second"], gap["within"]
    if within is None:
        return f"{first} and {second}: no corpus has two speakers of each, so there is no gap to speak of."
    points = f"{100 * abs(within['value']):.1f} points"
    ends = (
        "no interval"
        if within["low"] is None
        else f"[{100 * within['low']:+.1f}, {100 * within['high']:+.1f}]"
    )
    people = " and ".join(map(str, gap["speakers"]))
    corpora = f"{within['corpora']} corp{'us' if within['corpora'] == 1 else 'ora'}"
    if within["clear"]:
        better, worse = (first, second) if within["value"] > 0 else (second, first)
        return f"{better} is recognised better than {worse} by {points} {ends} within {corpora} ({people} speakers)."
    return (
        f"{first} and {second} are not told apart: {100 * within['value']:+.1f} points {ends} within {corpora} "
        f"({people} speakers)."
    )


def _whole(block: Entry) -> str:
    return (
        f"{block['clips']:,} clips of {block['speakers']} speakers; UAR (mean recall of the classes) "
        f"{with_interval(block['uar'])} %."
    )


def _column(column: Entry) -> str:
    groups = column["groups"]
    if not groups:
        return paragraph(f"Not known of any of the {column['unknown']:,} answers; nothing is guessed.")
    unknown = f"Not known of {column['unknown']:,} answers." if column["unknown"] else ""
    shown = groups[:_MOST_DRAWN]
    rows = [
        (
            f"{group['group']}  ({group['speakers']})",
            [Dot(group["uar"]["value"], group["uar"]["low"], group["uar"]["high"])],
        )
        for group in shown
    ]
    words = "UAR of each group over all its clips with 95 % intervals, in brackets the speakers."
    return "".join(
        [
            paragraph(unknown),
            both(lambda dark: plot_dots(rows, dark=dark), words),
            paragraph(
                words + " Groups have other corpora and other classes: compare them below, within corpora.",
                "muted",
            ),
            _groups(groups),
            _alone(column),
            *(_gap(gap) for gap in column["gaps"]),
        ]
    )


def _groups(groups: Sequence[Entry]) -> str:
    return table(
        "UAR and accuracy in percent; the last column is mean confidence minus accuracy, in points",
        ["group", "clips", "speakers", "classes", "UAR", "interval over", "accuracy", "too sure by"],
        [
            [
                group["group"],
                group["clips"],
                group["speakers"],
                group["classes"],
                with_interval(group["uar"]),
                group["uar"]["over"],
                percent(group["accuracy"]),
                f"{100 * group['confidence_minus_accuracy']:+.1f}",
            ]
            for group in groups
        ],
    ) + _by_corpus(groups)


def _by_corpus(groups: Sequence[Entry]) -> str:
    if all(len(group["corpora"]) < 2 for group in groups):
        return ""
    rows = [
        [
            f"{group['group']}: {corpus}",
            block["clips"],
            block["speakers"],
            block["classes"],
            with_interval(block["uar"]),
            f"{100 * block['confidence_minus_accuracy']:+.1f}",
        ]
        for group in groups
        for corpus, block in group["corpora"].items()
    ]
    return details(
        "Each group in each corpus",
        table(
            "UAR in percent", ["group and corpus", "clips", "speakers", "classes", "UAR", "too sure by"], rows
        ),
    )


def _alone(column: Entry) -> str:
    alone = column["one_group_only"]
    if not alone or column["column"] == "corpus":
        return ""
    listed = ", ".join(f"{corpus} ({group})" for corpus, group in alone.items())
    words = f"Confounded with the corpus: these have one group only: {listed}."
    if not column["gaps"]:
        words += " No corpus has two groups, so a difference between groups cannot be told from one between corpora."
    else:
        words += " They say nothing of the gap, and are not in it."
    return paragraph(words)


def _gap(gap: Entry) -> str:
    first, second = gap["first"], gap["second"]
    rows = []
    if gap["within"] and len(gap["corpora"]) > 1:
        within = gap["within"]
        rows.append(
            (
                f"mean of {within['corpora']}  ({'/'.join(map(str, gap['speakers']))})",
                [Dot(within["value"], within["low"], within["high"])],
            )
        )
    for entry in gap["corpora"]:
        value = entry["gap"]
        rows.append(
            (
                f"{entry['corpus']}  ({'/'.join(map(str, entry['speakers']))})",
                [Dot(value["value"], value["low"], value["high"], hollow=not entry["in_mean"])],
            )
        )
    alt = f"UAR of {first} minus that of {second}, in each corpus. {gap_in_words(gap)}"
    pieces = [
        f"<h3>{escape(first)} and {escape(second)}</h3>",
        paragraph(gap_in_words(gap)),
        both(
            lambda dark: plot_dots(
                rows, zero=True, label=f"UAR of {first} minus {second}, in points", dark=dark
            ),
            alt,
        ),
        paragraph(
            "In brackets the speakers of each group. Hollow: one speaker on a side, not in the mean. Pooled over "
            f"all corpora, which mixes the groups with the corpora, it would be {100 * gap['pooled']:+.1f} points."
            + (" The same people are in both groups, and are drawn with both." if gap["paired"] else ""),
            "muted",
        ),
        _gap_table(gap),
    ]
    if gap["emotions"]:
        dots = [
            (
                f"{entry['emotion']}",
                [Dot(entry["recall"][0], series=0), Dot(entry["recall"][1], series=1)],
            )
            for entry in gap["emotions"]
        ]
        pieces += [
            paragraph(cause(gap)),
            both(
                lambda dark: plot_dots(
                    dots, series=(first, second), label="recall in %, mean over corpora", dark=dark
                ),
                f"Recall of each emotion for {first} and {second}. {cause(gap)}",
            ),
            _emotions(gap),
            paragraph(_over_trusted(gap)),
        ]
    return "".join(pieces)


def _gap_table(gap: Entry) -> str:
    rows = [
        [
            entry["corpus"],
            entry["classes"],
            " / ".join(map(str, entry["clips"])),
            " / ".join(map(str, entry["speakers"])),
            *(percent(value) for value in entry["uar"]),
            signed(entry["gap"]),
        ]
        for entry in gap["corpora"]
    ]
    if gap["within"]:
        people = " / ".join(map(str, gap["speakers"]))
        rows.append(
            ["mean", None, None, people, *(percent(v) for v in gap["within"]["uar"]), signed(gap["within"])]
        )
    return details(
        "The gap in each corpus, in figures",
        table(
            "UAR in percent on the classes that both groups have; in bold: clear",
            ["corpus", "classes", "clips", "speakers", gap["first"], gap["second"], "gap in points"],
            rows,
        ),
    )


def _emotions(gap: Entry) -> str:
    def mistakes(entry: Entry, side: int) -> str:
        others = [
            (share, name) for name, share in entry["heard_as"][side].items() if name != entry["emotion"]
        ]
        return ", ".join(f"{name} {100 * share:.0f}" for share, name in sorted(others, reverse=True)[:2])

    rows = [
        [
            entry["emotion"],
            *(percent(value) for value in entry["recall"]),
            signed(entry["gap"]),
            mistakes(entry, 0),
            mistakes(entry, 1),
        ]
        for entry in gap["emotions"]
    ]
    first, second = gap["first"], gap["second"]
    return details(
        "Every emotion, and what it is heard as",
        table(
            "Recall in percent, averaged over corpora; of the mistakes the two most frequent, in percent",
            ["emotion", first, second, "gap in points", f"{first} heard as", f"{second} heard as"],
            rows,
        ),
    )


def _over_trusted(gap: Entry) -> str:
    entry = gap["trust"]
    if entry is None:
        return ""
    shown = [f"{100 * value:+.1f}" for value in entry["confidence_minus_accuracy"]]
    ends = "" if entry["low"] is None else f" [{100 * entry['low']:+.1f}, {100 * entry['high']:+.1f}]"
    words = f"Mean confidence minus accuracy: {shown[0]} points for {gap['first']}, {shown[1]} for {gap['second']}"
    verdict = "a clear difference" if entry["clear"] else "not a clear difference"
    return f"{words}; {100 * entry['value']:+.1f}{ends}, {verdict}."


def _how(results: Entry, command: str) -> str:
    least = results["fewest_speakers"]
    words = (
        "A gap is the difference of UAR within a corpus, on the classes that both groups have there, averaged over the "
        f"corpora with at least two speakers of each group. Its interval comes from {results['resamples']:,} resamples "
        "of the speakers within each group and corpus; who is in two corpora or in both groups is drawn with all "
        f"clips. With fewer than {least} speakers on a side no gap is called clear. Of twenty gaps one is expected to "
        "look clear by chance."
    )
    again = f'<pre class="wrap"><code>{escape(command)}</code></pre>' if command else ""
    return paragraph(words) + again
