"""``benchmark.html``: the table, bars beside the marks of others, corpora never heard, the price of leaking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hearfelt.evaluation._canvas import dress, new_figure, series_colors, theme
from hearfelt.evaluation._figures import both, percent, with_interval
from hearfelt.evaluation._html import details, escape, facts, paragraph, report_page, section, table
from hearfelt.files import write_atomically
from hearfelt.studies._cost import in_words
from hearfelt.studies._pictures import Point, plot_matrix, plot_ranking

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Entry = Mapping[str, Any]
_KINDS = {
    "scratch": ("D", "published, trained from scratch"),
    "pretrained": ("^", "published, pretrained elsewhere"),
    "features": ("s", "published, hand-made features"),
}


def write_page(path: Path, results: Entry, content: Entry) -> Path:
    """Write the page of a benchmark's folder, atomically.

    Args:
        path: the folder.
        results: content of ``benchmark.json``.
        content: of ``study.yaml``.
    """
    parts = [
        ("people", "People, row by row", _people(results, ("speakers", "serab"))),
        ("corpora", "Many corpora at once", _several(results)),
        ("matrix", "Train on one corpus, test on another", _matrix(results)),
        ("random", "Divided by clips, and what that flatters", _random(results)),
        ("published", "What others published", _published(results)),
        ("missing", "What is missing", _missing(results)),
        ("again", "Make it again", _again(results, content)),
    ]
    parts = [part for part in parts if part[2]]
    model = results["model"]
    way = {
        "recipe": "trained anew for every row and fold",
        "bundle": "a bundle, asked as it is; nothing is trained",
        "function": "a function, asked as it is; whom it has heard is not known",
    }[model["way"]]
    seeds = f"{results['seeds']} seed{'s' if results['seeds'] > 1 else ''}"
    name = Path(model["name"]).name
    text = report_page(
        f"Benchmark of {name}",
        _warnings(results) + "".join(section(*part) for part in parts),
        kind="benchmark",
        heading=name,
        lead=f"{way[0].upper()}{way[1:]}.",
        words=f"{seeds}; UAR is the mean recall of the classes.",
        links=[part[:2] for part in parts],
        made=(results["hearfelt"], results["created"]),
    )
    target = path / "benchmark.html"
    write_atomically(target, text)
    return target


def plot_rows(rows: Sequence[Entry], *, dark: bool = False) -> Figure:
    """A bar a row with its interval; marks are published UAR of the same division, and chance is a tick.

    Args:
        rows: of ``benchmark.json``, with ``test``.
        dark: theme.
    """
    shown = list(reversed(rows))
    figure = new_figure(1.5 + 0.42 * len(shown), dark)
    axes = figure.add_subplot()
    colours, muted = series_colors(dark), theme(dark).muted
    drawn: set[str] = set()
    for place, row in enumerate(shown):
        uar = row["test"]["uar"]
        heard = bool(row["heard"]["speakers"])
        axes.barh(
            place,
            100 * uar["value"],
            height=0.56,
            color=colours[6] if heard else colours[0],
            alpha=0.55,
            hatch="//" if heard else "",
            edgecolor=theme(dark).background,
            linewidth=0,
        )
        if uar["low"] is not None:
            ends = [100 * uar["low"], 100 * uar["high"]]
            axes.plot(ends, [place, place], color=theme(dark).ink, linewidth=1.6)
        chance = 100 / row["test"]["classes"]
        axes.plot([chance, chance], [place - 0.28, place + 0.28], color=muted, linestyle=":", linewidth=1.4)
        for other in row["published"]:
            if other["measure"] != "uar" or not other["same"]:
                continue
            marker, words = _KINDS[other["kind"]]
            axes.plot(
                100 * other["value"],
                place,
                marker,
                markersize=6,
                color=colours[1 if other["kind"] == "scratch" else 4],
                markeredgecolor=theme(dark).ink,
                markeredgewidth=0.6,
                linestyle="none",
                label=None if words in drawn else words,
            )
            drawn.add(words)
    axes.set_yticks(range(len(shown)), [_title(row) for row in shown])
    axes.set_xlim(0, 100)
    axes.set_ylim(-0.7, len(shown) - 0.3)
    dress(axes, dark, grid="x", x="UAR, %; lines are 95 % intervals, dotted is chance")
    if drawn:
        figure.legend(
            loc="outside upper right", ncols=3, frameon=False, fontsize=8.5, labelcolor=theme(dark).ink
        )
    return figure


def _title(row: Entry) -> str:
    return f"{row['title']} (heard)" if row["heard"]["speakers"] else str(row["title"])


def _of(results: Entry, *groups: str) -> list[Entry]:
    return [row for row in results["rows"] if row["group"] in groups and row["test"]]


def _warnings(results: Entry) -> str:
    found = []
    if results["quick"]:
        found.append(
            (
                "A quick look",
                "One fold a row, short trainings: it shows that everything runs, and is no result.",
            )
        )
    if not results["complete"]:
        found.append(("Not complete", "Some rows are not measured yet; the same command goes on."))
    heard = [row["title"] for row in results["rows"] if row["heard"]["speakers"]]
    if heard:
        words = (
            f"The model was trained on people who are tested in {', '.join(heard)}. Those figures are not of unheard "
            "people; the column beside them is of the others."
        )
        found.append(("Heard in training", words))
    return "".join(
        f'<div class="warn" role="note"><strong>{escape(title)}</strong>{paragraph(words)}</div>'
        for title, words in found
    )


def _people(results: Entry, groups: tuple[str, ...]) -> str:
    rows = _of(results, *groups)
    if not rows:
        return ""
    together = {
        corpus: figures
        for row in results["rows"]
        if row["name"] == "joint"
        for corpus, figures in row["corpora"].items()
    }
    heard = any(row["heard"]["speakers"] for row in rows)
    header = ["row", "UAR"]
    header += ["UAR of people not heard"] if heard else []
    header += ["UAR, trained on all corpora"] if together else []
    header += ["between seeds", "accuracy", "macro F1", "speakers", "folds", "protocol"]
    body = []
    for row in rows:
        test = row["test"]
        cells: list[Any] = [_title(row), with_interval(test["uar"])]
        if heard:
            cells.append(_unheard(row))
        if together:
            own = together.get(row["name"])  # other rows of the corpus are divided otherwise
            cells.append(with_interval(own["uar"]) if own else None)
        cells += [
            _spread(test["uar"]),
            *(with_interval(test[name]) for name in ("accuracy", "macro_f1")),
            f"{test['speakers']}{' (few)' if test['few_speakers'] else ''}",
            f"{row['folds']['run']} of {row['folds']['of']}",
            row["protocol"],
        ]
        body.append(cells)
    words = "UAR of each row with a 95 % interval over its speakers, and what others published on the same division."
    few = (
        "Where fewer than five speakers are tested the interval has few outcomes, and nothing is called better or "
        "worse. "
        if any(row["test"]["few_speakers"] for row in rows)
        else ""
    )
    trained = rows[0]["trained_on"]
    picture = both(lambda dark: plot_rows(rows, dark=dark), words)
    return (
        paragraph(f"Trained on: {trained}. {few}", "muted")
        + picture
        + table("In percent, with 95 % intervals over speakers (over clips where there is one)", header, body)
    )


def _unheard(row: Entry) -> str | None:
    heard = row["heard"]
    if not heard["speakers"]:
        return with_interval(row["test"]["uar"])
    return with_interval(row["unheard"]["uar"]) if row["unheard"] else "nobody left"


def _spread(figure: Entry) -> str | None:
    return None if figure.get("deviation") is None else f"±{100 * figure['deviation']:.1f}"


def _several(results: Entry) -> str:
    content = []
    for row in results["rows"]:
        if row["group"] != "corpora" or not row["mean"]:
            continue
        mean = row["mean"]
        figure = f"{percent(mean['uar']['value'])} %"
        words = f"{row['title']}: mean UAR {with_interval(mean['uar'])} % over {mean['corpora']} corpora."
        if row["heard"]["speakers"]:
            rest = f", of the others {with_interval(row['unheard']['uar'])} %" if row["unheard"] else ""
            words += (
                f" {row['heard']['speakers']} of {row['heard']['of']} speakers were heard in training{rest}."
            )
        points = [
            Point(corpus, f["uar"]["value"], f["uar"]["low"], f["uar"]["high"])
            for corpus, f in row["corpora"].items()
        ]
        body = [
            [
                corpus,
                f["classes"],
                percent(1 / f["classes"]),
                with_interval(f["uar"]),
                with_interval(f["accuracy"]),
                f["speakers"],
                f["n"],
            ]
            for corpus, f in row["corpora"].items()
        ]
        folds = row["folds"]
        content.append(
            f'<div class="cards"><div class="card"><p class="name">{escape(row["title"])}</p>'
            f'<p class="value">{figure}</p><p class="range">{escape(words)}</p></div></div>'
            + paragraph(f"{row['protocol']}. {folds['run']} of {folds['of']} folds.", "muted")
            + both(lambda dark, points=points: plot_ranking(points, dark=dark), words)  # type: ignore[misc]
            + table(
                f"{row['title']}, in percent; among the classes that the corpus has",
                ["corpus", "classes", "chance", "UAR", "accuracy", "speakers", "clips"],
                body,
            )
        )
    return "".join(content)


def _matrix(results: Entry) -> str:
    matrix = results["matrix"]
    if not matrix or not any(value is not None for line in matrix["uar"] for value in line):
        return ""
    lines = [n for n, line in enumerate(matrix["uar"]) if any(value is not None for value in line)]
    columns = [c for c in range(len(matrix["test"])) if any(matrix["uar"][n][c] is not None for n in lines)]
    values = [[matrix["uar"][n][c] for c in columns] for n in lines]
    rows, tested = [matrix["train"][n] for n in lines], [matrix["test"][c] for c in columns]
    words = (
        "UAR of a network that was trained on the corpus of the row and tested on that of the column, among the "
        "classes that both have; one training each. Corpora that share people are left blank."
    )
    body = [
        [
            corpus,
            *(
                None if value is None else f"{percent(value)} of {matrix['classes'][n][c]}"
                for value, c in zip(line, columns, strict=True)
            ),
        ]
        for corpus, line, n in zip(rows, values, lines, strict=True)
    ]
    heat = both(
        lambda dark: plot_matrix(
            values, rows, tested, x="tested on", y="trained on", best_in_bold=False, dark=dark
        ),
        words,
    )
    return (
        paragraph(words, "muted")
        + heat
        + table("UAR in percent, and of how many classes", ["trained on", *tested], body)
    )


def _random(results: Entry) -> str:
    rows = _of(results, "random")
    if not rows:
        return ""
    prices = [
        [
            leak["corpus"],
            percent(leak["random"]),
            percent(leak["speakers"]),
            f"{100 * leak['difference']:+.1f}",
        ]
        for leak in results["leaks"]
    ]
    text = paragraph(
        "Speaker-dependent: the same voices are in training and test. These rows are here to be compared with figures "
        "that were published so; nobody should expect them on a voice of their own.",
        "muted",
    )
    price = (
        table(
            "What it flatters: UAR in percent, by the same recipe",
            ["corpus", "by clips", "by speakers", "points"],
            prices,
        )
        if prices
        else ""
    )
    return text + price + _people(results, ("random",))


def _published(results: Entry) -> str:
    body = []
    for row in results["rows"]:
        for other in row["published"]:
            ours = row["test"][other["measure"]]
            body.append(
                [
                    row["title"],
                    other["system"],
                    other["verdict"],
                    "accuracy" if other["measure"] == "accuracy" else "UAR",
                    percent(other["value"]),
                    with_interval(ours),
                    _KINDS[other["kind"]][1].removeprefix("published, "),
                    other["protocol"],
                    other["source"],
                ]
            )
    if not body:
        return ""
    return paragraph(
        "Compared is only what was divided as ours is, over all folds and the same classes, and on people that the "
        "model has not heard. Everything else is context.",
        "muted",
    ) + table(
        "In percent",
        ["row", "system", "verdict", "measure", "theirs", "ours", "kind", "their protocol", "source"],
        body,
        text_columns=3,
    )


def _missing(results: Entry) -> str:
    failed = [
        [cell["title"], cell["state"], cell["reason"]] for cell in results["cells"] if cell["state"] != "done"
    ]
    unknown = [
        [row["title"], "not in the model", ", ".join(row["unknown_classes"])]
        for row in results["rows"]
        if row["unknown_classes"]
    ]
    if not failed and not unknown:
        return ""
    return table(
        "Rows that could not be measured; classes that the model lacks count as wrong",
        ["row", "what", "why"],
        failed + unknown,
        text_columns=3,
    )


def _again(results: Entry, content: Entry) -> str:
    import yaml

    command = results["command"]
    text = yaml.safe_dump(content["recipe"], sort_keys=False, allow_unicode=True)
    return "".join(
        [
            f'<pre class="wrap"><code>{escape(command)}</code></pre>' if command else "",
            facts(
                [
                    ("Trainings", sum(cell["folds"] for cell in results["cells"])),
                    ("Epochs", sum(cell["epochs"] for cell in results["cells"])),
                    ("Time of one processor", in_words(results["seconds"])),
                    ("Settings", " ".join(content["settings"])),
                ]
            ),
            details("The recipe behind every row", f"<pre><code>{escape(text)}</code></pre>"),
        ]
    )
