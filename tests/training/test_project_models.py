"""The projects' architectures train through a recipe and come out as bundles' graphs, clip by clip too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

MODELS = {
    "three_layer": "{widths: [4, 4, 4], dense: [8], size: [22, 22]}",
    "three_layer_mean": "{widths: [4, 4, 4], dense: [8], pooling: mean}",
    "multi_branch": "{widths: [4, 4, 4], dense: [8, 8], size: [30, 30]}",
    "separable": "{widths: [4, 4, 4], dense: [8], size: [30, 30]}",
    "ds_cnn": "{widths: [4, 4, 4, 4, 4], dense: [8, 8], size: [59, 59]}",
    "length_free": "{layers: 4, widths: [4, 4, 4, 8]}",
}


@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize("name", MODELS)
def test_two_epochs_of_each(name: str, batch_size: int, train_fold: Callable[..., Path]) -> None:
    folder = train_fold(
        f"model={{name: {name.removesuffix('_mean')}, options: {MODELS[name]}}}",
        f"training.batch_size={batch_size}",
        "training.epochs=2",
        "training.sampling.clips_per_epoch=9",  # the ninth of a batch of eight is left over, of one is not
        "training.learning_rate=0.003",
    )
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert len(lines) == 2
    assert all(0 < line[f"{part}_loss"] < 5 for line in lines for part in ("train", "validation"))
    assert (folder / "predictions.csv").read_text().count("\n") > 3
