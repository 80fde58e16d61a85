"""``results.json`` of a study: every cell scored, compared and chosen from. The schema is stated in docs/studies.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hearfelt
from hearfelt.files import read_json, write_json
from hearfelt.studies._answers import difference, measure
from hearfelt.studies._cells import Cell
from hearfelt.studies._folder import open_study
from hearfelt.studies._study import RESULTS_VERSION, Folder, Study


def write_results(
    path: Path, *, failed: Mapping[str, str] | None = None, pruned: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Score what is there and write ``results.json`` and ``report.html``; again, where they are there."""
    from hearfelt.studies._report import write_report

    study, folder, content = open_study(path)
    before = read_json(path / "results.json") if (path / "results.json").exists() else {"cells": []}
    states = {cell["name"]: cell for cell in before["cells"]}
    for state, given, target in (("failed", failed, folder.failed), ("pruned", pruned, folder.pruned)):
        known = {name: cell["reason"] for name, cell in states.items() if cell["state"] == state}
        target |= known if given is None else dict(given)
    results = assemble(study, folder, content)
    write_json(path / "results.json", results)
    write_report(study, path, results, content)
    return results


def assemble(study: Study, folder: Folder, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of ``results.json``; schema in docs/studies.md."""
    done = {cell.name for cell in folder.done()}
    cells = [_Row(folder, cell, cell.name in done).entry() for cell in folder.cells]
    by_name = {entry["name"]: entry for entry in cells}
    chosen = []
    for name in study.choose(folder):
        entry = by_name[name]
        picked = {key: entry[key] for key in ("validation", "test", "difference")}
        chosen.append({"cell": name, "group": folder.cell(name).group, "by": "validation UAR", **picked})
    return {
        "version": RESULTS_VERSION,
        "study": study.kind,
        "name": folder.base.recipe.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "hearfelt": hearfelt.__version__,
        "command": content["command"],
        "options": study.model_dump(mode="json"),
        "complete": all(entry["state"] in ("done", "pruned") for entry in cells),
        "seconds": sum(entry["seconds"] for entry in cells),
        "chosen": chosen,
        "cells": cells,
        "findings": study.findings(folder, cells),
    }


class _Row:
    """One cell as results have it."""

    def __init__(self, folder: Folder, cell: Cell, done: bool) -> None:
        self.folder, self.cell, self.done = folder, cell, done

    @property
    def state(self) -> tuple[str, str]:
        name = self.cell.name
        if name in self.folder.pruned:
            return "pruned", self.folder.pruned[name]
        if self.done:
            return "done", ""
        return ("failed", self.folder.failed[name]) if name in self.folder.failed else ("waiting", "")

    def entry(self) -> dict[str, Any]:
        cell, run = self.cell, self.folder.run(self.cell.name)
        entry: dict[str, Any] = {
            "name": cell.name,
            "title": cell.title,
            "axes": dict(cell.axes),
            "settings": list(cell.settings),
            "baseline": cell.baseline,
            "group": cell.group,
            "candidate": cell.candidate,
            "state": self.state[0],
            "reason": self.state[1],
            "run": f"runs/{cell.name}",
            **_effort(run),
            "validation": None,
            "test": None,
            "difference": {"validation": None, "test": None},
        }
        if self.state[0] != "done":
            return entry
        for part, name in (("validation", "validation.csv"), ("test", "predictions.csv")):
            answers = self.folder.answers(cell.name, name)
            entry[part] = measure(answers)
            if cell.baseline:
                entry["difference"][part] = difference(answers, self.folder.answers(cell.baseline, name))
        return entry


def _effort(run: Path) -> dict[str, Any]:
    """Folds, epochs and seconds that were spent on a run so far."""
    folds, epochs, seconds = 0, 0, 0.0
    for path in sorted(run.glob("folds/*/metrics.jsonl")):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        folds, epochs = folds + 1, epochs + len(lines)
        seconds += sum(float(line["seconds"]) for line in lines)
    return {"folds": folds, "epochs": epochs, "seconds": round(seconds, 1)}
