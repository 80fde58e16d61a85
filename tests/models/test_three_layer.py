"""The three-layer network is the one of the project that it is from."""

from __future__ import annotations

import pytest
import torch

from hearfelt.errors import RecipeError
from hearfelt.models._registry import create_model


@pytest.mark.parametrize(("widths", "weights"), [((64, 128, 128), 6_650_884), ((64, 120, 200), 10_327_556)])
def test_it_has_as_many_weights_as_in_keras(widths: tuple[int, ...], weights: int) -> None:
    options = {"input_channels": 3, "widths": widths}
    model = create_model("three_layer", class_count=4, mel_count=3 * 77, options=options)
    assert sum(parameter.numel() for parameter in model.parameters()) == weights


def test_a_picture_of_its_size_is_taken_as_it_is() -> None:
    model = create_model("three_layer", class_count=4, mel_count=231, options={"input_channels": 3}).eval()
    picture = torch.rand(2, 3, 77, 77)
    x = picture
    for stage in model.stages:
        x = stage(x)
    assert x.shape == (2, 128, 7, 7)
    logits = model(picture.flatten(1, 2), torch.tensor([77, 77]))
    assert torch.allclose(logits, model.dense(x.flatten(1)), atol=1e-5)


def test_a_mean_hears_whole_clips_and_flatten_one_size() -> None:
    whole = create_model("three_layer", class_count=4, mel_count=64, options={"pooling": "mean"}).eval()
    assert whole.dense[0].in_features == 128 * 6  # 64 -> 31 -> 14 -> 6 bands, each by itself
    features = torch.randn(1, 64, 300)
    longer = torch.cat([features, features], 2)
    once, twice = whole(features, torch.tensor([300])), whole(longer, torch.tensor([600]))
    assert torch.allclose(once, twice, atol=0.02)  # but for the seam
    assert not torch.allclose(once, whole(features[:, :, :150], torch.tensor([150])), atol=1e-4)


def test_a_picture_that_the_layers_use_up_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"21 x 77 is used up.*at least 22"):
        create_model("three_layer", class_count=4, mel_count=64, options={"size": (21, 77)})
    model = create_model("three_layer", class_count=4, mel_count=64, options={"size": (22, 22)}).eval()
    assert model(torch.randn(1, 64, 50), torch.tensor([50])).shape == (1, 4)
