"""Whole recipes on the same folds, as they are and in variants: which is better, where, and what each costs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from hearfelt.errors import RecipeError
from hearfelt.evaluation._figures import signed, with_interval
from hearfelt.evaluation._html import paragraph, table
from hearfelt.studies._answers import Answers, difference, mean_and_gain, measure
from hearfelt.studies._cells import Base, Cell, setting
from hearfelt.studies._study import Folder, Study
from hearfelt.training._settings import read_recipe_file
from hearfelt.training.recipe import Recipe, load_recipe

_OF_THE_CELL = ("recipe_version", "name", "description")


class RecipesStudy(Study):
    """Options of ``hearfelt study recipes``.

    Attributes:
        recipes: others than the study's own, by name: their content. Paths are read.
        variants: settings that each recipe is trained with besides, by name.
        plain: train each recipe as it is, too.
    """

    kind: ClassVar[str] = "recipes"
    question: ClassVar[str] = "Which recipe, and what does each buy and cost?"

    recipes: dict[str, dict[str, Any]] = Field(default_factory=dict)
    variants: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    plain: bool = True

    @field_validator("recipes", mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            return value
        contents = [read_recipe_file(Path(path)) for path in value]
        names = [
            str(content.get("name") or Path(path).stem) for content, path in zip(contents, value, strict=True)
        ]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two recipes have the name {twice[0]!r}")
        return dict(zip(names, contents, strict=True))

    @field_validator("variants")
    @classmethod
    def _name(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if wrong := [name for name in value if not re.fullmatch(r"[A-Za-z0-9_]+", name)]:
            raise ValueError(
                f"a variant is named {wrong[0]!r}; letters, digits and _ were expected, as it names a folder"
            )
        return value

    def first(self, base: Base, runs: Path) -> list[Cell]:
        """Each recipe, plain and in each variant; the first one with the same protocol is the others' baseline."""
        own = base.recipe.name
        if own in self.recipes:
            raise RecipeError(f"Two recipes have the name {own!r}; their runs would be one folder.")
        frames = {own: (), **{name: _frame(content) for name, content in self.recipes.items()}}
        variants = {**({"": ()} if self.plain else {}), **self.variants}
        if not variants:
            raise RecipeError("There is nothing to train: without the plain recipes a study needs --variant.")
        cells: list[Cell] = []
        baselines: dict[str, str] = {}
        for variant, settings in variants.items():
            for name, frame in frames.items():
                words = f"{name}, {variant.replace('_', ' ')}" if variant else name
                axes = {"recipe": name, "variant": variant}
                folder = f"{name}-{variant}" if variant else name
                cell = Cell(folder, words, frame=frame, settings=settings, axes=axes)
                recipe = base.of(cell, runs)
                compared = baselines.setdefault(_tested(recipe), folder)
                baseline = "" if compared == folder else compared
                cells.append(replace(cell, baseline=baseline, group=_group(recipe)))
        return cells

    def findings(self, folder: Folder, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Of each cell: seconds an epoch; of each corpus, and their mean, figures and difference to the baseline."""
        found = {}
        for entry in cells:
            if entry["state"] != "done":
                continue
            cell = folder.cell(entry["name"])
            answers = folder.answers(cell.name)
            others = folder.answers(cell.baseline) if cell.baseline else None
            found[cell.name] = {
                "seconds_per_epoch": round(entry["seconds"] / max(1, entry["epochs"]), 2),
                "labels": list(answers.table.labels) if answers else [],
                "corpora": _by_corpus(answers, others) if answers else {},
                "mean": mean_and_gain(answers, others) if answers else None,
            }
        return {"recipes": found}

    def sections(self, folder: Path, results: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """What each corpus has of it, and the time of an epoch."""
        del folder
        found = results["findings"]["recipes"]
        titles = {entry["name"]: entry["title"] for entry in results["cells"]}
        rows = [
            [
                titles[name],
                corpus,
                with_interval(figures["uar"]),
                signed(figures["difference"]),
                figures["n"],
                f"{facts['seconds_per_epoch']:.1f}",
            ]
            for name, facts in found.items()
            for corpus, figures in facts["corpora"].items()
        ]
        means = [
            [
                titles[name],
                facts["mean"]["corpora"],
                with_interval(facts["mean"]["uar"]),
                signed(facts["mean"]["difference"]),
            ]
            for name, facts in found.items()
            if facts["mean"]
        ]
        words = (
            "The difference is to the baseline on the same clips of that corpus, where both were tested on them. A "
            "recipe with more corpora is tested on more clips, so it is to be compared here and not in the table above."
        )
        columns = ["recipe", "corpus", "test UAR", "against the baseline", "clips", "s an epoch"]
        content = table("UAR of each corpus on the test, in percent", columns, rows, text_columns=2)
        if any(row[1] > 1 for row in means):
            heads = ["recipe", "corpora", "mean test UAR", "against the baseline"]
            content = table("Mean over corpora of the UAR on the test, in percent", heads, means) + content
        return [("corpora", "Each corpus, and the time of an epoch", paragraph(words, "muted") + content)]


def _by_corpus(answers: Answers, others: Answers | None) -> dict[str, Any]:
    found = {}
    for corpus in sorted(set(answers.table.corpus.astype(str))):
        part = answers.of_corpus(corpus)
        figures = measure(part)
        found[corpus] = {
            "n": figures and figures["n"],
            "uar": figures and figures["uar"],
            "difference": difference(part, others and others.of_corpus(corpus)),
        }
    return found


def _frame(content: Mapping[str, Any]) -> tuple[str, ...]:
    """All of a recipe as settings, so that nothing of another one stays."""
    whole = load_recipe(content, ()).model_dump(mode="json")
    return tuple(setting(part, value) for part, value in whole.items() if part not in _OF_THE_CELL)


#: Fields of a protocol that say who validates; who is tested does not depend on them.
_WHO_VALIDATES = {"validation_fraction", "validation_min_speakers"}


def _tested(recipe: Recipe) -> str:
    tested = recipe.protocol.model_dump(mode="json", exclude=_WHO_VALIDATES)
    return json.dumps(tested, sort_keys=True) + str(recipe.data.labels)


def _group(recipe: Recipe) -> str:
    """Cells that validate on the same clips: only among them can one be chosen."""
    data = recipe.data
    what = ", ".join(data.only or data.corpora) or "all"
    protocol = recipe.protocol
    details = protocol.model_dump(exclude={"name", "scheme"}, exclude_defaults=True)
    words = [
        f"{protocol.name} {protocol.scheme}".strip(),
        *(f"{key} {value}" for key, value in details.items()),
    ]
    return f"{what}; {', '.join(words)}"
