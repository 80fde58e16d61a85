"""The text of a recipe: YAML files, and settings of the command line put into them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from hearfelt.errors import RecipeError


class _Loader(yaml.SafeLoader):
    """Plain YAML, but for keys given twice: the first would be lost unseen."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key.value!r} is there twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _parse(text: str) -> Any:
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a child of SafeLoader


def read_recipe_file(path: Path) -> dict[str, Any]:
    """Keys and values of a YAML file.

    Raises:
        RecipeError: no such file, not YAML, a key twice, or no keys and values.
    """
    try:
        content = _parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"Cannot read the recipe {path}: {error.strerror}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        what = "nothing" if content is None else f"{type(content).__name__}, not keys and values"
        raise RecipeError(f"{path} is not a recipe: it holds {what}.")
    return content


def apply_setting(content: dict[str, Any], setting: str) -> None:
    """Set one value; parts on the way are made where they are missing, and copied where they are there.

    Args:
        content: of a recipe; changed.
        setting: ``a.b=value``; see `hearfelt.training.recipe.load_recipe`.

    Raises:
        RecipeError: no such form or value, or the way leads through a value that has no keys.

    >>> content = {"training": {"epochs": 30}}
    >>> apply_setting(content, "training.epochs=2")
    >>> content
    {'training': {'epochs': 2}}

    Items of a list are counted, or called by their name:

    >>> content = {"augmentation": [{"name": "speed"}, {"name": "mixup", "alpha": 0.3}]}
    >>> apply_setting(content, "augmentation.mixup.probability=0")
    >>> content["augmentation"][1]
    {'name': 'mixup', 'alpha': 0.3, 'probability': 0}
    """
    key, equals, text = setting.partition("=")
    steps = key.strip().split(".")
    if not equals or not all(steps):
        raise RecipeError(f"The setting {setting!r} is not of the form a.b=value, such as training.epochs=2.")
    try:
        value = _parse(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RecipeError(
            f"The value of the setting {setting!r} is not YAML: {' '.join(str(error).split())}"
        ) from error
    place: Any = content
    for depth, step in enumerate(steps):
        index: Any = step
        if isinstance(place, list):
            index = _item(place, step)
            if index is None:
                raise RecipeError(
                    f"The setting {setting!r}: {'.'.join(steps[:depth])} is a list of {len(place)}; its items are "
                    f"counted from 0 or called by a name that one of them has, and there is no {step}."
                )
        if depth == len(steps) - 1:
            place[index] = value
            return
        inner = place[index] if isinstance(place, list) else place.get(index)
        if inner is not None and not isinstance(inner, Mapping | list):
            raise RecipeError(
                f"The setting {setting!r}: {'.'.join(steps[: depth + 1])} is {inner!r} here and has no keys. Set all "
                f"of it: {'.'.join(steps[: depth + 1])}={{{steps[depth + 1]}: ...}}."
            )
        # copied, as the caller's recipe is not ours to change
        place[index] = list(inner) if isinstance(inner, list) else dict(inner or {})
        place = place[index]


def _item(place: list[Any], step: str) -> int | None:
    """Where the item stands that is counted or called so; None where none is, or several are."""
    if step.isdecimal():
        return int(step) if int(step) < len(place) else None
    named = [
        index for index, item in enumerate(place) if isinstance(item, Mapping) and item.get("name") == step
    ]
    return named[0] if len(named) == 1 else None
