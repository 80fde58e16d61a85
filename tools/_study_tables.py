"""What is kept of ``hearfelt study``, and its tables in docs/results.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from _tables import SCORES, Figures, Lines, difference, interval, kept, percent, times, with_ends


def of_study(results: Mapping[str, Any]) -> dict[str, Any]:
    """Each cell's figures and its difference to the baseline, what was chosen and found."""
    cells = []
    for cell in results["cells"]:
        keys = ("name", "title", "baseline", "state", "folds", "epochs")
        entry: dict[str, Any] = {key: cell[key] for key in keys}
        entry["seconds"] = round(cell["seconds"] or 0)
        for part in ("validation", "test"):
            found = cell[part]
            entry[part] = found and {
                **{key: found[key] for key in ("n", "speakers", "interval_over")},
                **{name: kept(found[name]) for name in SCORES},
            }
        gap = cell["difference"]["test"]
        entry["difference"] = gap and {**kept(gap), "clear": gap["clear"]}
        cells.append(entry)
    chosen = [entry["cell"] for entry in results["chosen"]]
    keys = ("study", "command", "seconds", "complete", "findings")
    content = {**{key: results[key] for key in keys}, "chosen": chosen, "cells": cells}
    for facts in content["findings"].get("models", {}).values():  # matrices are in the report
        for large in ("confusion", "per_class", "labels"):
            facts.pop(large, None)
    return content


def study_table(one: Figures) -> Lines:
    """The table that its kind of study has."""
    table = {"recipes": _recipes, "architectures": _architectures, "duration": _durations}
    return table.get(one["study"], _cells)(one)


def _cells(one: Figures) -> Lines:
    heads = ["UAR %", "95 % interval", "difference, points", "validation UAR %", "test clips", "seconds"]
    table: Lines = [[one["title"], *heads]]
    for cell in one["cells"]:
        if not (test := cell["test"]):
            continue
        name = f"**{cell['title']}** (chosen)" if cell["name"] in one["chosen"] else cell["title"]
        validation = percent(cell["validation"]["uar"]) if cell["validation"] else ""
        shown = [percent(test["uar"]), interval(test), difference(cell["difference"]), validation]
        table.append([name, *shown, test["n"], cell["seconds"]])
    return table


def _recipes(one: Figures) -> Lines:
    """By corpus, as recipes with more corpora are tested on more clips."""
    heads = ["corpus", "UAR %", "difference on the same clips, points", "clips", "epochs", "s an epoch"]
    table: Lines = [[one["title"], *heads]]
    for cell in one["cells"]:
        facts = one["findings"]["recipes"].get(cell["name"], {"corpora": {}})
        for corpus, found in facts["corpora"].items():
            epochs = f"{cell['epochs'] / cell['folds']:g}{times(cell['folds'])}"
            shown = [with_ends(found["uar"]), difference(found["difference"]), found["n"], epochs]
            table.append([cell["title"], corpus, *shown, facts["seconds_per_epoch"]])
    return table


def means_table(found: Sequence[Figures]) -> Lines:
    """Mean UAR over corpora of each recipe and variant, a pair of columns a study."""
    heads = [head for one in found for head in (f"{one['title']}: mean UAR %", "difference, points")]
    table: Lines = [["recipe", *heads]]
    for cell in found[0]["cells"]:
        shown = [cell["title"]]
        for one in found:
            mean = one["findings"]["recipes"].get(cell["name"], {}).get("mean") or {}
            shown += [with_ends(mean.get("uar")), difference(mean.get("difference"))]
        table.append(shown)
    return table


def _architectures(one: Figures) -> Lines:
    """Best on the test first; nothing is chosen here."""
    models = one["findings"]["models"]
    timed = next((facts["timed"] for facts in models.values() if "timed" in facts), "a clip")
    heads = ["UAR %", "95 % interval", "difference, points", "parameters", "ONNX, MB", f"ms for {timed}"]
    table: Lines = [[one["title"], *heads, "s an epoch"]]
    tested = [cell for cell in one["cells"] if cell["test"]]
    for cell in sorted(tested, key=lambda cell: -cell["test"]["uar"]["value"]):
        test, facts = cell["test"], models[cell["name"]]
        size, time = facts.get("bytes"), facts.get("milliseconds")
        shown = [
            percent(test["uar"]),
            interval(test),
            difference(cell["difference"]),
            f"{facts.get('parameters', 0):,}",
            f"{size / 1e6:.2f}" if size else "",
            f"{time:.1f}" if time else "",
        ]
        table.append([cell["title"], *shown, facts["seconds_per_epoch"]])
    return table


def _durations(one: Figures) -> Lines:
    """Trained (rows) on one length, tested (columns) on another."""
    found = {(entry["cell"], entry["test_seconds"]): entry["test"] for entry in one["findings"]["matrix"]}
    lengths = sorted({length for _, length in found}, key=lambda length: (length is None, length))
    table: Lines = [[one["title"], *("whole" if length is None else f"{length:g} s" for length in lengths)]]
    for cell in one["cells"]:
        scores = [found.get((cell["name"], length)) for length in lengths]
        table.append([cell["title"], *(percent(score) if score else "" for score in scores)])
    return table
