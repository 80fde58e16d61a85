"""Integrated gradients (Sundararajan, Taly and Yan 2017): the logit, divided among the bands and frames of log-mel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hearfelt.explain._base import Heat
from hearfelt.explain._subject import Subject, mel_edges, mel_network

NEEDS_GRADIENTS = True
UNIT = "logit"
MEANING = (
    "The share of each band and frame in the logit of the label, along the straight way from a clip without features "
    "(every band at the mean of the clip or corpus, or silence where nothing is normalised). The values sum to the "
    "difference of the two logits."
)

#: Places on the way where gradients are taken; the sum is then right to about a percent.
STEPS = 64
_BATCH = 16


def explain(subject: Subject, clip: NDArray[np.float32], label: int, *, steps: int = STEPS) -> Heat:
    """Shares in the logit.

    Args:
        subject: the model; a run's.
        clip: (samples,) at its rate.
        label: its number.
        steps: more is more exact.

    Returns:
        a band a row and a frame a column of the front end; ``total`` is the difference of the logits.

    Raises:
        BundleError: the model has no gradients, or other rows than bands.
    """
    network, config = mel_network(subject, "integrated_gradients")
    import torch

    with torch.no_grad():
        waveform = torch.from_numpy(np.ascontiguousarray(clip, dtype=np.float32))[None]
        features, frames = network.front_end(waveform, torch.tensor([clip.size]))
        features = features[:, :, : int(frames[0])]
        start = torch.full_like(features, np.log(config.floor) if config.normalization == "none" else 0.0)
        ends = network.model(torch.cat([start, features]), frames.expand(2))[:, label].double()
    way = (torch.arange(steps) + 0.5) / steps
    total = torch.zeros_like(features[0], dtype=torch.float64)
    for first in range(0, steps, _BATCH):
        shares = way[first : first + _BATCH]
        points = (start + shares[:, None, None] * (features - start)).requires_grad_()
        with torch.enable_grad():
            logits = network.model(points, frames.expand(len(shares)))[:, label].sum()
            (slopes,) = torch.autograd.grad(logits, points)
        total += slopes.double().sum(0)
    values = ((features - start)[0].double() * total / steps).numpy()
    return Heat(values, *mel_edges(config, values.shape[1]), total=float(ends[1] - ends[0]))
