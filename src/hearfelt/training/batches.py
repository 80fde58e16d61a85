"""Batches of waveforms with their targets: each a function of (seed, fold, epoch, number), whoever asks and when."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from hearfelt.augment._registry import augment_waveform
from hearfelt.training.pictures import Pictures
from hearfelt.training.recipe import Recipe
from hearfelt.training.sampling import epoch_order
from hearfelt.training.waveforms import Waveforms


class Batch(NamedTuple):
    """Clips padded to the longest.

    Attributes:
        waveform: (batch, samples) float32.
        lengths: (batch,) valid samples of each row.
        targets: (batch, labels), one-hot.
        allowed: (batch, labels) booleans: the classes that the clip's corpus has.
        rows: (batch,) row numbers in the manifest.
        number: of the batch in its epoch; seeds what is drawn for the whole batch.
    """

    waveform: Tensor
    lengths: Tensor
    targets: Tensor
    allowed: Tensor
    rows: Tensor
    number: Tensor


class LabelledClips:
    """The clips of a manifest with their classes, ready to be batched."""

    def __init__(
        self, waveforms: Waveforms | Pictures, labels: Sequence[str], *, mask_by_corpus: bool
    ) -> None:
        self.waveforms, self.labels = waveforms, tuple(labels)
        manifest = waveforms.manifest
        self.classes = np.array([self.labels.index(row.emotion) for row in manifest], dtype=np.int64)
        self.allowed = np.ones((len(manifest), len(self.labels)), dtype=bool)
        if mask_by_corpus:
            for corpus in manifest.counts("corpus"):
                rows = np.array([row.corpus == corpus for row in manifest])
                self.allowed[rows] = np.isin(np.arange(len(self.labels)), self.classes[rows])

    def batch(self, rows: Sequence[int], clips: Sequence[NDArray[np.float32]], number: int) -> Batch:
        """Pad and stack."""
        lengths = [len(clip) for clip in clips]
        waveform = np.zeros((len(clips), max(1, *lengths)), dtype=np.float32)
        for line, clip in zip(waveform, clips, strict=True):
            line[: len(clip)] = clip
        numbers = np.asarray(rows, dtype=np.int64)
        return Batch(
            torch.from_numpy(waveform),
            torch.tensor(lengths),
            torch.from_numpy(np.eye(len(self.labels), dtype=np.float32)[self.classes[numbers]]),
            torch.from_numpy(self.allowed[numbers]),
            torch.from_numpy(numbers),
            torch.tensor(number),
        )


class TrainingBatches(Dataset[Batch]):
    """One epoch of augmented crops."""

    def __init__(
        self, clips: LabelledClips, rows: Sequence[int], recipe: Recipe, *, fold: int, epoch: int
    ) -> None:
        self.clips, self.recipe = clips, recipe
        self.seed = (recipe.seed, fold, epoch)
        self.rows = np.asarray(rows, dtype=np.int64)
        training = clips.waveforms.manifest
        self.order = self.rows[
            epoch_order(
                type(training)(training[int(row)] for row in self.rows),
                recipe.training.sampling,
                np.random.default_rng(self.seed),
            )
        ]

    def __len__(self) -> int:
        size = self.recipe.training.batch_size
        full, rest = divmod(len(self.order), size)
        return full + (1 if rest > 1 or full == 0 else 0)  # a batch of one cannot be batch-normalised

    def __getitem__(self, number: int) -> Batch:
        if not 0 <= number < len(self):
            raise IndexError(number)
        size = self.recipe.training.batch_size
        rows = self.order[number * size : (number + 1) * size]
        clips = [self._clip(int(row), number * size + place) for place, row in enumerate(rows)]
        return self.clips.batch(rows.tolist(), clips, number)

    def _clip(self, row: int, place: int) -> NDArray[np.float32]:
        generator = np.random.default_rng((*self.seed, 1, place))
        rate = self.clips.waveforms.sample_rate
        clip: NDArray[np.float32] = self.clips.waveforms[row]
        if (crop := self.recipe.training.crop_seconds) is not None:
            if self.recipe.training.join_clips:
                clip = self._joined(row, clip, round(1.3 * crop * rate), generator)
            # A little more than the crop is augmented, as speed changes lengths; then the rest is cut.
            clip = _crop(clip, round(1.3 * crop * rate), generator)
        clip = augment_waveform(clip, self.recipe.augmentation, generator, rate, clips=self._other)
        return clip if crop is None else _crop(clip, round(crop * rate), generator)

    def _joined(
        self, row: int, clip: NDArray[np.float32], samples: int, generator: np.random.Generator
    ) -> NDArray[np.float32]:
        """The clip with others of its speaker and class behind it, until it is long enough."""
        parts, length = [clip], len(clip)
        while length < samples and length:
            other = int(generator.choice(self._alike[row]))
            parts.append(self.clips.waveforms[other])
            length += len(parts[-1])
        return np.concatenate(parts)

    @cached_property
    def _alike(self) -> dict[int, NDArray[np.int64]]:
        """Training row -> the training rows of its speaker and class."""
        manifest = self.clips.waveforms.manifest
        groups: dict[tuple[str, str], list[int]] = {}
        for row in self.rows.tolist():
            groups.setdefault((manifest[row].speaker, manifest[row].emotion), []).append(row)
        return {row: np.array(group) for group in groups.values() for row in group}

    def _other(self, generator: np.random.Generator) -> NDArray[np.float32]:
        other: NDArray[np.float32] = self.clips.waveforms[int(generator.choice(self.rows))]
        return other


def _crop(clip: NDArray[np.float32], samples: int, generator: np.random.Generator) -> NDArray[np.float32]:
    if len(clip) <= samples:
        return clip
    start = int(generator.integers(len(clip) - samples + 1))
    return clip[start : start + samples]


class EvaluationBatches(Dataset[Batch]):
    """Whole clips, similar lengths together; long ones are cut to `max_seconds`."""

    def __init__(
        self, clips: LabelledClips, rows: Sequence[int], *, batch_size: int = 32, max_seconds: float = 30.0
    ) -> None:
        self.clips = clips
        self.max_samples = round(max_seconds * clips.waveforms.sample_rate)
        self.order = sorted(rows, key=lambda row: (clips.waveforms.samples(row), row))
        self.batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch_size)

    def __getitem__(self, number: int) -> Batch:
        if not 0 <= number < len(self):
            raise IndexError(number)
        rows = self.order[number * self.batch_size : (number + 1) * self.batch_size]
        return self.clips.batch(rows, [self.clips.waveforms[row][: self.max_samples] for row in rows], number)
