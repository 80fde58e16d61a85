"""The four-block network is the one of the project that it is from."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from hearfelt.models._registry import create_model
from hearfelt.models.four_block import FourBlockConfig

#: As Keras counts the same layers for 8 classes: trained weights, and the running statistics of batch norm.
KERAS_TRAINED, KERAS_STATISTICS = 5_241_288, 2 * (32 + 64 + 128 + 256)


def test_it_has_as_many_weights_as_in_keras() -> None:
    model = create_model("four_block", class_count=8, mel_count=128)
    assert sum(parameter.numel() for parameter in model.parameters()) == KERAS_TRAINED
    statistics = [buffer for name, buffer in model.named_buffers() if "running" in name]
    assert sum(buffer.numel() for buffer in statistics) == KERAS_STATISTICS


def test_a_picture_of_its_size_is_not_resized() -> None:
    model = create_model("four_block", class_count=3, mel_count=128).eval()
    features = torch.randn(2, 128, 128)
    direct = model.dense(torch.flatten(model.blocks(features[:, None]), 1))
    assert torch.allclose(model(features, torch.tensor([128, 128])), direct, atol=1e-5)


def test_pictures_that_four_blocks_would_use_up_are_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 46"):
        FourBlockConfig(frames=45)
    model = create_model(
        "four_block", class_count=2, mel_count=46, options={"bands": 46, "frames": 46}
    ).eval()
    assert model(torch.randn(1, 46, 46), torch.tensor([46])).shape == (1, 2)
