"""Weights of a bundle in fewer bits: filters and matrices as 16-bit or 8-bit numbers, widened when a model is loaded.

The arithmetic stays in 32 bits, so that the graph can be held against torch as strictly as with whole weights. Every
runtime that knows `Cast` and `Mul` reads it; both are computed once, while the model is loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

#: How learnt filters and matrices are stored.
Precision = Literal["float32", "float16", "int8"]

#: Endings of the names of what is stored, beside the name of the weight itself.
HALF, INTEGERS, SCALE = ".half", ".integers", ".scale"
_MOST = 127
#: Filters and matrices with fewer numbers have 16 bits where the others have 8: they are the first layers and the
#: gates, which decide most and weigh least.
SMALL = 1 << 15
# Integers have 7 bits beside the sign; with scales of 12 their products are exact in the 24 bits of float32.
_SCALE_BITS = 12


def rounded(value: Tensor, precision: Precision) -> Tensor:
    """A weight as it comes back from the file: filters and matrices rounded, everything else as it was.

    Args:
        value: any shape; 8 bits have one scale for each row of the first axis (an output channel), and what is `SMALL`
            has 16.
        precision: of the file.
    """
    if precision == "float32" or not value.is_floating_point() or value.ndim < 2:
        return value
    if precision == "float16" or value.numel() < SMALL:
        return value.half().float()
    import torch

    values = value.detach().cpu().numpy().astype(np.float32)
    scale = _scale(values, tuple(range(1, values.ndim)), round_up=True)
    return torch.from_numpy(_integers(values, scale).astype(np.float32) * scale)


def store(model: Any, precision: Precision) -> None:
    """Keep what `rounded` left in fewer bits, in an ``onnx.ModelProto``, and add what widens it.

    Weights that rounding would change (the Fourier basis, which is not learnt) stay as they are.
    """
    if precision == "float32":
        return
    import onnx
    from onnx import numpy_helper

    added: list[Any] = []
    scales: list[Any] = []
    for tensor in model.graph.initializer:
        values, name = numpy_helper.to_array(tensor), tensor.name
        if values.dtype != np.float32 or values.ndim < 2:
            continue
        found = _as_integers(values) if precision == "int8" and values.size >= SMALL else None
        if found is not None:
            integers, scale = found
            tensor.CopyFrom(numpy_helper.from_array(integers, name + INTEGERS))
            scales.append(numpy_helper.from_array(scale, name + SCALE))
            wide = f"{name}.wide"
            added += [
                onnx.helper.make_node("Cast", [name + INTEGERS], [wide], to=onnx.TensorProto.FLOAT),
                onnx.helper.make_node("Mul", [wide, name + SCALE], [name]),
            ]
        elif (half := _as_half(values)) is not None:
            tensor.CopyFrom(numpy_helper.from_array(half, name + HALF))
            added.append(onnx.helper.make_node("Cast", [name + HALF], [name], to=onnx.TensorProto.FLOAT))
    model.graph.initializer.extend(scales)
    nodes = [*added, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def widened(stored: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Weights by their own names, from a graph's initialisers by theirs; whole ones pass."""
    found = {}
    for name, values in stored.items():
        if name.endswith(HALF):
            found[name.removesuffix(HALF)] = values.astype(np.float32)
        elif name.endswith(INTEGERS) and (own := name.removesuffix(INTEGERS)) + SCALE in stored:
            found[own] = values.astype(np.float32) * stored[own + SCALE]
        elif not (name.endswith(SCALE) and name.removesuffix(SCALE) + INTEGERS in stored):
            found[name] = values
    return found


def _as_half(values: NDArray[np.float32]) -> NDArray[np.float16] | None:
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    return half if (half.astype(np.float32) == values).all() else None


def _as_integers(values: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]] | None:
    """Integers and scales that give exactly these values; exporters turn matrices round and join them."""
    if values.size < 2:
        return None
    for axes in _axes(values.ndim):
        scale = _scale(values, axes)
        integers = _integers(values, scale)
        if (integers.astype(np.float32) * scale == values).all():
            return integers, scale
    return None


def _axes(dimensions: int) -> Iterator[tuple[int, ...]]:
    """What a scale may span: everything but one axis, or the last axis alone."""
    for kept in range(dimensions):
        yield tuple(axis for axis in range(dimensions) if axis != kept)
    if dimensions > 2:
        yield (dimensions - 1,)


def _scale(
    values: NDArray[np.float32], axes: tuple[int, ...], *, round_up: bool = False
) -> NDArray[np.float32]:
    """Largest value over the axes divided by 127, kept as axes of length 1; 1 where all are zero."""
    scale = np.abs(values).max(axis=axes, keepdims=True) / np.float32(_MOST)
    if round_up:
        mantissa, exponent = np.frexp(scale)
        scale = np.ldexp(np.ceil(mantissa * 2.0**_SCALE_BITS) / 2.0**_SCALE_BITS, exponent)
    return np.where(scale > 0, scale, 1).astype(np.float32)


def _integers(values: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.int8]:
    found: NDArray[np.int8] = np.clip(np.rint(values / scale), -_MOST, _MOST).astype(np.int8)
    return found
