"""Recordings in, emotions out: `load` a bundle, then call the `Recognizer`. Needs no torch."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.audio.arrays import mono_at
from hearfelt.audio.decode import Source, read_blocks
from hearfelt.audio.voice_activity import has_speech
from hearfelt.audio.windows import cut
from hearfelt.emotions import SYNONYMS
from hearfelt.errors import AudioError, BundleError, UnknownNameError
from hearfelt.models.specification import Specification
from hearfelt.recognition.bundle import DEFAULT, Bundle, open_session, read_bundle
from hearfelt.recognition.ordered import grouped, map_ordered
from hearfelt.recognition.results import Failure, Recognition, Segment, combine, decide

#: Windows of a recording that go through the graph together; more only costs memory.
_BATCH_WINDOWS = 16
#: Files that a worker takes at a time, to batch those of like length.
_CHUNK_FILES = 32
#: A batch may hold this share of padding at most.
_MAX_PADDING = 0.1
_BLOCK_SECONDS = 10.0
#: Keeps a closed set whose labels are all impossible from dividing by zero.
_LEAST = 1e-30


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
        labels: a closed set: only these of the model's labels are considered, their probabilities renormalised.

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


@dataclass(frozen=True, slots=True)
class _Piece:
    """A window before it is recognised; without samples where no speech is in it."""

    start: int
    end: int
    samples: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class _Row:
    """A window after it: its probabilities over the closed set, None without speech."""

    start: int
    end: int
    values: NDArray[np.float64] | None


class Recognizer:
    """A loaded model. Safe to call from several threads; answers do not depend on what else is in a batch.

    Attributes:
        specification: what travels with the model.
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
        self.labels, self._columns = _closed_set(spec.labels, labels)
        self._window = round(self.window_seconds * spec.sample_rate)
        self._hop = max(1, round(self.hop_seconds * spec.sample_rate))
        self._session = open_session(bundle)
        self._folder = bundle.folder

    def _check_options(self) -> None:
        if not 0.1 <= self.window_seconds <= 600:
            raise BundleError(
                f"Windows of {self.window_seconds:g} s were asked for; 0.1 to 600 s are possible."
            )
        if not 0 < self.hop_seconds <= self.window_seconds:
            raise BundleError(
                f"A hop of {self.hop_seconds:g} s was asked for with windows of {self.window_seconds:g} s; it must be "
                "above 0 and no longer than the window, or parts of the recording would be skipped."
            )
        if not 0 <= self.unsure_below <= 1:
            raise BundleError(f"unsure_below is {self.unsure_below:g}; it is a probability, 0 to 1.")
        if self.threads < 1:
            raise BundleError(f"{self.threads} threads were asked for; at least one is needed.")

    def __call__(self, source: Source | ArrayLike, sample_rate: int | None = None) -> Recognition:
        """Recognise one recording of any length.

        Args:
            source: a path, a binary file object, or samples: (samples,) or (samples, channels), floats in [-1, 1]
                or integers of full scale.
            sample_rate: of samples, in hertz; files say it themselves.

        Raises:
            AudioError: the recording cannot be read.
        """
        return self._recognize(source, sample_rate, self.threads)

    def batch(
        self, sources: Sequence[Source | ArrayLike], sample_rate: int | None = None
    ) -> list[Recognition | Failure]:
        """Recognise several recordings, in order; those that cannot be read become a `Failure`."""
        return list(self._recognize_many(sources, sample_rate))

    def recognize_files(self, paths: Iterable[str | os.PathLike[str]]) -> Iterator[Recognition | Failure]:
        """Recognise many files with `threads` workers; answers come in the order of the paths.

        Short files of like length go through the graph together. Memory does not grow with their number.
        """
        yield from self._recognize_many(paths, None)

    # One recording ---------------------------------------------------------------------------------------------

    def _recognize(self, source: Any, sample_rate: int | None, threads: int) -> Recognition:
        pieces = self._pieces(source, sample_rate)
        return self._answer(_name(source), self._stream(pieces, threads))

    def _stream(self, pieces: Iterable[_Piece], threads: int) -> list[_Row]:
        rows: list[_Row] = []
        for batch in map_ordered(self._infer, grouped(pieces, _BATCH_WINDOWS), threads, ahead=2 * threads):
            rows += batch
        return rows

    def _pieces(self, source: Any, sample_rate: int | None) -> Iterator[_Piece]:
        """Windows of a recording; raises `AudioError` where it has no samples."""
        rate = self.specification.sample_rate
        if _is_file(source):
            blocks = read_blocks(source, rate, _BLOCK_SECONDS)
        else:
            blocks = iter([mono_at(source, sample_rate, rate)])
        shortest = round(self.specification.min_seconds * rate)
        for start, samples in cut(blocks, self._window, self._hop):
            end = start + samples.size
            if not has_speech(samples, rate):
                yield _Piece(start, end, None)
            elif samples.size < shortest:
                yield _Piece(start, end, np.pad(samples, (0, shortest - samples.size)))
            else:
                yield _Piece(start, end, samples)

    def _infer(self, pieces: Sequence[_Piece]) -> list[_Row]:
        """Run one batch."""
        spoken = [piece.samples for piece in pieces if piece.samples is not None]
        rows = iter(self._probabilities(spoken) if spoken else ())
        return [
            _Row(piece.start, piece.end, None if piece.samples is None else next(rows)) for piece in pieces
        ]

    def _probabilities(self, clips: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        lengths = np.array([clip.size for clip in clips], dtype=np.int64)
        waveform = np.zeros((len(clips), lengths.max()), dtype=np.float32)
        for row, clip in zip(waveform, clips, strict=True):
            row[: clip.size] = clip
        try:
            (found,) = self._session.run(["probabilities"], {"waveform": waveform, "lengths": lengths})
        except Exception as error:  # onnxruntime's own exceptions share no base class
            raise BundleError(
                f"The model in {self._folder} cannot be run: {str(error).splitlines()[0]}"
            ) from error
        due = (len(clips), len(self.specification.labels))
        if found.shape != due or not np.isfinite(found).all():
            what = "values that are no numbers" if found.shape == due else f"values of shape {found.shape}"
            raise BundleError(
                f"The model in {self._folder} gave {what} where {due[0]} x {due[1]} probabilities were due. Its export "
                "went wrong; export it again."
            )
        kept = np.maximum(found.astype(np.float64)[:, self._columns], _LEAST)
        return np.asarray(kept / kept.sum(axis=1, keepdims=True), dtype=np.float64)

    def _answer(self, path: str, rows: Sequence[_Row]) -> Recognition:
        rate = self.specification.sample_rate
        spoken = [row for row in rows if row.values is not None]
        whole = None
        if spoken:
            seconds = np.array([(row.end - row.start) / rate for row in spoken])
            whole = combine(np.stack([row.values for row in spoken if row.values is not None]), seconds)
        return Recognition(
            path,
            rows[-1].end / rate,
            *decide(whole, self.labels, self.unsure_below),
            tuple(
                Segment(row.start / rate, row.end / rate, *decide(row.values, self.labels, self.unsure_below))
                for row in rows
            ),
        )

    # Many recordings -------------------------------------------------------------------------------------------

    def _recognize_many(
        self, sources: Iterable[Any], sample_rate: int | None
    ) -> Iterator[Recognition | Failure]:
        stop = threading.Event()

        def work(chunk: Sequence[Any]) -> list[Recognition | Failure]:
            return self._recognize_chunk(chunk, sample_rate, stop)

        try:
            for answers in map_ordered(
                work, grouped(sources, _CHUNK_FILES), self.threads, ahead=16 * self.threads
            ):
                yield from answers
        finally:
            stop.set()  # a worker inside a long recording leaves it

    def _recognize_chunk(
        self, sources: Sequence[Any], sample_rate: int | None, stop: threading.Event
    ) -> list[Recognition | Failure]:
        """Recordings of one window are batched by length, longer ones stream on their own."""
        answers: dict[int, Recognition | Failure] = {}
        short: list[tuple[int, _Piece]] = []
        for index, source in enumerate(sources):
            try:
                pieces = _until(stop, self._pieces(source, sample_rate))
                head = list(islice(pieces, 2))
                if len(head) == 2:
                    answers[index] = self._answer(_name(source), self._stream(chain(head, pieces), 1))
                elif head:
                    short.append((index, head[0]))
            except (AudioError, BundleError) as error:
                answers[index] = Failure(_name(source), str(error))
        for bucket in _buckets(short):
            for index, answer in self._recognize_bucket(bucket, sources):
                answers[index] = answer
        return [answers[index] for index in sorted(answers)]

    def _recognize_bucket(
        self, bucket: Sequence[tuple[int, _Piece]], sources: Sequence[Any]
    ) -> Iterator[tuple[int, Recognition | Failure]]:
        try:
            rows = self._infer([piece for _, piece in bucket])
        except BundleError as error:
            if len(bucket) == 1:
                index = bucket[0][0]
                yield index, Failure(_name(sources[index]), str(error))
            else:  # find the one that the graph cannot digest
                for item in bucket:
                    yield from self._recognize_bucket([item], sources)
            return
        for (index, _), row in zip(bucket, rows, strict=True):
            yield index, self._answer(_name(sources[index]), [row])


def _buckets(pieces: Sequence[tuple[int, _Piece]]) -> Iterator[list[tuple[int, _Piece]]]:
    """Group by length, so that little of a batch is padding."""
    bucket: list[tuple[int, _Piece]] = []
    total = 0
    for item in sorted(pieces, key=lambda item: _size(item[1])):
        size = _size(item[1])
        if bucket and (
            len(bucket) == _BATCH_WINDOWS or size * (len(bucket) + 1) * (1 - _MAX_PADDING) > total + size
        ):
            yield bucket
            bucket, total = [], 0
        bucket.append(item)
        total += size
    if bucket:
        yield bucket


def _size(piece: _Piece) -> int:
    return 0 if piece.samples is None else piece.samples.size


def _until(stop: threading.Event, pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    for piece in pieces:
        if stop.is_set():
            return
        yield piece


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


def _is_file(source: Any) -> bool:
    return isinstance(source, (str, bytes, os.PathLike)) or hasattr(source, "read")


def _name(source: Any) -> str:
    if isinstance(source, (str, bytes, os.PathLike)):
        return os.fsdecode(source)
    name = getattr(source, "name", "")
    return name if isinstance(name, str) else ""
