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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from _benchmark_tables import corpora_table, matrix_table, of_benchmark, rows_table
from _study_tables import means_table, of_study, study_table
from _tables import SCORES, Figures, Lines, interval, kept, markdown, percent, times

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, FILES = DOCS / "results.md", DOCS / "results"


def take(folder: Path, name: str, title: str) -> Path:
    """Write the figures of a finished run or study, a kilobyte or two, into docs/results."""
    benchmark, study = folder / "benchmark.json", folder / "results.json"
    if benchmark.exists():
        found = of_benchmark(json.loads(benchmark.read_text()))
    else:
        found = of_study(json.loads(study.read_text())) if study.exists() else _of_run(folder)
    target = FILES / f"{name}.json"
    content = {"title": title, **found}
    content["command"] = _as_users_type_it(content["command"], name)
    target.write_text(json.dumps(content, indent=1) + "\n")
    return target


def _of_run(folder: Path) -> dict[str, Any]:
    provenance = json.loads((folder / "provenance.json").read_text())
    metrics = json.loads((folder / "metrics.json").read_text())
    epochs = [
        [json.loads(line) for line in (fold / "metrics.jsonl").read_text().splitlines()]
        for fold in sorted((folder / "folds").iterdir())
    ]
    return {
        "command": provenance["command"],
        "commit": provenance["commit"],
        "protocol": provenance["split"]["sentence"],
        "speaker_independent": provenance["split"]["speaker_independent"],
        "seeds": 1,
        "folds": len(epochs),
        "epochs": [len(fold) for fold in epochs],
        "seconds": round(sum(line["seconds"] for fold in epochs for line in fold)),
        "test": _scores(metrics["all"]),
        "per_corpus": {corpus: _scores(found) for corpus, found in metrics["per_corpus"].items()},
    }


def _scores(found: Figures) -> dict[str, Any]:
    """Values and the interval over speakers, or over clips where one speaker or none is known."""
    over = "clips" if found["uar"]["speakers"]["low"] is None else "speakers"
    scores = {name: kept({"value": found[name]["value"], **found[name][over]}) for name in SCORES}
    return {"n": found["n"], "speakers": found["speakers"], "interval_over": over, **scores}


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
        found = [json.loads((FILES / f"{name}.json").read_text()) for name in match[3].split()]
        if table := _TOGETHER.get(match[2]):
            content = _with_commands(table(found), found)
        else:
            content = "\n".join(_with_commands(_APART[match[2]](one), [one]) for one in found)
        return f"{match[1]}{content}\n{match[4]}"

    return _MARKED.sub(made, text)


def _with_commands(table: Lines, found: Sequence[Figures]) -> str:
    commands = "\n".join(one["command"] for one in found)
    return f"{markdown(table)}\n\n```bash\n{commands}\n```"


def _runs_table(found: Sequence[Figures]) -> Lines:
    table: Lines = [
        ["what", "accuracy %", "UAR %", "95 % interval of UAR", "test clips", "epochs", "minutes"]
    ]
    for one in found:
        test, epochs = one["test"], one["epochs"]
        spent = f"{epochs[0]}" if len(set(epochs)) == 1 else f"{min(epochs)} to {max(epochs)}"
        shown = [percent(test["accuracy"]), percent(test["uar"]), interval(test), test["n"]]
        table.append([one["title"], *shown, spent + times(one["folds"]), round(one["seconds"] / 60)])
    return table


#: Marks whose files make one table, and those with a table each.
_TOGETHER = {"runs": _runs_table, "means": means_table, "benchmark": rows_table}
_APART = {"study": study_table, "corpora": corpora_table, "matrix": matrix_table}
_MARKED = re.compile(
    rf"(<!-- ({'|'.join((*_TOGETHER, *_APART))}): ([\w ]+?) -->\n).*?(<!-- end -->)", re.DOTALL
)


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
