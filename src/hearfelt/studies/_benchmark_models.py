"""Models that the benchmark only asks: bundles, and functions of anybody's. Nothing is trained on the corpora."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.emotions import parse_emotion
from hearfelt.errors import HearfeltError, UnknownNameError
from hearfelt.evaluation.predictions import Predictions, write_predictions
from hearfelt.files import write_json
from hearfelt.protocols._schemes import RAVDESS

if TYPE_CHECKING:
    from hearfelt.corpora.manifest import Row as Clip
    from hearfelt.models.specification import Specification
    from hearfelt.studies._cells import Cell
    from hearfelt.studies._study import Folder, Note, Tell
    from hearfelt.training.run import Run

PYTHON = "python:"
#: (waveforms, sample rate, classes that may be answered) -> for each a probability a class; empty is no answer.
Asked = Callable[[Sequence[NDArray[np.float32]], int, Sequence[str]], list[dict[str, float]]]


def open_model(name: str, threads: int = 1) -> Asked:
    """A bundle or a ``python:module.function``, ready to be asked.

    Raises:
        HearfeltError: there is no such bundle, module or function.
    """
    return _open_function(name) if name.startswith(PYTHON) else _open_bundle(name, threads)


def _open_bundle(name: str, threads: int) -> Asked:
    from hearfelt.recognition.recognizer import load
    from hearfelt.recognition.results import Failure

    model = load(name, threads=threads)

    def ask(
        sounds: Sequence[NDArray[np.float32]], rate: int, labels: Sequence[str]
    ) -> list[dict[str, float]]:
        known = [label for label in labels if label in model.labels]
        if len(known) < 2:
            raise HearfeltError(
                f"{name} knows {len(known)} of {', '.join(labels)}; two are needed to tell them apart."
            )
        answers = []
        for result in model.variant(labels=known).batch(list(sounds), rate):
            if isinstance(result, Failure):
                raise HearfeltError(f"{name} cannot recognise a clip: {result.error}")
            answers.append(dict(result.probabilities))
        return answers

    return ask


def _open_function(name: str) -> Asked:
    module, dot, attribute = name.removeprefix(PYTHON).rpartition(".")
    if not dot or not module:
        raise HearfeltError(f"{name!r} names no function; python:module.function was expected.")
    if os.getcwd() not in sys.path:  # noqa: PTH109 - as an interpreter finds modules beside it
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    try:
        function = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise HearfeltError(f"There is no {name}: {error}.") from error
    if not callable(function):
        raise HearfeltError(f"{name} is {type(function).__name__}, not a function.")

    def ask(
        sounds: Sequence[NDArray[np.float32]], rate: int, labels: Sequence[str]
    ) -> list[dict[str, float]]:
        return [_closed(name, _call(name, function, sound, rate), labels) for sound in sounds]

    return ask


def _call(name: str, function: Callable[..., Any], sound: NDArray[np.float32], rate: int) -> Any:
    try:
        return function(np.array(sound, dtype=np.float32), rate)
    except Exception as error:  # it is the user's code, and may raise anything
        raise HearfeltError(f"{name} failed on {sound.size / rate:.2f} s of sound: {error!r}.") from error


def _closed(name: str, answer: Any, labels: Sequence[str]) -> dict[str, float]:
    """The probabilities of the classes that may be answered, made to sum to 1; empty where all are zero."""
    if not isinstance(answer, Mapping):
        raise HearfeltError(f"{name} gave {type(answer).__name__}; label -> probability was expected.")
    found: dict[str, float] = {}
    for word, value in answer.items():
        label = parse_emotion(str(word))
        try:
            number = float(value)
        except (TypeError, ValueError) as error:
            raise HearfeltError(f"{name} gave {value!r} for {word}; a probability was expected.") from error
        if not (np.isfinite(number) and number >= 0):
            raise HearfeltError(f"{name} gave {number} for {word}; a probability was expected.")
        if label in labels:
            found[label] = found.get(label, 0.0) + number
    total = sum(found.values())
    return {label: value / total for label, value in found.items()} if total > 0 else {}


def answer_cells(folder: Folder, name: str, threads: int, tell: Tell, note: Note) -> None:
    """Ask a model for the test clips of every cell that is not done; a clip is asked for once a set of classes."""
    from hearfelt.evaluation.summary import summarize_run
    from hearfelt.studies._loop import give_up, prepare_cell
    from hearfelt.training.run import open_run

    ask = open_model(name, threads)
    known: dict[Any, dict[str, float]] = {}
    done = folder.done()
    for number, cell in enumerate(folder.cells):
        if cell in done:
            continue
        jobs = prepare_cell(folder, cell, note)
        if cell.name in folder.failed:
            continue
        try:
            run = open_run(folder.run(cell.name))
            for job in jobs:
                rows = run.split.folds[job.fold].test
                table = answer_rows(ask, run, rows, known)
                write_predictions(job.place / "predictions.csv", table)
                write_json(job.place / "done.json", {"model": name, "clips": len(table)})
            summarize_run(run.folder, rng=np.random.default_rng(0))
        except HearfeltError as error:
            give_up(folder, cell.name, str(error), note)
            continue
        _tell(number, cell, folder, tell, note)


def _tell(number: int, cell: Cell, folder: Folder, tell: Tell, note: Note) -> None:
    tell("rows", number + 1, len(folder.cells))
    note(f"{number + 1}/{len(folder.cells)} {cell.title}: recognised")


def answer_rows(ask: Asked, run: Run, rows: Sequence[int], known: dict[Any, dict[str, float]]) -> Predictions:
    """The answers to some rows of a run, each among the classes that its corpus has.

    A clip without an answer (no speech was heard, or nothing but other classes) counts as wrong.
    """
    clips = run.clips()
    labels, waves = clips.labels, clips.waveforms
    rate = run.recipe.front_end.sample_rate
    clip: list[Clip] = [run.manifest[row] for row in rows]
    sets = [
        tuple(label for label, there in zip(labels, clips.allowed[row], strict=True) if there) for row in rows
    ]
    wanted = [(row.key, names) for row, names in zip(clip, sets, strict=True)]
    for names in dict.fromkeys(sets):
        missing = [n for n, key in enumerate(wanted) if key[1] == names and key not in known]
        for start in range(0, len(missing), 64):
            block = missing[start : start + 64]
            answers = ask([np.asarray(waves[rows[n]]) for n in block], rate, names)
            known |= {wanted[n]: answer for n, answer in zip(block, answers, strict=True)}
    truth = np.array([labels.index(row.emotion) for row in clip], dtype=np.int64)
    probabilities = np.zeros((len(rows), len(labels)))
    prediction = np.zeros(len(rows), dtype=np.int64)
    for n, key in enumerate(wanted):
        answer = known[key]
        for label in key[1]:
            probabilities[n, labels.index(label)] = answer.get(label, 0.0) if answer else 1 / len(key[1])
        other = next(labels.index(label) for label in key[1] if labels.index(label) != truth[n])
        prediction[n] = probabilities[n].argmax() if answer else other
    return Predictions(
        labels=labels,
        path=[row.path for row in clip],
        start=[row.start for row in clip],
        end=[row.end for row in clip],
        corpus=[row.corpus for row in clip],
        speaker=[row.speaker for row in clip],
        sex=[row.sex for row in clip],
        truth=truth,
        probabilities=probabilities,
        prediction=prediction,
    )


def heard_rows(made: Specification, corpora: Sequence[str], speakers: Sequence[str]) -> NDArray[np.bool_]:
    """Which clips are of people whom a bundle was trained on: all of its corpora whom it does not list as held out.

    Who speaks in RAVDESS sings there, too.
    """
    corpora_heard = set(made.training_corpora)
    if corpora_heard & set(RAVDESS):
        corpora_heard |= set(RAVDESS)
    held = set(made.held_out_speakers)
    pairs = zip(corpora, speakers, strict=True)
    return np.array(
        [corpus in corpora_heard and speaker not in held for corpus, speaker in pairs], dtype=bool
    )


def check_name(name: str, known: Sequence[str]) -> None:
    """Refuse what is no architecture.

    Raises:
        UnknownNameError: names the nearest.
    """
    if name not in known:
        raise UnknownNameError("model, recipe, bundle or python:module.function", name, known)
