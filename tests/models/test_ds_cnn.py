"""The deep-stride network is the one of the project that it is from."""

from __future__ import annotations

import pytest
import torch

from hearfelt.errors import RecipeError
from hearfelt.models._registry import create_model
from hearfelt.models._stages import SameConv2d


def test_it_comes_down_to_one_place_as_in_keras() -> None:
    model = create_model("ds_cnn", class_count=4, mel_count=231, options={"input_channels": 3})
    x, sizes = torch.rand(1, 3, 77, 77), []
    for stage in model.stages:
        x = stage(x)
        sizes.append(x.shape[1:])
    assert sizes == [(32, 19, 19), (64, 5, 5), (128, 2, 2), (128, 1, 1), (256, 1, 1)]
    convolutions = ((3, 32, 11), (32, 64, 7), (64, 128, 5), (128, 128, 5), (128, 256, 5))
    weights = sum(before * after * side**2 + after for before, after, side in convolutions)
    dense = 256 * 512 + 512 + 512 * 1024 + 1024 + 1024 * 4 + 4
    assert sum(parameter.numel() for parameter in model.parameters()) == weights + dense


def test_pictures_that_its_steps_use_up_are_refused() -> None:
    with pytest.raises(RecipeError, match="at least 59"):
        create_model("ds_cnn", class_count=2, mel_count=64, options={"size": (58, 77)})
    few = create_model("ds_cnn", class_count=2, mel_count=13, options={"pooling": "mean"}).eval()
    assert few(torch.randn(1, 13, 20), torch.tensor([20])).isfinite().all()  # too few bands go on as silence


def test_in_bf16_weights_that_meet_only_padding_have_no_gradient() -> None:
    torch.manual_seed(0)
    for size in (1, 2):
        layer = SameConv2d(16, 32, 5, stride=2)
        for _ in range(20):
            layer.zero_grad()
            used = torch.full((64, 1024), torch.nan)  # what freed memory may hold
            del used
            with torch.autocast("cpu", torch.bfloat16):
                layer(torch.randn(16, 16, size, size)).float().square().sum().backward()
            assert layer.weight.grad.isfinite().all()
            met = layer.weight.grad.abs().sum((0, 1)) > 0
            assert met[2 : 2 + size, 2 : 2 + size].all()  # one output, over the first input
            assert met.sum() == size**2
        x = torch.randn(3, 16, size, size)
        assert torch.allclose(layer(x), layer.eval()(x), atol=1e-6)
