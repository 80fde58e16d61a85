"""Maps of several architectures; a network whose evidence is known is explained by it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from hearfelt.errors import BundleError
from hearfelt.explain.grad_cam import explain

CASES = [
    ("residual_attention", {"stem_channels": 4, "channels": (8, 8), "time_strides": (1, 2)}),
    ("three_layer", {"pooling": "mean", "widths": (4, 4, 4), "dense": (8,)}),
    ("four_block", {"bands": 46, "frames": 46, "channels": (4, 4, 4, 4), "dense": (8,)}),
    ("light_sernet", {}),
    ("cnn_gru", {"channels": (4, 4, 4)}),
    ("tim_net", {"blocks": 3}),
]


@pytest.mark.parametrize(("name", "options"), CASES, ids=[name for name, _ in CASES])
def test_convolutional_networks(voice, make_subject, name, options) -> None:
    subject = make_subject(name, **options)
    heats = [explain(subject, voice, label) for label in range(3)]
    frames = subject.front_end.frame_count(voice.size)
    assert all(heat.values.shape == (32, frames) for heat in heats)
    assert all(heat.values.min() >= 0 and heat.values.max() in (0.0, pytest.approx(1.0)) for heat in heats)
    assert any(heat.values.std() > 1e-3 for heat in heats)  # some label has evidence, here more than there
    assert not all(np.allclose(heats[0].values, heat.values, atol=1e-3) for heat in heats[1:])
    assert all(parameter.grad is None for parameter in subject.network.parameters())


def test_it_shows_where_the_evidence_is(voice, make_subject) -> None:
    """The label's map answers to energy; so the heat is the energy itself."""
    subject = make_subject("three_layer", pooling="mean", widths=(4, 4, 4), dense=(8,))

    class Energy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.maps = nn.Conv2d(1, 2, 1)
            with torch.no_grad():
                self.maps.weight.copy_(torch.tensor([1.0, -1.0])[:, None, None, None])
                self.maps.bias.zero_()

        def forward(self, features, lengths):
            means = self.maps(features[:, None]).relu().mean((2, 3))
            return torch.cat([means, means[:, :1]], 1)

    subject.network.model = Energy()
    heat = explain(subject, voice, 0)
    with torch.no_grad():
        features, frames = subject.network.front_end(
            torch.from_numpy(voice)[None], torch.tensor([voice.size])
        )
        loud = features[0, :, : int(frames[0])].clamp(min=0).numpy()
    assert np.corrcoef(heat.values.ravel(), loud.ravel())[0, 1] > 0.8


def test_other_weights_are_explained_otherwise(voice, make_subject) -> None:
    options = {"pooling": "mean", "widths": (4, 4, 4), "dense": (8,)}
    heats = [explain(make_subject("three_layer", seed, **options), voice, 0).values for seed in (0, 0, 5)]
    assert np.array_equal(heats[0], heats[1])
    assert not np.allclose(heats[0], heats[2], atol=0.1)


def test_a_network_without_convolutions_is_refused(voice, make_subject) -> None:
    with pytest.raises(BundleError, match="has no feature maps over time"):
        explain(make_subject("gru", width=8), voice, 0)
