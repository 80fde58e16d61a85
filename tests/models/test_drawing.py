"""A drawing says of every architecture what it is: all weights, real shapes, branches beside each other."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
import torch
from torch import nn

from hearfelt.models._drawing import WIDTH, draw_model, to_png, to_svg
from hearfelt.models._registry import create_model, list_models
from hearfelt.models._trace import receptive_frames, trace


@pytest.mark.parametrize("name", list_models())
def test_every_weight_of_every_model_is_accounted_for(name: str) -> None:
    model = create_model(name, class_count=5, mel_count=64)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    root = trace(model, 64, 90)
    layers = list(root.layers())
    assert root.all_weights == sum(parameter.numel() for parameter in model.parameters())
    assert root.weights <= 0.01 * root.all_weights  # next to nothing stands outside of layers
    assert layers[-1].text == "dense 5"
    assert not any(layer.text.startswith(("dropout", "batch norm", "ReLU")) for layer in layers)
    assert layers[-1].shape == (5,)
    assert all(layer.shape and layer.text for layer in layers)
    after = model.state_dict()
    assert model.training
    assert all(torch.equal(before[key], after[key]) for key in before)
    assert not any(layer._forward_hooks for layer in model.modules())


@pytest.mark.parametrize("name", ["length_free", "multi_branch", "residual_attention"])
def test_the_picture_is_whole_and_no_block_lies_on_another(name: str) -> None:
    marks, height = draw_model(name, frames=90)
    picture = ET.fromstring(to_svg(marks, height))  # noqa: S314 - we wrote it
    words = [text.text or "" for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert name in words
    blocks = [mark for mark in marks if mark.shape == "rectangle" and 0 < mark.opacity < 1]
    for number, one in enumerate(blocks):
        assert one.x >= 0 and one.x + one.width <= WIDTH and one.y + one.height <= height
        for other in blocks[:number]:
            beside = one.x >= other.x + other.width or other.x >= one.x + one.width
            below = one.y >= other.y + other.height or other.y >= one.y + one.height
            assert beside or below
    total = sum(
        parameter.numel() for parameter in create_model(name, class_count=8, mel_count=64).parameters()
    )
    assert any(f"{total:,} weights" in text for text in words)


def test_branches_stand_side_by_side_and_residuals_in_lanes() -> None:
    for name, words, count in (("multi_branch", "max pooling", 3), ("residual_attention", "mean pooling", 1)):
        marks, _ = draw_model(name, frames=90)
        places = [mark for mark in marks if mark.words.startswith(words)]
        assert len(places) == count
        assert len({mark.y for mark in places}) == 1
    beside = [mark.y for mark in marks if re.match("mean pooling|convolution 3 × 3, 40.*step", mark.words)]
    assert len(set(beside)) == 1


def test_what_dropout_gives_is_no_branch() -> None:
    marks, _ = draw_model("length_free", frames=40)
    output = next(mark for mark in marks if mark.words == "dense 8")
    assert output.x < 50
    assert any("dropout 0.25" in mark.words for mark in marks)


def test_the_receptive_field_is_that_of_its_layers() -> None:
    model = create_model("length_free", class_count=2, mel_count=16)
    # 3 + 1 (pooled) + 2 * 2 + 2 (pooled) + 4 * 2 frames
    assert receptive_frames(model, 16, 200) == 3 + 1 + 4 + 2 + 8
    assert receptive_frames(create_model("gru", class_count=2, mel_count=16), 16, 60) is None


def test_layers_that_nobody_knows_are_drawn_too() -> None:
    class StrangeLayer(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x * 2

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.strange, self.scale = StrangeLayer(), nn.Parameter(torch.ones(3))
            self.output = nn.Linear(16, 2)

        def forward(self, features: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
            return self.output(self.strange(features).mean(2)) * self.scale.sum()

    root = trace(Network(), 16, 20)
    assert [step.text for step in root.steps] == ["strange layer", "mean over frames", "dense 2"]
    assert root.weights == 3


def test_a_png_is_a_png_of_the_same_marks() -> None:
    assert to_png(*draw_model("length_free", {"layers": 4}, frames=40)).startswith(b"\x89PNG")
