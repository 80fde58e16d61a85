"""A run: prepared, trained by processes of its own, killed, resumed, scored; and what is refused."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hearfelt.corpora.manifest import read_manifest
from hearfelt.errors import CorpusError, HearfeltError, RecipeError
from hearfelt.protocols.leaks import LeakError
from hearfelt.protocols.split import Fold, Split
from hearfelt.training import run as run_module
from hearfelt.training.fit import fit_fold
from hearfelt.training.run import finish_run, gather_rows, open_run, prepare_run, train

TINY = Path(__file__).with_name("tiny.yaml")


@pytest.fixture
def folds_here(monkeypatch):
    """Folds are trained in this process, which has torch already; gives the numbers of those that were."""
    trained = []

    def run_folds(folder, folds, **_):
        run = open_run(folder)
        for fold in folds:
            if not (run.fold_folder(fold) / "done.json").exists():
                trained.append(fold)
            fit_fold(run.recipe, run.clips(), run.split.folds[fold], run.fold_folder(fold), fold=fold)

    monkeypatch.setattr(run_module, "run_folds", run_folds)
    return trained


# kill -9 -----------------------------------------------------------------------------------------------------------

_DIES_IN_AN_EPOCH = """
import os, signal, sys
from hearfelt.training.keeper import EpochKeeper
from hearfelt.training._worker import main

def die(self, trainer, *_):
    if trainer.current_epoch == 1 and trainer.fit_loop.batch_idx == 1:
        os.kill(os.getpid(), signal.SIGKILL)

EpochKeeper.on_train_batch_end = die
main(sys.argv[1:])
"""


def wait_for(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def is_alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes below /proc")
def test_killed_twice_and_resumed_it_ends_as_if_nothing_had_been(
    tiny_corpora, tiny_recipe, tiny_run, tmp_path, outcome
) -> None:
    """Real processes and real kill -9: of a worker in the middle of an epoch, of the command after a checkpoint."""
    folder = tmp_path / "run"
    recipe = tiny_recipe("protocol.fold=[0]")
    prepare_run(recipe, folder, data=tiny_corpora)
    fold = folder / "folds" / "0"

    worker = [sys.executable, "-c", _DIES_IN_AN_EPOCH, str(folder), "0"]
    assert subprocess.run(worker, capture_output=True).returncode == -signal.SIGKILL
    assert len((fold / "metrics.jsonl").read_text().splitlines()) == 1
    before = (fold / "last.safetensors").stat().st_mtime_ns

    command = [sys.executable, "-m", "hearfelt", "train", str(TINY), "--out", str(folder), "--resume"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: (fold / "last.safetensors").stat().st_mtime_ns != before)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: not any(is_alive(int(child)) for child in children), 10)
    assert children and not (fold / "done.json").exists()

    metrics = train(recipe, folder, resume=True)
    assert outcome(fold) == outcome(tiny_run / "folds" / "0")
    assert json.loads((folder / "metrics.json").read_text()) == metrics
    assert metrics["all"]["clips"] == len((fold / "predictions.csv").read_text().splitlines()) - 1


# Resuming ----------------------------------------------------------------------------------------------------------


def test_finished_folds_are_not_run_again(tiny_run, tiny_recipe, tmp_path, folds_here) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    wanted = json.loads((folder / "metrics.json").read_text())
    shutil.rmtree(folder / "folds" / "1")
    (folder / "metrics.json").unlink()
    before = {path: path.stat().st_mtime_ns for path in (folder / "folds" / "0").rglob("*")}
    assert train(tiny_recipe(), folder, resume=True) == wanted
    assert folds_here == [1]
    assert {path: path.stat().st_mtime_ns for path in (folder / "folds" / "0").rglob("*")} == before


def test_a_run_goes_on_with_its_own_recipe_and_says_so(
    tiny_run, tiny_recipe, tmp_path, folds_here, monkeypatch
) -> None:
    monkeypatch.setattr(run_module, "finish_run", lambda run: {})
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    notes = []
    train(tiny_recipe(), folder, resume=True, note=notes.append)
    assert notes == []
    train(tiny_recipe("training.epochs=99"), folder, resume=True, note=notes.append)
    assert "not the one given now" in notes[0]
    assert open_run(folder).recipe.training.epochs == 3


def test_an_interrupted_preparation_is_resumed(tiny_corpora, tiny_recipe, tmp_path) -> None:
    folder = tmp_path / "run"
    prepare_run(tiny_recipe(), folder, data=tiny_corpora)
    (folder / "resolved.yaml").unlink()
    with pytest.raises(RecipeError, match=r"not a run folder: it lacks resolved\.yaml"):
        open_run(folder)
    with pytest.raises(RecipeError, match="--resume"):
        prepare_run(tiny_recipe(), folder, data=tiny_corpora)
    prepare_run(tiny_recipe(), folder, data=tiny_corpora, resume=True)
    open_run(folder)


def test_a_folder_with_something_in_it_is_not_written_into(tiny_recipe, tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    for resume in (False, True):
        with pytest.raises(RecipeError, match=r"exists and is not empty\. Name another folder with --out"):
            train(tiny_recipe(), tmp_path, resume=resume)
    with pytest.raises(RecipeError, match="is not empty"):
        train(tiny_recipe(), tmp_path / "thesis.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_changed_recordings_are_noticed(tiny_corpora, tiny_recipe, tmp_path) -> None:
    data = shutil.copytree(tiny_corpora, tmp_path / "data")
    run, _ = prepare_run(tiny_recipe(), tmp_path / "run", data=data)
    Path(run.manifest[0].path).write_bytes(Path(run.manifest[1].path).read_bytes())
    with pytest.raises(CorpusError, match="have changed since it began"):
        open_run(tmp_path / "run").clips()
    Path(run.manifest[0].path).unlink()
    with pytest.raises(CorpusError, match=r"47 of 48"):
        open_run(tmp_path / "run").clips()


# Data that is not there --------------------------------------------------------------------------------------------


def test_missing_data_is_one_clear_error(tiny_corpora, tiny_recipe, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("HEARFELT_DATA", raising=False)
    with pytest.raises(CorpusError, match=r"Where are the corpora emodb, savee.*--data"):
        train(tiny_recipe(), tmp_path / "run")
    with pytest.raises(HearfeltError, match="tess"):
        train(tiny_recipe("data.corpora=[emodb, tess]"), tmp_path / "run", data=tiny_corpora)
    with pytest.raises(HearfeltError, match=re.escape(str(tmp_path / "nowhere"))):
        train(tiny_recipe(), tmp_path / "run", data=tmp_path / "nowhere")
    with pytest.raises(HearfeltError, match="Did you mean 'emodb'"):
        train(tiny_recipe("data.corpora=[emobd]"), tmp_path / "run", data=tiny_corpora)
    with pytest.raises(CorpusError, match=r"disgust"):
        train(tiny_recipe("data.labels=six"), tmp_path / "run", data=tiny_corpora)
    assert not (tmp_path / "run").exists()
    monkeypatch.setenv("HEARFELT_DATA", str(tiny_corpora))
    assert len(gather_rows(tiny_recipe(), None)) == 48


def test_rows_may_come_from_manifests(tiny_corpora, tiny_recipe, tmp_path) -> None:
    rows = gather_rows(tiny_recipe(), tiny_corpora)
    rows.write(tmp_path / "all.csv")
    assert len(gather_rows(tiny_recipe("data.corpora=[savee]"), tmp_path / "all.csv")) == 24
    assert len(gather_rows(tiny_recipe("data.corpora=[]"), tmp_path / "all.csv")) == 48
    named = tiny_recipe("data.corpora=[]", f"data.manifests=[{tmp_path / 'all.csv'}]")
    assert len(gather_rows(named, None)) == 48
    with pytest.raises(CorpusError, match="does not say what to train on"):
        gather_rows(tiny_recipe("data.corpora=[]"), tiny_corpora)


def test_strays_of_another_label_can_be_left_out(tiny_corpora, tiny_recipe, tmp_path) -> None:
    rows = gather_rows(tiny_recipe(), tiny_corpora)
    one = next(row for row in rows if row.corpus == "savee" and row.emotion == "sad")
    rows.where(lambda row: row.corpus == "emodb" or row.emotion != "sad" or row is one).write(
        tmp_path / "rows.csv"
    )
    kept = gather_rows(tiny_recipe("data.min_class_clips=2"), tmp_path / "rows.csv")
    assert kept.counts("corpus") == {"emodb": 24, "savee": 16}


# What a run folder holds -------------------------------------------------------------------------------------------


def test_a_run_folder_reproduces_itself(tiny_corpora, tiny_recipe, tmp_path) -> None:
    source, notes = TINY.read_text(), []
    run, waveforms = prepare_run(
        tiny_recipe(),
        tmp_path,
        data=tiny_corpora,
        source=source,
        command="hearfelt train x",
        note=notes.append,
    )
    assert (tmp_path / "recipe.yaml").read_text() == source
    facts = json.loads((tmp_path / "provenance.json").read_text())
    assert facts["command"] == "hearfelt train x" and facts["seed"] == 1 and facts["clips"] == 48
    assert facts["manifest_hash"] == run.manifest.content_hash()
    assert facts["libraries"]["torch"] and facts["corpora"] == {"emodb": 24, "savee": 24}
    assert "48 clips" in notes[0] and "Speaker-independent" in notes[-1]
    again = open_run(tmp_path)
    assert again.recipe == run.recipe and again.manifest == run.manifest and again.split == run.split
    assert again.folds == (0, 1) and not again.is_done()
    assert read_manifest(tmp_path / "manifest.csv", classes=("happy", "sad", "angry")) == waveforms.manifest


def test_identical_clips_are_left_out_and_told(tiny_corpora, tiny_recipe, tmp_path) -> None:
    data = shutil.copytree(tiny_corpora, tmp_path / "data")
    clips = sorted((data / "savee" / "ALL").glob("*_a*.wav"))
    clips[0].write_bytes(clips[1].read_bytes())
    notes = []
    run, _ = prepare_run(tiny_recipe(), tmp_path / "run", data=data, note=notes.append)
    assert len(run.manifest) == 47
    assert any(
        "1 clips with the same audio" in note or "1 clip with the same audio" in note for note in notes
    )


def test_unreadable_clips_are_left_out_and_told(tiny_corpora, tiny_recipe, tmp_path) -> None:
    data = shutil.copytree(tiny_corpora, tmp_path / "data")
    bad = sorted((data / "savee" / "ALL").glob("*.wav"))[0]
    bad.write_bytes(b"no sound")
    notes = []
    run, _ = prepare_run(tiny_recipe(), tmp_path / "run", data=data, note=notes.append)
    assert len(run.manifest) == 47
    assert any(note.startswith("Left out: ") and str(bad) in note for note in notes)


# Protocols ---------------------------------------------------------------------------------------------------------


def test_a_leak_stops_everything_before_it_begins(tiny_corpora, tiny_recipe, tmp_path, monkeypatch) -> None:
    def leaking(manifest, config):
        half = len(manifest) // 2 + 1  # in the middle of a speaker
        return Split(config.label, (Fold(tuple(range(half)), (), tuple(range(half, 48))),), True, "Leaks.")

    monkeypatch.setattr(run_module, "make_split", leaking)
    with pytest.raises(LeakError, match="speaker"):
        train(tiny_recipe(), tmp_path / "run", data=tiny_corpora)
    assert not (tmp_path / "run").exists()


def test_a_random_protocol_runs_and_is_marked(tiny_corpora, tiny_recipe, tmp_path, folds_here) -> None:
    recipe = tiny_recipe("protocol={name: random}", "training.epochs=1")
    notes = []
    train(recipe, tmp_path, data=tiny_corpora, note=notes.append)
    split = json.loads((tmp_path / "provenance.json").read_text())["split"]
    assert split["protocol"] == "random" and split["speaker_independent"] is False
    assert "Speaker-dependent" in split["sentence"] and split["sentence"] in notes
    assert "speaker-dependent" in (tmp_path / "report.html").read_text().lower()


def test_training_on_everything_needs_no_test(tiny_corpora, tiny_recipe, tmp_path, folds_here) -> None:
    recipe = tiny_recipe("protocol={name: all, validation_fraction: 0.0}", "training.epochs=1")
    assert train(recipe, tmp_path, data=tiny_corpora) == {}
    assert not (tmp_path / "metrics.json").exists()
    assert not (tmp_path / "folds" / "0" / "predictions.csv").exists()
    assert "<html" in (tmp_path / "report.html").read_text()
    assert open_run(tmp_path).is_done()


def test_a_fold_that_is_not_there_is_a_clear_error(tiny_corpora, tiny_recipe, tmp_path) -> None:
    with pytest.raises(HearfeltError, match="0 to 1"):
        train(tiny_recipe("protocol.fold=[2]"), tmp_path / "run", data=tiny_corpora)


# Scores ------------------------------------------------------------------------------------------------------------


def test_scores_and_report_are_made_again_from_what_is_there(tiny_run, tmp_path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    wanted = (folder / "metrics.json").read_bytes()
    for name in ("metrics.json", "report.html"):
        (folder / name).unlink()
    finish_run(open_run(folder))
    assert (folder / "metrics.json").read_bytes() == wanted
    assert "data:audio" in (folder / "report.html").read_text()


def test_a_recording_that_has_gone_costs_its_player_only(tiny_run, tmp_path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    manifest = open_run(folder).manifest
    assert all(Path(row.path).exists() for row in manifest)
    moved = [replace(row, path=f"/gone/{Path(row.path).name}") for row in manifest]
    assert len(moved) == 48
    for name in ("manifest.csv", "split.csv", "folds/0/predictions.csv", "folds/1/predictions.csv"):
        text = (folder / name).read_text()
        for row, old in zip(moved, manifest, strict=True):
            text = text.replace(old.path, row.path)
        (folder / name).write_text(text)
    finish_run(open_run(folder))
    assert "data:audio" not in (folder / "report.html").read_text()
