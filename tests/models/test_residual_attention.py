"""The residual network hears every row alone, whatever its length is modulo the strides."""

from __future__ import annotations

import pytest
import torch

from hearfelt.errors import RecipeError
from hearfelt.models._layers import MixedHeads
from hearfelt.models._registry import create_model


def test_its_size_is_the_one_that_its_summary_says() -> None:
    model = create_model("residual_attention", class_count=8, mel_count=64)
    assert sum(parameter.numel() for parameter in model.parameters()) == pytest.approx(1.4e6, rel=0.05)


def test_rows_of_every_length_are_heard_as_if_alone() -> None:
    torch.manual_seed(0)
    model = create_model("residual_attention", class_count=4, mel_count=64).train()
    with torch.no_grad():
        for _ in range(10):
            model(torch.randn(4, 64, 90) + 0.5, torch.tensor([90, 80, 70, 60]))
    model.eval()
    frames = range(1, 34)
    batch = torch.zeros(len(frames), 64, 40)
    for row, count in zip(batch, frames, strict=True):
        row[:, :count] = torch.randn(64, count)
    with torch.no_grad():
        together = model(batch, torch.tensor(frames))
        alone = torch.cat(
            [
                model(row[None, :, :count], torch.tensor([count]))
                for row, count in zip(batch, frames, strict=True)
            ]
        )
    differing = [
        count for count, gap in zip(frames, (together - alone).abs().amax(1), strict=True) if gap > 1e-4
    ]
    assert not differing


def test_a_mixture_of_alike_heads_is_one_head_and_a_sure_gate_picks_one() -> None:
    torch.manual_seed(0)
    mixed = MixedHeads(6, 3, heads=2)
    x = torch.randn(5, 6)
    one, other = (torch.nn.Linear(6, 3) for _ in range(2))
    with torch.no_grad():
        mixed.heads.weight.copy_(torch.cat([one.weight, one.weight]))
        mixed.heads.bias.copy_(torch.cat([one.bias, one.bias]))
        torch.testing.assert_close(mixed(x), one(x))
        mixed.heads.weight.copy_(torch.cat([one.weight, other.weight]))
        mixed.heads.bias.copy_(torch.cat([one.bias, other.bias]))
        mixed.shares.weight.zero_()
        mixed.shares.bias.copy_(torch.tensor([-50.0, 50.0]))
        torch.testing.assert_close(mixed(x), other(x))


def test_with_one_head_its_weights_have_the_names_that_they_had() -> None:
    one, three = (
        create_model("residual_attention", class_count=4, mel_count=64, options={"heads": heads})
        for heads in (1, 3)
    )
    assert set(one.output.state_dict()) == {"weight", "bias"}
    assert three.eval()(torch.randn(2, 64, 50), torch.tensor([50, 31])).shape == (2, 4)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"channels": []}, "channels: .*at least 1"),
        ({"channels": [0], "time_strides": [1]}, "channels.0: .*greater than 0"),
        ({"time_strides": [1, 2]}, "4 channels and 2 time_strides"),
    ],
)
def test_stages_that_cannot_be_built_are_one_sentence(options: dict[str, list[int]], sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        create_model("residual_attention", class_count=4, mel_count=16, options=options)
