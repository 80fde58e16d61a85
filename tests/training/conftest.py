"""Trainings of a second, and what is compared of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Train = Callable[..., Path]
Outcome = Callable[[Path], dict[str, Any]]


@pytest.fixture
def train_fold(tiny_corpora: Path, tiny_recipe: Callable[..., Any], tmp_path: Path) -> Train:
    """Trains a fold of the tiny recipe with settings, in this process, and gives the fold's folder."""
    from hearfelt.training.fit import fit_fold
    from hearfelt.training.run import prepare_run

    def train(
        *settings: str,
        name: str = "run",
        data: Path = tiny_corpora,
        fold: int = 0,
        command: str = "",
        **options: Any,
    ) -> Path:
        run, _ = prepare_run(tiny_recipe(*settings), tmp_path / name, data=data, command=command)
        folder = run.fold_folder(fold)
        fit_fold(run.recipe, run.clips(), run.split.folds[fold], folder, fold=fold, **options)
        return folder

    return train


@pytest.fixture(scope="session")
def outcome() -> Outcome:
    """All that a finished fold says, but for the seconds that it took."""
    from hearfelt.training.checkpoint import load_checkpoint

    def read(folder: Path) -> dict[str, Any]:
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        best = load_checkpoint(folder / "best.safetensors")
        return {
            "metrics": [{key: value for key, value in line.items() if key != "seconds"} for line in lines],
            "predictions": (folder / "predictions.csv").read_text(),
            "validation": (folder / "validation.csv").read_text()
            if (folder / "validation.csv").exists()
            else "",
            "done": json.loads((folder / "done.json").read_text()),
            "weights": {key: value.tolist() for key, value in best["weights"].items()},
        }

    return read
