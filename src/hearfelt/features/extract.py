"""Descriptors of many clips as a table: functionals, or frames; measured in parallel, and no bad file stops it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hearfelt.audio.decode import read_audio
from hearfelt.audio.spans import part
from hearfelt.errors import AudioError, HearfeltError, UnknownNameError
from hearfelt.features.descriptors import COLUMNS, USUAL, DescriptorsConfig, measure
from hearfelt.features.functionals import FUNCTIONALS, summarize
from hearfelt.features.mfcc import MfccConfig, mfcc
from hearfelt.features.pitch import PitchConfig, pitch

#: All that can be asked for by name.
GROUPS = (*COLUMNS, "f0", "mfcc", "mfcc_delta", "mfcc_delta2")
_CEPSTRA = ("mfcc", "mfcc_delta", "mfcc_delta2")


class ExtractConfig(BaseModel):
    """What is measured, and how.

    Attributes:
        descriptors: of `GROUPS`, in the order of the columns.
        frames: every frame instead of functionals.
        sample_rate: that clips are brought to, in hertz.
        window_seconds: length of a frame.
        hop_seconds: step between frames.
        split_hz: between the two bands of ``ber``.
        cepstra: of ``mfcc`` and its deltas.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    descriptors: tuple[str, ...] = Field(default=(*USUAL, "f0", "mfcc"), min_length=1)
    frames: bool = False
    sample_rate: int = Field(default=16000, ge=4000, le=192000)
    window_seconds: float = Field(default=0.032, gt=0, le=1)
    hop_seconds: float = Field(default=0.016, gt=0, le=1)
    split_hz: float = Field(default=2000.0, gt=0)
    cepstra: int = Field(default=13, ge=1, le=64)

    @field_validator("descriptors")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in GROUPS:
                raise ValueError(str(UnknownNameError("descriptor", name, GROUPS)))
        return tuple(dict.fromkeys(value))

    @model_validator(mode="after")
    def _check_parts(self) -> ExtractConfig:
        self.plain()
        self.cepstral()
        return self

    def plain(self) -> DescriptorsConfig:
        """Of the descriptors that `hearfelt.features.descriptors` has; of all of them where none is asked for."""
        names = tuple(name for name in self.descriptors if name in COLUMNS)
        return DescriptorsConfig(
            descriptors=names or USUAL,
            level="none",
            normalization="none",
            split_hz=self.split_hz,
            **self._framing(),
        )

    def cepstral(self) -> MfccConfig:
        """Of the cepstra."""
        top = min(7600.0, 0.475 * self.sample_rate)
        return MfccConfig(
            cepstra=self.cepstra,
            level="none",
            floor=1e-8,
            normalization="none",
            max_hz=top,
            **self._framing(),
        )

    def _framing(self) -> dict[str, Any]:
        return {
            "sample_rate": self.sample_rate,
            "window_seconds": self.window_seconds,
            "hop_seconds": self.hop_seconds,
        }

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of what is measured in each frame, with units."""
        found: list[str] = []
        for name in self.descriptors:
            if name in _CEPSTRA:
                found += [f"{name}_{number}" for number in range(1, self.cepstra + 1)]
            else:
                found += ("f0_hz", "voicing") if name == "f0" else COLUMNS[name]
        return tuple(found)

    @property
    def table_columns(self) -> tuple[str, ...]:
        """Names of the numbers of a line of the table."""
        if self.frames:
            return ("time_s", *self.columns)
        found: list[str] = []
        for column in self.columns:
            found += [f"{column}_{name}" for name in FUNCTIONALS]
            if column == "f0_hz":
                found.append("voiced_share")
        return tuple(found)


@dataclass(frozen=True)
class Source:
    """A clip to measure.

    Attributes:
        path: of the file.
        start: seconds into the file.
        end: seconds into the file; None is its end.
        facts: columns that the table repeats, such as speaker and emotion.
    """

    path: str
    start: float = 0.0
    end: float | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Unique in a manifest."""
        whole = not self.start and self.end is None
        return self.path if whole else f"{self.path}#{self.start!r}-{self.end!r}"


def measure_frames(
    waveform: NDArray[np.floating], config: ExtractConfig | None = None
) -> dict[str, NDArray[np.float64]]:
    """All that is asked for of one clip, frame by frame.

    Args:
        waveform: (samples,) at ``config.sample_rate``.
        config: what, and how.

    Returns:
        column -> (frames,), in the order of ``config.columns``; ``f0_hz`` is NaN where there is no voice.

    >>> sorted(measure_frames(np.zeros(8000), ExtractConfig(descriptors=("rms", "f0"))))
    ['f0_hz', 'rms', 'voicing']
    """
    config = config or ExtractConfig()
    found: dict[str, NDArray[np.float64]] = {}
    if any(name in COLUMNS for name in config.descriptors):
        found |= measure(waveform, config.plain())
    if "f0" in config.descriptors:
        pitch_config = PitchConfig(
            sample_rate=config.sample_rate,
            frame_seconds=config.window_seconds,
            hop_seconds=config.hop_seconds,
        )
        found["f0_hz"], found["voicing"] = pitch(waveform, pitch_config)
    if any(name in _CEPSTRA for name in config.descriptors):
        names = [f"{name}_{number}" for name in _CEPSTRA for number in range(1, config.cepstra + 1)]
        found |= dict(zip(names, mfcc(waveform, config.cepstral()).astype(np.float64), strict=True))
    return {column: found[column] for column in config.columns}


def extract_clip(source: Source, config: ExtractConfig) -> dict[str, Any]:
    """One clip's lines of the table.

    Returns:
        ``path`` (the source's key), ``duration`` and ``lines`` (numbers in the order of ``config.table_columns``, None
        where there is none); or ``path`` and ``error``, a sentence.
    """
    try:
        samples = read_audio(source.path, config.sample_rate)
        seconds = samples.size / config.sample_rate
        clip = part(samples, source.start, source.end, config.sample_rate)
        if not clip.size:
            return {
                "path": source.key,
                "error": f"There is no sound from {source.start} s to {source.end or seconds:.2f} s of {source.path}.",
            }
        columns = measure_frames(clip, config)
    except AudioError as error:
        return {"path": source.key, "error": str(error)}
    if config.frames:
        times = np.arange(len(columns[config.columns[0]])) * config.hop_seconds + config.window_seconds / 2
        numbers = np.stack([source.start + times, *columns.values()], axis=1)
    else:
        numbers = np.array([list(summarize(columns, config.hop_seconds).values())])
    lines = [[float(f"{value:.7g}") if np.isfinite(value) else None for value in line] for line in numbers]
    return {"path": source.key, "duration": round(clip.size / config.sample_rate, 4), "lines": lines}


def extract_many(
    sources: Iterable[Source], config: ExtractConfig, *, workers: int = 1
) -> Generator[dict[str, Any]]:
    """`extract_clip` of many clips, in order.

    Args:
        sources: taken as they are needed, never more than a few beyond the one that is waited for.
        config: what, and how.
        workers: processes; 1 measures in this one.

    Raises:
        HearfeltError: a process was killed.
    """
    work = partial(extract_clip, config=config)
    if workers <= 1:
        yield from map(work, sources)
        return
    waiting: deque[Future[dict[str, Any]]] = deque()
    executor = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_prepare_worker)
    try:
        for source in sources:
            waiting.append(executor.submit(work, source))
            if len(waiting) > 8 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise HearfeltError(
            f"One of the {workers} processes was killed, perhaps for want of memory. Take fewer with --workers."
        ) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _prepare_worker() -> None:
    """An interruption is the first process' to answer; where that is killed, the others end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(process: Any) -> None:
    process.join()
    os._exit(1)
