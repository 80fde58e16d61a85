"""What was learnt elsewhere arrives frozen, thawed or whole; nobody who is tested has been heard there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from hearfelt.errors import RecipeError
from hearfelt.studies._folder import begin_study, work_on
from hearfelt.studies._study import create_study
from hearfelt.testing.corpora import write_synthetic_corpus
from hearfelt.training.checkpoint import load_checkpoint
from hearfelt.training.recipe import load_recipe
from hearfelt.training.run import open_run

Done = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def done(make_study: Callable[..., Done]) -> Done:
    return make_study(
        "transfer",
        "training.select=last",
        "training.average_decay=0",
        tasks={"over": {"source": ["savee"], "target": ["emodb"]}},
        methods=["scratch", "frozen", "full"],
        clips=[4, None],
    )


def weights(folder: Path, cell: str) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_checkpoint(
        folder / "runs" / cell / "folds" / "0" / "best.safetensors"
    )["weights"]
    return found


def test_source_once_then_every_method_with_every_number_of_clips(done: Done, by_name: Any) -> None:
    folder, results = done
    cells = by_name(results)
    sizes = {name: [f"over_{size}_{name}" for size in ("4", "all")] for name in ("scratch", "frozen", "full")}
    assert set(cells) == {"source_savee", *sizes["scratch"], *sizes["frozen"], *sizes["full"]}
    for name, entry in cells.items():
        run = open_run(folder / "runs" / name)
        assert {row.corpus for row in run.manifest} == {"savee" if name.startswith("source") else "emodb"}
        if entry["axes"]["clips"] == 4:
            assert len(run.split.folds[0].train) == 4
    tests = {
        open_run(folder / "runs" / name).split.folds[0].test for name in cells if name.startswith("over")
    }
    assert len(tests) == 1


def test_a_frozen_trunk_is_the_sources(done: Done) -> None:
    folder, _ = done
    source, frozen, full = (
        weights(folder, cell) for cell in ("source_savee", "over_all_frozen", "over_all_full")
    )
    trunk = [name for name in source if not name.startswith("model.output.")]
    assert all(torch.equal(source[name], frozen[name]) for name in trunk)
    assert not all(torch.equal(source[name], full[name]) for name in trunk)
    assert not torch.equal(source["model.output.weight"], frozen["model.output.weight"])


def test_each_is_compared_with_scratch_on_the_same_clips(done: Done, by_name: Any, page: Any) -> None:
    folder, results = done
    cells = by_name(results)
    for size in ("4", "all"):
        base = cells[f"over_{size}_scratch"]
        for method in ("frozen", "full"):
            entry = cells[f"over_{size}_{method}"]
            assert entry["baseline"] == base["name"]
            expected = entry["test"]["uar"]["value"] - base["test"]["uar"]["value"]
            assert entry["difference"]["test"]["value"] == pytest.approx(expected)
    groups = [entry["group"] for entry in results["chosen"]]
    assert groups == ["over, 4 clips", "over, all clips"]
    assert "source_savee" not in {entry["cell"] for entry in results["chosen"]}
    for verdict in results["findings"]["verdicts"]:
        words = ("better than", "worse than", "not told apart from", "there is no interval")
        assert any(word in verdict["sentence"] for word in words)
    assert results["findings"]["all_clips"]["over"] == len(
        open_run(folder / "runs" / "over_all_scratch").split.folds[0].train
    )
    assert "from scratch" in page(folder)


def test_people_in_both_are_kept_apart_in_both(make_base: Any, tmp_path: Path) -> None:
    for style in ("ravdess_song", "ravdess_speech"):
        write_synthetic_corpus(
            tmp_path / "data" / style, style, speakers=6, emotions=["happy", "sad"], clips_per_emotion=1,
            seconds=(0.4, 0.5), seed=len(style),
        )  # fmt: skip
    settings = ("data.corpora=[]", "protocol={name: grouped_kfold, folds: 3}", "protocol.fold=[1]")
    base = make_base(*settings, data=tmp_path / "data")
    study = create_study(
        "transfer",
        {
            "tasks": {"s": {"source": ["ravdess_song"], "target": ["ravdess_speech"]}},
            "methods": ["scratch", "full"],
            "clips": [None],
        },
    )
    folder = tmp_path / "study"
    begin_study(folder, study, base)
    results = work_on(folder, processes=0)
    assert [entry["state"] for entry in results["cells"]] == ["done"] * 3, results["cells"]
    source, target = (open_run(folder / "runs" / name) for name in ("source_of_s", "s_all_full"))
    assert target.recipe.training.start_fold is None
    for part in ("train", "validation", "test"):
        people = [
            {run.manifest[row].speaker for row in run.split.folds[1].parts()[part]}
            for run in (source, target)
        ]
        assert people[0] == people[1]


def test_a_start_that_has_heard_the_test_is_refused(make_base: Any, tiny_run: Path, tmp_path: Path) -> None:
    study = create_study(
        "transfer",
        {
            "tasks": {"own": {"start": str(tiny_run), "target": ["emodb"]}},
            "methods": ["scratch", "full"],
            "clips": [None],
        },
    )
    begin_study(tmp_path / "study", study, make_base("protocol.seed=7"))
    results = work_on(tmp_path / "study", processes=0)
    entry = next(entry for entry in results["cells"] if entry["axes"]["method"] == "full")
    assert entry["state"] == "failed"
    assert "has heard" in entry["reason"]


def test_the_named_tasks_have_recipes(corpora_root: Path, make_base: Any) -> None:
    base = make_base("protocol={name: grouped_kfold}", data=corpora_root)
    study = create_study("transfer", {"tasks": ["song_to_speech", "english_to_german"], "clips": [50]})
    cells = {cell.name: base.of(cell, Path("/runs")) for cell in study.first(base, Path("/runs"))}
    source = cells["source_of_song_to_speech"]
    assert source.data.only == ("ravdess_song",)
    assert "disgust" not in source.data.labels.resolve().labels
    target = cells["song_to_speech_50_full"]
    assert len(target.data.labels.resolve().labels) == 8
    assert target.training.start_from == "/runs/source_of_song_to_speech"
    german = cells["english_to_german_50_frozen"]
    assert german.data.corpora == ("emodb",)
    assert "boredom" in german.data.labels.resolve().labels
    assert (german.training.start_fold, german.training.freeze) == (0, "trunk")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": ["song_to_speach"]}, "Did you mean 'song_to_speech'"),
        ({"methods": ["frozen"]}, "scratch and at least one other"),
        ({"tasks": {"x": {"target": ["emodb"]}}}, "source corpora or a start"),
        ({"clips": [50, 50]}, "different numbers"),
    ],
)
def test_wrong_options_are_one_clear_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        create_study("transfer", options)


def test_what_the_recipe_says_itself(done: Done) -> None:
    folder, _ = done
    recipe = load_recipe(folder / "runs" / "over_4_full" / "resolved.yaml")
    assert recipe.training.learning_rate == pytest.approx(0.3 * 0.03)
    assert recipe.data.max_training_clips == 4


def test_targets_wait_for_their_source_and_fall_with_it(make_base: Any, tmp_path: Path) -> None:
    from hearfelt.studies._folder import open_study
    from hearfelt.studies._loop import _next

    options = {
        "tasks": {"over": {"source": ["savee"], "target": ["emodb"]}},
        "methods": ["scratch", "full"],
        "clips": [None],
    }
    begin_study(tmp_path / "study", create_study("transfer", options), make_base())
    _, folder, _ = open_study(tmp_path / "study")
    waiting = list(folder.cells)
    said: list[str] = []
    taken = [_next(folder, waiting, said.append) for _ in range(3)]
    assert [cell and cell.name for cell in taken] == ["source_savee", "over_all_scratch", None]
    assert [cell.name for cell in waiting] == ["over_all_full"]
    folder.failed["source_savee"] = "of fatigue"
    assert _next(folder, waiting, said.append) is None
    assert not waiting
    assert "source_savee, which failed" in folder.failed["over_all_full"]
