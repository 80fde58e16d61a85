"""An exported graph against torch, on what the export never saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hearfelt.errors import BundleError
from hearfelt.features.colours import palette
from hearfelt.features.picture import PictureConfig
from hearfelt.training.picture_graph import PictureGraph


def compare(module: nn.Module, session: Any, rate: int) -> float:
    """Largest difference of logits.

    Args:
        module: what was exported.
        session: that runs the graph.
        rate: of the waveforms, in hertz; of no account for pictures.

    Raises:
        BundleError: wrong shapes, or values that are no numbers.
    """
    return (
        _on_pictures(module, session)
        if isinstance(module, PictureGraph)
        else _on_sound(module, session, rate)
    )


def _on_sound(module: nn.Module, session: Any, rate: int) -> float:
    """Largest difference of logits, over clips of several lengths."""
    generator = np.random.default_rng(0)
    worst = 0.0
    for seconds in ([0.02], [0.31], [1.0, 0.4, 0.7], [2.9, 3.1], [7.3], [1.7] * 5, [0.00007, 2.0], [0.001]):
        lengths = np.array([max(1, round(rate * value)) for value in seconds])
        # Noise is left beyond each row's end: it must not matter.
        waveform = generator.standard_normal((len(lengths), lengths.max())).astype(np.float32)
        for row, length in zip(waveform, lengths, strict=True):
            tone = np.sin(2 * np.pi * generator.uniform(80, 1000) * np.arange(length) / rate)
            row[:length] = generator.uniform(0.01, 0.5) * (tone + generator.standard_normal(length) * 0.3)
        sound = lengths >= round(0.02 * rate)
        with torch.no_grad():
            expected = module(torch.from_numpy(waveform), torch.from_numpy(lengths))
        given = session.run(["logits", "probabilities"], {"waveform": waveform, "lengths": lengths})
        for ours, theirs in zip(expected, given, strict=True):
            if theirs.shape != tuple(ours.shape) or not np.isfinite(theirs).all():
                raise BundleError(
                    f"The exported graph gives {theirs.shape} for lengths {lengths.tolist()}, or NaN."
                )
        worst = max(worst, float(np.abs(expected[0].numpy() - given[0])[sound].max(initial=0.0)))
    return worst


def _on_pictures(module: PictureGraph, session: Any) -> float:
    """Largest difference of logits between torch and the graph, on pictures and batch sizes that the export never saw.

    Raises:
        BundleError: wrong shapes, or values that are no numbers.
    """
    worst, generator = 0.0, np.random.default_rng(0)
    for count in (1, 3, 8):
        pictures = _pictures(module.config, count, generator)
        with torch.no_grad():
            expected = module(torch.from_numpy(pictures))
        given = session.run(["logits", "probabilities"], {"picture": pictures})
        for ours, theirs in zip(expected, given, strict=True):
            if theirs.shape != tuple(ours.shape) or not np.isfinite(theirs).all():
                raise BundleError(f"The exported graph gives {theirs.shape} for {count} pictures, or NaN.")
        worst = max(worst, float(np.abs(expected[0].numpy() - given[0]).max()))
    return worst


def _pictures(config: PictureConfig, count: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Noise over slopes, in the model's colours where it has some; the last of several is all colours at random."""
    slope = np.linspace(0, 200, config.width)[None, None]
    noise = generator.normal(0, 20, (count, config.height, config.width))
    shades = np.clip(slope + noise, 0, 255).astype(np.uint8)
    pictures = np.repeat(shades[..., None], config.channels, axis=3)
    if config.channels == 3 and config.colour_map:
        pictures = palette(config.colour_map)[shades]
    if count > 1:
        pictures[-1] = generator.integers(0, 256, pictures.shape[1:])
    return np.asarray(pictures, dtype=np.uint8)
