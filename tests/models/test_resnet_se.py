"""ResNet-SE is the study's: its weights, its dilations, its pooling."""

from __future__ import annotations

import pytest
import torch

from hearfelt.errors import RecipeError
from hearfelt.models._registry import create_model


def weights_of_the_study(
    width: int, blocks: int, kernel: int, reduction: int, classes: int, bands: int
) -> int:
    """By hand, layer by layer, from the study's description."""
    hidden = max(4, width // reduction)
    gate = width * hidden + hidden + hidden * width + width
    block = 2 * (kernel * width * width + width) + 2 * 2 * width + gate
    enter = bands * width + width + 2 * width
    return enter + blocks * block + (width * width + width) + (width * classes + classes)


def test_it_has_the_studys_weights() -> None:
    model = create_model("resnet_se", class_count=8, mel_count=64)
    assert sum(parameter.numel() for parameter in model.parameters()) == weights_of_the_study(
        48, 4, 5, 4, 8, 64
    )


def test_dilations_double_and_begin_again() -> None:
    torch.manual_seed(0)
    model = create_model("resnet_se", class_count=2, mel_count=4, options={"width": 8}).eval()
    assert [block.conv1.dilation for block in model.blocks] == [(1,), (2,), (4,), (1,)]


def test_rows_of_every_length_are_heard_as_if_alone() -> None:
    torch.manual_seed(0)
    model = create_model("resnet_se", class_count=3, mel_count=6, options={"width": 8}).eval()
    counts = range(1, 14)
    batch = torch.randn(len(counts), 6, 15)
    with torch.no_grad():
        together = model(batch, torch.tensor(counts))
        for row, count, answer in zip(batch, counts, together, strict=True):
            alone = model(row[None, :, :count], torch.tensor([count]))[0]
            assert torch.allclose(answer, alone, atol=1e-5), count


def test_the_greater_of_two_frames_passes_even_below_zero() -> None:
    from hearfelt.models.resnet_se import _halve

    x = torch.tensor([[[-0.1, -0.2, -0.15, 0.0, 0.0]]])  # three valid frames, and GELU goes below zero
    halved, mask, lengths = _halve(x, torch.tensor([[1.0, 1, 1, 0, 0]]), torch.tensor([3]))
    assert halved[0, 0].tolist() == pytest.approx([-0.1, -0.15, 0.0])
    assert (mask.tolist(), lengths.tolist()) == ([[1, 1, 0]], [2])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [({"kernel_size": 4}, "kernel_size 4 is even"), ({"width": 7}, "width: .*multiple of 2")],
)
def test_what_cannot_be_built_is_one_sentence(options: dict[str, int], sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        create_model("resnet_se", class_count=2, mel_count=16, options=options)
