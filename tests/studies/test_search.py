"""A search asks, trains, stops what is bad, goes on after a kill and writes the chosen recipe."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearfelt.errors import RecipeError
from hearfelt.studies._folder import begin_study, open_study, work_on
from hearfelt.studies._space import parse_space, parse_vary
from hearfelt.studies._study import create_study
from hearfelt.studies.search import CHOSEN
from hearfelt.training.recipe import load_recipe

optuna = pytest.importorskip("optuna")
Done = tuple[Path, dict[str, Any]]
SPACE = parse_space(
    {
        "training.learning_rate": "log:1e-3:1e-1",
        "training.optimizer": ["adam", "sgd"],
        "model.options.dropout": "0:0.5",
    }
)


@pytest.fixture(scope="module")
def done(make_study: Callable[..., Done]) -> Done:
    return make_study("search", space=SPACE, trials=5, pruner="none", startup=2)


def test_trials_are_runs_with_their_settings(done: Done) -> None:
    folder, results = done
    assert [entry["state"] for entry in results["cells"]] == ["done"] * 5
    for entry in results["cells"]:
        recipe = load_recipe(folder / entry["run"] / "resolved.yaml")
        assert recipe.training.learning_rate == entry["axes"]["training.learning_rate"]
        assert recipe.training.optimizer == entry["axes"]["training.optimizer"]
        assert recipe.model.options["dropout"] == entry["axes"]["model.options.dropout"]
    rates = [entry["axes"]["training.learning_rate"] for entry in results["cells"]]
    assert len(set(rates)) == 5
    assert all(1e-3 <= rate <= 1e-1 for rate in rates)


def test_the_chosen_recipe_is_the_best_by_validation_and_can_be_trained(done: Done, page: Any) -> None:
    folder, results = done
    best = max(results["cells"], key=lambda entry: entry["validation"]["uar"]["value"])
    assert results["chosen"][0]["validation"] == best["validation"]
    recipe = load_recipe(folder / CHOSEN)
    chosen = next(entry for entry in results["cells"] if entry["name"] == results["chosen"][0]["cell"])
    assert recipe.training.learning_rate == chosen["axes"]["training.learning_rate"]
    assert recipe.training.epochs == 1
    assert set(results["findings"]["importances"]) <= set(chosen["axes"])
    assert "learning_rate" in page(folder)


def test_the_journal_has_the_values_of_every_epoch(done: Done) -> None:
    folder, results = done
    study, opened, _ = open_study(folder)
    trials = study._optuna(opened).get_trials()  # type: ignore[attr-defined]
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * 5
    for trial, entry in zip(trials, results["cells"], strict=True):
        assert trial.value == pytest.approx(entry["validation"]["uar"]["value"])
        line = json.loads((folder / entry["run"] / "folds" / "0" / "metrics.jsonl").read_text())
        assert trial.intermediate_values == {0: pytest.approx(line["validation_uar"])}


Begin = Callable[..., None]


@pytest.fixture
def begin(make_base: Any) -> Begin:
    def make(path: Path, *settings: str, **options: Any) -> None:
        begin_study(path, create_study("search", options), make_base(*settings))

    return make


def test_what_a_kill_left_running_is_taken_up(begin: Begin, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    begin(folder, space=SPACE[:1], trials=2, sampler="random", pruner="none")
    study, opened, _ = open_study(folder)
    killed = study._optuna(opened).ask()  # type: ignore[attr-defined]
    rate = killed.suggest_float("training.learning_rate", 1e-3, 1e-1, log=True)
    results = work_on(folder, processes=0)
    assert [entry["name"] for entry in results["cells"]] == ["trial_0000", "trial_0001"]
    assert results["cells"][0]["axes"]["training.learning_rate"] == rate
    assert all(entry["state"] == "done" for entry in results["cells"])
    stamp = (folder / "runs" / "trial_0000" / "folds" / "0" / "done.json").stat().st_mtime_ns
    assert work_on(folder, processes=0)["cells"] == results["cells"]
    assert (folder / "runs" / "trial_0000" / "folds" / "0" / "done.json").stat().st_mtime_ns == stamp


def test_bad_trials_are_stopped_and_good_ones_are_not(begin: Begin, tmp_path: Path, page: Any) -> None:
    folder = tmp_path / "study"
    space = parse_space({"training.learning_rate": [0.03, 1e-9, 2e-9, 3e-9]})
    begin(
        folder,
        "training.epochs=3",
        "training.sampling.clips_per_epoch=64",
        space=space,
        trials=4,
        sampler="grid",
        startup=1,
        patience_epochs=1,
    )
    results = work_on(folder, processes=0)
    assert {entry["axes"]["training.learning_rate"] for entry in results["cells"]} == {0.03, 1e-9, 2e-9, 3e-9}
    values = {trial["cell"]: trial["values"] for trial in results["findings"]["trials"]}
    for number, entry in enumerate(results["cells"]):
        if entry["state"] != "pruned":
            continue
        step, value = list(values[entry["name"]].items())[-1]
        whole = [
            values[other["name"]][step] for other in results["cells"][:number] if other["state"] == "done"
        ]
        assert value < np.median(whole)
        assert "stopped in fold 0" in entry["reason"]
        assert int(step) >= 1
    assert results["findings"]["pruned"], "nothing was stopped, though three of four learn nothing"
    assert results["complete"]
    assert results["chosen"][0]["cell"] not in {e["name"] for e in results["cells"] if e["state"] == "pruned"}
    page(folder)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"training.learning_rat": "log:1e-4:1e-2"}, "did you mean learning_rate"),
        ({"training.learning_rate": "-1:2"}, "learning_rate"),
        ({"model.options.dropot": "0:1"}, "did you mean dropout"),
    ],
)
def test_fields_that_are_not_there_are_refused_at_once(
    begin: Begin, tmp_path: Path, given: dict[str, str], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        begin(tmp_path / "study", space=parse_space(given))
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "not of the form"),
        ("a=", "not of the form"),
        ("a=1", "expected log"),
        ("a=2:1", "a higher end"),
        ("a=log:0:1", "begins above 0"),
        ("a=0:1:0", "a step is above 0"),
        ("a=[1, 1]", "a choice twice"),
        ("a=[1", "not YAML"),
        ("a=x:y", "could not convert"),
    ],
)
def test_spaces_that_are_none_are_refused(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        parse_space(parse_vary([text]))


def test_grids_are_all_there_is() -> None:
    whole, steps, log, choices = parse_space(
        {"a": "1:3", "b": "0:1:0.25", "c": "log:1:16", "d": [None, [1, 2], "x"]}
    )
    assert whole.grid() == [1, 2, 3]
    assert steps.grid() == [0, 0.25, 0.5, 0.75, 1]
    assert log.grid() == [1, 2, 4, 8, 16]
    assert [choices.read(value) for value in choices.grid()] == [None, [1, 2], "x"]


def test_the_ends_of_a_range_may_be_written_apart() -> None:
    (dimension,) = parse_space({"a": {"low": "1e-4", "high": 1, "log": True}})
    assert (dimension.low, dimension.high, dimension.log, dimension.whole) == (1e-4, 1, True, False)
