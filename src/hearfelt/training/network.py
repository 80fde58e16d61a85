"""Front end and architecture as one torch module: what a checkpoint holds and an export writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from hearfelt.features._base import FrontEndConfig
from hearfelt.features._registry import create_front_end_layer
from hearfelt.models._registry import create_model
from hearfelt.training.classical import create_classifier, is_classical
from hearfelt.training.recipe import Recipe


class Network(nn.Module):
    """Waveforms (batch, samples) and lengths (batch,) to logits (batch, labels)."""

    def __init__(
        self, front_end: FrontEndConfig, name: str, options: Mapping[str, Any], class_count: int
    ) -> None:
        super().__init__()
        self.front_end = create_front_end_layer(front_end)
        bands = front_end.band_count
        if is_classical(name):
            self.model: nn.Module = create_classifier(name, class_count, bands)
        else:
            self.model = create_model(name, class_count=class_count, mel_count=bands, options=options)

    @classmethod
    def from_recipe(cls, recipe: Recipe, front_end: FrontEndConfig | None = None) -> Network:
        """Fresh weights from torch's current random state.

        Args:
            recipe: architecture and classes.
            front_end: with the statistics of the training rows filled in, where the recipe asks for them.
        """
        class_count = len(recipe.data.labels.resolve().labels)
        return cls(front_end or recipe.front_end, recipe.model.name, recipe.model.options, class_count)

    def forward(self, waveform: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        features, frame_lengths = self.front_end(waveform, lengths)
        return self.model(features, frame_lengths)  # type: ignore[no-any-return]


def parameter_count(module: nn.Module) -> int:
    """Number of trained weights."""
    return sum(parameter.numel() for parameter in module.parameters())


def bf16_supported(device: torch.device | str = "cpu") -> bool:
    """Whether bf16 arithmetic is fast here."""
    if torch.device(device).type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    probe = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(probe()) if probe is not None else False
