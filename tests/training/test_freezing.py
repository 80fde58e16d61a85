"""Frozen weights do not move, their statistics neither; thawed ones do, from the output back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from hearfelt.errors import RecipeError
from hearfelt.models._registry import create_model, list_models
from hearfelt.training.checkpoint import load_checkpoint
from hearfelt.training.freezing import freeze, head_names, trained_share
from hearfelt.training.recipe import TrainingPart

Weights = dict[str, torch.Tensor]


@pytest.mark.parametrize("name", ["residual_attention", "four_block"])
def test_the_head_is_what_depends_on_the_classes(name: str) -> None:
    assert name in list_models()
    head = head_names(name, {}, 5, 64)
    model = create_model(name, class_count=5, mel_count=64)
    assert head
    assert all(model.state_dict()[key].shape[0] == 5 for key in head)


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_layers_thaw_from_the_output_back(share: float) -> None:
    model = create_model("residual_attention", class_count=5, mel_count=64)
    frozen = freeze(model, head_names("residual_attention", {}, 5, 64), share)
    state = [parameter.requires_grad for parameter in model.parameters()]
    assert state == sorted(state), "an earlier layer is trained while a later one is frozen"
    assert all(parameter.requires_grad for parameter in model.output.parameters())  # type: ignore[union-attr,operator]
    assert bool(frozen) == (share < 1)
    layers = sum(1 for module in model.modules() if any(True for _ in module.parameters(recurse=False))) - 1
    trained = sum(
        1
        for module in model.modules()
        if any(parameter.requires_grad for parameter in module.parameters(recurse=False))
    )
    assert trained - 1 == round(share * layers)


def test_the_trunk_thaws_after_its_epochs() -> None:
    part = TrainingPart(epochs=4, start_from="x", freeze="trunk", freeze_epochs=2)
    assert [trained_share(part, epoch) for epoch in range(4)] == [0, 0, 1, 1]


def test_without_a_start_there_is_nothing_to_freeze(tiny_recipe: Callable[..., Any]) -> None:
    with pytest.raises(RecipeError, match="start_from, which is not given"):
        tiny_recipe("training.freeze=trunk")


def outcome(folder: Path) -> Weights:
    weights: Weights = load_checkpoint(folder / "best.safetensors")["weights"]
    return weights


def test_a_frozen_trunk_comes_out_as_it_went_in(train_fold: Callable[..., Path], tiny_run: Path) -> None:
    start = outcome(tiny_run / "folds" / "0")
    settings = (f"training.start_from={tiny_run}", "training.average_decay=0", "training.select=last")
    trained = outcome(train_fold(*settings, "training.freeze=trunk", name="frozen"))
    moved = {name for name, value in trained.items() if not torch.equal(value, start[name])}
    assert moved == {"model.output.weight", "model.output.bias"}


def test_gradual_ends_with_everything_trained(train_fold: Callable[..., Path], tiny_run: Path) -> None:
    start = outcome(tiny_run / "folds" / "0")
    settings = (f"training.start_from={tiny_run}", "training.average_decay=0", "training.select=last")
    gradual = outcome(train_fold(*settings, "training.freeze=gradual", "training.epochs=6", name="gradual"))
    assert not torch.equal(gradual["model.stem.weight"], start["model.stem.weight"])
    early = outcome(train_fold(*settings, "training.freeze=gradual", "training.epochs=2", name="early"))
    assert torch.equal(early["model.stem.weight"], start["model.stem.weight"])
    assert not torch.equal(early["model.output.weight"], start["model.output.weight"])
