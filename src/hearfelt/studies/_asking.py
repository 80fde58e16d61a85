"""Models that are only asked: bundles, and functions of anybody's. Nothing is trained."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.emotions import parse_emotion
from hearfelt.errors import HearfeltError
from hearfelt.evaluation.predictions import Predictions
from hearfelt.protocols._schemes import RAVDESS

if TYPE_CHECKING:
    from hearfelt.corpora.manifest import Row as Clip
    from hearfelt.models.specification import Specification

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


def ask_in_blocks(
    ask: Asked,
    places: Iterable[int],
    sets: Sequence[Sequence[str]],
    sound: Callable[[int], NDArray[np.float32]],
    rate: int,
    size: int,
) -> Iterator[dict[int, dict[str, float]]]:
    """Ask about clips with the same classes together, so many at a time: place -> answer of each block.

    Args:
        ask: of `open_model`.
        places: of the clips that are asked about.
        sets: the classes that each clip's corpus has, by place.
        sound: gives the clip at a place; no more than a block is held.
        rate: of the clips, in hertz.
        size: of a block.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for place in places:
        groups.setdefault(tuple(sets[place]), []).append(place)
    for names, members in groups.items():
        for start in range(0, len(members), size):
            block = members[start : start + size]
            yield dict(zip(block, ask([sound(place) for place in block], rate, names), strict=True))


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


def answered(
    clips: Sequence[Clip],
    sets: Sequence[Sequence[str]],
    answers: Sequence[Mapping[str, float]],
    labels: Sequence[str],
) -> Predictions:
    """A table of what was answered.

    Args:
        clips: rows of a manifest.
        sets: the classes that each clip's corpus has, two at least.
        answers: of `Asked`; a clip with none counts as wrong.
        labels: of the table.
    """
    truth = np.array([labels.index(clip.emotion) for clip in clips], dtype=np.int64)
    probabilities = np.zeros((len(clips), len(labels)))
    prediction = np.zeros(len(clips), dtype=np.int64)
    for n, (names, answer) in enumerate(zip(sets, answers, strict=True)):
        for label in names:
            probabilities[n, labels.index(label)] = answer.get(label, 0.0) if answer else 1 / len(names)
        other = next(labels.index(label) for label in names if labels.index(label) != truth[n])
        prediction[n] = probabilities[n].argmax() if answer else other
    return Predictions(
        labels=labels,
        path=[clip.path for clip in clips],
        start=[clip.start for clip in clips],
        end=[clip.end for clip in clips],
        corpus=[clip.corpus for clip in clips],
        speaker=[clip.speaker for clip in clips],
        sex=[clip.sex for clip in clips],
        truth=truth,
        probabilities=probabilities,
        prediction=prediction,
    )
