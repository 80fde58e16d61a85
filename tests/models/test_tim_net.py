"""TIM-Net is the paper's: its weights, its two directions, how far it hears."""

from __future__ import annotations

import torch

from hearfelt.models._registry import create_model
from hearfelt.models.tim_net import TimNet

#: As Keras counts the authors' network for 39 MFCC and 8 classes, with running statistics not counted: 0.40 MiB.
KERAS_WEIGHTS = 104_536
#: Of these, biases of convolutions that a batch norm takes away again.
IDLE_BIASES = 2 * 8 * 2 * 39


def make(**options: int) -> TimNet:
    torch.manual_seed(0)
    model = create_model("tim_net", class_count=8, mel_count=39, options=options)
    assert isinstance(model, TimNet)
    return model.eval()


def test_it_has_the_papers_weights() -> None:
    weights = sum(parameter.numel() for parameter in make().parameters())
    assert weights + IDLE_BIASES == KERAS_WEIGHTS
    assert round(KERAS_WEIGHTS * 4 / 2**20, 2) == 0.40


def test_a_recording_turned_round_swaps_the_two_directions() -> None:
    model, swapped = make(blocks=3), make(blocks=3)
    two = {"enter.weight", "enter.bias"} | {name for name in model.state_dict() if name.startswith("blocks")}
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name in two and value.ndim:
                swapped.state_dict()[name].copy_(value.roll(len(value) // 2, 0))
    features = torch.randn(1, 39, 20)
    lengths = torch.tensor([20])
    with torch.no_grad():
        answer = model(features, lengths)
        assert torch.allclose(swapped(features.flip(2), lengths), answer, atol=1e-5)
        assert not torch.allclose(model(features.flip(2), lengths), answer, atol=1e-3)


def test_each_direction_hears_its_past_as_far_as_the_dilations_reach() -> None:
    model = make(blocks=4)
    reach = 2 * (1 + 2 + 4 + 8)  # two convolutions a block, of two frames each
    features = torch.randn(1, 39, 60, requires_grad=True)
    response = model.responses(features, torch.tensor([60]))[-1]
    for half, heard in ((slice(0, 39), slice(40 - reach, 41)), (slice(39, 78), slice(19, 20 + reach))):
        (gradient,) = torch.autograd.grad(response[0, half, 40].sum(), features, retain_graph=True)
        touched = gradient[0].abs().sum(0).nonzero().flatten().tolist()
        # the second half hears from the end: its frame 40 of 60 is the row's frame 19
        assert touched == list(range(heard.start, heard.stop))


def test_the_learnt_sum_weighs_the_scales() -> None:
    model = make(blocks=3)
    features, lengths = torch.randn(2, 39, 20), torch.tensor([20, 9])
    with torch.no_grad():
        model.scales.copy_(torch.tensor([0.0, 1.0, 0.0]))
        second = model.responses(features, lengths)[1]
        means = torch.stack([row[:, :count].mean(1) for row, count in zip(second, (20, 9), strict=True)])
        expected = model.output(means[:, :39] + means[:, 39:])
        assert torch.allclose(model(features, lengths), expected, atol=1e-5)
