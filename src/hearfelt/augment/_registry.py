"""All augmentations by name, and chains of them.

An augmentation is a module of this folder without a leading underscore that holds one class with a
``name``, the module's; adding the file is all it takes.
"""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

import numpy as np
from pydantic import Field, ValidationError

from hearfelt.augment._arrays import clone, stack
from hearfelt.augment._base import (
    Array,
    Augmentation,
    ClipProvider,
    SpectrogramAugmentation,
    Waveform,
    WaveformAugmentation,
)
from hearfelt.augment.mixup import Mixup
from hearfelt.errors import RecipeError, UnknownNameError


def _discover() -> dict[str, type[Augmentation]]:
    package = import_module("hearfelt.augment")
    found: dict[str, type[Augmentation]] = {}
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("_"):
            continue
        for value in vars(import_module(f"hearfelt.augment.{module.name}")).values():
            if isinstance(value, type) and issubclass(value, Augmentation) and "name" in value.model_fields:
                name = value.model_fields["name"].default
                if name == module.name:
                    found[name] = value
    return dict(sorted(found.items()))


_AUGMENTATIONS = _discover()

if TYPE_CHECKING:
    AugmentationConfig: TypeAlias = Augmentation
else:
    #: Any augmentation, told apart by ``name``: ``list[AugmentationConfig]`` is a field of a pydantic schema.
    AugmentationConfig = Annotated[Union[tuple(_AUGMENTATIONS.values())], Field(discriminator="name")]  # noqa: UP007


def list_augmentations(stage: str | None = None) -> list[str]:
    """Names, sorted; of one stage (``waveform``, ``spectrogram``, ``batch``) where given.

    >>> "noise" in list_augmentations("waveform")
    True
    """
    return [name for name, kind in _AUGMENTATIONS.items() if stage in (None, kind.stage)]


def create_augmentation(config: Mapping[str, Any] | str) -> Augmentation:
    """Make an augmentation of its name and options, as a recipe holds them.

    Args:
        config: ``{"name": "noise", "min_snr_db": 5}``, or the name alone for its defaults.

    Raises:
        RecipeError: unknown name, unknown option (the nearest are named), or a value out of its range.

    >>> create_augmentation({"name": "gain", "min_gain_db": -6, "max_gain_db": 6}).probability
    0.5
    """
    options = {"name": config} if isinstance(config, str) else dict(config)
    name = str(options.get("name", ""))
    if name not in _AUGMENTATIONS:
        raise RecipeError(str(UnknownNameError("augmentation", name, _AUGMENTATIONS)))
    kind = _AUGMENTATIONS[name]
    for key in options:
        if key not in kind.model_fields:
            near = difflib.get_close_matches(str(key), kind.model_fields, n=3, cutoff=0.5)
            hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
            known = ", ".join(kind.model_fields)
            raise RecipeError(f"The augmentation {name!r} has no option {key!r}.{hint} Known: {known}.")
    try:
        return kind.model_validate(options)
    except ValidationError as error:
        problems = "; ".join(
            (f"{'.'.join(map(str, item['loc']))}: " if item["loc"] else "")
            + item["msg"].removeprefix("Value error, ")
            + (f", got {item['input']!r}" if item["loc"] else "")
            for item in error.errors()
        )
        raise RecipeError(f"The augmentation {name!r} cannot be made: {problems}.") from error


def augment_waveform(
    waveform: Waveform,
    augmentations: Iterable[Augmentation],
    generator: np.random.Generator,
    sample_rate: int,
    *,
    clips: ClipProvider | None = None,
    record: list[dict[str, Any]] | None = None,
) -> Waveform:
    """Apply the waveform augmentations of a list, in its order, each with its probability; pass over others.

    Args:
        waveform: (samples,) float32; not changed, though it may be what comes back where nothing was applied.
        augmentations: of any stage.
        generator: give each clip and epoch its own (seeded with both), and workers do not matter.
        sample_rate: in hertz.
        clips: gives other clips at this rate, for babble.
        record: where given, gets ``{"config", "parameters"}`` of what was applied, for `replay_waveform`.

    Returns:
        (samples',) float32.
    """
    waveform = np.asarray(waveform, dtype=np.float32)
    for augmentation in augmentations:
        if isinstance(augmentation, WaveformAugmentation) and augmentation.happens(generator):
            parameters = augmentation.sample(generator, waveform.size, sample_rate)
            waveform = augmentation.apply(waveform, parameters, sample_rate, clips)
            if record is not None:
                record.append({"config": augmentation.model_dump(mode="json"), "parameters": parameters})
    return waveform


def replay_waveform(
    waveform: Waveform,
    record: Iterable[Mapping[str, Any]],
    sample_rate: int,
    *,
    clips: ClipProvider | None = None,
) -> Waveform:
    """Do again what `augment_waveform` recorded; with the same `clips` the output is the same to the bit."""
    waveform = np.asarray(waveform, dtype=np.float32)
    for step in record:
        augmentation = create_augmentation(step["config"])
        if isinstance(augmentation, WaveformAugmentation):
            waveform = augmentation.apply(waveform, step["parameters"], sample_rate, clips)
    return waveform


def augment_spectrogram(
    spectrogram: Array,
    augmentations: Iterable[Augmentation],
    generator: np.random.Generator,
    *,
    lengths: Iterable[int] | None = None,
) -> Array:
    """Apply the spectrogram augmentations of a list, in its order, each with its probability; skip others.

    Args:
        spectrogram: (bands, frames) one clip, or (batch, ..., bands, frames), every row with its own draws;
            numpy or torch, any device; not changed. One picture with channels is given as a batch of one.
        augmentations: of any stage.
        generator: where all draws come from.
        lengths: frames of each row that are no padding; only they are seen and changed. For those that
            keep the shape.

    Returns:
        An array of the same kind and type.

    Raises:
        RecipeError: the shape changes (resize) while rows have lengths.
    """
    chain = [step for step in augmentations if isinstance(step, SpectrogramAugmentation)]
    if not chain:
        return spectrogram
    if spectrogram.ndim == 2:
        return _augment_one(spectrogram, chain, generator)
    if lengths is None:
        rows: Array = stack([_augment_one(row, chain, generator) for row in spectrogram])
        return rows
    out: Array = clone(spectrogram)
    for row, length in zip(out, lengths, strict=True):
        frames = int(length)
        heard = row[..., :frames]
        changed = _augment_one(heard, chain, generator)
        if changed.shape != heard.shape:
            raise RecipeError(
                f"An augmentation brings {tuple(heard.shape)} bands and frames to {tuple(changed.shape)}, "
                "which a batch of clips of several lengths cannot hold. Leave 'resize' out, or the lengths."
            )
        row[..., :frames] = changed
    return out


def augment_batch(
    batch: Array,
    labels: Array,
    augmentations: Iterable[Augmentation],
    generator: np.random.Generator,
    *,
    lengths: Array | None = None,
) -> tuple[Array, Array, Array | None]:
    """Apply the batch augmentations of a list (mixup), in its order; others are skipped.

    Args:
        batch: (batch, ...) waveforms or spectrograms, numpy or torch; not changed.
        labels: (batch, classes), one-hot or soft, of a floating type.
        augmentations: of any stage.
        generator: where all draws come from.
        lengths: (batch,) valid samples or frames of each row.

    Returns:
        Batch, labels and lengths after mixing; a mixed row is as long as the longer of its two.
    """
    for augmentation in augmentations:
        if isinstance(augmentation, Mixup):
            parameters = augmentation.sample(generator, len(batch))
            batch, labels = augmentation.apply(batch, parameters), augmentation.apply(labels, parameters)
            if lengths is not None:
                lengths = augmentation.apply_lengths(lengths, parameters)
    return batch, labels, lengths


def _augment_one(
    spectrogram: Array, chain: Iterable[SpectrogramAugmentation], generator: np.random.Generator
) -> Array:
    for augmentation in chain:
        if augmentation.happens(generator):
            bands, frames = (int(size) for size in spectrogram.shape[-2:])
            spectrogram = augmentation.apply(spectrogram, augmentation.sample(generator, bands, frames))
    return spectrogram
