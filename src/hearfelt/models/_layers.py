"""Parts that several architectures share; all respect the lengths of padded rows."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hearfelt.errors import RecipeError


def length_mask(lengths: Tensor, frames: int) -> Tensor:
    """(batch,) lengths to a (batch, frames) mask of ones and zeros."""
    return (torch.arange(frames, device=lengths.device) < lengths[:, None]).float()


def strided(lengths: Tensor, stride: int) -> Tensor:
    """Lengths after a convolution with padding ``kernel // 2`` and this stride."""
    return torch.div(lengths + stride - 1, stride, rounding_mode="floor")


class SqueezeExcitation(nn.Module):
    """Channel gates from the mean over the valid part (Hu et al. 2018).

    Shape: x (batch, channels, bands, frames), mask (batch, 1, 1, frames) -> like x.
    """

    def __init__(self, channels: int, reduction: int = 8) -> None:
        super().__init__()
        self.down = nn.Linear(channels, max(8, channels // reduction))
        self.up = nn.Linear(max(8, channels // reduction), channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        mean = (x.mean(2, keepdim=True) * mask).sum((2, 3)) / mask.sum((2, 3))
        gates = torch.sigmoid(self.up(F.relu(self.down(mean))))
        return x * gates[:, :, None, None]


class AttentiveStatistics(nn.Module):
    """Attention-weighted mean and deviation over the valid frames (Okabe et al. 2018).

    Shape: x (batch, channels, frames), mask (batch, frames) -> (batch, 2 * channels).
    """

    def __init__(self, channels: int, hidden: int = 64) -> None:
        super().__init__()
        self.hidden = nn.Conv1d(channels, hidden, 1)
        self.score = nn.Conv1d(hidden, channels, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        score = self.score(torch.tanh(self.hidden(x))).float()
        weight = torch.softmax(score + (mask[:, None] - 1.0) * 1e4, dim=2)
        x = x.float()
        mean = (x * weight).sum(2)
        variance = ((x - mean[:, :, None]).square() * weight).sum(2)
        return torch.cat([mean, (variance + 1e-4).sqrt()], dim=1)


def resize(features: Tensor, lengths: Tensor, bands: int, frames: int) -> Tensor:
    """Bring every row's valid part to one size by linear interpolation, as pictures are resized.

    Done row by row through its own length, so that padding never leaks into a row; exports to ONNX.

    Shape: features (batch, bands', frames'), lengths (batch,) -> (batch, bands, frames).
    """
    if features.shape[1] != bands:
        size = features.shape[1]
        places = ((torch.arange(bands, device=features.device) + 0.5) * (size / bands) - 0.5).clamp(
            0, size - 1
        )
        low = places.floor().long()
        high = (low + 1).clamp(max=size - 1)
        share = (places - low)[None, :, None]
        features = features[:, low] * (1 - share) + features[:, high] * share
    last = (lengths - 1).clamp(min=0)[:, None]
    steps = (torch.arange(frames, device=features.device) + 0.5) / frames
    places = steps[None] * lengths[:, None] - 0.5
    places = torch.minimum(places.clamp(min=0), last.to(places.dtype))
    low = places.floor().long()
    high = torch.minimum(low + 1, last)
    share = (places - low)[:, None]
    rows = (features.shape[0], features.shape[1], frames)
    first = features.gather(2, low[:, None].expand(rows))
    second = features.gather(2, high[:, None].expand(rows))
    return first * (1 - share) + second * share


def bands_of(mel_count: int, input_channels: int) -> int:
    """Rows of one picture, where several channels are stacked on the band axis.

    Raises:
        RecipeError: the bands cannot be divided among the channels.

    >>> bands_of(231, 3)
    77
    """
    if mel_count % input_channels:
        raise RecipeError(
            f"{mel_count} bands cannot be divided into {input_channels} input_channels. Of a log-mel spectrogram there "
            "is 1; a coloured picture of height h has 3 and 3 h bands."
        )
    return mel_count // input_channels


def unstack(features: Tensor, input_channels: int) -> Tensor:
    """(batch, input_channels * bands, frames) to (batch, input_channels, bands, frames)."""
    if input_channels == 1:
        return features[:, None]
    return features.reshape(features.shape[0], input_channels, -1, features.shape[2])


class Resize(nn.Module):
    """Every row's valid part as a picture of one size; see `resize`.

    Shape: features (batch, input_channels * bands', frames'), lengths (batch,) -> (batch, input_channels, bands,
    frames).
    """

    def __init__(self, bands: int, frames: int, input_channels: int = 1) -> None:
        super().__init__()
        self.bands, self.frames, self.input_channels = bands, frames, input_channels

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """See the class."""
        if self.input_channels == 1:
            return resize(features, lengths, self.bands, self.frames)[:, None]
        channels = unstack(features, self.input_channels)
        lengths = lengths[:, None].expand(-1, self.input_channels).flatten()
        pictures = resize(channels.flatten(0, 1), lengths, self.bands, self.frames)
        return pictures.reshape(-1, self.input_channels, self.bands, self.frames)


class MaskedMean(nn.Module):
    """Mean over the valid frames.

    Shape: x (batch, channels, frames), mask (batch, frames) -> (batch, channels).
    """

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """See the class."""
        return (x.float() * mask[:, None]).sum(2) / mask.sum(1, keepdim=True)


class PenalizedLinear(nn.Linear):
    """A dense layer with an L2 penalty of its own, as Keras' ``kernel_regularizer=l2(penalty)``.

    The gradient of ``penalty * sum(weight ** 2)`` is added to the weight's own; the reported loss is without the
    penalty. An optimiser's weight decay cannot say this: it is one for all layers, and AdamW's is no gradient at all.
    """

    def __init__(self, inputs: int, outputs: int, penalty: float) -> None:
        super().__init__(inputs, outputs)
        self.penalty = penalty

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        weight: Tensor = self.weight
        if self.penalty and self.training and torch.is_grad_enabled() and weight.requires_grad:
            own = weight.detach()
            weight = weight.view_as(weight)
            weight.register_hook(  # type: ignore[no-untyped-call]
                lambda gradient: gradient + 2 * self.penalty * own
            )
        return F.linear(x, weight, self.bias)


class MixedHeads(nn.Module):
    """Several output layers, and how much of each a row gets: a mixture of experts (Jacobs et al. 1991) on one trunk.

    Song and speech, or rooms and languages, may read the same embedding differently; nobody says which is which.
    Shape: x (batch, width) -> (batch, class_count).
    """

    def __init__(self, width: int, class_count: int, heads: int) -> None:
        super().__init__()
        self.class_count = class_count
        self.heads = nn.Linear(width, heads * class_count)
        self.shares = nn.Linear(width, heads)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        shares = torch.softmax(self.shares(x).float(), dim=1)
        answers: Tensor = self.heads(x).unflatten(1, (-1, self.class_count))
        return (answers * shares[:, :, None]).sum(1)
