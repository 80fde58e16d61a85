"""The few steps in which numpy arrays and torch tensors differ, without importing torch."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.augment._base import Array


def clone(array: Array) -> Array:
    """A copy that can be written to."""
    return array.copy() if isinstance(array, np.ndarray) else array.clone()


def like(values: NDArray[Any], reference: Array) -> Array:
    """Values as the reference holds its own: its kind, type and device."""
    if isinstance(reference, np.ndarray):
        if not np.issubdtype(reference.dtype, np.floating):
            raise TypeError(f"needs an array of a floating type, got {reference.dtype}; convert it first")
        return values.astype(reference.dtype, copy=False)  # type: ignore[return-value]
    return _tensor(values).to(device=reference.device, dtype=reference.dtype)  # type: ignore[no-any-return]


def mirror(array: Array, axis: int) -> Array:
    """A copy with one axis reversed."""
    if isinstance(array, np.ndarray):
        return np.flip(array, axis).copy()
    return array.flip(axis)  # type: ignore[no-any-return]


def indices_like(values: NDArray[np.int64] | NDArray[np.bool_], reference: Array) -> Array:
    """Indices into the reference, or a mask over it, of its kind and on its device."""
    if isinstance(reference, np.ndarray):
        return values  # type: ignore[return-value]
    return _tensor(values).to(device=reference.device)  # type: ignore[no-any-return]


def stack(arrays: list[Array]) -> Array:
    """Join along a new first axis."""
    if isinstance(arrays[0], np.ndarray):
        return np.stack(arrays)  # type: ignore[return-value]
    return sys.modules["torch"].stack(arrays)  # type: ignore[no-any-return]


def _tensor(values: NDArray[Any]) -> Any:
    # Whoever holds a tensor has imported torch already.
    return sys.modules["torch"].from_numpy(np.ascontiguousarray(values))
