"""Keeps the figures of docs/results.md: takes them from runs and studies, and makes the tables from what was taken.

    python tools/results.py take runs/song --title "song alone"      # -> docs/results/song.json
    python tools/results.py tables                                   # renews the tables in docs/results.md
    python tools/results.py tables --check                           # says which are not as the files have them

A table stands between a mark and `<!-- end -->`; what is between is replaced. Marks are `<!-- runs: a b -->`,
`<!-- study: a -->`, `<!-- means: a b -->` (studies of recipes side by side, the mean over corpora),
`<!-- benchmark: a b -->`, and of one benchmark `<!-- corpora: a -->` and `<!-- matrix: a -->`; a and b are files in
docs/results/.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from _benchmark_tables import corpora_table, matrix_table, of_benchmark, rows_table

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, FILES = DOCS / "results.md", DOCS / "results"
_MARKED = re.compile(
    r"(<!-- (runs|study|means|benchmark|corpora|matrix): ([\w ]+?) -->\n).*?(<!-- end -->)", re.DOTALL
)
_SCORES = ("uar", "accuracy")


def take(folder: Path, name: str, title: str) -> Path:
    """Write the figures of a finished run or study, a kilobyte or two, into docs/results."""
    benchmark, study = folder / "benchmark.json", folder / "results.json"
    if benchmark.exists():
        found = of_benchmark(json.loads(benchmark.read_text()))
    else:
        found = _of_study(json.loads(study.read_text())) if study.exists() else _of_run(folder)
    target = FILES / f"{name}.json"
    content = {"title": title, **found}
    content["command"] = _as_users_type_it(content["command"], name)
    target.write_text(json.dumps(content, indent=1) + "\n")
    return target


def _of_run(folder: Path) -> dict[str, Any]:
    provenance = json.loads((folder / "provenance.json").read_text())
    metrics = json.loads((folder / "metrics.json").read_text())
    lines = [
        [json.loads(line) for line in (fold / "metrics.jsonl").read_text().splitlines()]
        for fold in sorted((folder / "folds").iterdir())
    ]
    return {
        "command": provenance["command"],
        "commit": provenance["commit"],
        "protocol": provenance["split"]["sentence"],
        "speaker_independent": provenance["split"]["speaker_independent"],
        "seeds": 1,
        "folds": len(lines),
        "epochs": [len(fold) for fold in lines],
        "seconds": round(sum(line["seconds"] for fold in lines for line in fold)),
        "test": _scores(metrics["all"]),
        "per_corpus": {corpus: _scores(found) for corpus, found in metrics["per_corpus"].items()},
    }


def _scores(found: Mapping[str, Any]) -> dict[str, Any]:
    """Values and the interval over speakers, or over clips where one speaker or none is known."""
    over = "clips" if found["uar"]["speakers"]["low"] is None else "speakers"
    scores = {
        name: {
            "value": round(found[name]["value"], 4),
            **{end: _rounded(found[name][over][end]) for end in ("low", "high")},
        }
        for name in _SCORES
    }
    return {"n": found["n"], "speakers": found["speakers"], "interval_over": over, **scores}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _of_study(results: Mapping[str, Any]) -> dict[str, Any]:
    cells = []
    for cell in results["cells"]:
        kept: dict[str, Any] = {
            key: cell[key] for key in ("name", "title", "baseline", "state", "folds", "epochs")
        }
        kept["seconds"] = round(cell["seconds"] or 0)
        for part in ("validation", "test"):
            found = cell[part]
            kept[part] = found and {
                **{key: found[key] for key in ("n", "speakers", "interval_over")},
                **{
                    name: {key: _rounded(found[name][key]) for key in ("value", "low", "high")}
                    for name in _SCORES
                },
            }
        difference = cell["difference"]["test"]
        kept["difference"] = difference and {
            **{key: _rounded(difference[key]) for key in ("value", "low", "high")},
            "clear": difference["clear"],
        }
        cells.append(kept)
    chosen = [entry["cell"] for entry in results["chosen"]]
    keys = ("study", "command", "seconds", "complete", "findings")
    content = {**{key: results[key] for key in keys}, "chosen": chosen, "cells": cells}
    for facts in content["findings"].get("models", {}).values():  # matrices are in the report
        for large in ("confusion", "per_class", "labels"):
            facts.pop(large, None)
    return content


def _as_users_type_it(command: str, name: str) -> str:
    """Without the places of the machine that it ran on."""
    words = iter(shlex.split(command))
    kept: list[str] = []
    for word in words:
        if word in ("--out", "--jobs", "--processes"):
            next(words, None)
        elif word in ("--images", "--labels"):
            kept += [word, "DIR" if word == "--images" else Path(next(words)).name]
            if word == "--images":
                next(words, None)
        elif not (word == "training.threads=1" and kept[-1] == "--set" and kept.pop()):
            kept.append(word)
    return f"{' '.join(_quoted(word) for word in kept)} --out runs/{name}"


def _quoted(word: str) -> str:
    return f"'{word}'" if set(word) & set(" {}()*&;") else word


def tables(text: str) -> str:
    """The page with its tables made anew."""

    def made(match: re.Match[str]) -> str:
        names = match[3].split()
        found = [json.loads((FILES / f"{name}.json").read_text()) for name in names]
        of_all = {"runs": _runs_table, "means": _means_table, "benchmark": _benchmark_table}.get(match[2])
        of_one = {"corpora": _corpora_table, "matrix": _matrix_table}.get(match[2], _study_table)
        content = of_all(found) if of_all else "\n".join(of_one(one) for one in found)
        return f"{match[1]}{content}\n{match[4]}"

    return _MARKED.sub(made, text)


def _runs_table(found: Sequence[Mapping[str, Any]]) -> str:
    rows = _head("what", "accuracy %", "UAR %", "95 % interval of UAR", "test clips", "epochs", "minutes")
    for one in found:
        test, epochs = one["test"], one["epochs"]
        spent = f"{epochs[0]}" if len(set(epochs)) == 1 else f"{min(epochs)} to {max(epochs)}"
        accuracy, uar = _percent(test["accuracy"]), _percent(test["uar"])
        minutes = round(one["seconds"] / 60)
        shown = (
            one["title"],
            accuracy,
            uar,
            _interval(test),
            test["n"],
            spent + _times(one["folds"]),
            minutes,
        )
        rows.append(_row(shown))
    return _with_commands(rows, found)


def _times(folds: int) -> str:
    return f", {folds} folds" if folds > 1 else ""


def _study_table(one: Mapping[str, Any]) -> str:
    table = {"recipes": _recipes, "architectures": _architectures, "duration": _durations}.get(
        one["study"], _cells
    )
    return _with_commands(table(one), [one])


def _benchmark_table(found: Sequence[Mapping[str, Any]]) -> str:
    return _with_commands(_lines(rows_table(found)), found)


def _corpora_table(one: Mapping[str, Any]) -> str:
    return _with_commands(_lines(corpora_table(one)), [one])


def _matrix_table(one: Mapping[str, Any]) -> str:
    return _with_commands(_lines(matrix_table(one)), [one])


def _with_commands(rows: Sequence[str], found: Sequence[Mapping[str, Any]]) -> str:
    commands = "\n".join(one["command"] for one in found)
    return "\n".join(rows) + f"\n\n```bash\n{commands}\n```"


def _lines(table: Sequence[Sequence[Any]]) -> list[str]:
    return [*_head(*table[0]), *(_row(line) for line in table[1:])]


def _cells(one: Mapping[str, Any]) -> list[str]:
    rows = _head(
        one["title"],
        "UAR %",
        "95 % interval",
        "difference, points",
        "validation UAR %",
        "test clips",
        "seconds",
    )
    for cell in one["cells"]:
        test, difference = cell["test"], cell["difference"]
        if not test:
            continue
        name = f"**{cell['title']}** (chosen)" if cell["name"] in one["chosen"] else cell["title"]
        gap = "" if not difference else _difference(difference)
        validation = _percent(cell["validation"]["uar"]) if cell["validation"] else ""
        shown = (name, _percent(test["uar"]), _interval(test), gap, validation, test["n"], cell["seconds"])
        rows.append(_row(shown))
    return rows


def _recipes(one: Mapping[str, Any]) -> list[str]:
    """By corpus, as recipes with more corpora are tested on more clips."""
    rows = _head(
        one["title"],
        "corpus",
        "UAR %",
        "difference on the same clips, points",
        "clips",
        "epochs",
        "s an epoch",
    )
    for cell in one["cells"]:
        facts = one["findings"]["recipes"].get(cell["name"], {"corpora": {}})
        for corpus, found in facts["corpora"].items():
            gap = _difference(found["difference"]) if found["difference"] else ""
            epochs = f"{cell['epochs'] / cell['folds']:g}{_times(cell['folds'])}"
            score = f"{_percent(found['uar'])} ({_ends(found['uar'])})"
            rows.append(
                _row((cell["title"], corpus, score, gap, found["n"], epochs, facts["seconds_per_epoch"]))
            )
    return rows


def _means_table(found: Sequence[Mapping[str, Any]]) -> str:
    """Mean UAR over corpora of each recipe and variant, a pair of columns a study."""
    heads = [head for one in found for head in (f"{one['title']}: mean UAR %", "difference, points")]
    rows = _head("recipe", *heads)
    for cell in found[0]["cells"]:
        shown = [cell["title"]]
        for one in found:
            mean = one["findings"]["recipes"].get(cell["name"], {}).get("mean")
            gap = mean and mean["difference"]
            shown += [
                f"{_percent(mean['uar'])} ({_ends(mean['uar'])})" if mean else "",
                _difference(gap) if gap else "",
            ]
        rows.append(_row(shown))
    return _with_commands(rows, found)


def _architectures(one: Mapping[str, Any]) -> list[str]:
    """Best on the test first; nothing is chosen here."""
    models = one["findings"]["models"]
    timed = next((facts["timed"] for facts in models.values() if "timed" in facts), "a clip")
    rows = _head(
        one["title"],
        "UAR %",
        "95 % interval",
        "difference, points",
        "parameters",
        "ONNX, MB",
        f"ms for {timed}",
        "s an epoch",
    )
    for cell in sorted(
        one["cells"], key=lambda cell: -(cell["test"] or {"uar": {"value": 0}})["uar"]["value"]
    ):
        if not (test := cell["test"]):
            continue
        facts = models[cell["name"]]
        gap = _difference(cell["difference"]) if cell["difference"] else ""
        size, time = facts.get("bytes"), facts.get("milliseconds")
        shown = (
            cell["title"],
            _percent(test["uar"]),
            _interval(test),
            gap,
            f"{facts.get('parameters', 0):,}",
            f"{size / 1e6:.2f}" if size else "",
            f"{time:.1f}" if time else "",
            facts["seconds_per_epoch"],
        )
        rows.append(_row(shown))
    return rows


def _durations(one: Mapping[str, Any]) -> list[str]:
    """Trained (rows) on one length, tested (columns) on another."""
    found = {(entry["cell"], entry["test_seconds"]): entry["test"] for entry in one["findings"]["matrix"]}
    lengths = sorted({length for _, length in found}, key=lambda length: (length is None, length))
    rows = _head(one["title"], *("whole" if length is None else f"{length:g} s" for length in lengths))
    for cell in one["cells"]:
        scores = [found.get((cell["name"], length)) for length in lengths]
        rows.append(_row((cell["title"], *(_percent(score) if score else "" for score in scores))))
    return rows


def _head(*names: str) -> list[str]:
    return [_row(names), "|" + "---|" * len(names)]


def _row(values: Sequence[Any]) -> str:
    return f"| {' | '.join(map(str, values))} |"


def _percent(score: Mapping[str, float]) -> str:
    return f"{100 * score['value']:.1f}"


def _interval(test: Mapping[str, Any]) -> str:
    if test["uar"]["low"] is None:
        return ""
    who = f"{test['speakers']} speakers" if test["interval_over"] == "speakers" else "clips"
    return f"{_ends(test['uar'])} ({who})"


def _ends(score: Mapping[str, float | None]) -> str:
    return (
        ""
        if score["low"] is None or score["high"] is None
        else f"{100 * score['low']:.1f} to {100 * score['high']:.1f}"
    )


def _difference(difference: Mapping[str, Any]) -> str:
    if difference["low"] is None:
        return f"{100 * difference['value']:+.1f}"
    ends = f"{100 * difference['low']:+.1f} to {100 * difference['high']:+.1f}"
    return f"{100 * difference['value']:+.1f} ({ends})" + (" *" if difference["clear"] else "")


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    taking = commands.add_parser("take", help="the figures of a run or study folder")
    taking.add_argument("folder", type=Path)
    taking.add_argument("--name", help="of the file; the folder's where not given")
    taking.add_argument("--title", required=True)
    making = commands.add_parser("tables", help="renew the tables of docs/results.md")
    making.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if options.what == "take":
        target = take(options.folder, options.name or options.folder.name, options.title)
        sys.stdout.write(f"{target}\n")
        return 0
    before = PAGE.read_text()
    after = tables(before)
    if options.check and before != after:
        sys.stderr.write(
            "docs/results.md does not have the tables of docs/results: python tools/results.py tables\n"
        )
        return 1
    PAGE.write_text(after)
    return 0


if __name__ == "__main__":
    sys.exit(main())
