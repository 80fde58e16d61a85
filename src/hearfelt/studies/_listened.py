"""Whom a model is asked about: the clips, the classes of their corpora, and what is known of whom it has heard."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hearfelt.corpora.manifest import Manifest
from hearfelt.emotions import ALL_EMOTIONS
from hearfelt.errors import CorpusError, HearfeltError
from hearfelt.studies._asking import PYTHON, Asked, heard_rows, open_model
from hearfelt.studies._benchmark_data import class_sets, gather

_RATE = 16000  # of a function, which does not say


@dataclass(frozen=True)
class Listened:
    """A model and the clips that it may be asked about.

    Attributes:
        facts: what is written down of the model: ``name``, ``way`` and how it is recognised again.
        rows: clips.
        classes: corpus -> its classes that the model knows.
        labels: all of them, in order.
        sample_rate: that the model takes.
        heard: ``known``, and how many ``speakers`` of ``of`` it was trained on.
        left_out: sentences on clips that are not asked about.
    """

    facts: dict[str, Any]
    rows: Manifest
    classes: dict[str, tuple[str, ...]]
    labels: tuple[str, ...]
    sample_rate: int
    heard: dict[str, Any]
    left_out: tuple[str, ...]
    _place: Path | str
    _fold: int

    @contextmanager
    def asked(self, threads: int) -> Iterator[Asked]:
        """The model, ready; a run's fold is exported for the length of the block."""
        if self.facts["way"] != "run":
            yield open_model(str(self._place), threads)
            return
        from hearfelt.training.export import export_run

        with TemporaryDirectory() as folder:
            export_run(self._place, Path(folder) / "bundle", folds=[self._fold])
            yield open_model(str(Path(folder) / "bundle"), threads)


def find_model(model: str, data: Sequence[str], fold: int) -> Listened:
    """What a name means, and its clips.

    Args:
        model: a run folder (the fold's unheard speakers), a bundle's folder or name, or ``python:module.function``.
        data: folders with corpora and manifests, for what is no run; ``$HEARFELT_DATA`` where none is given.
        fold: of a run.

    Raises:
        HearfeltError: no such model, no such fold, or no clip that it could be asked about.
    """
    if (Path(model) / "resolved.yaml").is_file():
        return _run(Path(model), fold)
    if model.startswith(PYTHON):
        open_model(model)
        rows = gather(data)
        facts = {"name": model, "way": "function"}
        heard = {"known": False, "speakers": 0, "of": len(rows.counts("speaker"))}
        return _listened(facts, rows, ALL_EMOTIONS, _RATE, heard, [], model, fold)
    return _bundle(model, data, fold)


def _run(path: Path, fold: int) -> Listened:
    from hearfelt.training.run import open_run

    run = open_run(path)
    weights = run.weights(fold)
    if fold not in run.folds or not weights:
        raise HearfeltError(
            f"{path} has no trained fold {fold}; the recipe asks for {', '.join(map(str, run.folds))}."
        )
    if run.recipe.front_end.takes == "picture":
        raise HearfeltError(f"{path} is of pictures; sound is what is disturbed here.")
    test = Manifest(run.manifest[row] for row in run.split.folds[fold].test)
    if not len(test):
        raise HearfeltError(f"Fold {fold} of {path} has no test clips.")
    digest = hashlib.sha256(b"".join(place.read_bytes() for place in weights)).hexdigest()
    known = run.recipe.data.labels.resolve().labels
    facts = {"name": path.resolve().name, "way": "run", "fold": fold, "weights_sha256": digest}
    classes = {corpus: labels for corpus, labels in run.classes().items() if corpus in test.counts("corpus")}
    trained = {
        member.manifest[row].speaker for member in run.members for row in member.split.folds[fold].train
    }
    people = set(test.counts("speaker"))
    heard = {"known": True, "speakers": len(people & trained), "of": len(people)}
    rate = run.recipe.front_end.sample_rate
    return Listened(facts, test, classes, tuple(known), rate, heard, (), path, fold)


def _bundle(model: str, data: Sequence[str], fold: int) -> Listened:
    from hearfelt.recognition.bundle import find_bundle, read_specification

    made = read_specification(find_bundle(model))
    if made.front_end.takes == "picture":
        raise HearfeltError(f"{model} recognises pictures; sound is what is disturbed here.")
    facts = {"name": made.name, "way": "bundle", "model_sha256": made.provenance.model_sha256}
    rows = gather(data)
    mask = heard_rows(made, [row.corpus for row in rows], [row.speaker for row in rows])
    left_out = []
    if made.training_corpora and mask.any() and not mask.all():
        left_out.append(f"{int(mask.sum())} clips of people whom the model was trained on")
        rows = Manifest(row for row, known in zip(rows, mask, strict=True) if not known)
        mask = mask[:0]
    people = set(rows.counts("speaker"))
    heard = {
        "known": bool(made.training_corpora),
        "speakers": len(people) if mask.size and mask.all() else 0,
        "of": len(people),
    }
    return _listened(facts, rows, made.labels, made.sample_rate, heard, left_out, model, fold)


def _listened(
    facts: dict[str, Any],
    rows: Manifest,
    known: Sequence[str],
    rate: int,
    heard: dict[str, Any],
    left_out: list[str],
    place: str,
    fold: int,
) -> Listened:
    classes = {
        corpus: tuple(label for label in known if label in names)
        for corpus, names in class_sets(rows).items()
    }
    usable = rows.where(
        lambda row: len(classes.get(row.corpus, ())) > 1 and row.emotion in classes[row.corpus]
    )
    if len(usable) < len(rows):
        left_out.append(
            f"{len(rows) - len(usable)} clips of emotions that the model does not know, or strays of their corpus"
        )
    if not len(usable):
        raise CorpusError(
            f"None of the {len(rows)} clips has an emotion that {facts['name']} knows ({', '.join(known)})."
        )
    used = {label for corpus in usable.counts("corpus") for label in classes[corpus]}
    labels = tuple(label for label in known if label in used)
    return Listened(facts, usable, classes, labels, rate, heard, tuple(left_out), place, fold)
