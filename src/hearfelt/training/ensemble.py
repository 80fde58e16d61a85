"""Average finished runs: a run whose answers are the mean vote of several networks, on people whom none has heard."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from hearfelt.corpora.manifest import UNKNOWN_SPEAKER
from hearfelt.errors import HearfeltError, ProtocolError, RecipeError
from hearfelt.evaluation.calibration import softmax
from hearfelt.evaluation.metrics import closed_set_prediction
from hearfelt.evaluation.predictions import Predictions, read_predictions, write_predictions
from hearfelt.features._registry import read_front_end
from hearfelt.files import read_json, write_json
from hearfelt.protocols.leaks import heard_in
from hearfelt.training._provenance import provenance
from hearfelt.training.recipe import Recipe, load_recipe
from hearfelt.training.run import Run, finish_run, open_run, write_run

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
        runs: two or more run folders with the same labels and front end. Recipes may differ otherwise; the first's
            window and hop are taken. An ensemble stands for its members.
        out: new run folder. It holds copies of the members (``members/0``, ``members/1``, ...), each a run folder.
        name: of the average; that of the first run by default.
        command: that makes it again.

    Returns:
        the content of ``metrics.json``; without test rows an empty dictionary.

    Raises:
        ProtocolError: the runs are divided differently, so that a member has heard people that another is tested on.
        RecipeError: fewer than two runs, no common fold, a fold without a network, other labels or front ends, or
            ``out`` is taken.
    """
    folder = Path(out)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RecipeError(f"{folder} exists and is not empty. Name another folder with --out.")
    members = _members(runs)
    recipe = _recipe(members, name)
    folds = _common_folds(members)
    for fold in folds:
        _check_fold(members, fold)
    tables = {
        (fold, table): _average(members, fold, table)
        for fold in folds
        for table in _TABLES
        if any((member.fold_folder(fold) / table).exists() for member in members)
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
            new = Path(temporary, folder.name)
            for number, member in enumerate(members):
                _keep(member, new / "members" / str(number), folds)
            for (fold, table), answers in tables.items():
                write_predictions(new / "folds" / str(fold) / table, answers)
            for fold in folds:
                done = {"fold": fold, "members": len(members)}
                write_json(new / "folds" / str(fold) / "done.json", done)
            facts = provenance(recipe, members[0].manifest, members[0].split, command)
            run = Run(new, _of_folds(recipe, folds), members[0].manifest, members[0].split)
            write_run(run, facts | {"members": _origins(members)})
            metrics = finish_run(run)
            if folder.exists():
                folder.rmdir()
            new.rename(folder)
    except OSError as error:
        raise HearfeltError(
            f"Cannot write {folder}: {error.strerror or error}. Nothing was changed."
        ) from error
    return metrics


def _members(runs: Sequence[str | os.PathLike[str]]) -> list[Run]:
    """The runs, and in the place of an ensemble its members."""
    if len(runs) < 2:
        raise RecipeError(f"An ensemble needs two runs at least; {len(runs)} given.")
    opened = [open_run(run) for run in runs]
    for number, run in enumerate(opened):
        if any(run.folder.samefile(other.folder) for other in opened[:number]):
            raise RecipeError(f"{run.folder} is named twice; an average of a run with itself is that run.")
    return [member for run in opened for member in run.members]


def _recipe(members: Sequence[Run], name: str | None) -> Recipe:
    """That of the first member, under the average's name, after the recipes were found to fit each other."""
    first = members[0].recipe
    for member in members[1:]:
        for what, own, wanted in (
            ("labels", member.recipe.data.labels.resolve(), first.data.labels.resolve()),
            ("front end", member.recipe.front_end, first.front_end),
            (
                "masking of labels by corpus",
                member.recipe.training.mask_labels_by_corpus,
                first.training.mask_labels_by_corpus,
            ),
        ):
            if own != wanted:
                raise RecipeError(
                    f"The {what} of {member.folder} and of {members[0].folder} differ: {own} and {wanted}. Members of "
                    "an ensemble share them."
                )
    names = " and ".join(dict.fromkeys(member.recipe.name for member in members))
    words = f"The average of {len(members)} runs ({names}); what is said of training is the first's."
    content = first.model_dump(mode="json") | {"name": name or first.name, "description": words}
    try:
        return load_recipe(content)
    except RecipeError as error:
        raise RecipeError(f"--name {name!r} cannot be a recipe's name: {error}") from error


def _common_folds(members: Sequence[Run]) -> tuple[int, ...]:
    folds = tuple(sorted(set.intersection(*(set(member.done) for member in members))))
    if not folds:
        trained = "; ".join(
            f"{member.folder}: {', '.join(map(str, sorted(member.done))) or 'none'}" for member in members
        )
        raise RecipeError(f"These runs have no trained fold in common ({trained}).")
    return folds


def _check_fold(members: Sequence[Run], fold: int) -> None:
    """Refuse members without a network, with another front end, or that know what this fold tests."""
    front_ends = []
    for member in members:
        if not member.weights(fold):
            raise RecipeError(
                f"Fold {fold} of {member.folder} has answers and no network (best.safetensors is not there); only "
                "trained runs can be averaged."
            )
        stored = read_json(member.fold_folder(fold) / "front_end.json", RecipeError)
        # Not as stored: an older run may lack a field that has its default.
        front_ends.append(read_front_end(stored))
    if any(front_end != front_ends[0] for front_end in front_ends):
        raise RecipeError(
            f"The front ends of fold {fold} differ, as normalisation 'corpus' takes its statistics from what each run "
            "was trained on. Train with the same rows, or with normalisation by clip."
        )
    first = members[0]
    tested = heard_in(first.manifest, first.split.folds[fold].test) - {UNKNOWN_SPEAKER}
    if not first.split.speaker_independent:
        tested -= {row.speaker for row in first.manifest}
    for member in members[1:]:
        division = member.split.folds[fold]
        both = sorted(tested & heard_in(member.manifest, (*division.train, *division.validation)))
        if both:
            raise ProtocolError(
                f"Fold {fold} tests {len(both)} speakers or clips that {member.folder} has heard in it, such as "
                f"{', '.join(both[:3])}. An ensemble is measured on people whom no member has heard."
            )


def _average(members: Sequence[Run], fold: int, name: str) -> Predictions:
    """The mean vote on the clips of one table, which have to be the same for all members."""
    tables = [_read(member, fold, name) for member in members]
    first = tables[0]
    asked = _asked(first)
    votes = np.zeros_like(first.probabilities)
    for member, table in zip(members, tables, strict=True):
        if _asked(table) != asked:
            odd = len(set(asked) ^ set(_asked(table)))
            part = "tests" if name == _TABLES[0] else "validates on"
            raise ProtocolError(
                f"Fold {fold} of {member.folder} {part} {len(table)} clips and that of {members[0].folder} "
                f"{len(first)}; {odd} rows are not the same. An ensemble is measured on people whom no member has "
                "heard: train all of them with the same protocol, seed, corpora and data folder."
            )
        shifted = table.scores - table.scores.max(axis=1, keepdims=True)
        votes += shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    logits = votes / len(members)
    probabilities = softmax(logits)
    prediction = probabilities.argmax(axis=1)
    for corpus, labels in members[0].classes().items():
        rows = first.corpus == corpus
        prediction[rows] = closed_set_prediction(probabilities[rows], first.labels, labels)
    return first.with_probabilities(probabilities, prediction=prediction, logits=logits)


def _asked(table: Predictions) -> list[tuple[Any, ...]]:
    """What each row asks, and of whom."""
    return list(zip(table.keys, table.truth.tolist(), table.speaker, strict=True))


def _read(member: Run, fold: int, name: str) -> Predictions:
    place = member.fold_folder(fold) / name
    if not place.exists():
        raise ProtocolError(f"Fold {fold} of {member.folder} has no {name}, which another run has.")
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
    # Rows are written and not copied: their paths may be relative to the folder.
    write_run(Run(folder, _of_folds(member.recipe, folds), member.manifest, member.split), facts)


def _origins(members: Sequence[Run]) -> list[dict[str, Any]]:
    """Where each member comes from."""
    known = [read_json(member.folder / "provenance.json", RecipeError) for member in members]
    return [
        {"recipe": member.recipe.name, "run": member.folder.resolve().name}
        | {key: facts.get(key, "") for key in ("command", "commit", "seed", "manifest_hash")}
        for member, facts in zip(members, known, strict=True)
    ]


def _of_folds(recipe: Recipe, folds: Sequence[int]) -> Recipe:
    protocol = recipe.protocol.model_copy(update={"fold": tuple(folds)})
    return recipe.model_copy(update={"protocol": protocol})
