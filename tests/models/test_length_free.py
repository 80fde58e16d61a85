"""The length-free networks are those of the project that they are from, for batches too."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from hearfelt.models._registry import create_model


def as_the_project(layers: int) -> nn.Sequential:
    """The network as it is described, for one clip: a mean over whatever is left."""
    widths = (1, 16, 32, 64, 128)[: layers + 1]
    parts: list[nn.Module] = []
    for place in range(layers):
        parts += [nn.Conv2d(widths[place], widths[place + 1], 3, padding=1), nn.ReLU()]
        if place < 2 or layers == 4:
            parts.append(nn.MaxPool2d(2))
    return nn.Sequential(
        *parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.25), nn.Linear(widths[-1], 5)
    )


@pytest.mark.parametrize("layers", [3, 4])
def test_a_batch_of_clips_gives_what_the_project_gives_one_by_one(layers: int) -> None:
    torch.manual_seed(0)
    model = create_model("length_free", class_count=5, mel_count=128, options={"layers": layers}).eval()
    project = as_the_project(layers).eval()
    assert [p.shape for p in model.parameters()] == [p.shape for p in project.parameters()]
    with torch.no_grad():
        for theirs, ours in zip(project.parameters(), model.parameters(), strict=True):
            theirs.copy_(ours)
    lengths = (213, 100, 57)
    batch = torch.zeros(3, 128, 213)
    for row, length in zip(batch, lengths, strict=True):
        row[:, :length] = torch.randn(128, length)
    with torch.no_grad():
        one_by_one = torch.cat(
            [project(row[None, None, :, :length]) for row, length in zip(batch, lengths, strict=True)]
        )
        assert torch.allclose(model(batch, torch.tensor(lengths)), one_by_one, atol=1e-5)


@pytest.mark.parametrize("layers", [3, 4])
def test_it_trains_on_one_clip_at_a_time(layers: int) -> None:
    model = create_model("length_free", class_count=5, mel_count=64, options={"layers": layers}).train()
    for frames in (1, 90):
        loss = nn.functional.cross_entropy(
            model(torch.randn(1, 64, frames), torch.tensor([frames])), torch.tensor([2])
        )
        loss.backward()
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize(("layers", "inputs"), [(3, 64 * 16 * 32), (4, 128 * 8 * 16)])
def test_the_resized_variant_weighs_every_place(layers: int, inputs: int) -> None:
    options: dict[str, Any] = {"layers": layers, "pooling": "flatten", "norm": True, "dropout": 0.5}
    model = create_model("length_free", class_count=5, mel_count=128, options=options)
    assert [layer.in_features for layer in model.modules() if isinstance(layer, nn.Linear)] == [inputs]
    assert sum(isinstance(layer, nn.BatchNorm2d) for layer in model.modules()) == layers
