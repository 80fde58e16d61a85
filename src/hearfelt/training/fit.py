"""Train one fold: from rows to weights and answers, resumable at every epoch."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hearfelt.errors import RecipeError
from hearfelt.evaluation.calibration import softmax
from hearfelt.evaluation.metrics import closed_set_prediction
from hearfelt.evaluation.predictions import Predictions, write_predictions
from hearfelt.features._base import FrontEndConfig
from hearfelt.features._registry import front_end_features
from hearfelt.files import lock, write_json
from hearfelt.protocols.split import Fold
from hearfelt.training.batches import EvaluationBatches, LabelledClips
from hearfelt.training.checkpoint import SafetensorsIO, load_checkpoint
from hearfelt.training.classical import fit_classical, is_classical
from hearfelt.training.network import Network, bf16_supported
from hearfelt.training.recipe import Recipe
from hearfelt.training.start import load_start

Progress = Callable[[int, int], None]


def fit_fold(
    recipe: Recipe,
    clips: LabelledClips,
    division: Fold,
    folder: Path,
    *,
    fold: int,
    progress: Progress | None = None,
    accelerator: str = "auto",
) -> None:
    """Train, select, answer the test rows; everything is written below ``folder``.

    A fold with ``done.json`` is left alone; one with ``last.safetensors`` goes on from there and ends at the same
    figures as one that was never interrupted (same machine, same thread count).

    Args:
        recipe: what to do.
        clips: all rows of the manifest.
        division: rows of training, validation and test.
        folder: ``folds/<n>`` of the run.
        fold: its number; part of every seed.
        progress: called with (batches done, batches in all).
        accelerator: Lightning's word: ``auto``, ``cpu``, ``gpu``.

    Raises:
        RecipeError: another process trains this fold, a checkpoint is damaged, or the loss is no number any more.
    """
    if (folder / "done.json").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with _alone_in(folder):
        if not (folder / "done.json").exists():
            _fit(recipe, clips, division, folder, fold=fold, progress=progress, accelerator=accelerator)


@contextmanager
def _alone_in(folder: Path, patience_seconds: float = 15.0) -> Iterator[None]:
    """Hold a fold's folder: two processes would take each other's checkpoints away.

    Loader processes of a training that was killed hold it for some seconds more.
    """
    deadline = time.monotonic() + patience_seconds
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(lock(folder))
                break
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise RecipeError(
                        f"{folder} is being trained by another process; wait for it."
                    ) from error
                time.sleep(0.1)
        for leftover in folder.glob(".*.part"):  # of a process that was killed while it wrote
            leftover.unlink()
        yield


def _fit(
    recipe: Recipe,
    clips: LabelledClips,
    division: Fold,
    folder: Path,
    *,
    fold: int,
    progress: Progress | None,
    accelerator: str,
) -> None:
    if is_classical(recipe.model.name):
        network, epochs = fit_classical(recipe, clips, division, folder, fold=fold), 1
    else:
        module = _train(
            recipe, clips, division, folder, fold=fold, progress=progress, accelerator=accelerator
        )
        network, epochs = module.average, len(module.history)
    best = load_checkpoint(folder / "best.safetensors")
    network.load_state_dict(best["weights"])
    for name, rows in (("validation", division.validation), ("predictions", division.test)):
        if rows:
            write_predictions(folder / f"{name}.csv", predict_rows(network, clips, rows))
    write_json(
        folder / "done.json",
        {"fold": fold, "epoch": best["epoch"], "epochs": epochs, "monitor": best["monitor"]},
    )
    (folder / "last.safetensors").unlink(missing_ok=True)  # only a fold that is not done is resumed


def _train(
    recipe: Recipe,
    clips: LabelledClips,
    division: Fold,
    folder: Path,
    *,
    fold: int,
    progress: Progress | None,
    accelerator: str,
) -> Any:
    import lightning.pytorch as pl
    from lightning.pytorch.loggers import TensorBoardLogger

    from hearfelt.training.keeper import EpochKeeper
    from hearfelt.training.module import TrainingModule

    _quiet()
    config = recipe.training
    torch.manual_seed(int(np.random.SeedSequence((recipe.seed, fold)).generate_state(1)[0]))
    front_end = front_end_with_statistics(recipe.front_end, clips, division.train)
    write_json(folder / "front_end.json", front_end.model_dump(mode="json"))
    network = Network.from_recipe(recipe, front_end)
    if config.start_from is not None:
        load_start(recipe, fold, clips.waveforms.manifest, division, network)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    module = TrainingModule(
        recipe, network, clips, fold=fold, train_rows=division.train, validation_rows=division.validation
    )
    on_gpu = accelerator in ("auto", "gpu") and torch.cuda.is_available()
    bf16 = config.precision == "bf16" or (
        config.precision == "auto" and bf16_supported("cuda" if on_gpu else "cpu")
    )
    trainer = pl.Trainer(
        accelerator=accelerator,
        max_epochs=config.epochs,
        precision="bf16-mixed" if bf16 else "32-true",
        gradient_clip_val=config.gradient_clip or None,
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        limit_val_batches=1.0 if division.validation else 0,
        logger=TensorBoardLogger(save_dir=folder, name="", version="tensorboard"),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=True,
        plugins=[SafetensorsIO()],
        callbacks=[EpochKeeper(folder, recipe, progress)],
        default_root_dir=folder,
    )
    last = folder / "last.safetensors"
    try:
        trainer.fit(module, ckpt_path=str(last) if last.exists() else None, weights_only=True)
    except SystemExit as leaving:  # what Lightning makes of an interruption
        raise KeyboardInterrupt from leaving
    return module


def front_end_with_statistics(
    config: FrontEndConfig, clips: LabelledClips, train_rows: Sequence[int]
) -> FrontEndConfig:
    """Fill in the mean and deviation a band of normalisation ``corpus``, from training rows only.

    At most 2,000 evenly spaced training rows are looked at.
    """
    if config.normalization != "corpus" or (config.mean and config.deviation):
        return config
    plain = config.model_copy(update={"normalization": "none"})
    step = max(1, len(train_rows) // 2000)
    count, total, squares = 0, np.zeros(config.band_count), np.zeros(config.band_count)
    for row in train_rows[::step]:
        bands = front_end_features(clips.waveforms[row], plain).astype(np.float64)
        count += bands.shape[1]
        total += bands.sum(axis=1)
        squares += np.square(bands).sum(axis=1)
    if count == 0:
        raise RecipeError(
            "normalisation 'corpus' needs training rows to take its statistics from; there are none."
        )
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - np.square(mean), 1e-8))
    return config.model_copy(
        update={"mean": tuple(map(float, mean)), "deviation": tuple(map(float, deviation))}
    )


@torch.no_grad()
def predict_rows(network: torch.nn.Module, clips: LabelledClips, rows: Sequence[int]) -> Predictions:
    """Answers of a network to whole clips, as a table in the order of ``rows``.

    The answer is the best class among those that the clip's corpus has, where the recipe masks by corpus.
    """
    network.eval()
    device = next(network.parameters()).device
    logits = np.zeros((len(clips.waveforms.manifest), len(clips.labels)))
    batches = EvaluationBatches(clips, rows)
    for number in range(len(batches)):
        batch = batches[number]
        answer = network(batch.waveform.to(device), batch.lengths.to(device)).double().cpu()
        logits[batch.rows.numpy()] = answer.numpy()
    chosen = logits[list(rows)]
    probabilities = softmax(chosen)
    prediction = np.zeros(len(rows), dtype=np.int64)
    allowed = clips.allowed[list(rows)]
    for mask in np.unique(allowed, axis=0):
        same = (allowed == mask).all(axis=1)
        names = [label for label, there in zip(clips.labels, mask, strict=True) if there]
        prediction[same] = closed_set_prediction(probabilities[same], clips.labels, names)
    picked = [clips.waveforms.manifest[row] for row in rows]
    return Predictions(
        labels=clips.labels,
        path=[row.path for row in picked],
        start=[row.start for row in picked],
        end=[row.end for row in picked],
        corpus=[row.corpus for row in picked],
        speaker=[row.speaker for row in picked],
        sex=[row.sex for row in picked],
        truth=[row.emotion for row in picked],
        probabilities=probabilities,
        prediction=prediction,
        logits=chosen,
    )


def _quiet() -> None:
    """Lightning tells much that is ours to decide."""
    for name in ("lightning.pytorch", "lightning.fabric", "lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")
    warnings.filterwarnings("ignore", message=".*isinstance.treespec.*")
