"""A study folder: made, opened, worked on by one process at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

import hearfelt
from hearfelt.errors import HearfeltError, RecipeError
from hearfelt.files import lock, write_atomically
from hearfelt.studies._cells import Base, Cell, check_names, read_plan, write_plan
from hearfelt.studies._pool import Pool
from hearfelt.studies._study import RESULTS_VERSION, Folder, Note, Study, Tell, create_study


def begin_study(path: Path, study: Study, base: Base, *, command: str = "") -> None:
    """Make a study folder: ``study.yaml`` and ``plan.json``. Nothing is trained.

    Raises:
        HearfeltError: the folder is not empty, or a cell's recipe, model or data is wrong.
    """
    from hearfelt.training.recipe import check_recipe

    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        advice = f"`hearfelt study resume {path}` goes on with it; or name" if is_study(path) else "Name"
        raise RecipeError(f"{path} exists and is not empty. {advice} another folder with --out.")
    cells = study.first(base, path / "runs")
    check_names(cells)
    for recipe in (base.recipe, *(base.of(cell, path / "runs") for cell in cells)):
        if recipe.protocol.validation_fraction == 0 or recipe.protocol.name == "all":
            raise RecipeError(
                "A study chooses by validation rows, and this protocol gives none. Set protocol.validation_fraction "
                "above 0, such as 0.15, and a protocol other than 'all'."
            )
    checked: set[str] = set()
    for cell in cells:
        recipe = base.of(cell, path / "runs")
        if (kind := f"{recipe.model}{recipe.front_end}{recipe.training}") not in checked:
            check_recipe(recipe)
            checked.add(kind)
    write_study(path, study, base, cells, command)


def write_study(path: Path, study: Study, base: Base, cells: Sequence[Cell], command: str) -> None:
    """Write ``plan.json`` and, last, ``study.yaml``: with both it is a study folder."""
    content = {
        "study": study.kind,
        "version": RESULTS_VERSION,
        "hearfelt": hearfelt.__version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "data": [os.path.abspath(place) for place in base.data],  # noqa: PTH100 - resolve() would follow links
        "recipes": base.recipes,
        "settings": list(base.settings),
        "options": study.model_dump(mode="json"),
        "recipe": dict(base.content),
    }
    write_plan(path / "plan.json", cells, base, path / "runs")
    write_atomically(path / "study.yaml", yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def is_study(path: Path) -> bool:
    """Whether a study was begun there."""
    return (path / "study.yaml").is_file() and (path / "plan.json").is_file()


def open_study(path: Path) -> tuple[Study, Folder, dict[str, Any]]:
    """A study folder: the study, its cells so far, the content of ``study.yaml``.

    Raises:
        HearfeltError: no study folder, or damaged.
    """
    if not is_study(path):
        raise HearfeltError(
            f"{path} is not a study folder: it lacks study.yaml or plan.json. `hearfelt study` makes one."
        )
    try:
        content = yaml.safe_load((path / "study.yaml").read_text(encoding="utf-8"))
        base = Base(content["recipe"], tuple(content["settings"]), tuple(content["data"]), content["recipes"])
        study = create_study(content["study"], content["options"])
    except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise HearfeltError(f"{path / 'study.yaml'} is damaged: {' '.join(str(error).split())}") from error
    return study, Folder(path, base, read_plan(path / "plan.json")), content


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a folder while it is worked on.

    Raises:
        HearfeltError: somebody else does.
    """
    try:
        with lock(path):
            yield
    except BlockingIOError as error:
        raise HearfeltError(f"{path} is being worked on by another process; wait for it.") from error


def work_on(
    path: Path, *, processes: int = 1, tell: Tell | None = None, note: Note | None = None
) -> dict[str, Any]:
    """Train what is not trained yet, then write results and report.

    Args:
        path: a folder of `begin_study`.
        processes: trainings at a time; 0 trains in this process.
        tell: called with ("trainings", done, in all).
        note: gets sentences for people.

    Returns:
        the content of ``results.json``.

    Raises:
        HearfeltError: every cell failed, or somebody else works in the folder.
    """
    from hearfelt.studies._results import write_results

    study, folder, _ = open_study(path)
    with alone(path), Pool(processes) as pool:
        study.loop(folder, pool, tell or (lambda *_: None), note or (lambda _: None))
        if not folder.done():
            reason = next(iter(folder.failed.values()), "it has no cells")
            raise HearfeltError(f"No cell of the study {path} could be trained: {reason}")
        return write_results(path, failed=folder.failed, pruned=folder.pruned)
