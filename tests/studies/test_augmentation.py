"""Augmentations are compared on common folds and chosen by the validation alone; a study that was stopped goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hearfelt.augment._registry import create_augmentation
from hearfelt.errors import HearfeltError, RecipeError
from hearfelt.files import lock
from hearfelt.studies._folder import work_on
from hearfelt.studies._results import write_results
from hearfelt.studies._study import create_study
from hearfelt.studies.augmentation import AugmentationStudy, step

Done = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def done(make_study: Callable[..., Done]) -> Done:
    return make_study("augmentation", levels={"noise": [20], "gain": [{}]}, probability=1.0)


def uar(table: Any) -> float:
    recalls = [
        (table.prediction[table.truth == k] == k).mean()
        for k in range(len(table.labels))
        if (table.truth == k).any()
    ]
    return float(np.mean(recalls))


def test_every_level_and_combination_is_trained_on_the_same_folds(done: Done, by_name: Any) -> None:
    folder, results = done
    cells = by_name(results)
    assert list(cells) == ["none", "noise_1", "gain_1", "noise_1-gain_1"]
    assert all(entry["state"] == "done" for entry in cells.values())
    assert results["complete"]
    splits = {(folder / entry["run"] / "split.csv").read_text() for entry in cells.values()}
    assert len(splits) == 1
    for name, kinds in (("none", []), ("noise_1", ["noise"]), ("noise_1-gain_1", ["noise", "gain"])):
        import yaml

        recipe = yaml.safe_load((folder / "runs" / name / "resolved.yaml").read_text())
        assert [entry["name"] for entry in recipe["augmentation"]] == kinds
    plan = json.loads((folder / "plan.json").read_text())
    assert [cell["name"] for cell in plan["cells"]] == list(cells)
    assert all(cell["seed"] == 1 and cell["folds"] == [0] for cell in plan["cells"])


def test_figures_and_differences_are_those_of_the_answers(done: Done, by_name: Any, answers: Any) -> None:
    folder, results = done
    cells = by_name(results)
    baseline = uar(answers(folder, "none"))
    for name, entry in cells.items():
        own = uar(answers(folder, name))
        assert entry["test"]["uar"]["value"] == pytest.approx(own)
        assert entry["validation"]["uar"]["value"] == pytest.approx(
            uar(answers(folder, name, "validation.csv"))
        )
        if name != "none":
            given = entry["difference"]["test"]
            assert given["value"] == pytest.approx(own - baseline)
            assert given["low"] <= given["value"] <= given["high"]
            assert given["clear"] <= (given["low"] > 0 or given["high"] < 0)
            assert not given["clear"], "four speakers are too few"
    assert cells["none"]["difference"]["test"] is None


def test_the_choice_is_where_the_greedy_way_ends(done: Done, by_name: Any, page: Any) -> None:
    folder, results = done
    way = results["findings"]["way"]
    assert [entry["cell"] for entry in results["chosen"]] == [way[-1]["cell"]]
    values = [entry["validation"] for entry in way]
    assert values == sorted(values)
    text = page(folder)
    assert "The test was looked at once" in text
    assert by_name(results)[way[-1]["cell"]]["title"] in text


def fake(validation: Mapping[str, float], study: AugmentationStudy) -> Any:
    """A folder whose cells have these validation figures, as far as the study would have trained them."""
    cells = [*study.first(None, None)]  # type: ignore[arg-type]
    folder = SimpleNamespace(cells=cells, validation=lambda name: validation[name], done=lambda: cells)
    while following := study.more(folder):  # type: ignore[arg-type]
        cells += following
    return folder


@pytest.mark.parametrize("combinations", ["all", "greedy"])
def test_the_greedy_way_adds_what_helps_and_stops(combinations: str) -> None:
    study = AugmentationStudy(
        levels={"noise": (30, 10), "pitch": (1,), "speed": (5,)}, combinations=combinations
    )
    validation = {
        "none": 0.5, "noise_1": 0.52, "noise_2": 0.55, "pitch_1": 0.53, "speed_1": 0.4,
        "noise_2-pitch_1": 0.6, "noise_2-speed_1": 0.58, "pitch_1-speed_1": 0.9, "noise_2-pitch_1-speed_1": 0.59,
    }  # fmt: skip
    folder = fake(validation, study)
    assert study.choose(folder) == ["noise_2-pitch_1"]
    names = {cell.name for cell in folder.cells}
    assert ("pitch_1-speed_1" in names) == (combinations == "all")
    worse = {name: 0.5 - 0.01 * len(name) for name in validation} | {"none": 0.5}
    assert study.choose(fake(worse, study)) == ["none"]


def test_a_study_that_was_stopped_goes_on_and_ends_alike(done: Done, tmp_path: Path) -> None:
    before, results = done
    folder = tmp_path / "study"
    shutil.copytree(before, folder)
    fold = folder / "runs" / "gain_1" / "folds" / "0"
    (fold / "done.json").unlink()
    (fold / "best.safetensors").unlink()
    (folder / "runs" / "gain_1" / "metrics.json").unlink()
    shutil.rmtree(folder / "runs" / "noise_1-gain_1")
    kept = folder / "runs" / "none" / "folds" / "0" / "best.safetensors"
    stamp = kept.stat().st_mtime_ns
    again = work_on(folder, processes=0)
    assert kept.stat().st_mtime_ns == stamp, "a finished fold was trained again"
    for entry, expected in zip(again["cells"], results["cells"], strict=True):
        for part in ("name", "validation", "test", "difference", "state"):
            assert entry[part] == expected[part]


def test_results_of_a_part_are_written_and_say_so(done: Done, tmp_path: Path, by_name: Any) -> None:
    folder = tmp_path / "study"
    shutil.copytree(done[0], folder)
    shutil.rmtree(folder / "runs" / "gain_1")
    (folder / "results.json").unlink()
    results = write_results(folder)
    assert not results["complete"]
    assert by_name(results)["gain_1"]["state"] == "waiting"
    assert "1 of 4 cells are not trained" in (folder / "report.html").read_text()


def test_two_processes_do_not_work_in_one_folder(done: Done) -> None:
    with lock(done[0]), pytest.raises(HearfeltError, match="being worked on by another process"):
        work_on(done[0], processes=0)


def test_a_cell_that_fails_is_named_and_the_others_go_on(make_study: Any, by_name: Any) -> None:
    from hearfelt.studies._loop import prepare_cell

    def sabotage(folder: Any, cell: Any, note: Any) -> Any:
        jobs = prepare_cell(folder, cell, note)
        if cell.name == "noise_1":
            (folder.run(cell.name) / "split.csv").write_text("damaged")
        return jobs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hearfelt.studies._loop.prepare_cell", sabotage)
        folder, results = make_study("augmentation", levels={"noise": [20]})
    entry = by_name(results)["noise_1"]
    assert entry["state"] == "failed"
    assert "is not a split" in entry["reason"]
    assert not results["complete"]
    assert results["chosen"][0]["cell"] == "none"
    assert "is not a split" in (folder / "report.html").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": {"nois": [1]}}, "Did you mean 'noise'"),
        ({"levels": {"reverb": [3]}}, "no numbered levels"),
        ({"levels": {"noise": []}}, "one level at least"),
        ({"levels": {"noise": [{"min_snr": 3}]}}, "min_snr_db"),
        ({"level": {}}, "level: Extra inputs"),
    ],
)
def test_wrong_options_are_one_clear_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        create_study("augmentation", options)


@pytest.mark.parametrize(
    ("kind", "level"), [("noise", 15), ("pitch", 3), ("speed", 12), ("tempo", 8), ("gain", 4)]
)
def test_levels_are_augmentations(kind: str, level: int) -> None:
    made = create_augmentation(step(kind, level, 0.25))
    assert made.name == kind  # type: ignore[attr-defined]
    assert made.probability == 0.25


def test_without_validation_nothing_begins(make_base: Any, tmp_path: Path) -> None:
    from hearfelt.studies._folder import begin_study

    study = create_study("augmentation", {"levels": {"noise": [20]}})
    with pytest.raises(RecipeError, match="chooses by validation rows"):
        begin_study(tmp_path / "study", study, make_base("protocol.validation_fraction=0"))
    assert not (tmp_path / "study").exists()
