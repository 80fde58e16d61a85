"""CNN + LSTM and CNN + GRU: convolutions, then what the recurrent layers are."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from hearfelt.errors import RecipeError
from hearfelt.models._registry import create_model


@pytest.mark.parametrize(("name", "weights"), [("cnn_lstm", 0.53e6), ("cnn_gru", 0.41e6)])
def test_they_are_as_large_as_they_say(name: str, weights: float) -> None:
    model = create_model(name, class_count=8, mel_count=64)
    assert sum(parameter.numel() for parameter in model.parameters()) == pytest.approx(weights, rel=0.05)


def test_whole_rows_pass_plain_convolutions_and_pooling() -> None:
    torch.manual_seed(0)
    model = create_model("cnn_gru", class_count=3, mel_count=16, options={"width": 8}).eval()
    features, lengths = torch.randn(2, 16, 24), torch.tensor([24, 24])
    x = features[:, None]
    for convolution, norm, pool in zip(model.convolutions, model.norms, (2, 2, 1), strict=True):
        x = F.relu(norm(convolution(x), torch.ones(2, x.shape[3])))
        x = F.max_pool2d(x, (2, pool))
    with torch.no_grad():
        expected = model.head(x.flatten(1, 2), torch.tensor([6, 6]))
        assert torch.allclose(model(features, lengths), expected, atol=1e-5)


def test_rows_of_every_length_are_heard_as_if_alone() -> None:
    torch.manual_seed(0)
    options = {"width": 8, "channels": [4, 8], "time_pools": [3, 2]}
    model = create_model("cnn_lstm", class_count=3, mel_count=10, options=options).eval()
    counts = range(1, 16)
    batch = torch.randn(len(counts), 10, 17)
    with torch.no_grad():
        together = model(batch, torch.tensor(counts))
        for row, count, answer in zip(batch, counts, together, strict=True):
            alone = model(row[None, :, :count], torch.tensor([count]))[0]
            assert torch.allclose(answer, alone, atol=1e-5), count


def test_a_convolution_without_pooling_is_one_sentence() -> None:
    with pytest.raises(RecipeError, match="3 channels and 2 time_pools; a convolution has one of each"):
        create_model("cnn_lstm", class_count=2, mel_count=16, options={"time_pools": [2, 2]})
