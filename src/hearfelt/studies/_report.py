"""`report.html` of a study: the choice, the comparison and how to make it again, on one page without a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hearfelt.evaluation._figures import both, percent, signed, with_interval
from hearfelt.evaluation._html import details, escape, facts, paragraph, report_page, section, table
from hearfelt.files import write_atomically
from hearfelt.studies._cost import in_words
from hearfelt.studies._pictures import Point, plot_ranking

if TYPE_CHECKING:
    from hearfelt.studies._study import Study

_MOST_DRAWN = 60
Entry = Mapping[str, Any]


def write_report(study: Study, path: Path, results: Mapping[str, Any], content: Mapping[str, Any]) -> Path:
    """Write the page of a study folder, atomically.

    Args:
        study: its part of the page.
        path: the folder.
        results: content of ``results.json``.
        content: of ``study.yaml``.
    """
    own = study.sections(path, results)
    parts = [
        ("chosen", "What was chosen", _chosen(results)),
        *own,
        ("ranking", "Every cell", _ranking(results)),
        ("cells", "The figures", _cells(results)),
        ("failed", "What could not be trained", _failed(results)),
        ("again", "Make it again", _again(results, content)),
    ]
    parts = [part for part in parts if part[2]]
    recipe = content["recipe"]
    corpora = ", ".join((recipe.get("data") or {}).get("corpora") or ()) or "the manifest given"
    name = f"{results['study']}: {results['name']}"
    text = report_page(
        name,
        _unfinished(results) + _headline(results) + "".join(section(*part) for part in parts),
        kind="study",
        heading=name,
        lead=study.question,
        words=f"On {corpora}; {_protocol(path, results)}",
        links=[part[:2] for part in parts],
        made=(results["hearfelt"], results["created"]),
    )
    target = path / "report.html"
    write_atomically(target, text)
    return target


# What every study's page has ---------------------------------------------------------------------------------------


def verdict(figure: Entry | None, subject: str, baseline: str) -> str:
    """One sentence on whether something is better than its baseline."""
    if figure is None:
        return f"{subject}: no comparison with {baseline} is possible."
    points = f"{100 * figure['value']:+.1f} points"
    if figure.get("low") is None:
        return f"{subject}: {points} against {baseline}; there is no interval ({figure.get('reason', '')})"
    ends = f"[{100 * figure['low']:+.1f}, {100 * figure['high']:+.1f}]"
    if not figure["clear"] and (figure["low"] > 0 or figure["high"] < 0):
        return f"{subject}: {points} {ends} against {baseline}; {figure['speakers']} speakers are too few to tell."
    if not figure["clear"]:
        return f"{subject}: not told apart from {baseline} ({points} {ends})."
    return f"{subject}: {'better' if figure['value'] > 0 else 'worse'} than {baseline} by {points} {ends}."


def point(entry: Entry, part: str = "test", name: str | None = None, x: float = 0.0) -> Point | None:
    """UAR of a cell as a point; None where it has none."""
    if entry[part] is None:
        return None
    uar = entry[part]["uar"]
    return Point(name or entry["title"], uar["value"], uar["low"], uar["high"], x)


def _protocol(path: Path, results: Mapping[str, Any]) -> str:
    from hearfelt.files import read_json

    for entry in results["cells"]:
        facts_file = path / entry["run"] / "provenance.json"
        if entry["candidate"] and entry["state"] == "done" and facts_file.exists():
            return str(read_json(facts_file)["split"]["sentence"])
    return ""


def _unfinished(results: Mapping[str, Any]) -> str:
    waiting = [entry for entry in results["cells"] if entry["state"] in ("waiting", "failed")]
    if not waiting:
        return ""
    return (
        f'<div class="warn" role="note"><strong>{len(waiting)} of {len(results["cells"])} cells are not trained'
        "</strong>"
        "<p>The figures are those of the others.</p></div>"
    )


def _headline(results: Mapping[str, Any]) -> str:
    chosen = results["chosen"]
    if not chosen:
        return ""
    titles = {entry["name"]: entry["title"] for entry in results["cells"]}
    cards = []
    for number, entry in enumerate(chosen[:6]):
        test = entry["test"]
        if test is None:
            continue
        against = entry["difference"]["test"]
        words = f"95 % interval {with_interval(test['uar']).partition(' ')[2] or 'none'} over {test['interval_over']}"
        if against is not None:
            words += f"; {100 * against['value']:+.1f} points against the baseline"
            if against.get("low") is not None:
                words += f" [{100 * against['low']:+.1f}, {100 * against['high']:+.1f}]"
        big = " big" if number == 0 and len(chosen) == 1 else ""
        name = titles[entry["cell"]]
        cards.append(
            f'<div class="card{big}"><p class="name">Chosen: {escape(name)}, UAR on the test</p>'
            f'<p class="value">{percent(test["uar"]["value"])} %</p><p class="range">{escape(words)}</p></div>'
        )
    return (
        f'<div class="cards" role="group" aria-label="Headline figures">{"".join(cards)}</div>'
        if cards
        else ""
    )


def _chosen(results: Mapping[str, Any]) -> str:
    if not results["chosen"]:
        return paragraph("Nothing could be chosen: no candidate has validation figures.")
    titles = {entry["name"]: entry["title"] for entry in results["cells"]}
    rows = [
        [
            titles[entry["cell"]],
            with_interval(entry["validation"] and entry["validation"]["uar"]),
            with_interval(entry["test"] and entry["test"]["uar"]),
            signed(entry["difference"]["test"]),
        ]
        for entry in results["chosen"]
    ]
    return paragraph(
        "Chosen by UAR on the validation speakers of all folds. The test was looked at once, for what was chosen."
    ) + table(
        "UAR in percent with 95 % intervals; the difference is paired, clip by clip",
        ["chosen", "validation", "test", "against the baseline"],
        rows,
    )


def _ranking(results: Mapping[str, Any]) -> str:
    done = [e for e in results["cells"] if e["candidate"] and e["state"] == "done" and e["test"]]
    if len(done) < 2:
        return ""
    best = sorted(done, key=lambda entry: -(entry["validation"] or entry["test"])["uar"]["value"])[
        :_MOST_DRAWN
    ]
    marked = {entry["cell"] for entry in results["chosen"]}
    points = [found for entry in best if (found := point(entry))]
    second = {entry["title"]: entry["validation"]["uar"]["value"] for entry in best if entry["validation"]}
    names = [entry["title"] for entry in best if entry["name"] in marked]
    words = (
        f"UAR of {len(best)} cells on the test, with 95 % intervals; hollow: on the validation, which chose."
    )
    return paragraph(words, "muted") + both(
        lambda dark: plot_ranking(points, marked=names, second=second, dark=dark), words
    )


def _cells(results: Mapping[str, Any]) -> str:
    rows = []
    for entry in _sorted(results["cells"]):
        test, validation = entry["test"], entry["validation"]
        rows.append(
            [
                entry["title"],
                with_interval(validation and validation["uar"]),
                with_interval(test and test["uar"]) if test else entry["state"],
                signed(entry["difference"]["test"]),
                percent(test["accuracy"]["value"]) if test else None,
                percent(test["macro_f1"]["value"]) if test else None,
                entry["epochs"],
                in_words(entry["seconds"]),
            ]
        )
    return paragraph(
        "Cells that are compared have the same folds. The test figures beside the chosen one were not used to "
        "choose; whoever picks the best of them picks by the test, and its figure then flatters. Differences in bold "
        "have intervals without zero; of twenty such comparisons one is expected to by chance."
    ) + table(
        "UAR, accuracy and F1 in percent, with 95 % intervals of UAR; best validation first",
        [
            "cell",
            "validation UAR",
            "test UAR",
            "against its baseline",
            "accuracy",
            "macro F1",
            "epochs",
            "time",
        ],
        rows,
    )


def _sorted(cells: Sequence[Entry]) -> list[Entry]:
    return sorted(
        cells,
        key=lambda entry: (
            entry["group"],
            -(entry["validation"]["uar"]["value"] if entry["validation"] else -1.0),
        ),
    )


def _failed(results: Mapping[str, Any]) -> str:
    failed = [[entry["title"], entry["reason"]] for entry in results["cells"] if entry["state"] == "failed"]
    return table("Cells that failed", ["cell", "why"], failed, text_columns=2) if failed else ""


def _again(results: Mapping[str, Any], content: Mapping[str, Any]) -> str:
    import yaml

    command = results["command"]
    text = yaml.safe_dump(content["recipe"], sort_keys=False, allow_unicode=True)
    plan = table(
        "Settings of each cell on the recipe",
        ["cell", "settings"],
        [[entry["name"], " ".join(entry["settings"])] for entry in results["cells"]],
        text_columns=2,
    )
    return "".join(
        [
            f'<pre class="wrap"><code>{escape(command)}</code></pre>' if command else "",
            facts(
                [
                    ("Trainings", sum(entry["folds"] for entry in results["cells"])),
                    ("Epochs", sum(entry["epochs"] for entry in results["cells"])),
                    ("Time of one processor", in_words(results["seconds"])),
                    ("Settings", " ".join(content["settings"])),
                ]
            ),
            details("The recipe", f"<pre><code>{escape(text)}</code></pre>"),
            details("The cells", plan),
        ]
    )
