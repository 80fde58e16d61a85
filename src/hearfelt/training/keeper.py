"""What is kept at the end of each epoch: the checkpoint to resume from, the best weights, the line of metrics."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl

from hearfelt.errors import RecipeError
from hearfelt.files import write_atomically
from hearfelt.training.checkpoint import save_checkpoint
from hearfelt.training.recipe import Recipe


class EpochKeeper(pl.Callback):
    """Writes ``best.safetensors``, ``metrics.jsonl`` and, last, ``last.safetensors``; stops early where asked to.

    The order matters: whatever moment the process dies at, resuming from ``last.safetensors`` writes the other two
    again as they would have been.
    """

    def __init__(
        self, folder: Path, recipe: Recipe, progress: Callable[[int, int], None] | None = None
    ) -> None:
        self.folder, self.recipe, self.progress = folder, recipe, progress
        self.best: dict[str, Any] = {"value": None, "epoch": -1}
        self.stopped = False

    def state_dict(self) -> dict[str, Any]:
        """Which epoch was best so far, and whether it was time to stop."""
        return {**self.best, "stopped": self.stopped}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take it back."""
        self.best = {key: state_dict[key] for key in ("value", "epoch")}
        self.stopped = bool(state_dict.get("stopped", False))

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """A training that had stopped early before it was killed is not taken up again."""
        trainer.should_stop = self.stopped

    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        """Tell the progress."""
        if self.progress is not None:
            batches = int(trainer.num_training_batches)
            done = trainer.current_epoch * batches + trainer.fit_loop.batch_idx + 1
            self.progress(done, (trainer.max_epochs or 1) * batches)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Score the epoch and keep everything."""
        module: Any = pl_module
        entry, monitor = module.end_epoch(), self.recipe.training.monitor
        if not math.isfinite(entry["train_loss"]):
            raise RecipeError(
                f"The training loss of epoch {entry['epoch']} is {entry['train_loss']}: the training diverged. Try a "
                f"training.learning_rate below {self.recipe.training.learning_rate:g}."
            )
        figures = {key: value for key, value in entry.items() if key != "epoch"}
        for logger in trainer.loggers:
            logger.log_metrics(figures, step=entry["epoch"])
        value = entry.get(f"validation_{monitor}")
        nothing_to_select = self.recipe.training.select == "last" or not module.validation_rows
        if nothing_to_select or (value is not None and self._is_better(value)):
            self.best = {"value": value, "epoch": entry["epoch"]}
            weights = {
                "weights": module.average.state_dict(),
                "epoch": entry["epoch"],
                "monitor": {"name": monitor, "value": value},
            }
            if trainer.is_global_zero:
                save_checkpoint(self.folder / "best.safetensors", weights)
        if trainer.is_global_zero:
            lines = [json.dumps(line) + "\n" for line in module.history]
            write_atomically(self.folder / "metrics.jsonl", "".join(lines))
        stopping = self.recipe.training.early_stopping
        if (
            stopping is not None
            and value is not None
            and entry["epoch"] - self.best["epoch"] >= stopping.patience
        ):
            self.stopped = trainer.should_stop = True
        trainer.save_checkpoint(self.folder / "last.safetensors")

    def _is_better(self, value: float) -> bool:
        if self.best["value"] is None:
            return True
        down = self.recipe.training.monitor == "loss"
        return bool(value < self.best["value"] if down else value > self.best["value"])
