"""One fold: the same training whatever interrupts it, selection and stopping, statistics of training rows only."""

from __future__ import annotations

import json
import os
import shutil
import signal

import numpy as np
import pytest
import soundfile
import torch

from hearfelt.errors import RecipeError
from hearfelt.evaluation.predictions import read_predictions
from hearfelt.files import lock
from hearfelt.training import fit
from hearfelt.training.checkpoint import load_checkpoint
from hearfelt.training.fit import fit_fold, front_end_with_statistics, predict_rows
from hearfelt.training.run import open_run


def metrics(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


VARIANTS = {
    "average, AdamW, cosine": (),
    "plain, SGD, constant": (
        "training.average_decay=0",
        "training.optimizer=sgd",
        "training.schedule=constant",
        "training.epochs=2",
        "training.select=last",
    ),
    "stopped early": (
        "training.epochs=9",
        "training.learning_rate=1e-7",
        "training.average_decay=0",
        "training.early_stopping={patience: 1}",
        "augmentation=[]",
    ),
    "no validation rows": ("protocol.validation_fraction=0", "training.epochs=2"),
}


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_killed_after_any_file_it_ends_the_same(train_fold, outcome, monkeypatch, settings) -> None:
    """Files are renamed into place, so the folder after each rename is all that a kill -9 can leave."""
    left = []

    def replace_and_copy(source, target, *, real=os.replace):
        real(source, target)
        fold = next((parent for parent in target.parents if parent.parent.name == "folds"), None)
        if fold is not None:
            left.append((target.name, shutil.copytree(fold, fold.parents[2] / f"killed_{len(left)}")))

    with monkeypatch.context() as patch:
        patch.setattr("hearfelt.files.os.replace", replace_and_copy)
        folder = train_fold(*settings)
    wanted = outcome(folder)
    epochs = [line["epoch"] for line in wanted["metrics"]]
    assert epochs == list(range(len(epochs))) and len(epochs) >= 2
    names = [name for name, _ in left]
    assert names[0] == "front_end.json" and names[-1] == "done.json"
    assert names.count("last.safetensors") == len(epochs)

    run = open_run(folder.parents[1])
    stopping = run.recipe.training.early_stopping is not None
    assert (len(epochs) < run.recipe.training.epochs) == stopping
    clips = run.clips()
    for name, copy in left:
        fit_fold(run.recipe, clips, run.split.folds[0], copy, fold=0)
        assert outcome(copy) == wanted, f"killed after {name}"


def test_the_same_recipe_and_seed_give_the_same_and_other_seeds_do_not(
    train_fold, outcome, tiny_run, tiny_recipe
) -> None:
    same = outcome(train_fold(name="again"))
    assert same == outcome(tiny_run / "folds" / "0")
    other = outcome(train_fold("seed=4", "training.epochs=1", name="other"))
    assert other["metrics"][0]["train_loss"] != same["metrics"][0]["train_loss"]


def test_loader_processes_change_nothing_but_speed(train_fold, outcome, tiny_run) -> None:
    folder = train_fold("training.loader_workers=1")
    assert outcome(folder) == outcome(tiny_run / "folds" / "0")


def test_a_finished_fold_is_left_alone(tiny_run, tmp_path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run") / "folds" / "0"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    run = open_run(tmp_path / "run")
    fit_fold(run.recipe, run.clips(), run.split.folds[0], folder, fold=0)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert not (folder / "last.safetensors").exists()


def test_the_best_epoch_is_kept_or_the_last(train_fold, tiny_run) -> None:
    for fold in (0, 1):
        folder = tiny_run / "folds" / str(fold)
        losses = [line["validation_loss"] for line in metrics(folder)]
        done = json.loads((folder / "done.json").read_text())
        assert done["epoch"] == int(np.argmin(losses))
        assert done["monitor"] == {"name": "loss", "value": min(losses)}

    risen = train_fold("training.monitor=uar", "training.epochs=2", name="uar")
    scores = [line["validation_uar"] for line in metrics(risen)]
    assert json.loads((risen / "done.json").read_text())["epoch"] == int(np.argmax(scores))

    last = train_fold("training.select=last", "training.epochs=2", name="last")
    assert json.loads((last / "done.json").read_text())["epoch"] == 1


def test_validation_comes_as_often_as_the_recipe_says_and_at_the_end(train_fold, outcome) -> None:
    rare = train_fold("training.validate_every=2", "training.epochs=3", name="rare")
    scores = [line.get("validation_uar") for line in metrics(rare)]
    assert [score is not None for score in scores] == [False, True, True]
    often = train_fold("training.epochs=3", name="often")
    same = [line["validation_uar"] for line in metrics(often)]
    assert scores == [None, *same[1:]]  # looking changes nothing
    assert outcome(rare)["done"]["epoch"] >= 1


def test_early_stopping_stops(train_fold) -> None:
    # At this rate the figures stand still after the first epoch.
    settings = (
        "training.learning_rate=1e-12",
        "training.average_decay=0",
        "training.monitor=uar",
        "training.epochs=50",
    )
    folder = train_fold(*settings, "training.early_stopping={patience: 2}")
    done = json.loads((folder / "done.json").read_text())
    assert done["epochs"] == done["epoch"] + 3 < 50


def test_the_learning_rate_rises_and_falls_as_the_recipe_says(train_fold) -> None:
    folder = train_fold("training.epochs=4", "training.warmup_steps=0")
    rates = [line["learning_rate"] for line in metrics(folder)]
    assert rates == pytest.approx([0.03 * 0.5 * (1 + np.cos(np.pi * (n + 1) / 4)) for n in range(4)])


def test_divergence_is_one_clear_error(train_fold) -> None:
    settings = ("training.optimizer=sgd", "training.learning_rate=1e30", "training.gradient_clip=0")
    with pytest.raises(RecipeError, match=r"loss of epoch \d is (nan|inf).*learning_rate below 1e\+30"):
        train_fold(*settings)


def test_a_damaged_checkpoint_is_named(train_fold, tiny_run, tmp_path) -> None:
    folder = tmp_path / "fold"
    folder.mkdir()
    (folder / "last.safetensors").write_bytes(b"damaged")
    run = open_run(tiny_run)
    with pytest.raises(RecipeError, match=r"checkpoint .*last.safetensors is missing or damaged"):
        fit_fold(run.recipe, run.clips(), run.split.folds[0], folder, fold=0)


def test_a_fold_is_trained_by_one_process_at_a_time(tiny_run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(fit._alone_in.__wrapped__, "__defaults__", (0.2,))
    run = open_run(tiny_run)
    with lock(tmp_path), pytest.raises(RecipeError, match="trained by another process"):
        fit_fold(run.recipe, run.clips(), run.split.folds[0], tmp_path, fold=0)


def test_what_a_killed_process_was_writing_is_swept(train_fold, tiny_run, tmp_path) -> None:
    run = open_run(tiny_run)
    leftover = tmp_path / ".last.safetensors.abc.part"
    leftover.write_bytes(b"half")
    fit_fold(run.recipe, run.clips(), run.split.folds[0], tmp_path, fold=0)
    assert not leftover.exists() and (tmp_path / "done.json").exists()


def test_ctrl_c_is_an_interruption_and_resumable(tiny_run, tmp_path, outcome) -> None:
    run = open_run(tiny_run)
    handler = signal.getsignal(signal.SIGINT)

    def interrupt(done: int, total: int) -> None:
        if done == total - 1:
            raise KeyboardInterrupt

    arguments = (run.recipe, run.clips(), run.split.folds[0], tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fit_fold(*arguments, fold=0, progress=interrupt)
    assert signal.getsignal(signal.SIGINT) is handler
    assert not (tmp_path / "done.json").exists()
    fit_fold(*arguments, fold=0)
    assert outcome(tmp_path) == outcome(tiny_run / "folds" / "0")


def test_progress_counts_every_batch(train_fold) -> None:
    told = []
    train_fold(progress=lambda done, total: told.append((done, total)))
    total = told[-1][1]
    assert told == [(done, total) for done in range(1, total + 1)] and total % 3 == 0


# Statistics of normalisation "corpus" ------------------------------------------------------------------------------


def test_corpus_statistics_see_training_clips_only(tiny_corpora, tiny_recipe, tmp_path, train_fold) -> None:
    data = shutil.copytree(tiny_corpora, tmp_path / "data")
    settings = ("front_end.normalization=corpus", "training.epochs=1")
    first = train_fold(*settings, name="first", data=data)
    run = open_run(first.parents[1])
    fold = run.split.folds[0]
    loud = np.random.default_rng(0)

    def overwrite(row: int) -> None:
        path = run.manifest[row].path
        soundfile.write(path, 0.5 * loud.standard_normal(soundfile.info(path).frames), 16000)

    for row in (*fold.test, *fold.validation):
        overwrite(row)
    second = train_fold(*settings, name="second", data=data)
    statistics = json.loads((first / "front_end.json").read_text())
    assert len(statistics["mean"]) == len(statistics["deviation"]) == 16
    assert json.loads((second / "front_end.json").read_text()) == statistics
    assert (first / "predictions.csv").read_text() != (second / "predictions.csv").read_text()
    weights = [load_checkpoint(folder / "best.safetensors")["weights"] for folder in (first, second)]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])

    overwrite(fold.train[0])
    third = train_fold(*settings, name="third", data=data)
    assert json.loads((third / "front_end.json").read_text())["mean"] != statistics["mean"]


def test_corpus_statistics_are_those_of_the_bands(tiny_run, tiny_recipe) -> None:
    from hearfelt.features.log_mel import log_mel

    run = open_run(tiny_run)
    clips, rows = run.clips(), run.split.folds[0].train
    config = tiny_recipe("front_end.normalization=corpus").front_end
    found = front_end_with_statistics(config, clips, rows)
    plain = config.model_copy(update={"normalization": "none"})
    bands = np.concatenate([log_mel(clips.waveforms[row], plain) for row in rows], axis=1)
    assert found.mean == pytest.approx(bands.mean(axis=1), abs=1e-4)
    assert found.deviation == pytest.approx(bands.std(axis=1), abs=1e-4)
    assert front_end_with_statistics(found, clips, rows) is found
    with pytest.raises(RecipeError, match="there are none"):
        front_end_with_statistics(config, clips, ())


# Answers -----------------------------------------------------------------------------------------------------------


def test_answers_are_tables_in_the_order_of_the_rows(tiny_run) -> None:
    run = open_run(tiny_run)
    for part in ("validation", "test"):
        table = read_predictions(
            tiny_run / "folds" / "0" / ("predictions.csv" if part == "test" else "validation.csv")
        )
        rows = [run.manifest[row] for row in run.split.folds[0].parts()[part]]
        assert table.keys == [row.key for row in rows]
        assert [table.labels[k] for k in table.truth] == [row.emotion for row in rows]
        assert table.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_masked_answers_are_among_the_classes_of_the_corpus(tiny_run) -> None:
    run = open_run(tiny_run)
    clips = run.clips()
    clips.allowed[:, :2] = False
    clips.allowed[0] = True

    class Sure(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, waveform, lengths):
            return torch.tensor([[3.0, 2.0, 1.0]]).expand(len(lengths), 3)

    table = predict_rows(Sure(), clips, [3, 0, 1])
    assert table.prediction.tolist() == [2, 0, 2]
    assert table.probabilities.argmax(axis=1).tolist() == [0, 0, 0]
