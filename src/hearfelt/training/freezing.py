"""Which weights of a network that starts from another are trained in which epoch.

Gradual unfreezing from the output back: Howard and Ruder (2018), Universal language model fine-tuning for text
classification.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from torch import nn

from hearfelt.models._registry import create_model

if TYPE_CHECKING:
    from hearfelt.training.recipe import TrainingPart

#: Steps of ``gradual``: the head alone, then a quarter of the layers more each time.
STEPS = 5


def head_names(name: str, options: Mapping[str, Any], class_count: int, mel_count: int) -> frozenset[str]:
    """Names of the weights that depend on the number of classes, which is what the layer that answers is.

    >>> sorted(head_names("residual_attention", {}, 4, 64))
    ['output.bias', 'output.weight']
    """
    one, other = (
        create_model(name, class_count=count, mel_count=mel_count, options=options).state_dict()
        for count in (class_count, class_count + 1)
    )
    return frozenset(key for key in one if key not in other or one[key].shape != other[key].shape)


def trained_share(training: TrainingPart, epoch: int) -> float:
    """Share of the trunk's layers, from the output back, that an epoch trains; the head always is.

    >>> from hearfelt.training.recipe import TrainingPart
    >>> gradual = TrainingPart(epochs=10, freeze="gradual", start_from="x")
    >>> [trained_share(gradual, epoch) for epoch in range(6)]
    [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    """
    if training.freeze == "none":
        return 1.0
    if training.freeze == "trunk":
        return 0.0 if training.freeze_epochs is None or epoch < training.freeze_epochs else 1.0
    each = training.freeze_epochs or max(1, training.epochs // (2 * STEPS))
    return min(epoch // each, STEPS - 1) / (STEPS - 1)


def freeze(model: nn.Module, head: Collection[str], share: float) -> list[nn.Module]:
    """Let gradients reach the head and a share of the other layers, from the output back.

    Args:
        model: the architecture, without its front end.
        head: see `head_names`.
        share: 0 is the head alone, 1 everything.

    Returns:
        the modules that are frozen, outermost first; they have to stay in evaluation mode, or their batch norms'
        statistics and their dropout would go on as in training.
    """
    layers = [
        (name, module)
        for name, module in model.named_modules()
        if any(True for _ in module.parameters(recurse=False))
    ]
    trunk = [
        module
        for name, module in layers
        if not any(f"{name}.{key}".lstrip(".") in head for key, _ in module.named_parameters(recurse=False))
    ]
    frozen = trunk[: len(trunk) - round(share * len(trunk))]
    for _, module in layers:
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(not any(module is other for other in frozen))
    return _whole(model) if frozen else []


def _whole(model: nn.Module) -> list[nn.Module]:
    """The outermost modules all of whose weights are frozen."""
    found: list[nn.Module] = []

    def walk(module: nn.Module) -> None:
        parameters = list(module.parameters())
        if parameters and not any(parameter.requires_grad for parameter in parameters):
            found.append(module)
            return
        for child in module.children():
            walk(child)

    walk(model)
    return found
