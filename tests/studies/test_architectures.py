"""Architectures are trained on the same folds, each as it was made for, and weighed as they would be deployed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearfelt.errors import RecipeError, UnknownNameError
from hearfelt.models._registry import create_model, list_models
from hearfelt.studies import run_study
from hearfelt.studies._study import create_study
from hearfelt.training.recipe import check_recipe, load_recipe

Done = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def done(make_study: Callable[..., Done]) -> Done:
    return make_study("architectures", models=["residual_attention", "g?u"], latency_seconds=0.5)


def test_each_is_trained_and_weighed(done: Done, by_name: Any, answers: Any, page: Any) -> None:
    folder, results = done
    cells, models = by_name(results), results["findings"]["models"]
    assert set(cells) == set(models) == {"residual_attention", "gru"}
    assert cells["gru"]["baseline"] == "residual_attention"
    for name, facts in models.items():
        recipe = load_recipe(folder / "runs" / name / "resolved.yaml")
        module = create_model(name, class_count=3, mel_count=16, options=recipe.model.options)
        assert facts["parameters"] == sum(parameter.numel() for parameter in module.parameters())
        assert facts["bytes"] > 4 * facts["parameters"]
        assert facts["milliseconds"] > 0
        assert facts["seconds_per_epoch"] > 0
        table = answers(folder, name)
        assert np.trace(facts["confusion"]) == table.right.sum()
        assert np.sum(facts["confusion"]) == len(table)
        assert set(facts["per_class"]) == {"happy", "sad", "angry"}
    text = page(folder)
    assert text.count("Classification report of") >= 2
    splits = {(folder / "runs" / name / "split.csv").read_text() for name in cells}
    assert len(splits) == 1


def test_a_recipe_of_its_own_is_taken_but_not_its_data(make_base: Any, tmp_path: Path) -> None:
    (tmp_path / "gru.yaml").write_text(
        "name: gru\ndata: {corpora: [tess]}\nmodel: {name: gru, options: {dropout: 0.11}}\n"
        "front_end: {mel_count: 24}\ntraining: {epochs: 77, learning_rate: 0.123}\nprotocol: {name: all}\n"
    )
    base = make_base(recipes=str(tmp_path))
    study = create_study("architectures", {"models": ["gru", "lstm"]})
    cells = {cell.name: (cell, base.of(cell, tmp_path)) for cell in study.first(base, tmp_path)}
    cell, recipe = cells["gru"]
    assert cell.axes["recipe"] == "gru.yaml"
    assert recipe.model.options == {"dropout": 0.11}
    assert (recipe.front_end.mel_count, recipe.training.learning_rate) == (24, 0.123)
    assert recipe.training.epochs == 1, "the user's settings go over an architecture's own recipe"
    assert (recipe.data.corpora, recipe.protocol.name) == (("emodb", "savee"), "grouped_kfold")
    other, plain = cells["lstm"]
    assert other.axes["recipe"] == ""
    assert (plain.model.options, plain.front_end.mel_count) == ({}, 16)
    alike = create_study("architectures", {"models": ["gru"], "own_recipes": False})
    assert base.of(alike.first(base, tmp_path)[0], tmp_path).model.options == {}


def test_every_model_of_the_catalogue_has_a_cell_that_can_be_built(make_base: Any, tmp_path: Path) -> None:
    base = make_base("front_end.mel_count=64", recipes=str(Path(__file__).parents[2] / "recipes"))
    cells = create_study("architectures", {}).first(base, tmp_path)
    assert {cell.name for cell in cells} == set(list_models())
    assert cells[0].name == "residual_attention"
    for cell in cells:
        check_recipe(base.of(cell, tmp_path))


def test_models_and_baselines_that_are_not_there_are_named(make_base: Any, tmp_path: Path) -> None:
    base = make_base()
    with pytest.raises(UnknownNameError, match="Did you mean 'four_block'"):
        create_study("architectures", {"models": ["for_block"]}).first(base, tmp_path)
    with pytest.raises(RecipeError, match="not among the models"):
        create_study("architectures", {"models": ["gru"], "baseline": "lstm"}).first(base, tmp_path)


def test_pictures_are_compared_with_the_recipes_own_front_end(picture_folder: Path, tmp_path: Path) -> None:
    recipe = Path(__file__).resolve().parents[2] / "recipes" / "spectrogram_images.yaml"
    settings = (
        f"data.images={picture_folder}",
        f"data.image_labels={picture_folder / 'labels.npy'}",
        "data.labels={keep: [angry, sad]}",
        "front_end.height=16",
        "front_end.width=16",
        "augmentation=[]",
        "training.epochs=1",
    )
    results = run_study(
        "architectures", recipe, tmp_path / "s", options={"models": ["ds_cnn", "tim_net"]}, settings=settings
    )
    assert {entry["name"]: entry["state"] for entry in results["cells"]} == {
        "ds_cnn": "done",
        "tim_net": "done",
    }
    for facts in results["findings"]["models"].values():
        assert facts["timed"] == "a picture"
        assert facts["milliseconds"] > 0
