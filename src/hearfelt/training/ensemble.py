"""Average finished runs: a run whose answers are the mean vote of several networks, on people whom none has heard."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from hearfelt.errors import HearfeltError, ProtocolError, RecipeError
from hearfelt.evaluation.calibration import log_probabilities, softmax
from hearfelt.evaluation.metrics import closed_set_prediction
from hearfelt.evaluation.predictions import Predictions, read_predictions, write_predictions
from hearfelt.files import read_json, write_atomically, write_json
from hearfelt.training.recipe import dump_recipe
from hearfelt.training.run import Run, finish_run, open_run

_TABLES = ("predictions.csv", "validation.csv")
#: What a member keeps of a fold: its checkpoint and events are of no use to an average.
_KEPT = ("best.safetensors", "front_end.json", "done.json", "metrics.jsonl", *_TABLES)


def ensemble(
    runs: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    name: str | None = None,
    command: str = "",
) -> dict[str, Any]:
    """Average runs fold by fold, and score and report the average like any run.

    Members vote with log-probabilities, as they do in an exported bundle. Every fold that is trained in all of them is
    taken; all of them must test, and validate on, the same clips in it.

    Args:
        runs: two or more run folders with the same labels and front end. Recipes may differ otherwise.
        out: new run folder. It holds copies of the members (``members/0``, ``members/1``, ...), each a run folder.
        name: of the average; that of the first run by default.
        command: that makes it again.

    Returns:
        the content of ``metrics.json``; without test rows an empty dictionary.

    Raises:
        ProtocolError: the runs are divided differently, so that a member has heard people that another is tested on.
        RecipeError: fewer than two runs, no common fold, other labels or front ends, or ``out`` is taken.
    """
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RecipeError(f"{folder} exists and is not empty. Name another folder with --out.")
    members = [member for run in runs for member in open_run(run).members]
    folds = _common_folds(members, len(runs))
    tables = {
        (fold, table): _average(members, fold, table)
        for fold in folds
        for table in _TABLES
        if (members[0].fold_folder(fold) / table).exists()
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
            new = Path(temporary, "run")
            for number, member in enumerate(members):
                _keep(member, new / "members" / str(number), folds)
            for (fold, table), answers in tables.items():
                write_predictions(new / "folds" / str(fold) / table, answers)
            for fold in folds:
                done = {"fold": fold, "members": len(members)}
                write_json(new / "folds" / str(fold) / "done.json", done)
            _describe(members, new, folds, name or members[0].recipe.name, command)
            metrics = finish_run(open_run(new))
            if folder.exists():
                folder.rmdir()
            new.rename(folder)
    except OSError as error:
        raise HearfeltError(
            f"Cannot write {folder}: {error.strerror or error}. Nothing was changed."
        ) from error
    return metrics


def _common_folds(members: Sequence[Run], given: int) -> tuple[int, ...]:
    """Folds that all have trained, after the runs were found to fit each other."""
    first = members[0]
    if given < 2:
        raise RecipeError(f"An ensemble needs two runs at least; {given} given.")
    for number, member in enumerate(members[1:], start=1):
        if any(member.folder.samefile(other.folder) for other in members[:number]):
            raise RecipeError(f"{member.folder} is named twice; an average of a run with itself is that run.")
        for what, own, wanted in (
            ("labels", member.recipe.data.labels.resolve().labels, first.recipe.data.labels.resolve().labels),
            ("front end", member.recipe.front_end, first.recipe.front_end),
            (
                "masking of labels by corpus",
                member.recipe.training.mask_labels_by_corpus,
                first.recipe.training.mask_labels_by_corpus,
            ),
        ):
            if own != wanted:
                raise RecipeError(
                    f"The {what} of {member.folder} and of {first.folder} differ: {own} and {wanted}. Members of an "
                    "ensemble share them."
                )
    done = [
        {fold for fold in member.folds if (member.fold_folder(fold) / "done.json").exists()}
        for member in members
    ]
    folds = tuple(sorted(set.intersection(*done)))
    if not folds:
        trained = "; ".join(
            f"{member.folder}: {', '.join(map(str, sorted(numbers))) or 'none'}"
            for member, numbers in zip(members, done, strict=True)
        )
        raise RecipeError(f"These runs have no trained fold in common ({trained}).")
    return folds


def _average(members: Sequence[Run], fold: int, name: str) -> Predictions:
    """The mean vote on the clips of one table, which have to be the same for all members."""
    tables = [_read(member, fold, name) for member in members]
    first = tables[0]
    places = {key: row for row, key in enumerate(first.keys)}
    votes = np.zeros_like(first.probabilities)
    for member, table in zip(members, tables, strict=True):
        if table.keys != first.keys:
            odd = len(places.keys() ^ set(table.keys))
            part = "tests" if name == _TABLES[0] else "validates on"
            raise ProtocolError(
                f"Fold {fold} of {member.folder} {part} {len(table)} clips and that of {members[0].folder} "
                f"{len(first)}; {odd} of them are not the same. An ensemble is measured on people whom no member has "
                "heard: train all of them with the same protocol, seed, corpora and data folder."
            )
        votes += log_probabilities(softmax(table.scores))
    logits = votes / len(members)
    probabilities = softmax(logits)
    prediction = probabilities.argmax(axis=1)
    for corpus, labels in members[0].classes().items():
        rows = first.corpus == corpus
        prediction[rows] = closed_set_prediction(probabilities[rows], first.labels, labels)
    columns = {
        key: getattr(first, key) for key in ("path", "start", "end", "corpus", "speaker", "sex", "truth")
    }
    return Predictions(
        labels=first.labels, **columns, probabilities=probabilities, prediction=prediction, logits=logits
    )


def _read(member: Run, fold: int, name: str) -> Predictions:
    place = member.fold_folder(fold) / name
    if not place.exists():
        raise ProtocolError(f"{member.folder} has no {name} of fold {fold}, which the other runs have.")
    return read_predictions(place)


def _keep(member: Run, folder: Path, folds: Sequence[int]) -> None:
    """A copy of a run with these folds, without what only a training needs."""
    for fold in folds:
        place = folder / "folds" / str(fold)
        place.mkdir(parents=True)
        for file in _KEPT:
            if (member.fold_folder(fold) / file).exists():
                shutil.copyfile(member.fold_folder(fold) / file, place / file)
    facts = read_json(member.folder / "provenance.json", RecipeError)
    _write_parts(member, folder, folds, member.recipe.name, facts)


def _describe(members: Sequence[Run], folder: Path, folds: Sequence[int], name: str, command: str) -> None:
    """What makes the average a run: the first member's recipe and rows, and where all members come from."""
    known = [read_json(member.folder / "provenance.json", RecipeError) for member in members]
    came = [
        {"recipe": member.recipe.name, "run": member.folder.resolve().name}
        | {key: facts.get(key, "") for key in ("command", "commit", "seed", "manifest_hash")}
        for member, facts in zip(members, known, strict=True)
    ]
    facts = known[0] | {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "members": came,
    }
    _write_parts(members[0], folder, folds, name, facts)


def _write_parts(run: Run, folder: Path, folds: Sequence[int], name: str, facts: dict[str, Any]) -> None:
    protocol = run.recipe.protocol.model_copy(update={"fold": tuple(folds)})
    recipe = dump_recipe(run.recipe.model_copy(update={"protocol": protocol, "name": name}))
    # Rows are written and not copied: their paths may be relative to the folder.
    run.manifest.write(folder / "manifest.csv")
    run.split.write(folder / "split.csv", run.manifest)
    write_json(folder / "provenance.json", facts)
    for file in ("recipe.yaml", "resolved.yaml"):
        write_atomically(folder / file, recipe)
