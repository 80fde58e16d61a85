"""What `model.json` says of a run: calibration, figures, whom it has heard, terms and provenance."""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from hearfelt.corpora._registry import get_corpus
from hearfelt.corpora.manifest import UNKNOWN_SPEAKER
from hearfelt.errors import BundleError, HearfeltError, UnknownNameError
from hearfelt.evaluation.calibration import fit_temperature
from hearfelt.evaluation.predictions import read_predictions
from hearfelt.files import read_json
from hearfelt.models.specification import Calibration, Provenance, Specification
from hearfelt.training.network import Network, parameter_count
from hearfelt.training.run import Run


def calibrate(run: Run, folds: Sequence[int], measured: Path) -> Calibration:
    """Temperature from validation speakers: of the exported folds, else of the run that measures the recipe."""
    places = [run.fold_folder(fold) / "validation.csv" for fold in folds]
    tables = [place for place in places if place.exists()]
    if not tables:
        tables = sorted((measured / "folds").glob("*/validation.csv"))
    read = [table for path in tables if (table := read_predictions(path)).logits is not None]
    if not read:
        return Calibration(fitted_on="nothing: the run has no validation rows")
    logits = np.concatenate([table.logits for table in read if table.logits is not None])
    truth = np.concatenate([table.truth for table in read])
    speakers = {speaker for table in read for speaker in table.speaker}
    of = (
        f"{len(speakers)} speakers who were not trained on"
        if speakers != {UNKNOWN_SPEAKER}
        else "unknown speakers"
    )
    return Calibration(
        temperature=fit_temperature(logits, truth).temperature,
        fitted_on=f"{len(truth)} validation clips of {of}",
    )


def specify(
    run: Run,
    members: Sequence[Network],
    folds: Sequence[int],
    calibration: Calibration,
    measured: Path,
    name: str | None,
    licence: str,
    content: bytes,
) -> Specification:
    """Everything that the graph does not say itself."""
    facts = read_json(run.folder / "provenance.json", BundleError)
    rows = [
        row
        for part in run.members
        for fold in folds
        for row in map(part.manifest.__getitem__, part.split.folds[fold].train)
    ]
    heard = {row.speaker for row in rows}
    everybody = {row.speaker for part in run.members for row in part.manifest}
    metrics, protocol = _metrics(measured)
    trained = {(row.path, row.start): row.corpus for row in rows}
    counts = Counter(trained.values())
    recipe = run.recipe
    return Specification(
        name=name or recipe.name,
        labels=recipe.data.labels.resolve().labels,
        sample_rate=recipe.front_end.sample_rate,
        window_seconds=recipe.recognition.window_seconds,
        hop_seconds=recipe.recognition.hop_seconds,
        front_end=members[0].front_end.config,
        architecture=_architecture(run) | {"members": len(members)},
        parameters=sum(parameter_count(member) for member in members),
        training_corpora=dict(sorted(counts.items())),
        held_out_speakers=tuple(sorted(everybody - heard)),
        metrics=metrics,
        metrics_protocol=protocol,
        calibration=calibration,
        licence=licence or _licences(counts),
        provenance=Provenance(
            hearfelt_version=facts["hearfelt"],
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            recipe_name=recipe.name,
            command=" && ".join(
                _without_places(part["command"])
                for part in [*facts.get("members", ()), facts]
                if part["command"]
            ),
            commit=facts["commit"],
            manifest_hash=facts["manifest_hash"],
            seeds=tuple(part.recipe.seed for part in run.members),
            members=len(members),
            folds=tuple(folds) if measured == run.folder else (),
            libraries=facts["libraries"],
            model_sha256=hashlib.sha256(content).hexdigest(),
        ),
    )


def _architecture(run: Run) -> dict[str, Any]:
    """Name and options of the network; of different ones all names, and each member's below ``networks``."""
    networks = [
        {"name": part.recipe.model.name, "options": part.recipe.model.options} for part in run.members
    ]
    if all(network == networks[0] for network in networks):
        return dict(networks[0])
    names = dict.fromkeys(str(network["name"]) for network in networks)
    return {"name": " and ".join(names), "options": {}, "networks": networks}


def _without_places(command: str) -> str:
    """The command with the last part of each absolute path: a bundle is given away, folders of its maker are not."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    for number, word in enumerate(words):
        option, equals, value = word.partition("=")
        if word.startswith("/"):
            words[number] = Path(word).name
        elif equals and value.startswith("/"):
            words[number] = f"{option}={Path(value).name}"
    return shlex.join(words)


def _metrics(folder: Path) -> tuple[dict[str, dict[str, float]], str]:
    """UAR, accuracy and macro F1 of all test rows and of each corpus, with the protocol's sentence."""
    try:
        summary = read_json(folder / "metrics.json", BundleError)
        facts = read_json(folder / "provenance.json", BundleError)
    except HearfeltError:
        return {}, "not measured on held-out speakers"
    table = {"all": summary["all"], **summary["per_corpus"]}
    picked = {
        corpus: {key: round(float(entry[key]["value"]), 4) for key in ("uar", "accuracy", "macro_f1")}
        for corpus, entry in table.items()
    }
    return picked, facts["split"]["sentence"]


def _licences(counts: dict[str, int]) -> str:
    """Terms of the recordings, and whether they let the weights be given away."""
    terms, free = [], bool(counts)
    for corpus in sorted(counts):
        try:
            info = get_corpus(corpus)
        except UnknownNameError:
            terms.append(f"{corpus}: the user's own")
            free = False
            continue
        terms.append(f"{corpus}: {info.licence}")
        free = free and info.redistributable_weights
    listed = "; ".join(terms)
    if free:
        return (
            "May be used, changed and passed on by anybody, also commercially, with its notices: trained only on "
            f"recordings whose licences let weights be given away, in our reading ({listed})."
        )
    return f"Trained on recordings under these terms, which the user has to keep: {listed}."
