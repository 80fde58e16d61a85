"""Starting from an earlier run: the weights arrive, and knowledge of the test does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from hearfelt.errors import ProtocolError, RecipeError
from hearfelt.protocols.split import Fold
from hearfelt.training.network import Network
from hearfelt.training.run import open_run
from hearfelt.training.start import load_start


def starting(run: Any, where: Any, recipe: Any = None, **more: Any) -> Any:
    """The recipe of a run, or another one, that starts from some place."""
    recipe = recipe or run.recipe
    training = recipe.training.model_copy(update={"start_from": str(where), **more})
    return recipe.model_copy(update={"training": training})


def fresh(run: Any, fold: int = 0) -> Network:
    torch.manual_seed(5)
    return Network.from_recipe(run.recipe)


def test_the_weights_of_the_same_fold_arrive(tiny_run: Path) -> None:
    from hearfelt.training.checkpoint import load_checkpoint

    run = open_run(tiny_run)
    for fold in (0, 1):
        network = fresh(run)
        said = load_start(starting(run, tiny_run), fold, run.manifest, run.split.folds[fold], network)
        weights = load_checkpoint(run.fold_folder(fold) / "best.safetensors")["weights"]
        assert weights.keys() == network.state_dict().keys()
        assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())
        assert f"fold {fold}" in said


@pytest.mark.parametrize("part", ["test", "validation"])
def test_weights_that_have_heard_the_fold_are_refused(tiny_run: Path, part: str) -> None:
    run = open_run(tiny_run)
    division = run.split.folds[0]
    heard = division.train[:4]
    changed = Fold(
        division.train[4:],
        heard if part == "validation" else division.validation,
        heard if part == "test" else division.test,
    )
    with pytest.raises(ProtocolError, match=r"has heard in its fold 0.*same protocol"):
        load_start(starting(run, tiny_run), 0, run.manifest, changed, fresh(run))


def test_weights_that_were_selected_on_the_test_are_refused(tiny_run: Path) -> None:
    run = open_run(tiny_run)
    division = run.split.folds[0]
    if not division.validation:
        pytest.skip("the tiny recipe has no validation rows")
    changed = Fold(division.train, division.test, division.validation)
    with pytest.raises(ProtocolError, match="tests on"):
        load_start(starting(run, tiny_run), 0, run.manifest, changed, fresh(run))


def test_another_architecture_is_refused(tiny_run: Path, tiny_recipe: Callable[..., Any]) -> None:
    run = open_run(tiny_run)
    recipe = tiny_recipe("front_end.mel_count=48", "model.options.embedding=12")
    other = Network.from_recipe(recipe)
    with pytest.raises(RecipeError, match="do not fit"):
        load_start(starting(run, tiny_run, recipe), 0, run.manifest, run.split.folds[0], other)


def test_a_fold_that_is_not_there_is_refused(tiny_run: Path, tmp_path: Path) -> None:
    run = open_run(tiny_run)
    with pytest.raises(RecipeError, match="no trained fold 7"):
        load_start(starting(run, tiny_run), 7, run.manifest, run.split.folds[0], fresh(run))
    with pytest.raises(RecipeError, match="not a run folder"):
        load_start(starting(run, tmp_path), 0, run.manifest, run.split.folds[0], fresh(run))


def test_a_recipe_that_starts_from_a_run_begins_where_it_ended(
    train_fold: Callable[..., Path], tiny_run: Path
) -> None:
    import json

    def first(folder: Path) -> dict[str, Any]:
        line: dict[str, Any] = json.loads((folder / "metrics.jsonl").read_text().splitlines()[0])
        return line

    settings = ("training.epochs=1", "training.learning_rate=1e-8", "training.average_decay=0")
    cold = first(train_fold(*settings, name="cold"))
    warm = first(train_fold(*settings, f"training.start_from={tiny_run}", name="warm"))
    assert warm["train_loss"] < cold["train_loss"]


def test_a_fixed_fold_may_be_named_and_is_checked_for_leaks_too(tiny_run: Path) -> None:
    run = open_run(tiny_run)
    with pytest.raises(ProtocolError, match="heard in its fold 1"):
        load_start(starting(run, tiny_run, start_fold=1), 0, run.manifest, run.split.folds[0], fresh(run))


def test_with_other_classes_the_trunk_arrives_and_the_head_is_new(
    tiny_run: Path, tiny_recipe: Callable[..., Any]
) -> None:
    from hearfelt.training.checkpoint import load_checkpoint

    run = open_run(tiny_run)
    recipe = tiny_recipe("data.labels={keep: [happy, angry], drop: [sad]}")
    network = Network.from_recipe(recipe)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    said = load_start(starting(run, tiny_run, recipe), 0, run.manifest, run.split.folds[0], network)
    weights = load_checkpoint(run.fold_folder(0) / "best.safetensors")["weights"]
    for name, value in network.state_dict().items():
        source = before if name.startswith("model.output.") else weights
        assert torch.equal(value, source[name]), name
    assert "begins anew" in said


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_a_bundle_gives_the_weights_of_its_members(tiny_run: Path, tmp_path: Path, precision) -> None:
    from hearfelt.corpora.manifest import Manifest
    from hearfelt.training.export import export_run, load_network

    run = open_run(tiny_run)
    export_run(tiny_run, tmp_path / "bundle", half_precision=precision == "float16", int8=precision == "int8")
    strangers = Manifest(
        type(row)(path=row.path, corpus="elsewhere", speaker=f"x{row.speaker}", emotion=row.emotion)
        for row in run.manifest
    )
    for fold in (0, 1):
        network = fresh(run)
        load_start(starting(run, tmp_path / "bundle"), fold, strangers, run.split.folds[0], network)
        expected = load_network(run, fold, precision=precision).state_dict()
        for name, value in network.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                assert torch.allclose(value, expected[name]), name
    with pytest.raises(ProtocolError, match="has heard"):
        load_start(starting(run, tmp_path / "bundle"), 0, run.manifest, run.split.folds[0], fresh(run))
