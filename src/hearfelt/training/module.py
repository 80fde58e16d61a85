"""The Lightning module: loss, averaged weights, scores of each epoch. Lightning drives the loop around it."""

from __future__ import annotations

import copy
import time
from typing import Any, cast

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from hearfelt.augment._registry import augment_spectrogram
from hearfelt.augment.mixup import Mixup
from hearfelt.evaluation.metrics import confusion_matrix, scores
from hearfelt.training.batches import Batch, EvaluationBatches, LabelledClips, TrainingBatches
from hearfelt.training.freezing import freeze, head_names, trained_share
from hearfelt.training.losses import MASKED, class_weights, soft_loss
from hearfelt.training.network import Network
from hearfelt.training.recipe import Recipe

#: What an epoch's line of metrics.jsonl holds of each part.
_SCORES = ("uar", "accuracy", "macro_precision", "macro_f1")


class TrainingModule(pl.LightningModule):
    """Trains a `Network` by a recipe on the rows of one fold.

    Attributes:
        network: what is trained.
        average: its exponential average, which is validated and exported; the network itself where the recipe does
            not average.
        history: one dictionary an epoch, as in metrics.jsonl.
    """

    def __init__(
        self,
        recipe: Recipe,
        network: Network,
        clips: LabelledClips,
        *,
        fold: int,
        train_rows: tuple[int, ...],
        validation_rows: tuple[int, ...],
    ) -> None:
        super().__init__()
        self.recipe, self.network, self.clips, self.fold = recipe, network, clips, fold
        self.train_rows, self.validation_rows = train_rows, validation_rows
        self.average = (
            copy.deepcopy(network).requires_grad_(False) if recipe.training.average_decay else network
        )
        counts = np.bincount(clips.classes[list(train_rows)], minlength=len(clips.labels))
        weights = class_weights(counts.tolist(), clips.labels, recipe.training.loss)
        self.register_buffer("class_weights", weights, persistent=False)
        self.history: list[dict[str, Any]] = []
        self._seen: dict[str, list[tuple[Tensor, Tensor, Tensor]]] = {"train": [], "validation": []}
        self._started = time.monotonic()
        self._frozen: list[torch.nn.Module] = []

    # Data ------------------------------------------------------------------------------------------------------

    def train_dataloader(self) -> DataLoader[Batch]:
        """The batches of the epoch that begins; asked for anew each epoch."""
        dataset = TrainingBatches(
            self.clips, self.train_rows, self.recipe, fold=self.fold, epoch=self.current_epoch
        )
        return self._loader(dataset)

    def val_dataloader(self) -> DataLoader[Batch] | list[Any]:
        """Whole validation clips; nothing where the protocol has none."""
        return (
            self._loader(EvaluationBatches(self.clips, self.validation_rows)) if self.validation_rows else []
        )

    def _loader(self, dataset: Any) -> DataLoader[Batch]:
        workers = self.recipe.training.loader_workers
        return DataLoader(dataset, batch_size=None, num_workers=workers)

    # Steps -----------------------------------------------------------------------------------------------------

    def on_train_epoch_start(self) -> None:
        """Forget the last epoch's answers."""
        self._started = time.monotonic()
        self._seen["train"].clear()
        last = self.current_epoch + 1 == self.trainer.max_epochs
        self.trainer.check_val_every_n_epoch = 1 if last else self.recipe.training.validate_every
        if self.recipe.training.freeze != "none":
            model, share = self.recipe.model, trained_share(self.recipe.training, self.current_epoch)
            bands, classes = self.network.front_end.config.band_count, len(self.clips.labels)
            head = head_names(model.name, model.options, classes, bands)
            self._frozen = freeze(self.network.model, head, share)

    def training_step(self, batch: Batch) -> Tensor:
        """Loss of one augmented batch."""
        for frozen in self._frozen:  # validation sets everything back to training
            frozen.eval()
        place = (self.recipe.seed, self.fold, self.current_epoch)
        generator = np.random.default_rng((*place, 3, int(batch.number)))
        # Dropout is seeded a batch: data loaders draw from torch's generator too, and in a resumed run otherwise.
        torch.manual_seed(int(np.random.SeedSequence((*place, 2, int(batch.number))).generate_state(1)[0]))
        with torch.no_grad():
            features, lengths = self.network.front_end(batch.waveform, batch.lengths)
            frames = lengths.tolist()
            # Channels that are stacked on the band axis are changed alike: the same draw for each.
            stacked = getattr(self.network.front_end.config, "feature_channels", 1)
            planes = features.unflatten(1, (stacked, -1))
            planes = augment_spectrogram(planes, self.recipe.augmentation, generator, lengths=frames)
            features = planes.flatten(1, 2)
        targets, allowed = batch.targets, batch.allowed
        for step in self.recipe.augmentation:
            if isinstance(step, Mixup):
                drawn = step.sample(generator, len(features))
                features, targets = step.apply(features, drawn), step.apply(targets, drawn)
                allowed = step.apply(allowed.float(), drawn) > 0
                lengths = step.apply_lengths(lengths, drawn)
        logits = self.network.model(features, lengths)
        self._remember("train", logits, targets.argmax(1), allowed)
        return soft_loss(
            logits, targets, self.recipe.training.loss, weights=self._weights, allowed=self._mask(allowed)
        )

    @property
    def _weights(self) -> Tensor:
        return cast(Tensor, self.class_weights)

    def _mask(self, allowed: Tensor) -> Tensor | None:
        return allowed if self.recipe.training.mask_labels_by_corpus else None

    def validation_step(self, batch: Batch) -> None:
        """Answers of the averaged weights."""
        logits = self.average(batch.waveform, batch.lengths)
        self._remember("validation", logits, batch.targets.argmax(1), batch.allowed)

    def _remember(self, part: str, logits: Tensor, truth: Tensor, allowed: Tensor) -> None:
        logits = logits.detach().float().masked_fill(~allowed, MASKED)
        self._seen[part].append((logits.cpu(), truth.cpu(), allowed.cpu()))

    def on_train_batch_end(self, *_: Any) -> None:
        """Move the average towards the weights; quickly at first (1 / steps), as long as they change fast."""
        decay = self.recipe.training.average_decay
        if not decay:
            return
        decay = min(decay, (1 + self.global_step) / (10 + self.global_step))
        pairs = list(zip(self.average.state_dict().values(), self.network.state_dict().values(), strict=True))
        floats = [(mean, new) for mean, new in pairs if mean.is_floating_point()]
        torch._foreach_lerp_([mean for mean, _ in floats], [new for _, new in floats], 1 - decay)
        for mean, new in pairs:
            if not mean.is_floating_point():
                mean.copy_(new)

    # Epoch ends ------------------------------------------------------------------------------------------------

    def on_validation_epoch_start(self) -> None:
        """Forget the last epoch's answers."""
        self._seen["validation"].clear()

    def end_epoch(self) -> dict[str, Any]:
        """Write the epoch's line into the history and return it; the keeper calls it, after validation."""
        entry: dict[str, Any] = {
            "epoch": self.current_epoch,
            "seconds": round(time.monotonic() - self._started, 3),
            "learning_rate": self.optimizers().param_groups[0]["lr"],  # type: ignore[union-attr]
        }
        for part, seen in self._seen.items():
            if not seen:
                continue
            logits, truth, allowed = (torch.cat(column) for column in zip(*seen, strict=True))
            one_hot = torch.nn.functional.one_hot(truth, logits.shape[1]).float()
            loss = soft_loss(
                logits,
                one_hot,
                self.recipe.training.loss,
                weights=self._weights.cpu(),
                allowed=self._mask(allowed),
            )
            entry[f"{part}_loss"] = round(float(loss), 6)
            confusion = confusion_matrix(truth.numpy(), logits.argmax(1).numpy(), logits.shape[1])
            measured = scores(confusion)
            entry |= {f"{part}_{name}": round(measured[name], 6) for name in _SCORES}
            seen.clear()
        self.history.append(entry)
        return entry

    # Optimisation ----------------------------------------------------------------------------------------------

    def configure_optimizers(self) -> Any:
        """Optimiser and schedule of the recipe; the schedule counts steps."""
        config = self.recipe.training
        weights = [p for p in self.network.parameters() if p.ndim > 1]
        rest = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [
            {"params": weights, "weight_decay": config.weight_decay},
            {"params": rest, "weight_decay": 0.0},
        ]
        optimizer: torch.optim.Optimizer
        if config.optimizer == "sgd":
            optimizer = torch.optim.SGD(groups, lr=config.learning_rate, momentum=0.9)
        else:
            kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
            optimizer = kind(groups, lr=config.learning_rate)
        total = max(1, int(self.trainer.estimated_stepping_batches))

        def factor(step: int) -> float:
            rise = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
            if config.schedule == "constant":
                return rise
            return rise * 0.5 * (1 + float(np.cos(np.pi * min(1.0, step / total))))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    # Checkpoints -----------------------------------------------------------------------------------------------

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """The history travels with the weights, so that a resumed run has all of it and nothing twice."""
        checkpoint["history"] = self.history

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take the history back."""
        self.history = checkpoint["history"]
