"""Grad-CAM (Selvaraju et al. 2017): where the last feature maps of a convolutional network speak for a label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import BundleError
from hearfelt.explain._base import Heat
from hearfelt.explain._subject import Subject, mel_edges, mel_network
from hearfelt.features.images import resize_plane

NEEDS_GRADIENTS = True
UNIT = "share of the largest"
MEANING = (
    "The last feature maps, weighted by the mean gradient of the label's logit, where they are positive; the largest "
    "value is 1 and there is no sum. As coarse as these maps are."
)


def explain(subject: Subject, clip: NDArray[np.float32], label: int) -> Heat:
    """Positive evidence in the last feature maps, stretched to the bands and frames of the front end.

    The maps are those of the last layer, or block of layers, that gives more than one frame (and more than one band,
    where there is such a one). A map without bands gives all bands the same.

    Args:
        subject: the model; a run's.
        clip: (samples,) at its rate.
        label: its number.

    Returns:
        values from 0 to 1; all are 0 where no map speaks for the label.

    Raises:
        BundleError: the model has no gradients, other rows than bands, or no convolutions.
    """
    network, config = mel_network(subject, "grad_cam")
    import torch

    with torch.no_grad():
        waveform = torch.from_numpy(np.ascontiguousarray(clip, dtype=np.float32))[None]
        features, frames = network.front_end(waveform, torch.tensor([clip.size]))
        features = features[:, :, : int(frames[0])]
    maps, logits = _maps(network.model, features, frames)
    slopes = torch.autograd.grad(logits[0, label], maps, allow_unused=True) if maps else ()
    used = [(map_, slope) for map_, slope in zip(maps, slopes, strict=True) if slope is not None]
    planes = [pair for pair in used if pair[0].ndim == 4 and min(pair[0].shape[2:]) > 1]
    if not used:
        raise BundleError(
            f"grad_cam needs a convolutional network; that of {subject.name!r} has no feature maps over time. Use "
            "integrated_gradients or occlusion."
        )
    found, slope = (value[0].detach().double() for value in (planes or used)[-1])
    places = tuple(range(1, found.ndim))
    plane = (found * slope.mean(places, keepdim=True)).sum(0).clamp(min=0).numpy()
    plane = plane if plane.ndim == 2 else plane[None]
    values = resize_plane(plane, config.mel_count, features.shape[2])
    return Heat(values / max(float(values.max()), 1e-12), *mel_edges(config, features.shape[2]))


def _maps(model: Any, features: Any, frames: Any) -> tuple[list[Any], Any]:
    """Outputs with several frames of convolutions and what comes after them, in the order of their making; logits."""
    import torch
    from torch import nn

    found: list[Any] = []
    seen: set[int] = set()

    def keep(module: nn.Module, _: Any, output: Any) -> None:
        inside = {type(part) for part in module.modules()}
        flat, deep = nn.Conv1d in inside, nn.Conv2d in inside
        if not isinstance(output, torch.Tensor) or not output.requires_grad or output.shape[-1] < 2:
            return
        if deep:
            seen.add(4)
        # Of three dimensions the last may be anything, behind a recurrent layer: only convolutions are sure.
        if (output.ndim == 4 and 4 in seen) or (output.ndim == 3 and flat):
            found.append(output)

    handles = [module.register_forward_hook(keep) for module in model.modules() if module is not model]
    try:
        with torch.enable_grad():
            logits = model(features.clone().requires_grad_(), frames)
    finally:
        for handle in handles:
            handle.remove()
    return found, logits
