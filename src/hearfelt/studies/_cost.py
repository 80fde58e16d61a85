"""What a study will cost, before it begins: steps counted, and a step of every architecture timed here and now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hearfelt.errors import HearfeltError
from hearfelt.features.picture import PictureConfig
from hearfelt.studies._cells import Base, Cell
from hearfelt.training.recipe import Recipe

_TYPICAL_SECONDS = 3.0  # of a clip whose length is not looked at before the study begins
_STARTING = 8.0  # seconds until a process trains
_EVALUATION = 0.35  # of a training step, for as many clips


@dataclass(frozen=True)
class Cost:
    """Of one cell: trainings (folds), steps and seconds of one processor."""

    cell: str
    folds: int
    steps: int
    seconds: float


def estimate(cells: Sequence[Cell], base: Base, runs: Path) -> list[Cost]:
    """Cost of each cell.

    Rows are counted by their names alone; nothing is decoded. Steps are timed on noise with fresh weights, without
    augmentation, so that the figure is good to a factor of two.

    Raises:
        HearfeltError: a recipe, its data or its protocol is wrong.
    """
    from hearfelt.training.recipe import check_recipe

    times: dict[str, float] = {}
    counts: dict[str, list[tuple[int, int]]] = {}
    costs = []
    for cell in cells:
        recipe = base.of(cell, runs)
        kind = f"{recipe.model}{recipe.front_end}{recipe.training.batch_size}{recipe.training.crop_seconds}"
        if kind not in times:
            check_recipe(recipe)
            times[kind] = _step_seconds(recipe)
        data = f"{recipe.data}{recipe.protocol}"
        if data not in counts:
            counts[data] = _parts(recipe, base.data or None)
        steps, seconds = 0, 0.0
        size = recipe.training.batch_size
        for trained, others in counts[data]:
            each = -(-(recipe.training.sampling.clips_per_epoch or trained) // size)
            steps += each * recipe.training.epochs
            seconds += _STARTING + times[kind] * recipe.training.epochs * (each + _EVALUATION * others / size)
        costs.append(Cost(cell.name, len(counts[data]), steps, seconds))
    return costs


def _parts(recipe: Recipe, data: Sequence[str] | None) -> list[tuple[int, int]]:
    """(training clips, validation clips) of each fold that runs."""
    from hearfelt.protocols._registry import make_split
    from hearfelt.training.run import gather_rows
    from hearfelt.training.subset import keep_corpora, limit_training

    rows = gather_rows(recipe, data)
    split = make_split(rows, recipe.protocol)
    if recipe.data.only:
        rows, split = keep_corpora(rows, split, recipe.data.only)
    if recipe.data.max_training_clips is not None:
        split = limit_training(rows, split, recipe.data.max_training_clips, recipe.seed)
    wanted = recipe.protocol.folds_to_run(len(split.folds))
    return [(len(split.folds[fold].train), len(split.folds[fold].validation)) for fold in wanted]


def _step_seconds(recipe: Recipe) -> float:
    """Shortest of three steps forwards and backwards on one thread, in the recipe's precision."""
    import torch

    from hearfelt.training.network import Network, bf16_supported

    before = torch.get_num_threads()
    torch.set_num_threads(recipe.training.threads)
    try:
        network = Network.from_recipe(_with_statistics(recipe)).train()
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        size = max(2, recipe.training.batch_size)
        front_end = recipe.front_end
        if isinstance(front_end, PictureConfig):
            samples = front_end.values
        else:
            samples = round((recipe.training.crop_seconds or _TYPICAL_SECONDS) * front_end.sample_rate)
        sound, lengths = torch.randn(size, samples) * 0.1, torch.full((size,), samples)
        bf16 = recipe.training.precision == "bf16" or (
            recipe.training.precision == "auto" and bf16_supported()
        )
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                loss = network(sound, lengths).float().square().mean()
            loss.backward()
            taken.append(time.perf_counter() - start)
        return min(taken)
    except RuntimeError as error:
        raise HearfeltError(f"The model {recipe.model.name!r} cannot make a step: {error}") from error
    finally:
        torch.set_num_threads(before)


def _with_statistics(recipe: Recipe) -> Recipe:
    """A recipe whose normalisation has a mean and a deviation; which ones makes no difference to the time."""
    bands = recipe.front_end.band_count
    statistics = {"mean": (0.0,) * bands, "deviation": (1.0,) * bands}
    return recipe.model_copy(update={"front_end": recipe.front_end.model_copy(update=statistics)})


def describe(costs: Sequence[Cost], processes: int) -> str:
    """One sentence: trainings, processor time, time on so many processes."""
    trainings, seconds = sum(cost.folds for cost in costs), sum(cost.seconds for cost in costs)
    longest = max((cost.seconds / max(1, cost.folds) for cost in costs), default=0.0)
    wall = max(longest, seconds / max(1, processes))
    return (
        f"{len(costs)} cells, {trainings} trainings, about {in_words(seconds)} of one processor: {in_words(wall)} with "
        f"{processes} process{'es' if processes > 1 else ''}"
    )


def in_words(seconds: float) -> str:
    """Seconds as people say them.

    >>> in_words(50), in_words(600), in_words(40000)
    ('50 s', '10 min', '11.1 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
