"""All front ends by name: what turns a recording into the rows and frames that a model sees.

To add one, write two files of this folder; nothing else has to know of them:

- ``<name>.py`` (numpy, the truth; never torch): a configuration, child of `hearfelt.features._base.FrontEndConfig`
  with ``name: Literal["<name>"] = "<name>"``, `band_count` (rows that a model sees) and `frame_count`; and a function
  ``<name>(waveform, config)`` that gives (band_count, frames) float32, normalised by `_base.normalize`.
- ``<name>_layer.py`` (torch, exported into ONNX): one child of `hearfelt.features._layers.FrontEndLayer` whose
  `bands(waveform, lengths)` gives the same for a padded batch, before normalisation.

A front end whose rows differ in unit sets ``bands_share_unit = False``. One that is given pictures instead of
waveforms sets ``takes = "picture"``: its function and its layer's `bands` are then given the pixels of each picture in
one row (height by width by channels, 0 to 255), and give channels stacked on the band axis.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Discriminator, Tag, TypeAdapter

from hearfelt.errors import UnknownNameError, require
from hearfelt.features._base import FrontEndConfig

if TYPE_CHECKING:
    from hearfelt.features._layers import FrontEndLayer

#: Of a configuration that does not say which: recipes, run folders and bundles from before there were others.
DEFAULT = "log_mel"


def _discover() -> dict[str, type[FrontEndConfig]]:
    package = "hearfelt.features"
    names = {module.name for module in pkgutil.iter_modules(import_module(package).__path__)}
    found: dict[str, type[FrontEndConfig]] = {}
    for name in sorted(names):
        if f"{name}_layer" not in names:
            continue
        for value in vars(import_module(f"{package}.{name}")).values():
            is_config = isinstance(value, type) and issubclass(value, FrontEndConfig)
            if is_config and value.model_fields["name"].default == name:
                found[name] = value
    return found


_FRONT_ENDS = _discover()


def _name_of(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return str(value.get("name", DEFAULT))
    return getattr(value, "name", None)


def _name_alone(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


if TYPE_CHECKING:
    AnyFrontEnd: TypeAlias = FrontEndConfig
else:
    #: Any front end, told apart by ``name`` (log_mel where it is missing): a field of a pydantic schema.
    AnyFrontEnd = Annotated[
        Annotated[
            Union[tuple(Annotated[kind, Tag(name)] for name, kind in _FRONT_ENDS.items())],  # noqa: UP007
            Discriminator(_name_of),
        ],
        BeforeValidator(_name_alone),
    ]

_ADAPTER: TypeAdapter[FrontEndConfig] = TypeAdapter(AnyFrontEnd)


def list_front_ends() -> list[str]:
    """Names, sorted.

    >>> "log_mel" in list_front_ends()
    True
    """
    return list(_FRONT_ENDS)


def get_front_end(name: str) -> type[FrontEndConfig]:
    """The configuration's class.

    Raises:
        UnknownNameError: lists the nearest and all names.
    """
    if name not in _FRONT_ENDS:
        raise UnknownNameError("front end", name, _FRONT_ENDS)
    return _FRONT_ENDS[name]


def read_front_end(content: Any) -> FrontEndConfig:
    """A configuration from what JSON or YAML holds.

    Raises:
        pydantic.ValidationError: an unknown name or key, or a wrong value.

    >>> read_front_end({"mel_count": 40}).band_count
    40
    """
    return _ADAPTER.validate_python(content)


def front_end_features(waveform: NDArray[np.floating], config: FrontEndConfig) -> NDArray[np.float32]:
    """What a model sees of one clip, in numpy: (band_count, frames) float32."""
    features: NDArray[np.float32] = getattr(import_module(f"hearfelt.features.{config.name}"), config.name)(
        waveform, config
    )
    return features


def create_front_end_layer(config: FrontEndConfig) -> FrontEndLayer:
    """The same as a torch layer for padded batches.

    Raises:
        MissingExtraError: torch is not installed.
    """
    require("torch", "train", "a front end as a layer")
    from hearfelt.features._layers import FrontEndLayer

    module = import_module(f"hearfelt.features.{config.name}_layer")
    for value in vars(module).values():
        is_layer = isinstance(value, type) and issubclass(value, FrontEndLayer)
        if is_layer and value.__module__ == module.__name__:
            layer: FrontEndLayer = value(config)
            return layer
    raise ValueError(f"{module.__name__} has no FrontEndLayer")
