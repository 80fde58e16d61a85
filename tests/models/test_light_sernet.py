"""LIGHT-SERNET is the paper's: its weights, its pooling, its branches."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from hearfelt.models._masked import average_pool
from hearfelt.models._registry import create_model

#: As Keras counts the authors' network for 7 classes, with running statistics not counted: 0.88 MiB in 16 bits.
KERAS_WEIGHTS = 461_703


def test_it_has_the_papers_weights() -> None:
    model = create_model("light_sernet", class_count=7, mel_count=40)
    assert sum(parameter.numel() for parameter in model.parameters()) == KERAS_WEIGHTS
    assert round(KERAS_WEIGHTS * 2 / 2**20, 2) == 0.88


def test_branches_look_along_time_along_frequency_and_at_both() -> None:
    model = create_model("light_sernet", class_count=2, mel_count=40)
    spans = []
    for branch in model.branches:
        x = torch.zeros(1, 1, 21, 21, requires_grad=True)
        branch(x)[0, 0, 10, 10].backward()
        touched = x.grad[0, 0].nonzero()
        spans.append(tuple((touched.amax(0) - touched.amin(0) + 1).tolist()))
    assert spans == [(1, 11), (9, 1), (3, 3)]


def test_pooling_takes_the_mean_of_what_is_there() -> None:
    x = torch.randn(1, 2, 5, 7)
    expected = F.avg_pool2d(x, 2, ceil_mode=True)  # which leaves out what is beyond the edge
    assert torch.allclose(average_pool(x, torch.ones(1, 1, 5, 7), 2, 2), expected, atol=1e-6)
    padded, mask = F.pad(x, (0, 4)), F.pad(torch.ones(1, 1, 5, 7), (0, 4))
    pooled = average_pool(padded, mask, 2, 2)
    assert torch.allclose(pooled[..., :4], expected, atol=1e-6)
    assert torch.equal(pooled[..., 4:], torch.zeros(1, 2, 3, 2))


def test_rows_of_every_length_are_heard_as_if_alone() -> None:
    torch.manual_seed(0)
    options = {"branch_channels": 2, "channels": [4, 4, 4, 4, 4]}
    model = create_model("light_sernet", class_count=3, mel_count=13, options=options).eval()
    counts = range(1, 36)
    batch = torch.randn(len(counts), 13, 36)
    with torch.no_grad():
        together = model(batch, torch.tensor(counts))
        for row, count, answer in zip(batch, counts, together, strict=True):
            alone = model(row[None, :, :count], torch.tensor([count]))[0]
            assert torch.allclose(answer, alone, atol=1e-5), count
