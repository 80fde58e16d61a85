"""Losses are torch's own where they do the same, and do what torch does not by their definition."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from hearfelt.training.losses import class_weights, soft_loss
from hearfelt.training.recipe import LossPart

CLASSES = 5
ONES = torch.ones(CLASSES)


@pytest.fixture
def logits() -> torch.Tensor:
    return (3 * torch.randn(16, CLASSES, generator=torch.Generator().manual_seed(1))).requires_grad_()


@pytest.fixture
def truth() -> torch.Tensor:
    return torch.randint(CLASSES, (16,), generator=torch.Generator().manual_seed(2))


def one_hot(truth: torch.Tensor) -> torch.Tensor:
    return F.one_hot(truth, CLASSES).float()


def config(**fields: Any) -> LossPart:
    return LossPart.model_validate(fields)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_cross_entropy_is_torchs(logits: torch.Tensor, truth: torch.Tensor, smoothing: float) -> None:
    ours = soft_loss(logits, one_hot(truth), config(label_smoothing=smoothing), weights=ONES)
    torch.testing.assert_close(ours, F.cross_entropy(logits, truth, label_smoothing=smoothing))


def test_class_weights_are_torchs(logits: torch.Tensor, truth: torch.Tensor) -> None:
    weights = torch.tensor([0.2, 1.0, 3.0, 0.7, 2.0])
    ours = soft_loss(logits, one_hot(truth), config(), weights=weights)
    torch.testing.assert_close(ours, F.cross_entropy(logits, truth, weight=weights))


def test_the_scale_of_weights_does_not_matter(logits: torch.Tensor, truth: torch.Tensor) -> None:
    weights = torch.tensor([0.2, 1.0, 3.0, 0.7, 2.0])
    small = soft_loss(logits, one_hot(truth), config(), weights=weights)
    torch.testing.assert_close(small, soft_loss(logits, one_hot(truth), config(), weights=100 * weights))


def test_soft_targets_are_torchs(logits: torch.Tensor, truth: torch.Tensor) -> None:
    targets = 0.7 * one_hot(truth) + 0.3 * one_hot(truth.flip(0))
    ours = soft_loss(logits, targets, config(), weights=ONES)
    torch.testing.assert_close(ours, F.cross_entropy(logits, targets))


def test_focal_without_gamma_is_cross_entropy(logits: torch.Tensor, truth: torch.Tensor) -> None:
    ours = soft_loss(logits, one_hot(truth), config(name="focal", focal_gamma=0), weights=ONES)
    torch.testing.assert_close(ours, F.cross_entropy(logits, truth))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_focal_is_its_definition(logits: torch.Tensor, truth: torch.Tensor, gamma: float) -> None:
    p = torch.softmax(logits, 1)[torch.arange(len(truth)), truth]
    definition = (-((1 - p) ** gamma) * p.log()).mean()  # equation 4 of Lin et al. 2017
    ours = soft_loss(logits, one_hot(truth), config(name="focal", focal_gamma=gamma), weights=ONES)
    torch.testing.assert_close(ours, definition)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
def test_a_certain_answer_has_a_finite_gradient(gamma: float) -> None:
    logits = torch.tensor([[200.0, 0.0, 0.0, 0.0, 0.0]], requires_grad=True)
    targets = one_hot(torch.tensor([0]))
    soft_loss(logits, targets, config(name="focal", focal_gamma=gamma), weights=ONES).backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", ["cross_entropy", "focal"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_masked_classes_are_as_if_they_were_not_there(
    logits: torch.Tensor, name: str, smoothing: float
) -> None:
    kept = [0, 2, 3]
    truth = torch.arange(16) % len(kept)
    allowed = torch.zeros(16, CLASSES, dtype=torch.bool)
    allowed[:, kept] = True
    part = config(name=name, label_smoothing=smoothing)
    masked = soft_loss(logits, one_hot(torch.tensor(kept)[truth]), part, weights=ONES, allowed=allowed)
    reduced = soft_loss(logits[:, kept], F.one_hot(truth, len(kept)).float(), part, weights=torch.ones(3))
    torch.testing.assert_close(masked, reduced)
    (gradient,) = torch.autograd.grad(masked, logits)
    assert (gradient[~allowed] == 0).all()
    assert (gradient[allowed] != 0).all()


def test_masks_are_of_each_clip(logits: torch.Tensor, truth: torch.Tensor) -> None:
    allowed = torch.ones(16, CLASSES, dtype=torch.bool)
    allowed[0] = one_hot(truth)[0].bool()  # the first clip's corpus has one class: nothing to learn from it
    loss = soft_loss(logits, one_hot(truth), config(), weights=ONES, allowed=allowed)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert (gradient[0] == 0).all()
    torch.testing.assert_close(loss, F.cross_entropy(logits[1:], truth[1:]) * 15 / 16)


def test_half_precision_is_lifted(logits: torch.Tensor, truth: torch.Tensor) -> None:
    half = logits.detach().bfloat16()
    loss = soft_loss(half, one_hot(truth), config(), weights=ONES)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, F.cross_entropy(half.float(), truth))


COUNTS = [400, 100, 50, 1000, 10]
LABELS = ["neutral", "happy", "sad", "angry", "fearful"]


def test_frequency_weights_make_classes_equal() -> None:
    weights = class_weights(COUNTS, LABELS, config(class_weights="frequency"))
    counts = torch.tensor(COUNTS)
    shares = weights * counts
    torch.testing.assert_close(shares, shares[:1].expand(5))
    torch.testing.assert_close((weights * counts).sum() / counts.sum(), torch.tensor(1.0))


def test_effective_number_is_its_formula_and_between_the_others() -> None:
    weights = class_weights(COUNTS, LABELS, config(class_weights="effective_number"))
    counts = torch.tensor(COUNTS)
    raw = torch.tensor([(1 - 0.999) / (1 - 0.999**n) for n in COUNTS])  # equation 9 of Cui et al. 2019
    torch.testing.assert_close(weights / weights[0], raw / raw[0])
    torch.testing.assert_close((weights * counts).sum() / counts.sum(), torch.tensor(1.0))
    inverse = class_weights(COUNTS, LABELS, config(class_weights="frequency"))
    assert 1 < weights[4] / weights[3] < inverse[4] / inverse[3]


def test_no_weights_and_weights_of_ones_own() -> None:
    assert class_weights(COUNTS, LABELS, config()).tolist() == [1.0] * 5
    own = class_weights(COUNTS, LABELS, config(class_weights={"sad": 3, "angry": 0.5}))
    assert own.tolist() == [1.0, 1.0, 3.0, 0.5, 1.0]


def test_a_class_without_training_clips_has_a_finite_weight() -> None:
    for name in ("frequency", "effective_number"):
        assert torch.isfinite(class_weights([5, 0], LABELS[:2], config(class_weights=name))).all()
