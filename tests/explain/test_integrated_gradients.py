"""Completeness, the axiom that the method is made for; and that it is the weights that it explains."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hearfelt.errors import BundleError
from hearfelt.explain.integrated_gradients import explain
from hearfelt.features.log_mel import LogMelConfig
from hearfelt.features.mfcc import MfccConfig

THREE = {"pooling": "mean", "widths": (4, 4, 4), "dense": (8,)}


@pytest.mark.parametrize(
    ("name", "options", "front_end"),
    [
        ("three_layer", THREE, None),
        ("gru", {"width": 8}, None),
        ("three_layer", THREE, LogMelConfig(mel_count=32, normalization="none")),
    ],
)
def test_shares_sum_to_the_difference_of_logits(voice, make_subject, name, options, front_end) -> None:
    subject = make_subject(name, front_end=front_end, **options)
    heat = explain(subject, voice, 1)
    network = subject.network
    with torch.no_grad():
        features, frames = network.front_end(torch.from_numpy(voice)[None], torch.tensor([voice.size]))
        assert heat.values.shape == (32, int(frames[0]))
        nothing = torch.full_like(features, np.log(1e-3) if front_end else 0.0)
        difference = network.model(features, frames)[0, 1] - network.model(nothing, frames)[0, 1]
    assert heat.total == pytest.approx(float(difference), abs=1e-4)
    assert heat.values.sum() == pytest.approx(heat.total, abs=0.02 * np.abs(heat.values).sum())
    assert abs(heat.total) > 1e-3


def test_a_linear_model_is_divided_exactly(voice, make_subject) -> None:
    subject = make_subject("three_layer", **THREE)
    weights = torch.randn(3, 32, generator=torch.Generator().manual_seed(1))

    class Linear(torch.nn.Module):
        def forward(self, features, lengths):
            return (features.mean(2) @ weights.T) + 7.0

    subject.network.model = Linear()
    heat = explain(subject, voice, 2)
    with torch.no_grad():
        features, frames = subject.network.front_end(
            torch.from_numpy(voice)[None], torch.tensor([voice.size])
        )
        features = features[0, :, : int(frames[0])]
    expected = weights[2][:, None] * features / features.shape[1]
    assert np.allclose(heat.values, expected.numpy(), atol=1e-5)


def test_other_weights_are_explained_otherwise(voice, make_subject) -> None:
    first, again, other = (
        explain(make_subject("three_layer", seed, **THREE), voice, 0).values for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.6


def test_rows_that_are_no_frequencies_are_refused(voice, make_subject) -> None:
    subject = make_subject("gru", front_end=MfccConfig(), width=8)
    with pytest.raises(BundleError, match="rows of the front end, and those of 'mfcc' are no frequencies"):
        explain(subject, voice, 0)
