"""Studies: many trainings, one comparison. Each study is a file of this folder; see docs/studies.md."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any


def run_study(
    kind: str,
    recipe: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    options: Mapping[str, Any] | None = None,
    settings: Iterable[str] = (),
    data: Iterable[str | os.PathLike[str]] = (),
    processes: int = 1,
    note: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Do a study, or go on with the one in the folder.

    Args:
        kind: ``search``, ``augmentation``, ``transfer``, ``duration``, ``architectures`` or ``recipes``.
        recipe: that all trainings begin with; of a study that goes on its own is taken, with its options and settings.
        folder: of the study.
        options: the attributes of the study's class, such as those of `hearfelt.studies.search.SearchStudy`.
        settings: ``a.b=value`` each, for all trainings.
        data: folders with the corpora below them, and manifests; ``$HEARFELT_DATA`` where none is given.
        processes: trainings at a time; 0 trains in this process.
        note: gets sentences for people.

    Returns:
        the content of ``results.json``.

    Raises:
        HearfeltError: anything wrong with options, recipe or data; or no cell could be trained.
    """
    from hearfelt.studies._cells import Base
    from hearfelt.studies._folder import begin_study, is_study, work_on
    from hearfelt.studies._study import create_study
    from hearfelt.training._settings import read_recipe_file

    path, source = Path(folder), Path(recipe)
    if not is_study(path):
        places = tuple(os.path.abspath(place) for place in data)  # noqa: PTH100 - links stay as they are
        base = Base(read_recipe_file(source), tuple(settings), places, str(source.absolute().parent))
        begin_study(path, create_study(kind, options or {}), base)
    return work_on(path, processes=processes, note=note)
