"""What is kept of an epoch, with a trainer that only counts; test_fit.py tests it in real trainings."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
import torch

from hearfelt.errors import RecipeError
from hearfelt.training.checkpoint import load_checkpoint
from hearfelt.training.keeper import EpochKeeper


class Trainer(SimpleNamespace):
    def __init__(self, folder) -> None:
        super().__init__(loggers=[], is_global_zero=True, should_stop=False, folder=folder, saved=0, order=[])

    def save_checkpoint(self, path) -> None:
        assert path == self.folder / "last.safetensors"
        self.saved += 1
        self.files = sorted(file.name for file in self.folder.iterdir())


class Module:
    """Gives the values of one figure, epoch after epoch; its weights are the epoch's number."""

    def __init__(self, name: str, values) -> None:
        self.name, self.values, self.history = name, values, []
        self.average = self
        self.validation_rows = (0, 1) if any(value is not None for value in values) else ()

    def end_epoch(self):
        epoch = len(self.history)
        entry = {"epoch": epoch, "train_loss": 1.0}
        if self.values[epoch] is not None:
            entry[f"validation_{self.name}"] = self.values[epoch]
        self.history.append(entry)
        return entry

    def state_dict(self):
        return {"epoch": torch.tensor([len(self.history) - 1])}


def play(folder, recipe, name, values):
    keeper, trainer, module = EpochKeeper(folder, recipe), Trainer(folder), Module(name, values)
    for _ in values:
        if not trainer.should_stop:
            keeper.on_train_epoch_end(trainer, module)
    best = load_checkpoint(folder / "best.safetensors")
    assert best["weights"]["epoch"].tolist() == [best["epoch"]]
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert lines == module.history and trainer.saved == len(lines)
    assert trainer.files == ["best.safetensors", "metrics.jsonl"]  # the checkpoint to resume from comes last
    return best["epoch"], len(lines), keeper


@pytest.mark.parametrize(
    ("settings", "name", "values", "best"),
    [
        (("training.monitor=uar",), "uar", [0.2, 0.5, 0.5, 0.4], 1),
        (("training.monitor=accuracy",), "accuracy", [0.5, 0.2, 0.6], 2),
        (("training.monitor=loss",), "loss", [2.0, 1.0, 1.5, 1.0], 1),
        (("training.monitor=uar", "training.select=last"), "uar", [0.9, 0.1, 0.2], 2),
        (("training.monitor=uar",), "uar", [None, None, None], 2),
        (("training.monitor=uar",), "uar", [None, 0.5, None, 0.4], 1),
        (("training.monitor=uar", "training.select=last"), "uar", [None, 0.5, None], 2),
    ],
)
def test_which_epoch_is_kept(tmp_path, tiny_recipe, settings, name, values, best) -> None:
    assert play(tmp_path, tiny_recipe(*settings), name, values)[:2] == (best, len(values))


@pytest.mark.parametrize(
    ("values", "epochs", "stopped"),
    [
        ([0.5, 0.4, 0.4, 0.9], 3, True),
        ([0.5, 0.4, 0.6, 0.5], 4, False),
        ([0.5, 0.5, 0.5, 0.5], 3, True),
        ([None] * 4, 4, False),
    ],
)
def test_when_it_stops(tmp_path, tiny_recipe, values, epochs, stopped) -> None:
    recipe = tiny_recipe("training.monitor=uar", "training.early_stopping={patience: 2}")
    _, lines, keeper = play(tmp_path, recipe, "uar", values)
    assert lines == epochs
    resumed, trainer = EpochKeeper(tmp_path, recipe), Trainer(tmp_path)
    resumed.load_state_dict(keeper.state_dict())
    resumed.on_fit_start(trainer, None)
    assert trainer.should_stop is stopped
    assert resumed.best == keeper.best


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_ends_it(tmp_path, tiny_recipe, loss) -> None:
    module = Module("loss", [1.0])
    entry = module.end_epoch()
    module.end_epoch = lambda: entry | {"train_loss": loss}
    with pytest.raises(RecipeError, match=r"training diverged\. Try a training.learning_rate below 0\.03"):
        EpochKeeper(tmp_path, tiny_recipe()).on_train_epoch_end(Trainer(tmp_path), module)
    assert list(tmp_path.iterdir()) == []
