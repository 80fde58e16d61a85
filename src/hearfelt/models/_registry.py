"""The model catalogue: one architecture family a file, reached by name.

An entry is a function decorated with `register_model`; it gets the class count, the band count and a checked
configuration, and returns a module that maps (batch, mel_count, frames) features and (batch,) frame lengths to
(batch, class_count) logits.
"""

from __future__ import annotations

import fnmatch
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from hearfelt.errors import RecipeError, UnknownNameError

if TYPE_CHECKING:
    from torch import nn


class ModelConfig(BaseModel):
    """Base of every architecture's options; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class ModelEntry:
    """A registered architecture: its name, its options and its maker."""

    name: str
    config: type[ModelConfig]
    make: Callable[[int, int, Any], nn.Module]

    @property
    def summary(self) -> str:
        """First line of the maker's docstring."""
        return (self.make.__doc__ or "").strip().splitlines()[0]

    @property
    def source(self) -> str:
        """Docstring of the file that it is in: where it is from, and what differs."""
        return inspect.cleandoc(sys.modules[self.make.__module__].__doc__ or "")

    def meanings(self) -> dict[str, str]:
        """Option -> what it is, from the ``Attributes`` of the configuration's docstring."""
        documented = inspect.cleandoc(self.config.__doc__ or "").partition("Attributes:")[2]
        entries = re.findall(r"^    (\w+): (.*(?:\n        .*)*)", documented, re.MULTILINE)
        found = {name: " ".join(meaning.split()) for name, meaning in entries}
        return {name: found.get(name, "") for name in self.config.model_fields}


_ENTRIES: dict[str, ModelEntry] = {}


def register_model(
    name: str, config: type[ModelConfig]
) -> Callable[[Callable[[int, int, Any], nn.Module]], Callable[[int, int, Any], nn.Module]]:
    """Enter an architecture into the catalogue under a name."""

    def enter(make: Callable[[int, int, Any], nn.Module]) -> Callable[[int, int, Any], nn.Module]:
        if name in _ENTRIES:
            raise ValueError(f"two models are named {name!r}")
        _ENTRIES[name] = ModelEntry(name, config, make)
        return make

    return enter


@cache
def _import_all() -> None:
    package = import_module("hearfelt.models")
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("_"):
            import_module(f"hearfelt.models.{module.name}")


def _entries() -> Mapping[str, ModelEntry]:
    from hearfelt.errors import require

    require("torch", "train", "building models")
    _import_all()
    return _ENTRIES


def list_models(pattern: str = "*") -> list[str]:
    """Names of the architectures, sorted; ``pattern`` is a shell pattern such as ``"cnn*"``.

    Raises:
        MissingExtraError: torch is not installed.
    """
    return sorted(fnmatch.filter(_entries(), pattern))


def get_model(name: str) -> ModelEntry:
    """The entry of an architecture.

    Raises:
        UnknownNameError: lists the nearest and all names.
    """
    entries = _entries()
    if name not in entries:
        raise UnknownNameError("model", name, entries)
    return entries[name]


def create_model(
    name: str, *, class_count: int, mel_count: int, options: Mapping[str, object] | None = None
) -> nn.Module:
    """Build an architecture with fresh weights from torch's current random state.

    Args:
        name: see `list_models`.
        class_count: outputs.
        mel_count: bands of the input.
        options: fields of the architecture's configuration.

    Raises:
        UnknownNameError: no such architecture.
        RecipeError: an option that it does not have, or of a wrong value.
    """
    entry = get_model(name)
    try:
        config = entry.config.model_validate(dict(options or {}))
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'together'}: {e['msg']}" for e in error.errors()
        )
        known = ", ".join(entry.config.model_fields) or "none"
        raise RecipeError(f"Options of model {name!r} are wrong: {problems}. It has: {known}.") from error
    return entry.make(class_count, mel_count, config)
