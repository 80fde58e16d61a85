"""Losses over soft targets, with class weights and masked classes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from hearfelt.training.recipe import LossPart

#: Logit of a class that a clip's corpus does not have.
MASKED = -1e4


def class_weights(counts: Sequence[int], labels: Sequence[str], config: LossPart) -> Tensor:
    """Weight of each class, (labels,), with mean one over the training clips; weights of one's own as they are.

    Args:
        counts: training clips of each class.
        labels: class names.
        config: ``frequency`` is the inverse count; ``effective_number`` is (1 - b) / (1 - b^n), b = 0.999
            (Cui et al. 2019); classes without a weight of one's own have one.
    """
    number = torch.tensor(counts, dtype=torch.float64).clamp(min=1)
    if isinstance(config.class_weights, dict):
        return torch.tensor([config.class_weights.get(label, 1.0) for label in labels])
    if config.class_weights == "frequency":
        weights = 1 / number
    elif config.class_weights == "effective_number":
        weights = (1 - 0.999) / (1 - 0.999**number)
    else:
        return torch.ones(len(labels))
    return (weights * number.sum() / (weights * number).sum()).float()


def soft_loss(
    logits: Tensor, targets: Tensor, config: LossPart, *, weights: Tensor, allowed: Tensor | None = None
) -> Tensor:
    """Cross entropy or focal loss against soft targets.

    Args:
        logits: (batch, labels).
        targets: (batch, labels), rows sum to one.
        config: name, gamma and label smoothing.
        weights: (labels,) of the classes.
        allowed: (batch, labels) booleans, the classes that each clip's corpus has; None is all.

    Returns:
        scalar, the mean over clips weighted by their classes.
    """
    logits = logits.float()
    everything = torch.ones_like(targets) if allowed is None else allowed.float()
    if allowed is not None:
        logits = logits.masked_fill(~allowed, MASKED)
    smooth = config.label_smoothing
    clip_weight = (targets * weights).sum(1)
    targets = targets * (1 - smooth) + smooth * everything / everything.sum(1, keepdim=True)
    log_probability = torch.log_softmax(logits, dim=1)
    terms = targets * log_probability * everything
    if config.name == "focal":
        # never quite zero, where a root (gamma below one) has no derivative
        terms = terms * (1 - log_probability.exp()).clamp(min=1e-7) ** config.focal_gamma
    return -(terms.sum(1) * clip_weight).sum() / clip_weight.sum()
