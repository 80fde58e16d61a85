"""Recipes are compared whole, on the same folds, and on the clips that two of them share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hearfelt.errors import RecipeError
from hearfelt.studies import run_study
from hearfelt.studies._cells import Base
from hearfelt.studies._study import create_study
from hearfelt.training._settings import read_recipe_file
from hearfelt.training.recipe import load_recipe

Done = tuple[Path, dict[str, Any]]
TINY = Path(__file__).resolve().parents[1] / "training" / "tiny.yaml"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe for one of the two corpora, which leaves out what the first recipe says of training."""
    path = tmp_path_factory.mktemp("recipes") / "one_corpus.yaml"
    path.write_text(
        "name: one_corpus\n"
        "data: {corpora: [emodb, savee], only: [emodb], labels: {keep: [happy, sad, angry]}}\n"
        "model: {name: ds_cnn}\n"
        "protocol: {name: grouped_kfold, folds: 2, validation_fraction: 0.4}\n"
    )
    return path


@pytest.fixture(scope="module")
def done(make_study: Callable[..., Done], other: Path) -> Done:
    return make_study(
        "recipes", recipes=[str(other)], variants={"wider_crops": ["training.crop_seconds=0.7"]}
    )


def test_each_recipe_and_variant_is_a_run_of_its_own(done: Done, by_name: Any) -> None:
    folder, results = done
    cells = by_name(results)
    assert set(cells) == {"tiny", "one_corpus", "tiny-wider_crops", "one_corpus-wider_crops"}
    assert all(entry["state"] == "done" for entry in cells.values())
    assert (
        load_recipe(read_recipe_file(folder / "runs/tiny-wider_crops/resolved.yaml")).training.crop_seconds
        == 0.7
    )
    assert {entry["baseline"] for name, entry in cells.items() if name != "tiny"} == {"tiny"}


def test_nothing_of_the_first_recipe_stays_in_another(done: Done, other: Path) -> None:
    folder, _ = done
    made = load_recipe(read_recipe_file(folder / "runs/one_corpus/resolved.yaml"))
    alone = load_recipe(read_recipe_file(other))
    assert (made.model, made.data, made.front_end, made.seed) == (
        alone.model,
        alone.data,
        alone.front_end,
        alone.seed,
    )
    assert made.training.learning_rate == alone.training.learning_rate


def test_a_corpus_is_compared_on_the_clips_that_both_were_tested_on(
    done: Done, by_name: Any, answers: Any
) -> None:
    folder, results = done
    table = answers(folder, "one_corpus")
    found = results["findings"]["recipes"]
    assert set(found["tiny"]["corpora"]) == {"emodb", "savee"}
    assert set(found["one_corpus"]["corpora"]) == {"emodb"}
    assert found["one_corpus"]["corpora"]["emodb"]["difference"]["n"] == len(table)
    assert found["one_corpus"]["corpora"]["emodb"]["n"] == found["tiny"]["corpora"]["emodb"]["n"]
    mean = found["tiny"]["mean"]
    assert mean["corpora"] == 2
    parts = [figures["uar"]["value"] for figures in found["tiny"]["corpora"].values()]
    assert mean["uar"]["value"] == pytest.approx(sum(parts) / 2)
    groups = {entry["cell"]: entry["group"] for entry in results["chosen"]}
    assert len(groups) == len(set(groups.values())) == 2, (
        "one is chosen among those that validate on the same clips"
    )


def test_the_page_says_where_each_is_better(done: Done, page: Any) -> None:
    text = page(done[0])
    assert "Each corpus, and the time of an epoch" in text
    assert "one_corpus, wider crops" in text
    assert "Mean over corpora" in text


def test_recipes_of_one_name_and_nothing_to_train_are_refused(
    other: Path, tmp_path: Path, tiny_corpora: Path
) -> None:
    with pytest.raises(RecipeError, match="the name 'one_corpus'"):
        create_study("recipes", {"recipes": [str(other), str(other)]})
    with pytest.raises(RecipeError, match="Two recipes have the name 'tiny'"):
        run_study("recipes", TINY, tmp_path / "a", options={"recipes": [str(TINY)]}, data=[tiny_corpora])
    with pytest.raises(RecipeError, match="nothing to train"):
        run_study("recipes", TINY, tmp_path / "b", options={"plain": False}, data=[tiny_corpora])
    with pytest.raises(RecipeError, match="letters, digits"):
        create_study("recipes", {"variants": {"a/b": ["seed=1"]}})


def test_recipes_that_validate_on_others_are_compared_and_not_chosen_between(tmp_path: Path) -> None:
    variants = {"fewer": ["protocol.validation_min_speakers=9"], "folds": ["protocol.folds=3"]}
    study = create_study("recipes", {"variants": variants})
    cells = {cell.name: cell for cell in study.first(Base(read_recipe_file(TINY)), tmp_path)}
    assert {name: cell.baseline for name, cell in cells.items()} == {
        "tiny": "",
        "tiny-fewer": "tiny",
        "tiny-folds": "",
    }
    assert len({cell.group for cell in cells.values()}) == 3
