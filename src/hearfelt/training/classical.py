"""Classical baselines on functionals: fitted by scikit-learn, kept, measured and exported as every other model.

A recipe names one as its model, with front end ``functionals``. What is fitted becomes a torch module with the same
answers, so that checkpoints, predictions, reports and ONNX bundles are those of networks, and nothing is pickled.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hearfelt.errors import RecipeError, require
from hearfelt.files import write_atomically, write_json
from hearfelt.training._fitting import fit_into

if TYPE_CHECKING:
    from hearfelt.models._classifiers import Classifier
    from hearfelt.protocols.split import Fold
    from hearfelt.training.batches import LabelledClips
    from hearfelt.training.network import Network
    from hearfelt.training.recipe import Recipe

Array = NDArray[np.float64]


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SvmOptions(_Options):
    """Gaussian support vector machines, one a class against the rest.

    Attributes:
        c: what a clip on the wrong side costs.
        gamma: of the kernel exp(-gamma d^2); None is 1 / (features x their variance).
    """

    c: float = Field(default=3.0, gt=0)
    gamma: float | None = Field(default=None, gt=0)


class RandomForestOptions(_Options):
    """Trees on resampled clips, each question out of a few features.

    Attributes:
        trees: how many.
        max_depth: of a tree.
        min_leaf: clips in a leaf.
    """

    trees: int = Field(default=300, ge=1)
    max_depth: int = Field(default=16, ge=1, le=40)
    min_leaf: int = Field(default=2, ge=1)


class GradientBoostingOptions(_Options):
    """Small trees after each other, each on what is still wrong.

    Attributes:
        rounds: a tree a class each.
        learning_rate: share of each tree that is taken.
        max_depth: of a tree.
        subsample: share of the clips that a tree sees.
    """

    rounds: int = Field(default=150, ge=1)
    learning_rate: float = Field(default=0.1, gt=0)
    max_depth: int = Field(default=3, ge=1, le=12)
    subsample: float = Field(default=0.5, gt=0, le=1)


class LogisticRegressionOptions(_Options):
    """Multinomial logistic regression.

    Attributes:
        c: inverse of the weight of the penalty.
        iterations: at most.
    """

    c: float = Field(default=0.1, gt=0)
    iterations: int = Field(default=2000, ge=1)


#: ``model.name`` of a recipe -> its options.
CLASSICAL: dict[str, type[_Options]] = {
    "svm": SvmOptions,
    "random_forest": RandomForestOptions,
    "gradient_boosting": GradientBoostingOptions,
    "logistic_regression": LogisticRegressionOptions,
}


def is_classical(name: str) -> bool:
    """Whether a recipe's ``model.name`` is one of these.

    >>> is_classical("svm"), is_classical("four_block")
    (True, False)
    """
    return name in CLASSICAL


def check_classical(recipe: Recipe) -> None:
    """Refuse what these cannot do, before any audio is read.

    Raises:
        RecipeError: an unknown option or a wrong value, another front end, augmentation, weights to start from.
        MissingExtraError: scikit-learn is not installed.
    """
    require("sklearn", "train", "training a classical baseline")
    name = recipe.model.name
    read_options(name, recipe.model.options)
    if recipe.front_end.frame_count(10**7) != 1:
        raise RecipeError(
            f"The model {name!r} sees no time: it needs front_end.name functionals, not {recipe.front_end.name}."
        )
    if recipe.augmentation or recipe.training.start_from is not None:
        what = "augmentation" if recipe.augmentation else "training.start_from"
        raise RecipeError(f"The model {name!r} is fitted once to every clip as it is; leave out {what}.")


def read_options(name: str, options: Mapping[str, Any]) -> Any:
    """A recipe's ``model.options``, with defaults.

    Raises:
        RecipeError: an unknown one or a wrong value.
    """
    try:
        return CLASSICAL[name].model_validate(dict(options))
    except ValidationError as error:
        known = ", ".join(CLASSICAL[name].model_fields)
        problems = "; ".join(
            f"model.options.{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()
        )
        raise RecipeError(f"Options of model {name!r} are wrong: {problems}. It has: {known}.") from error


def create_classifier(name: str, class_count: int, bands: int) -> Classifier:
    """An empty one, for weights to be loaded into."""
    from hearfelt.models._classifiers import Forest, Kernel, Linear

    if name == "svm":
        return Kernel(class_count, bands)
    if name == "logistic_regression":
        return Linear(class_count, bands)
    return Forest(class_count, bands, shares=name == "random_forest")


def fit_classical(
    recipe: Recipe, clips: LabelledClips, division: Fold, folder: Path, *, fold: int
) -> Network:
    """Fit one fold and keep its weights, front end and figures in its folder, as `hearfelt.training.fit` does.

    Args:
        recipe: with a model of `CLASSICAL`.
        clips: all rows of the manifest.
        division: rows of training, validation and test.
        folder: of the fold.
        fold: its number; part of the seed.
    """
    from hearfelt.training.checkpoint import save_checkpoint
    from hearfelt.training.fit import front_end_with_statistics
    from hearfelt.training.losses import class_weights
    from hearfelt.training.network import Network

    started, name = time.monotonic(), recipe.model.name
    front_end = front_end_with_statistics(recipe.front_end, clips, division.train)
    write_json(folder / "front_end.json", front_end.model_dump(mode="json"))
    network = Network.from_recipe(recipe, front_end)
    train = np.asarray(division.train)
    features, classes = _features(network, clips, division.train), clips.classes[train]
    counts = np.bincount(classes, minlength=len(clips.labels))
    weights = class_weights(counts.tolist(), clips.labels, recipe.training.loss).double().numpy()[classes]
    seed = int(np.random.SeedSequence((recipe.seed, fold)).generate_state(1)[0])
    options = read_options(name, recipe.model.options)
    fit_into(network.model, name, options, features, classes, weights, len(clips.labels), seed)
    entry: dict[str, Any] = {"epoch": 0, "learning_rate": 0.0}
    for part, rows in (("train", division.train), ("validation", division.validation)):
        if rows:
            entry |= _figures(network, clips, rows, part)
    entry["seconds"] = round(time.monotonic() - started, 3)
    write_atomically(folder / "metrics.jsonl", json.dumps(entry) + "\n")
    monitor = {"name": recipe.training.monitor, "value": entry.get(f"validation_{recipe.training.monitor}")}
    saved = {"weights": network.state_dict(), "epoch": 0, "monitor": monitor}
    save_checkpoint(folder / "best.safetensors", saved)
    return network


def _features(network: Network, clips: LabelledClips, rows: Sequence[int]) -> Array:
    """(rows, bands), in the order of ``rows``, as the exported graph will see them."""
    import torch

    from hearfelt.training.batches import EvaluationBatches

    found: dict[int, NDArray[np.float32]] = {}
    batches = EvaluationBatches(clips, rows)
    with torch.no_grad():
        for number in range(len(batches)):
            batch = batches[number]
            features, _ = network.front_end(batch.waveform, batch.lengths)
            found |= dict(zip(batch.rows.tolist(), features[:, :, 0].numpy(), strict=True))
    return np.stack([found[row] for row in rows]).astype(np.float64)


def _figures(network: Network, clips: LabelledClips, rows: Sequence[int], part: str) -> dict[str, float]:
    from hearfelt.evaluation.metrics import confusion_matrix, scores
    from hearfelt.training.fit import predict_rows

    table = predict_rows(network, clips, rows)
    truth = clips.classes[list(rows)]
    right = np.asarray(table.probabilities)[np.arange(len(rows)), truth]
    measured = scores(confusion_matrix(truth, np.asarray(table.prediction), len(clips.labels)))
    names = ("uar", "accuracy", "macro_precision", "macro_f1")
    loss = float(-np.log(np.maximum(right, 1e-12)).mean())
    return {f"{part}_loss": round(loss, 6)} | {f"{part}_{name}": round(measured[name], 6) for name in names}
