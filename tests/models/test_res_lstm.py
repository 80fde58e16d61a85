"""ResLSTM is the paper's: its weights, its residual, its attention."""

from __future__ import annotations

import pytest
import torch

from hearfelt.models._registry import create_model


@pytest.mark.parametrize(("width", "published"), [(32, 27_988), (64, 46_772), (128, 108_916)])
def test_it_has_the_papers_weights(width: int, published: int) -> None:
    model = create_model("res_lstm", class_count=8, mel_count=46, options={"width": width})
    assert sum(parameter.numel() for parameter in model.parameters()) == published


def test_it_is_what_the_paper_writes_down() -> None:
    torch.manual_seed(0)
    model = create_model("res_lstm", class_count=3, mel_count=5, options={"width": 4}).eval()
    features = torch.randn(1, 5, 9)
    with torch.no_grad():
        first = model.first.ahead[0](features.transpose(1, 2))[0]
        joined = (first + features.transpose(1, 2)) / (1 + 1e-5) ** 0.5  # a fresh norm's statistics
        second = model.second.ahead[0](joined)[0][0]
        weight = torch.softmax(second @ model.attention.vector, dim=0)
        expected = model.output((second * weight).sum(0) / (1 + 1e-5) ** 0.5)
        assert torch.allclose(model(features, torch.tensor([9]))[0], expected, atol=1e-5)
