"""What a study is: a kind with options, its folder with cells, and the registry of kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hearfelt.errors import HearfeltError, RecipeError, UnknownNameError
from hearfelt.studies._answers import Answers, measure, read_answers
from hearfelt.studies._cells import Base, Cell, check_names, write_plan

if TYPE_CHECKING:
    from hearfelt.studies._pool import Pool

RESULTS_VERSION = 1
STUDIES = ("architectures", "augmentation", "benchmark", "duration", "recipes", "search", "transfer")
Tell = Callable[[str, int, int], None]
Note = Callable[[str], None]


@dataclass
class Folder:
    """A study folder, and what is known of its cells.

    Attributes:
        path: the folder.
        base: what the cells share.
        cells: all that are planned so far.
        failed: cell -> why it was given up.
        pruned: cell -> where it was stopped.
    """

    path: Path
    base: Base
    cells: list[Cell] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    pruned: dict[str, str] = field(default_factory=dict)

    @property
    def runs(self) -> Path:
        """Where the runs are."""
        return self.path / "runs"

    def run(self, cell: str) -> Path:
        """The run folder of a cell."""
        return self.runs / cell

    def cell(self, name: str) -> Cell:
        """A cell by name."""
        return next(cell for cell in self.cells if cell.name == name)

    def done(self) -> list[Cell]:
        """Cells that are trained to their end, in order."""
        return [
            cell
            for cell in self.cells
            if (self.run(cell.name) / "metrics.json").exists() and cell.name not in self.failed
        ]

    def answers(self, cell: str, name: str = "predictions.csv") -> Answers | None:
        """The answers of a cell; read anew each time, as studies may have hundreds."""
        return read_answers(self.run(cell), name)

    def validation(self, cell: str) -> float:
        """UAR on the validation rows of all folds, which is what everything is chosen by.

        Raises:
            HearfeltError: the protocol gives no validation.
        """
        figures = measure(self.answers(cell, "validation.csv"))
        if figures is None:
            raise HearfeltError(
                f"{self.run(cell)} has no validation rows to choose by. Set protocol.validation_fraction above 0."
            )
        return float(figures["uar"]["value"])


class Study(BaseModel):
    """What a kind of study says: its cells, its choice, its part of the report. Fields are the user's options."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: ClassVar[str] = ""
    question: ClassVar[str] = ""

    def first(self, base: Base, runs: Path) -> list[Cell]:
        """The cells that are planned from the beginning."""
        raise NotImplementedError

    def preview(self, base: Base, runs: Path) -> list[Cell]:
        """What is estimated beforehand; for studies that plan as they go on."""
        return self.first(base, runs)

    def more(self, folder: Folder) -> list[Cell]:
        """Cells that follow from the validation figures of those that are done; none when the study is."""
        del folder
        return []

    def loop(self, folder: Folder, pool: Pool, tell: Tell, note: Note) -> None:
        """Train everything."""
        from hearfelt.studies._loop import train_cells

        while True:
            train_cells(folder, pool, tell, note)
            following = [cell for cell in self.more(folder) if cell not in folder.cells]
            if not following:
                return
            folder.cells += following
            check_names(folder.cells)
            write_plan(folder.path / "plan.json", folder.cells, folder.base, folder.runs)

    def choose(self, folder: Folder) -> list[str]:
        """The best candidate of each group by validation, the first of equals."""
        best: dict[str, tuple[float, str]] = {}
        for cell in folder.done():
            if cell.candidate and (figures := measure(folder.answers(cell.name, "validation.csv"))):
                value = float(figures["uar"]["value"])
                if cell.group not in best or value > best[cell.group][0]:
                    best[cell.group] = (value, cell.name)
        return [name for _, name in best.values()]

    def findings(self, folder: Folder, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """What ``results.json`` has beyond the common fields."""
        del folder, cells
        return {}

    def sections(self, folder: Path, results: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """(identifier, title, HTML) of the study's own part of the report."""
        del folder, results
        return []


def create_study(kind: str, options: Mapping[str, Any]) -> Study:
    """A study by its name with its options.

    Raises:
        UnknownNameError: no such study.
        RecipeError: an option that it does not have, or a wrong value.
    """
    if kind not in STUDIES:
        raise UnknownNameError("study", kind, STUDIES)
    module = import_module(f"hearfelt.studies.{kind}")
    made: type[Study] = getattr(module, f"{kind.capitalize()}Study")
    try:
        return made.model_validate(dict(options))
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ').rstrip('.')}"
            for item in error.errors()
        )
        raise RecipeError(f"The options of the study {kind!r} are wrong: {problems}.") from error
