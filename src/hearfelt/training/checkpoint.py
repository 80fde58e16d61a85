"""Checkpoints as safetensors: tensors beside one JSON text in the same file, so that one rename replaces both.

Any nesting of dictionaries, lists, tuples, numbers, strings and tensors goes in and comes out equal; nothing is
pickled, so opening a stranger's checkpoint runs none of their code.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.io.checkpoint_io import CheckpointIO
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from hearfelt.errors import RecipeError
from hearfelt.files import write_atomically


def save_checkpoint(path: str | os.PathLike[str], value: Any) -> None:
    """Write a nested value atomically.

    Raises:
        TypeError: something in it is neither plain data nor a dense tensor of a common type.
    """
    tensors: dict[str, torch.Tensor] = {}
    text = json.dumps(_flatten(value, tensors))
    try:
        data = save(tensors, metadata={"state": text, "crc32": _checksum(text, tensors)})
    except KeyError as error:
        raise TypeError(f"a checkpoint cannot hold tensors of {error}") from error
    write_atomically(path, data)


def load_checkpoint(path: str | os.PathLike[str]) -> Any:
    """Read what `save_checkpoint` wrote.

    Raises:
        RecipeError: no such file, or it is damaged.
    """
    try:
        with safe_open(os.fspath(path), framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no mapping
            facts = file.metadata() or {}
            # safetensors has no checksum of its own; ours is younger than the first checkpoints
            if facts.get("crc32") not in (None, _checksum(facts["state"], tensors)):
                raise ValueError("its checksum is another")
            return _restore(json.loads(facts["state"]), tensors)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise RecipeError(f"The checkpoint {Path(path)} is missing or damaged ({error}).") from error


def _checksum(text: str, tensors: Mapping[str, torch.Tensor]) -> str:
    total = zlib.crc32(text.encode())
    for _, tensor in sorted(tensors.items()):
        total = zlib.crc32(tensor.flatten().view(torch.uint8).numpy().data, total)
    return str(total)


def _flatten(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        if value.layout is not torch.strided:
            raise TypeError(f"a checkpoint holds dense tensors, not {value.layout}")
        key = str(len(tensors))
        tensors[key] = value.detach().cpu().contiguous().clone()
        return {"tensor": key}
    if isinstance(value, dict):  # pairs, as keys may be numbers
        return {"items": [[_flatten(k, tensors), _flatten(v, tensors)] for k, v in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_flatten(item, tensors) for item in value]}
    if isinstance(value, list):
        return [_flatten(item, tensors) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a checkpoint holds plain data and tensors, not {type(value).__name__}")


def _restore(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    if isinstance(value, list):
        return [_restore(item, tensors) for item in value]
    if isinstance(value, dict):
        if "tensor" in value:
            return tensors[value["tensor"]]
        if "tuple" in value:
            return tuple(_restore(item, tensors) for item in value["tuple"])
        return {_restore(k, tensors): _restore(v, tensors) for k, v in value["items"]}
    return value


class SafetensorsIO(CheckpointIO):
    """What Lightning saves and resumes through."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        """Write Lightning's own checkpoint dictionary."""
        save_checkpoint(path, checkpoint)

    def load_checkpoint(
        self, path: Any, map_location: Any | None = None, weights_only: bool | None = None
    ) -> Any:
        """Read it back; Lightning moves tensors to their device."""
        return load_checkpoint(path)

    def remove_checkpoint(self, path: Any) -> None:
        """Remove one file."""
        Path(path).unlink(missing_ok=True)
