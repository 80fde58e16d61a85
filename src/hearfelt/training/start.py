"""Start a fold from the weights of a run or of a bundle, refusing those that have heard its test or validation.

Where the classes differ, the weights that depend on them (the layer that answers) begin anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import BundleError, ProtocolError, RecipeError
from hearfelt.models.specification import Specification
from hearfelt.protocols.leaks import heard_in
from hearfelt.protocols.split import Fold
from hearfelt.recognition.bundle import SPECIFICATION_FILE, bundled_models, read_bundle
from hearfelt.training.checkpoint import load_checkpoint
from hearfelt.training.freezing import head_names
from hearfelt.training.network import Network
from hearfelt.training.recipe import Recipe


@dataclass(frozen=True)
class _Start:
    """Weights with what they have heard: speakers and audio trained on, and those looked at for a choice."""

    weights: dict[str, Tensor]
    labels: tuple[str, ...]
    trained: frozenset[str]
    looked_at: frozenset[str]
    words: str


def open_start(name: str) -> None:
    """Refuse what is neither a run folder nor a bundle, and averages of different networks.

    Raises:
        HearfeltError: says what is missing.
    """
    from hearfelt.training.run import open_run

    if _is_bundle(name):
        if "networks" in read_bundle(name).specification.architecture:
            raise RecipeError(
                f"training.start_from names {name}, whose members are different networks; start from a run."
            )
    elif len((run := open_run(name)).members) > 1:
        raise RecipeError(
            f"training.start_from names {name}, an average of {len(run.members)} runs; name one of them, such as "
            f"{run.members[0].folder}."
        )


def load_start(recipe: Recipe, fold: int, manifest: Manifest, division: Fold, network: Network) -> str:
    """Load the weights that a recipe starts from into a network.

    Args:
        recipe: its ``training.start_from`` names a run (the same fold's selected weights are taken, or those of
            ``start_fold``) or a bundle.
        fold: number of the fold.
        manifest: rows of this run.
        division: this run's fold.
        network: gets the weights; same architecture and front end.

    Returns:
        one sentence on what was loaded.

    Raises:
        RecipeError: no such trained fold, or another architecture.
        ProtocolError: the weights were trained or selected on speakers or clips that this fold is tested on, or trained
            on those that it validates on.
    """
    name = recipe.training.start_from or ""
    number = fold if recipe.training.start_fold is None else recipe.training.start_fold
    start = _of_bundle(name, number, manifest) if _is_bundle(name) else _of_run(name, number)
    for part, rows, known in (
        ("tests", division.test, start.looked_at),
        ("validates", division.validation, start.trained),
    ):
        both = sorted(heard_in(manifest, rows) & known)
        if both:
            raise ProtocolError(
                f"Fold {fold} {part} on {len(both)} speakers or clips that {name} has heard in its fold {number}, "
                f"such as {', '.join(both[:3])}. Start from a run with the same protocol, seed and corpora."
            )
    labels = recipe.data.labels.resolve().labels
    own = network.state_dict()
    weights = dict(start.weights)
    words = start.words
    if start.labels != labels:
        bands = network.front_end.config.band_count
        model = recipe.model
        for key in head_names(model.name, model.options, len(labels), bands):
            weights[f"model.{key}"] = own[f"model.{key}"]
        words += f"; its classes are others ({', '.join(start.labels)}), so that the layer that answers begins anew"
    differing = [
        key
        for key in sorted(own.keys() | weights.keys())
        if key not in own or key not in weights or own[key].shape != weights[key].shape
    ]
    if differing:
        raise RecipeError(
            f"The weights of {name} do not fit: {len(differing)} of {len(own)} differ, such as {differing[0]}. "
            "Both recipes need the same model, options and bands."
        )
    network.load_state_dict(weights)
    return words


def _is_bundle(name: str) -> bool:
    return (Path(name) / SPECIFICATION_FILE).is_file() or (
        name in bundled_models() and not Path(name).is_dir()
    )


def _of_run(name: str, fold: int) -> _Start:
    from hearfelt.training.run import open_run

    earlier = open_run(name)
    if fold >= len(earlier.split.folds) or not (earlier.fold_folder(fold) / "done.json").exists():
        raise RecipeError(
            f"training.start_from names {name}, which has no trained fold {fold}. Train it there first."
        )
    before = earlier.split.folds[fold]
    trained = heard_in(earlier.manifest, before.train)
    saved = load_checkpoint(Path(earlier.fold_folder(fold)) / "best.safetensors")
    return _Start(
        saved["weights"],
        earlier.recipe.data.labels.resolve().labels,
        frozenset(trained),
        frozenset(trained | heard_in(earlier.manifest, before.validation)),
        f"started from fold {fold} of {name}, epoch {saved['epoch']}",
    )


def _of_bundle(name: str, number: int, manifest: Manifest) -> _Start:
    """One member's weights out of the graph; heard is everybody of its corpora whom it does not list as held out.

    A member counts as having heard what any of them has.
    """
    bundle = read_bundle(name)
    made = bundle.specification
    member = number % max(1, made.provenance.members)
    heard = {
        word
        for row in manifest
        if row.corpus in made.training_corpora and row.speaker not in made.held_out_speakers
        for word in (row.speaker, row.audio_hash)
        if word
    }
    weights = _graph_weights(bundle.graph, member, made, name)
    words = f"started from member {member} of the bundle {name}"
    return _Start(weights, made.labels, frozenset(heard), frozenset(heard), words)


def _graph_weights(graph: bytes, member: int, made: Specification, name: str) -> dict[str, Tensor]:
    import onnx
    import torch
    from onnx import numpy_helper

    from hearfelt.training.stored_weights import widened

    prefix = f"members.{member}."
    stored = {
        tensor.name.removeprefix(prefix): numpy_helper.to_array(tensor)
        for tensor in onnx.load_from_string(graph).graph.initializer
        if tensor.name.startswith(prefix)
    }
    weights = {key: torch.from_numpy(values.copy()) for key, values in widened(stored).items()}
    fresh = Network(
        made.front_end,
        str(made.architecture.get("name", "")),
        made.architecture.get("options") or {},  # type: ignore[arg-type]
        len(made.labels),
    )
    own = fresh.state_dict()
    for key, value in own.items():
        if key.endswith("num_batches_tracked") or key.startswith("front_end."):
            weights.setdefault(key, value)  # counters and fixed filters, which graphs do not hold by name
    missing = sorted(own.keys() - weights.keys())
    if missing:
        raise BundleError(
            f"The graph of {name} lacks {len(missing)} of {len(own)} weights by name, such as {missing[0]}: its batch "
            "norms were joined with filters. Export with --half-precision keeps them apart; or start from the run."
        )
    return {key: weights[key] for key in own}
