"""``benchmark.json``: every row scored over its seeds, with intervals over speakers. Schema in docs/benchmark.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

import hearfelt
from hearfelt.errors import HearfeltError
from hearfelt.evaluation import metrics
from hearfelt.evaluation.confidence import (
    FEWEST_SPEAKERS,
    no_interval_because,
    percentile_interval,
    resampled_confusions,
)
from hearfelt.files import read_json
from hearfelt.studies._answers import MEASURES, Answers, resampled, uar_by_corpus
from hearfelt.studies._asking import heard_rows
from hearfelt.studies._benchmark_rows import ROWS, Published, Row
from hearfelt.studies._results import _Row as Entry

if TYPE_CHECKING:
    from hearfelt.models.specification import Specification
    from hearfelt.studies._cells import Cell
    from hearfelt.studies._study import Folder
    from hearfelt.studies.benchmark import BenchmarkStudy

BENCHMARK_VERSION = 1
Figures = dict[str, Any]


def assemble(study: BenchmarkStudy, folder: Folder, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of ``benchmark.json``."""
    made = _specification(study)
    done = {cell.name for cell in folder.done()}
    cells = [
        {**Entry(folder, cell, cell.name in done).entry(), "axes": dict(cell.axes)} for cell in folder.cells
    ]
    keys = ("name", "title", "axes", "state", "reason", "folds", "epochs", "seconds", "run")
    rows = []
    for name in dict.fromkeys(str(cell.axes["row"]) for cell in folder.cells):
        if name in ROWS:
            mine = [cell for cell in folder.cells if cell.axes["row"] == name]
            rows.append(_row(study, folder, name, mine, [c for c in mine if c.name in done], made))
    return {
        "version": BENCHMARK_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "hearfelt": hearfelt.__version__,
        "command": content["command"],
        "model": {"name": study.model, "way": study.way, **_training_of(made)},
        "quick": study.quick,
        "seeds": study.seeds,
        "complete": len(done) == len(folder.cells),
        "seconds": round(sum(float(cell["seconds"]) for cell in cells), 1),
        "rows": rows,
        "matrix": _matrix(folder, [cell for cell in folder.cells if cell.axes["row"] == "matrix"], done),
        "leaks": _leaks(rows),
        "cells": [{key: cell[key] for key in keys} for cell in cells],
    }


def _specification(study: BenchmarkStudy) -> Specification | None:
    if study.way != "bundle":
        return None
    from hearfelt.recognition.bundle import read_bundle

    return read_bundle(study.model).specification


def _training_of(made: Specification | None) -> dict[str, Any]:
    if made is None:
        return {}
    return {"training_corpora": sorted(made.training_corpora), "labels": list(made.labels)}


def _row(
    study: BenchmarkStudy,
    folder: Folder,
    name: str,
    planned: Sequence[Cell],
    cells: Sequence[Cell],
    made: Specification | None,
) -> dict[str, Any]:
    row = ROWS[name]
    title, protocol = row.named(study.way)
    found = [answers for cell in cells if (answers := folder.answers(cell.name)) is not None]
    entry: dict[str, Any] = {
        "name": name,
        "title": title,
        "group": row.group,
        "protocol": protocol,
        "speaker_independent": row.group != "random",
        "trained_on": "",
        "state": "done" if len(cells) == len(planned) else ("partly" if cells else "missing"),
        "folds": None,
        "classes": [],
        "test": None,
        "corpora": {},
        "mean": None,
        "heard": {"known": made is not None and bool(made.training_corpora), "speakers": 0, "of": 0},
        "unheard": None,
        "unknown_classes": [],
        "published": [],
    }
    if not found:
        return entry
    table = found[0].table
    facts = read_json(folder.run(cells[0].name) / "provenance.json")["split"]
    entry["folds"] = {"run": len(set(found[0].folds)), "of": _count(folder, cells[0])}
    entry["classes"] = [label for n, label in enumerate(table.labels) if (table.truth == n).any()]
    entry["trained_on"] = _trained_on(study, row, name)
    entry["sentence"] = facts["sentence"] if study.way == "recipe" else ""
    for corpus in sorted(set(map(str, table.corpus))):
        entry["corpora"][corpus] = measure_seeds([answers.of_corpus(corpus) for answers in found])
    if row.group == "corpora":
        entry["mean"] = mean_over_corpora(found)
    else:
        entry["test"] = measure_seeds(found)
    if made is not None:
        entry["unknown_classes"] = [label for label in entry["classes"] if label not in made.labels]
        _hearing(entry, found, made)
    entry["published"] = [_beside(other, entry, row) for other in row.published]
    return entry


def _count(folder: Folder, cell: Cell) -> int:
    from hearfelt.training.run import open_run

    return len(open_run(folder.run(cell.name)).split.folds)


def _trained_on(study: BenchmarkStudy, row: Row, name: str) -> str:
    if study.way != "recipe":
        return "nothing here; the model is asked as it is"
    if name == "leave_one_corpus_out":
        return "all other corpora"
    return "all corpora" if name == "joint" else "this corpus only"


def _hearing(entry: dict[str, Any], found: Sequence[Answers], made: Specification) -> None:
    """Say whom the bundle was trained on, and give the figures of the others apart."""
    table = found[0].table
    if not made.training_corpora:
        return
    heard = heard_rows(made, table.corpus.astype(str).tolist(), table.speaker.astype(str).tolist())
    entry["heard"] |= {
        "speakers": len(set(table.speaker[heard])),
        "of": len(set(table.speaker)),
        "clips": int(heard.sum()),
    }
    if heard.any() and not heard.all():
        rest = [answers.pick(~heard) for answers in found]
        entry["unheard"] = mean_over_corpora(rest) if entry["mean"] else measure_seeds(rest)


def measure_seeds(found: Sequence[Answers]) -> Figures:
    """Mean over seeds of each measure, with a 95 % interval over speakers (over clips where there is one).

    All seeds see the same resampled speakers, so that the interval is of the mean. The spread between seeds is the
    deviation of one training, not of the mean.

    Raises:
        HearfeltError: the seeds answered other clips.
    """
    tables = [answers.table for answers in _aligned(found)]
    first = tables[0]
    over, groups = resampled(first)
    people = len(set(first.speaker))
    classes = len(first.labels)
    predictions = [table.prediction for table in tables]
    reason = no_interval_because(first.truth, groups, "clip" if groups is None else "speaker")
    draws = (
        resampled_confusions(first.truth, predictions, classes, rng=np.random.default_rng(0), groups=groups)
        if not reason
        else []
    )
    result: Figures = {
        "n": len(first),
        "speakers": people,
        "seeds": len(tables),
        "interval_over": over,
        "few_speakers": people < FEWEST_SPEAKERS,
        "classes": int(np.unique(first.truth).size),
    }
    for name in MEASURES:
        of = metrics.MEASURES[name]
        values = [float(of(metrics.confusion_matrix(first.truth, p, classes))) for p in predictions]
        figure: Figures = {
            "value": float(np.mean(values)),
            "low": None,
            "high": None,
            "per_seed": values,
            "deviation": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        }
        if reason:
            figure["reason"] = reason
        else:
            ends = percentile_interval(np.mean([of(confusions) for confusions in draws], axis=0))
            figure |= ends.to_json()
        result[name] = figure
    return result


def mean_over_corpora(found: Sequence[Answers]) -> Figures:
    """UAR of each corpus, averaged over corpora; speakers are resampled within their corpus.

    The interval is of these corpora: it does not say how another corpus would do.
    """
    aligned = _aligned(found)
    values, draws = uar_by_corpus([answers.table for answers in aligned])
    per_seed = np.mean(values, axis=0)
    figure: Figures = {"value": float(np.mean(values)), "low": None, "high": None}
    if draws is not None:
        figure |= percentile_interval(draws.mean((0, 1))).to_json()
    else:
        figure["reason"] = "A corpus has too few clips or classes for an interval."
    figure["per_seed"] = per_seed.tolist()
    figure["deviation"] = float(per_seed.std(ddof=1)) if len(per_seed) > 1 else None
    return {"n": len(aligned[0].table), "corpora": len(values), "seeds": len(aligned), "uar": figure}


def _aligned(found: Sequence[Answers]) -> list[Answers]:
    keys = found[0].keys
    result = [found[0]]
    for answers in found[1:]:
        place = {key: number for number, key in enumerate(answers.keys)}
        if set(place) != set(keys):
            raise HearfeltError("Two seeds of a row answered other clips; their data differ. Begin anew.")
        order = [place[key] for key in keys]
        result.append(answers.pick(order))
    return result


def _beside(other: Published, entry: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """A published figure, and whether ours can be told from it: only with its division, its classes, all folds."""
    given = asdict(other)
    same = (
        other.same and len(entry["classes"]) == row.classes and entry["folds"]["run"] == entry["folds"]["of"]
    )
    if entry["heard"]["speakers"]:
        same = False
    figures = entry["test"]
    verdict = "not compared"
    if same and figures["few_speakers"] and entry["speaker_independent"]:
        verdict = f"{figures['speakers']} speakers are too few to tell"
    elif same and figures[other.measure]["low"] is not None:
        ours = figures[other.measure]
        verdict = "not told apart"
        if ours["low"] > other.value:
            verdict = "ours is higher"
        elif ours["high"] < other.value:
            verdict = "ours is lower"
    return {**given, "comparable": same, "verdict": verdict}


def _matrix(folder: Folder, cells: Sequence[Cell], done: set[str]) -> dict[str, Any] | None:
    """UAR of each training corpus on each other, over the classes that both have; null where nothing was tested."""
    if not cells:
        return None
    train = [str(cell.axes["train"]) for cell in cells]
    figures: dict[tuple[str, str], Figures] = {}
    for cell in cells:
        answers = folder.answers(cell.name) if cell.name in done else None
        if answers is None:
            continue
        for corpus in sorted(set(answers.table.corpus.astype(str))):
            figures[str(cell.axes["train"]), corpus] = measure_seeds([answers.of_corpus(corpus)])
    test = sorted({corpus for _, corpus in figures} | set(train))
    return {
        "train": train,
        "test": test,
        "uar": [[figures[a, b]["uar"]["value"] if (a, b) in figures else None for b in test] for a in train],
        "classes": [[figures[a, b]["classes"] if (a, b) in figures else None for b in test] for a in train],
        "n": [[figures[a, b]["n"] if (a, b) in figures else None for b in test] for a in train],
    }


def _leaks(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What a division by clips flatters: its UAR minus that of the same corpus by speakers, over all folds of both."""
    by_name = {row["name"]: row for row in rows}
    found = []
    for row in rows:
        partner = by_name.get(ROWS[row["name"]].partner)
        if partner is None or not row["test"] or not partner["test"]:
            continue
        if any(each["folds"]["run"] < each["folds"]["of"] for each in (row, partner)):
            continue  # other folds, other clips
        ours, honest = row["test"]["uar"]["value"], partner["test"]["uar"]["value"]
        found.append(
            {
                "corpus": ROWS[row["name"]].corpora[0],
                "random": ours,
                "speakers": honest,
                "difference": ours - honest,
            }
        )
    return found
