"""The residual network hears every row alone, whatever its length is modulo the strides."""

from __future__ import annotations

import pytest
import torch

from hearfelt.errors import RecipeError
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
