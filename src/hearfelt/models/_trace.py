"""What a network does to one real input: its layers in the order of their calls, with shapes and weights.

Modules are followed by hooks, plain functions (``F.relu``, ``F.max_pool2d``) by a torch function mode. What belongs to
a layer and has no shape of its own (norm, activation, dropout) is told beside that layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

Kind = Literal["input", "convolution", "pooling", "dense", "recurrent", "attention", "other"]


@dataclass
class Step:
    """A layer, or a module with layers inside.

    Attributes:
        text: what it is, for people.
        kind: decides the colour.
        shape: of what it gives, without the batch.
        weights: its own and those of its details.
        details: norm, activation, dropout.
        steps: what a module calls.
        path: name within the network.
        source: identity of the tensor that it was given.
    """

    text: str
    kind: Kind = "other"
    shape: tuple[int, ...] = ()
    weights: int = 0
    details: list[str] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    path: str = ""
    source: int = 0

    @property
    def all_weights(self) -> int:
        """Its own and those of everything inside."""
        return self.weights + sum(step.all_weights for step in self.steps)

    def layers(self) -> Iterator[Step]:
        """Layers below it, in order; itself where it is one."""
        if not self.steps:
            yield self
        for step in self.steps:
            yield from step.layers()


#: Modules of ours that are one layer to the reader.
_WHOLE: dict[str, tuple[str, Kind]] = {
    "Resize": ("resize", "other"),
    "AttentiveStatistics": ("attention over frames: mean and deviation", "attention"),
    "SoftAttention": ("attention over frames", "attention"),
    "SqueezeExcitation": ("gate a channel (squeeze and excitation)", "attention"),
    "MaskedMean": ("mean over frames", "pooling"),
}
_DETAILS = {
    "MaskedBatchNorm": "batch norm",
    "MaskedGroupNorm": "group norm",
    "GroupNorm": "group norm",
    "LayerNorm": "layer norm",
    "ReLU": "ReLU",
    "GELU": "GELU",
    "SiLU": "SiLU",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
}
_FUNCTIONS = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "sigmoid": "sigmoid", "tanh": "tanh"}


def _times(size: Any) -> str:
    sizes = size if isinstance(size, tuple | list) else (size, size)
    return " × ".join(str(int(side)) for side in sizes)


def _channels(count: int) -> str:
    return f"{count} channel{'s' if count > 1 else ''}"


def _convolution(layer: nn.Conv1d | nn.Conv2d) -> str:
    over = _times(layer.kernel_size) + (" over frames" if len(layer.kernel_size) == 1 else "")
    alone = layer.groups == layer.in_channels > 1
    text = (
        f"filter a channel {over}" if alone else f"convolution {over}"
    ) + f", {_channels(layer.out_channels)}"
    if max(layer.stride) > 1:
        text += f", step {_times(layer.stride) if len(set(layer.stride)) > 1 else layer.stride[0]}"
    if max(layer.dilation) > 1:
        text += f", spread {layer.dilation[0]}"
    return text + (f", {layer.groups} groups" if layer.groups > 1 and not alone else "")


def _recurrent(layer: Any) -> str:
    cells, both = layer.ahead, len(layer.back) > 0
    name = type(cells[0]).__name__
    many = f"{len(cells)} layers of " if len(cells) > 1 else ""
    return f"{many}{name} {cells[0].hidden_size}" + (", in both directions" if both else "")


def describe(layer: nn.Module) -> tuple[str, Kind] | str | None:
    """A layer in words with its kind, a detail in words, or None for a module with layers inside.

    >>> describe(nn.Conv2d(1, 64, 3, stride=2))
    ('convolution 3 × 3, 64 channels, step 2', 'convolution')
    >>> describe(nn.Dropout(0.25))
    'dropout 0.25'
    """
    name = type(layer).__name__
    if isinstance(layer, nn.Conv1d | nn.Conv2d):
        return _convolution(layer), "convolution"
    if isinstance(layer, nn.Linear):
        penalty = getattr(layer, "penalty", 0)
        return f"dense {layer.out_features}" + (f", L2 penalty {penalty:g}" if penalty else ""), "dense"
    if isinstance(layer, nn.LSTM | nn.GRU | nn.RNN):
        return f"{name} {layer.hidden_size}", "recurrent"
    if name == "Recurrent":
        return _recurrent(layer), "recurrent"
    if name == "Resize":
        return f"resize every clip to {_times((layer.bands, layer.frames))}", "other"
    if name in _WHOLE:
        return _WHOLE[name]
    if pooling := re.fullmatch(r"(Max|Avg)Pool[12]d", name):
        return f"{'max' if pooling[1] == 'Max' else 'mean'} pooling {_times(layer.kernel_size)}", "pooling"
    if isinstance(layer, nn.modules.batchnorm._BatchNorm):
        return "batch norm"
    if isinstance(layer, nn.modules.dropout._DropoutNd):
        return f"dropout {layer.p:g}" if layer.p else ""
    if name in _DETAILS:
        return _DETAILS[name]
    if isinstance(layer, nn.Flatten | nn.Identity):
        return ""
    if not any(True for _ in layer.children()):  # a layer that nobody here knows
        return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower(), "other"
    return None


class _Recorder(TorchFunctionMode):
    """Writes down what is called, as hooks and as functions."""

    def __init__(self, root: Step) -> None:
        super().__init__()
        self.stack = [root]
        self.inside = 0  # of a layer that is one to the reader
        self.given: list[Any] = []  # kept, so that no other tensor gets the identity of one

    def before(self, path: str, layer: nn.Module, given: Any) -> None:
        if self.inside:
            self.inside += 1
            return
        words = describe(layer)
        self.given.append(given)
        step = Step("", path=path, source=id(given[0]) if given else 0)
        if words is None:
            step.text = type(layer).__name__
            own = layer.parameters(recurse=False)
        else:
            step.text, step.kind = words if isinstance(words, tuple) else (words, "other")
            own = layer.parameters()
            self.inside = 1
            if isinstance(words, str):
                step.details = [words]
                step.text = ""
        step.weights = sum(parameter.numel() for parameter in own)
        self.stack.append(step)

    def after(self, given: Any) -> None:
        if self.inside > 1:
            self.inside -= 1
            return
        self.inside = 0
        step = self.stack.pop()
        given = given[0] if isinstance(given, tuple) else given
        step.shape = tuple(given.shape[1:]) if isinstance(given, Tensor) else ()
        self.add(step)

    def add(self, step: Step) -> None:
        """As a step of its own, or as a detail of the one before it."""
        steps = self.stack[-1].steps
        if steps and not step.path and step.text and step.text == steps[-1].text and not steps[-1].path:
            steps[-1].shape = step.shape  # one after another, as where every scale has its mean
            return
        if step.text or step.steps:
            steps.append(step)
            return
        before = next((opened.steps for opened in reversed(self.stack) if opened.steps), None)
        if before is None:  # the first of all: what it would belong to is the input
            step.text = step.details.pop()
            if step.text or step.weights:
                steps.append(step)
            return
        last = before[-1]
        while last.steps:
            last = last.steps[-1]
        last.details += [detail for detail in step.details if detail]
        last.weights += step.weights
        if step.shape and len(step.shape) == len(last.shape):
            last.shape = step.shape

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        # Masks and places are functions of the lengths alone: what learns depends on the features.
        if not self.inside and isinstance(result, Tensor) and result.requires_grad:
            name = getattr(func, "__name__", "").strip("_")
            shape = tuple(result.shape[1:])
            if name in _FUNCTIONS:
                self.add(Step("", details=[_FUNCTIONS[name]], shape=shape))
            elif pooling := re.match(r"(max|avg)_pool[12]d", name):
                size = args[1] if len(args) > 1 else (kwargs or {}).get("kernel_size", 2)
                words = f"{'max' if pooling[1] == 'max' else 'mean'} pooling "
                words += str(size) if "1d" in name and isinstance(size, int) else _times(size)
                self.add(Step(words, "pooling", shape))
            elif name == "cat":
                self.add(Step("joined", shape=shape))
            elif name in ("mean", "sum") and (words := _reduction(name, args)):
                self.add(Step(words, "pooling", shape))
            elif name in ("add", "radd", "iadd") and _alike(args):
                self.add(Step("", details=["added to what went beside it"], shape=shape))
        return result


def _reduction(name: str, args: tuple[Any, ...]) -> str:
    """A mean over frames or bands, which is often a sum, divided by the number of valid frames later."""
    if len(args) < 2 or not isinstance(args[1], int | tuple):
        return ""
    x, axes = args[0], args[1] if isinstance(args[1], tuple) else (args[1],)
    if x.ndim > 2 and x.ndim - 1 in axes:
        return "mean over bands and frames" if len(axes) > 1 else "mean over frames"
    return "mean over bands" if name == "mean" and x.ndim == 4 and tuple(axes) == (2,) else ""


def _alike(tensors: tuple[Any, ...]) -> bool:
    return (
        len(tensors) > 1
        and all(isinstance(tensor, Tensor) and tensor.requires_grad for tensor in tensors[:2])
        and tensors[0].shape == tensors[1].shape
        and tensors[0].ndim > 2
    )


def trace(model: nn.Module, bands: int, frames: int) -> Step:
    """Run a network once on noise of (bands, frames) and tell what it did.

    Its weights and its state are as before; what no layer accounts for stands with the root.
    """
    root = Step(type(model).__name__, shape=(bands, frames))
    recorder = _Recorder(root)
    hooks = []
    for path, layer in model.named_modules():
        if path:
            hooks.append(layer.register_forward_pre_hook(lambda m, x, p=path: recorder.before(p, m, x)))
            hooks.append(layer.register_forward_hook(lambda m, x, y: recorder.after(y), always_call=False))
    training = model.training
    features = torch.randn(1, bands, frames, generator=torch.Generator().manual_seed(0)).requires_grad_()
    try:
        with recorder:
            model.eval()(features, torch.tensor([frames]))
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    root.weights = sum(parameter.numel() for parameter in model.parameters()) - root.all_weights
    return root


def receptive_frames(model: nn.Module, bands: int, frames: int) -> int | None:
    """How many frames of a clip one place of the last layer with a time axis hears.

    Frames are made NaN from the left and from the right until that place is NaN.

    Returns:
        the number; None where it hears the whole clip, or where no layer has a time axis (clips are resized).
    """
    seen: dict[str, Tensor] = {}
    hooks = [
        layer.register_forward_hook(lambda m, x, y, p=path: _keep(seen, p, y))
        for path, layer in model.named_modules()
        if path and not any(True for _ in layer.children())
    ]

    def run(features: Tensor) -> dict[str, Tensor]:
        seen.clear()
        model.eval()(features, torch.tensor([features.shape[2]]))
        return dict(seen)

    training = model.training
    try:
        with torch.no_grad():
            noise = torch.randn(1, bands, frames, generator=torch.Generator().manual_seed(0))
            first, longer = run(noise), run(torch.cat([noise, noise], 2))
            timed = [path for path, given in first.items() if longer[path].shape != given.shape]
            if not timed:
                return None
            last, given = timed[-1], first[timed[-1]]
            pairs = enumerate(zip(given.shape, longer[last].shape, strict=True))
            axis = next(number for number, (short, long) in pairs if short != long)

            def hears(start: int, stop: int) -> bool:
                spoiled = noise.clone()
                spoiled[:, :, start:stop] = torch.nan
                return bool(run(spoiled)[last].select(axis, given.shape[axis] // 2).isnan().any())

            left = _first_true(lambda stop: hears(0, stop), frames)
            right = _first_true(lambda count: hears(frames - count, frames), frames)
    finally:
        model.train(training)
        for hook in hooks:
            hook.remove()
    if left <= 1 or right <= 1:
        return None
    return (frames - right + 1) - (left - 1)


def _keep(seen: dict[str, Tensor], path: str, given: Any) -> None:
    given = given[0] if isinstance(given, tuple) else given
    if isinstance(given, Tensor) and given.is_floating_point() and given.ndim > 2:
        seen[path] = given


def _first_true(answer: Any, most: int) -> int:
    """Smallest number from 1 for which the answer, once true and then always, is true."""
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if answer(middle) else (middle + 1, high)
    return low
