"""The multi-branch network is the one of the project that it is from, its L2 penalty included."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from hearfelt.errors import RecipeError
from hearfelt.models._layers import PenalizedLinear
from hearfelt.models._registry import create_model


def test_its_branches_are_joined_to_the_projects_9600() -> None:
    model = create_model("multi_branch", class_count=4, mel_count=231, options={"input_channels": 3})
    assert model.dense[0].in_features == 9600
    convolutions = 64 * 3 * 81 + 64 + 120 * 3 * 49 + 120 + 200 * 3 * 9 + 200
    dense = 9600 * 256 + 256 + 256 * 512 + 512 + 512 * 4 + 4
    assert sum(parameter.numel() for parameter in model.parameters()) == convolutions + dense
    x = torch.rand(1, 3, 77, 77)
    joined = model.stages[0](x)
    assert joined.shape == (1, 384, 5, 5)
    convolution = model.stages[0].branches[1].layers[0]
    assert torch.allclose(joined[:, 64:184], F.max_pool2d(F.relu(convolution(x)), 15), atol=1e-6)


def test_the_penalty_is_the_gradient_of_the_squared_weights() -> None:
    torch.manual_seed(0)
    layer, plain = PenalizedLinear(6, 3, 0.01), torch.nn.Linear(6, 3)
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(5, 6)
    layer(x).square().sum().backward()
    (plain(x).square().sum() + 0.01 * plain.weight.square().sum()).backward()
    assert torch.allclose(layer.weight.grad, plain.weight.grad, atol=1e-5)
    assert torch.allclose(layer.bias.grad, plain.bias.grad, atol=1e-5)
    assert torch.equal(layer.eval()(x), plain(x))


def test_the_penalty_shrinks_weights_that_nothing_needs() -> None:
    torch.manual_seed(0)
    layer = PenalizedLinear(4, 2, 0.1)
    before = layer.weight.detach().norm()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
    for _ in range(20):
        optimizer.zero_grad()
        layer(torch.zeros(3, 4)).sum().backward()
        optimizer.step()
    assert layer.weight.detach().norm() < 0.2 * before


def test_kernels_that_cannot_be_joined_are_refused() -> None:
    with pytest.raises(RecipeError, match="must be odd"):
        create_model("multi_branch", class_count=4, mel_count=64, options={"kernels": (9, 8, 3)})
    with pytest.raises(RecipeError, match="14 x 77 is used up"):
        create_model("multi_branch", class_count=4, mel_count=64, options={"size": (14, 77)})
