"""The separable network is the one of the project that it is from, and separable it is."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from hearfelt.models._registry import create_model


def test_it_has_as_many_weights_as_in_keras() -> None:
    model = create_model("separable", class_count=4, mel_count=231, options={"input_channels": 3})
    convolutions = sum(
        9 * before + before * after + after for before, after in ((3, 32), (32, 54), (54, 128))
    )
    dense = 4 * 4 * 128 * 256 + 256 + 256 * 4 + 4  # 77 -> 37 -> 17 -> 4
    assert sum(parameter.numel() for parameter in model.parameters()) == convolutions + dense


def test_a_separable_convolution_is_a_usual_one_with_fewer_weights() -> None:
    model = create_model("separable", class_count=4, mel_count=231, options={"input_channels": 3})
    filters, mix = model.stages[1].layers[0]
    x = torch.randn(1, 32, 20, 20)
    whole = mix.weight * filters.weight.transpose(0, 1)  # (outputs, inputs, 3, 3)
    assert torch.allclose(mix(filters(x)), F.conv2d(x, whole, mix.bias), atol=1e-5)
