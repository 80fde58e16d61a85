"""The cells of a study: what is trained, as settings on one recipe. Read and written as ``plan.json``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hearfelt.errors import HearfeltError, RecipeError
from hearfelt.files import read_json, write_json
from hearfelt.training.recipe import Recipe, load_recipe

PLAN_VERSION = 1
#: In a setting, the folder that the runs of the study are in.
RUNS = "{runs}"


def setting(key: str, value: Any) -> str:
    """A setting of a recipe with any plain value.

    >>> setting("model.options", {"dropout": 0.1}), setting("training.crop_seconds", None)
    ('model.options={"dropout": 0.1}', 'training.crop_seconds=null')
    """
    return f"{key}={json.dumps(value, ensure_ascii=False)}"


@dataclass(frozen=True)
class Cell:
    """One training of a study, over all its folds: an ordinary run.

    Attributes:
        name: folder below ``runs``.
        title: what people read.
        frame: settings that make up the cell, which the user's own go over.
        settings: what is varied; they have the last word.
        axes: the same in plain values, for tables and curves.
        baseline: name of the cell that it is compared with; empty where it is one itself.
        group: cells among which one is chosen.
        candidate: whether it may be chosen.
    """

    name: str
    title: str
    frame: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    axes: Mapping[str, Any] = field(default_factory=dict)
    baseline: str = ""
    group: str = ""
    candidate: bool = True

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the cells whose runs it starts from.

        >>> Cell("b", "b", settings=('training.start_from="{runs}/a"',)).sources
        ('a',)
        """
        text = " ".join((*self.frame, *self.settings))
        return tuple(dict.fromkeys(re.findall(rf"{re.escape(RUNS)}/([\w.-]+)", text)))


@dataclass(frozen=True)
class Base:
    """What all cells of a study share.

    Attributes:
        content: of the recipe.
        settings: the user's.
        data: where the corpora are; empty where ``$HEARFELT_DATA`` says it.
        recipes: folder of the recipe, for others beside it.
    """

    content: Mapping[str, Any]
    settings: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    recipes: str = ""

    @property
    def recipe(self) -> Recipe:
        """The recipe with the user's settings."""
        return load_recipe(self.content, self.settings)

    def of(self, cell: Cell, runs: Path) -> Recipe:
        """The recipe of a cell.

        Raises:
            RecipeError: the settings do not fit the recipe.
        """
        settings = [*cell.frame, *self.settings, *cell.settings, setting("name", cell.name)]
        try:
            return load_recipe(self.content, [text.replace(RUNS, str(runs)) for text in settings])
        except RecipeError as error:
            raise RecipeError(f"{cell.title} ({cell.name}): {error}") from error


def write_plan(path: Path, cells: Iterable[Cell], base: Base, runs: Path) -> None:
    """Write every cell with its settings, its seed and its folds (null: all of the protocol)."""
    listed = []
    for cell in cells:
        recipe = base.of(cell, runs)
        listed.append(
            {
                **asdict(cell),
                "axes": dict(cell.axes),
                "seed": recipe.seed,
                "folds": recipe.protocol.fold,
            }
        )
    write_json(path, {"version": PLAN_VERSION, "base": base.recipe.model_dump(mode="json"), "cells": listed})


def read_plan(path: Path) -> list[Cell]:
    """Read what `write_plan` wrote.

    Raises:
        HearfeltError: damaged, or of another version.
    """
    content = read_json(path)
    try:
        if content["version"] != PLAN_VERSION:
            raise HearfeltError(
                f"{path} has version {content['version']}, and this hearfelt knows {PLAN_VERSION}."
            )
        return [
            Cell(
                name=entry["name"],
                title=entry["title"],
                frame=tuple(entry["frame"]),
                settings=tuple(entry["settings"]),
                axes=entry["axes"],
                baseline=entry["baseline"],
                group=entry["group"],
                candidate=entry["candidate"],
            )
            for entry in content["cells"]
        ]
    except (KeyError, TypeError) as error:
        raise HearfeltError(f"{path} is damaged: {error!r}. Start the study in a new folder.") from error


def check_names(cells: Sequence[Cell]) -> None:
    """Refuse two cells of one name: they would be one folder."""
    names = [cell.name for cell in cells]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise HearfeltError(f"Two cells of the study are named {twice[0]!r}; say each value once.")
