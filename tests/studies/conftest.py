"""Studies of a few trainings of a second each, in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hearfelt.evaluation.predictions import Predictions, read_predictions
from hearfelt.studies import run_study

TINY = Path(__file__).resolve().parents[1] / "training" / "tiny.yaml"
SHORT = (
    "augmentation=[]",
    "training.epochs=1",
    "training.average_decay=0",
    "training.sampling.clips_per_epoch=32",
    "protocol.fold=[0]",
)
Make = Callable[..., tuple[Path, dict[str, Any]]]


@pytest.fixture(scope="session")
def make_study(tiny_corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Does a study of the tiny recipe and gives its folder and results."""

    def make(
        kind: str, *settings: str, recipe: Path = TINY, data: Path = tiny_corpora, **options: Any
    ) -> tuple[Path, dict[str, Any]]:
        folder = tmp_path_factory.mktemp("studies") / kind
        results = run_study(
            kind, recipe, folder, options=options, settings=[*SHORT, *settings], data=[data], processes=0
        )
        return folder, results

    return make


@pytest.fixture(scope="session")
def make_base(tiny_corpora: Path) -> Callable[..., Any]:
    """What the cells of a study of the tiny recipe share, with more settings."""
    from hearfelt.studies._cells import Base
    from hearfelt.training._settings import read_recipe_file

    def make(*settings: str, data: Path = tiny_corpora, recipes: str = "") -> Base:
        return Base(read_recipe_file(TINY), (*SHORT, *settings), (str(data),), recipes)

    return make


@pytest.fixture(scope="session")
def answers() -> Callable[..., Predictions]:
    """The test answers of a cell's first fold."""

    def read(folder: Path, cell: str, name: str = "predictions.csv") -> Predictions:
        return read_predictions(folder / "runs" / cell / "folds" / "0" / name)

    return read


@pytest.fixture(scope="session")
def by_name() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Cells of results by name."""
    return lambda results: {entry["name"]: entry for entry in results["cells"]}


@pytest.fixture(scope="session")
def page() -> Callable[[Path], str]:
    """The report of a study; checked to be a page that asks for nothing."""

    def read(folder: Path) -> str:
        text = (folder / "report.html").read_text()
        assert text.startswith("<!doctype html>")
        assert "data:image/png;base64," in text
        assert "http://" not in text
        assert "https://" not in text
        return text

    return read
