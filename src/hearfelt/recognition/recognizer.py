"""Recordings in, emotions out: `load` a bundle, then call the `Recognizer`. Needs no torch."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.audio.decode import Source
from hearfelt.emotions import SYNONYMS
from hearfelt.errors import BundleError, UnknownNameError
from hearfelt.models.specification import Specification
from hearfelt.recognition._engine import Engine, Row, source_name
from hearfelt.recognition._many import recognize_many, stream
from hearfelt.recognition.bundle import DEFAULT, Bundle, read_bundle
from hearfelt.recognition.results import Failure, Recognition, Segment, combine, decide

if TYPE_CHECKING:
    from hearfelt.recognition.streaming import Stream


def load(
    model: str | os.PathLike[str] = DEFAULT,
    *,
    threads: int = 1,
    window_seconds: float | None = None,
    hop_seconds: float | None = None,
    unsure_below: float = 0.0,
    labels: Sequence[str] | None = None,
) -> Recognizer:
    """Load a model.

    Args:
        model: a bundle's folder, or the name of a bundled model.
        threads: worker threads for many files and for long recordings; the answers do not depend on it.
        window_seconds: length that long recordings are cut into; the model's own by default.
        hop_seconds: step between windows; by default the model's own, in proportion to the window.
        unsure_below: an answer whose best probability is below it is ``unsure``.
        labels: a closed set: only these of the model's labels are considered, their probabilities
            renormalised.

    Raises:
        BundleError: the bundle is missing or damaged, or an option is out of range.
        UnknownNameError: a label that the model does not have.
    """
    return Recognizer(
        read_bundle(model),
        threads=threads,
        window_seconds=window_seconds,
        hop_seconds=hop_seconds,
        unsure_below=unsure_below,
        labels=labels,
    )


def predict_emotion(
    source: Source | ArrayLike, sample_rate: int | None = None, *, model: str | os.PathLike[str] = DEFAULT
) -> str:
    """The emotion of one recording, in one line; the model is loaded the first time and kept.

    Args:
        source: as `Recognizer` takes it: a path, a binary file object, or samples.
        sample_rate: of samples, in hertz.
        model: a bundle's folder, or the name of a bundled model.

    Returns:
        the most probable of the model's labels, or ``no_speech``. `load` gives probabilities and times too.

    Raises:
        AudioError: the recording cannot be read.
        BundleError: the bundle is missing or damaged.
    """
    return _kept(os.fspath(model))(source, sample_rate).emotion


@lru_cache(maxsize=4)
def _kept(model: str) -> Recognizer:
    return load(model)


class Recognizer:
    """A loaded model. Safe to call from several threads; answers do not depend on what else is in a batch.

    Attributes:
        specification: what travels with the model.
        folder: of the bundle.
        labels: of the answers, in order.
        window_seconds: as in `load`.
        hop_seconds: as in `load`.
        unsure_below: as in `load`.
        threads: as in `load`.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        threads: int = 1,
        window_seconds: float | None = None,
        hop_seconds: float | None = None,
        unsure_below: float = 0.0,
        labels: Sequence[str] | None = None,
        session: Any = None,
    ) -> None:
        self.specification: Specification = bundle.specification
        spec = bundle.specification
        self.window_seconds = spec.window_seconds if window_seconds is None else window_seconds
        if hop_seconds is None:
            hop_seconds = spec.hop_seconds * self.window_seconds / spec.window_seconds
        self.hop_seconds = hop_seconds
        self.unsure_below = unsure_below
        self.threads = threads
        self._check_options()
        self.labels, columns = _closed_set(spec.labels, labels)
        self.folder = bundle.folder
        self._bundle = replace(bundle, graph=b"")  # the session has read it
        engine = Engine
        if spec.front_end.takes == "picture":
            from hearfelt.recognition._pictures import PictureEngine

            engine = PictureEngine
        self._engine = engine(bundle, columns, self.window_seconds, self.hop_seconds, session)

    def _check_options(self) -> None:
        if not 0.1 <= self.window_seconds <= 600:
            raise BundleError(
                f"Windows of {self.window_seconds:g} s were asked for; 0.1 to 600 s are possible."
            )
        if not 0 < self.hop_seconds <= self.window_seconds:
            raise BundleError(
                f"A hop of {self.hop_seconds:g} s was asked for with windows of {self.window_seconds:g} s; "
                "it must be above 0 and no longer than the window, or parts of the recording would be "
                "skipped."
            )
        if not 0 <= self.unsure_below <= 1:
            raise BundleError(f"unsure_below is {self.unsure_below:g}; it is a probability, 0 to 1.")
        if self.threads < 1:
            raise BundleError(f"{self.threads} threads were asked for; at least one is needed.")

    def variant(self, *, unsure_below: float = 0.0, labels: Sequence[str] | None = None) -> Recognizer:
        """The same loaded model, windows and threads with another threshold and closed set; costs next to nothing.

        Raises:
            BundleError: the threshold is no probability, or fewer than two labels are left.
            UnknownNameError: a label that the model does not have.
        """
        return Recognizer(
            self._bundle,
            threads=self.threads,
            window_seconds=self.window_seconds,
            hop_seconds=self.hop_seconds,
            unsure_below=unsure_below,
            labels=labels,
            session=self._engine.session,
        )

    def __call__(
        self, source: Source | ArrayLike | Iterator[NDArray[np.float32]], sample_rate: int | None = None
    ) -> Recognition:
        """Recognise one recording of any length.

        Args:
            source: a path, a binary file object, or samples: (samples,) or (samples, channels), floats in
                [-1, 1] or integers of full scale; or an iterator over its blocks, (samples,) at the model's rate.
            sample_rate: of samples, in hertz; files say it themselves.

        Raises:
            AudioError: the recording cannot be read.
            BundleError: the model fails on it.
        """
        pieces = self._engine.pieces(source, sample_rate)
        return self._recognition(source_name(source), stream(self._engine, pieces, self.threads))

    def batch(
        self, sources: Sequence[Source | ArrayLike], sample_rate: int | None = None
    ) -> list[Recognition | Failure]:
        """Recognise several recordings, in order; those that cannot be read become a `Failure`."""
        return list(recognize_many(self._engine, sources, sample_rate, self.threads, self._answer))

    def recognize_files(self, paths: Iterable[Source]) -> Generator[Recognition | Failure]:
        """Recognise many files with `threads` workers; answers come in the order of the paths.

        Short files of like length go through the graph together. Memory does not grow with their number.
        Closing the iterator, as leaving its loop does, ends the work.
        """
        return recognize_many(self._engine, paths, None, self.threads, self._answer)

    def stream(self) -> Stream:
        """Recognise sound while it arrives; see `hearfelt.recognition.streaming.Stream`."""
        from hearfelt.recognition.streaming import Stream

        return Stream(self._engine, self.labels, self.unsure_below)

    def _answer(self, source: Any, result: list[Row] | Exception) -> Recognition | Failure:
        if isinstance(result, Exception):
            return Failure(source_name(source), str(result))
        return self._recognition(source_name(source), result)

    def _recognition(self, path: str, rows: Sequence[Row]) -> Recognition:
        rate = self.specification.sample_rate
        spoken = [(row.end - row.start, row.values) for row in rows if row.values is not None]
        whole = None
        if spoken:
            seconds = np.array([(size or 1) / rate for size, _ in spoken])  # a picture has no length
            whole = combine(np.stack([values for _, values in spoken]), seconds)
        return Recognition(
            path,
            rows[-1].end / rate if rows else 0.0,
            *decide(whole, self.labels, self.unsure_below),
            tuple(
                Segment(row.start / rate, row.end / rate, *decide(row.values, self.labels, self.unsure_below))
                for row in rows
            ),
        )


def _closed_set(
    known: Sequence[str], wanted: Sequence[str] | None
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Labels of the answers and their columns in the graph's output."""
    if wanted is None:
        return tuple(known), np.arange(len(known))
    asked = set()
    for label in wanted:
        name = label if label in known else SYNONYMS.get(label.strip().lower(), label.strip().lower())
        if name not in known:
            raise UnknownNameError("label in this model", label, known)
        asked.add(name)
    if len(asked) < 2:
        raise BundleError(
            f"A closed set needs at least two labels, got {len(asked)}. The model has {', '.join(known)}."
        )
    columns = [index for index, label in enumerate(known) if label in asked]
    return tuple(known[index] for index in columns), np.array(columns)
