"""One model at work: recordings to windows, windows to rows of probabilities."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.audio.arrays import mono_at
from hearfelt.audio.decode import read_blocks
from hearfelt.audio.voice_activity import has_speech
from hearfelt.audio.windows import cut
from hearfelt.errors import AudioError, BundleError
from hearfelt.recognition.bundle import Bundle, open_session

#: A batch holds about this much audio, and at least one window; more is slower (caches) and costs memory.
_BATCH_SECONDS = 16.0
_MAX_BATCH = 16
#: A batch may hold this share of padding at most.
_MAX_PADDING = 0.06
_BLOCK_SECONDS = 10.0
#: Keeps a closed set whose labels are all impossible from dividing by zero.
_LEAST = 1e-30


@dataclass(frozen=True, slots=True)
class Piece:
    """A window before it is recognised; without samples where no speech is in it."""

    start: int
    end: int
    samples: NDArray[Any] | None

    @property
    def size(self) -> int:
        """Samples that the graph will see."""
        return 0 if self.samples is None else self.samples.size


@dataclass(frozen=True, slots=True)
class Row:
    """A window after it: its probabilities over the closed set, None without speech."""

    start: int
    end: int
    values: NDArray[np.float64] | None


class Engine:
    """A session, and how recordings are cut for it. Safe to call from several threads.

    Args:
        bundle: the model.
        columns: of the graph's output that are kept and renormalised.
        window_seconds: length of a window.
        hop_seconds: step between windows.
        session: on the bundle's graph, where there is one already.
    """

    def __init__(
        self,
        bundle: Bundle,
        columns: NDArray[np.intp],
        window_seconds: float,
        hop_seconds: float,
        session: Any = None,
    ) -> None:
        specification = bundle.specification
        self.folder = bundle.folder
        self.rate = specification.sample_rate
        self.window = max(1, round(window_seconds * self.rate))
        self.hop = min(self.window, max(1, round(hop_seconds * self.rate)))
        self._shortest = round(specification.min_seconds * self.rate)
        self._columns = columns
        self._width = len(specification.labels)
        self.session = open_session(bundle) if session is None else session

    @property
    def batch_samples(self) -> int:
        """Samples that go through the graph together, where lengths differ."""
        return max(self.window, int(_BATCH_SECONDS * self.rate))

    @property
    def batch_windows(self) -> int:
        """Full windows that go through the graph together."""
        return max(1, min(_MAX_BATCH, int(_BATCH_SECONDS * self.rate / self.window)))

    def pieces(self, source: Any, sample_rate: int | None) -> Iterator[Piece]:
        """Windows of a recording, one at least.

        Raises:
            AudioError: it cannot be read.
        """
        if is_file(source):
            if str(source_name(source)).lower().endswith(".png"):
                raise AudioError(
                    f"{source_name(source)} is a picture, and the model in {self.folder} hears recordings. Give a "
                    "model that was trained on pictures (--model)."
                )
            blocks = read_blocks(source, self.rate, _BLOCK_SECONDS)
        elif isinstance(source, Iterator):
            blocks = source
        else:
            blocks = iter([mono_at(source, sample_rate, self.rate)])
        for start, samples in cut(blocks, self.window, self.hop):
            yield self.piece(start, samples)

    def piece(self, start: int, samples: NDArray[np.float32]) -> Piece:
        """A window made ready for the graph: left out where no speech is in it, padded where it is short."""
        end = start + samples.size
        if not has_speech(samples, self.rate):
            return Piece(start, end, None)
        if samples.size < self._shortest:
            return Piece(start, end, np.pad(samples, (0, self._shortest - samples.size)))
        return Piece(start, end, samples)

    def run(self, pieces: Sequence[Piece]) -> list[Row]:
        """Recognise windows in one batch; what else is in it does not change a row.

        Raises:
            BundleError: the graph fails, or gives values that are no probabilities.
        """
        spoken = [piece.samples for piece in pieces if piece.samples is not None]
        values = iter(self._probabilities(spoken) if spoken else ())
        return [
            Row(piece.start, piece.end, None if piece.samples is None else next(values)) for piece in pieces
        ]

    def _feeds(self, clips: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Clips as the inputs of the graph."""
        lengths = np.array([clip.size for clip in clips], dtype=np.int64)
        waveform = np.zeros((len(clips), lengths.max()), dtype=np.float32)
        for row, clip in zip(waveform, clips, strict=True):
            row[: clip.size] = clip
        return {"waveform": waveform, "lengths": lengths}

    def _probabilities(self, clips: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        try:
            (found,) = self.session.run(["probabilities"], self._feeds(clips))
        except Exception as error:  # onnxruntime's own exceptions share no base class
            raise BundleError(
                f"The model in {self.folder} cannot be run: {' '.join(str(error).split())[:300]}"
            ) from error
        due = (len(clips), self._width)
        if found.shape != due or not np.isfinite(found).all():
            what = "values that are no numbers" if found.shape == due else f"values of shape {found.shape}"
            raise BundleError(
                f"The model in {self.folder} gave {what} where {due[0]} x {due[1]} probabilities were due. "
                "Its export went wrong; export it again."
            )
        kept = np.maximum(found.astype(np.float64)[:, self._columns], _LEAST)
        return np.asarray(kept / kept.sum(axis=1, keepdims=True), dtype=np.float64)


def buckets(pieces: Iterable[tuple[int, Piece]], most: int) -> Iterator[list[tuple[int, Piece]]]:
    """Group by length, so that little of a batch is padding; short clips go in larger batches.

    Args:
        pieces: with a number that says whose they are.
        most: samples a batch, padding counted; one piece may be longer.
    """
    bucket: list[tuple[int, Piece]] = []
    total = 0
    for number, piece in sorted(pieces, key=lambda item: item[1].size):
        padded = piece.size * (len(bucket) + 1)
        full = len(bucket) == _MAX_BATCH or padded > most
        if bucket and (full or padded * (1 - _MAX_PADDING) > total + piece.size):
            yield bucket
            bucket, total = [], 0
        bucket.append((number, piece))
        total += piece.size
    if bucket:
        yield bucket


def is_file(source: Any) -> bool:
    """Whether a source is a path or a file object, not samples."""
    return isinstance(source, (str, bytes, os.PathLike)) or hasattr(source, "read")


def source_name(source: Any) -> str:
    """What a recording is called in answers: its path, a file object's name, or nothing for samples."""
    if isinstance(source, (str, bytes, os.PathLike)):
        return os.fsdecode(source)
    name = getattr(source, "name", "")
    return name if isinstance(name, str) else ""
