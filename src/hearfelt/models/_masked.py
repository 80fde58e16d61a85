"""Norms and pooling of the published networks, as if every row of a padded batch stood alone."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def over_frames(mask: Tensor, x: Tensor) -> Tensor:
    """(batch, frames) mask with the axes and the type of (batch, channels, ..., frames)."""
    return mask.reshape(mask.shape[0], *[1] * (x.ndim - 2), mask.shape[1]).to(x.dtype)


class MaskedBatchNorm(nn.BatchNorm1d):
    """Batch norm with the statistics of the valid frames alone; frames beyond a row's end come out as zero.

    Shape: x (batch, channels, ..., frames), mask (batch, frames) -> like x.
    """

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]
        """See the class."""
        if not self.training:
            return self._normalized(x) * over_frames(mask, x)
        counts = mask.sum(1).long().tolist()
        if min(counts) == x.shape[-1]:
            return self._normalized(x)
        # Rows end to end, normalised as one, and taken apart again: copies are much cheaper than indexing frames.
        # Split first: the gradient of a slice is as large as what was sliced, a row and not the batch.
        rows = zip(torch.split(x, 1), counts, strict=True)
        joined = torch.cat([row[..., :count] for row, count in rows], dim=-1)
        parts = torch.split(self._normalized(joined), counts, dim=-1)
        return torch.cat([F.pad(part, (0, x.shape[-1] - part.shape[-1])) for part in parts])

    def _normalized(self, x: Tensor) -> Tensor:
        return F.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, self.training, 0.1, self.eps
        )


class MaskedGroupNorm(nn.Module):
    """Group norm (Wu and He 2018) over the valid frames of each row; the others come out as zero.

    Shape: x (batch, channels, frames), mask (batch, frames) -> like x.
    """

    def __init__(self, channels: int, groups: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.groups, self.eps = groups, eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        groups = x.float().reshape(x.shape[0], self.groups, x.shape[1] // self.groups, x.shape[2])
        wide = mask[:, None, None]
        count = mask.sum(1)[:, None, None, None] * groups.shape[2]
        mean = (groups * wide).sum((2, 3), keepdim=True) / count
        away = (groups - mean) * wide
        variance = away.square().sum((2, 3), keepdim=True) / count
        x = (away * torch.rsqrt(variance + self.eps)).flatten(1, 2)
        return (x * self.weight[:, None] + self.bias[:, None]) * mask[:, None]


class SoftAttention(nn.Module):
    """Mean of the valid frames, weighted by a softmax of one learnt vector's products (Mirsamadi et al. 2017).

    Shape: x (batch, channels, frames), mask (batch, frames) -> (batch, channels).
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.vector = nn.Parameter(torch.empty(channels, 1))
        nn.init.xavier_normal_(self.vector)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        x = x.float()
        score = (x * self.vector).sum(1)
        weight = torch.softmax(score + (mask - 1.0) * 1e4, dim=1)
        return (x * weight[:, None]).sum(2)


def average_pool(x: Tensor, mask: Tensor, bands: int, frames: int) -> Tensor:
    """Mean of the valid cells in each window, as TensorFlow's average pooling with padding ``same``.

    Shape: x (batch, channels, rows, columns), zero where ``mask`` (batch, 1, rows, columns) is; -> rows and columns
    divided by ``bands`` and ``frames``, rounded up.
    """
    space = (0, -x.shape[3] % frames, 0, -x.shape[2] % bands)
    total = F.avg_pool2d(F.pad(x, space), (bands, frames))
    share = F.avg_pool2d(F.pad(mask, space), (bands, frames))
    return total / share.clamp(min=0.5 / (bands * frames)).to(total.dtype)


def backwards(lengths: Tensor, frames: int) -> Tensor:
    """Where each frame comes from when every row is turned round within its length; what follows a row stays.

    Shape: lengths (batch,) -> (batch, frames) integers.

    >>> backwards(torch.tensor([3, 1]), 4).tolist()
    [[2, 1, 0, 3], [0, 1, 2, 3]]
    """
    places = torch.arange(frames, device=lengths.device)[None]
    mirrored = lengths[:, None] - 1 - places
    return torch.where(mirrored >= 0, mirrored, places)


def rearrange(x: Tensor, places: Tensor) -> Tensor:
    """Frames of (batch, channels, frames) in the order of ``places`` (batch, frames)."""
    return x.gather(2, places[:, None].expand(-1, x.shape[1], -1))
