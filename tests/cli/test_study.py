"""`hearfelt study`: plans, refusals, and a study in several processes that is killed and goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hearfelt.cli import main

TINY = str(Path(__file__).resolve().parents[1] / "training" / "tiny.yaml")
SHORT = ["--set", "augmentation=[]", "--set", "protocol.fold=[0]"]


@pytest.mark.parametrize("kind", ["augmentation", "duration"])
def test_a_dry_run_says_what_it_will_cost_and_does_nothing(
    kind: str, tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "study"
    arguments = ["study", kind, TINY, "--data", str(tiny_corpora), "--out", str(out), "--dry-run", *SHORT]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert {"augmentation": "14 cells, 14 trainings", "duration": "6 cells, 6 trainings"}[kind] in said
    assert "24 steps" in said  # 64 clips in batches of 8, three epochs
    assert not out.exists()


def test_a_dry_run_needs_no_statistics_of_the_corpus(
    tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["study", "duration", TINY, "--data", str(tiny_corpora), "--train-seconds", "1", "--dry-run"]
    arguments += ["--out", str(tmp_path / "study"), "--set", "front_end.normalization=corpus", *SHORT]
    assert main(arguments) == 0
    assert "steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["augmentation", TINY, "--level", "nois=[1]"], "Did you mean 'noise'"),
        (["augmentation", TINY, "--processes", "0", "--level", "noise=[20]"], "at least one training"),
        (["search", TINY], "A search needs a field"),
        (["search", TINY, "--vary", "training.epoch=1:3"], "did you mean epochs"),
        (["search", TINY, "--vary", "training.epochs=1:3", "--sampler", "tpee"], "sampler"),
        (["transfer", TINY, "--clips", "some"], "whole numbers with commas"),
        (["transfer", TINY, "--target", "emodb"], "source corpora or a start"),
        (["duration", TINY, "--train-seconds", "x"], "numbers with commas"),
        (["architectures", TINY, "--models", "resnet"], "There is no model named 'resnet'"),
        (["resume", "nowhere"], "is not a study folder"),
        (["report", "nowhere"], "is not a study folder"),
        (["augmentation", TINY, "--set", "training.epohs=1"], "did you mean epochs"),
    ],
)
def test_mistakes_are_one_sentence(
    arguments: list[str],
    message: str,
    tiny_corpora: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEARFELT_DATA", str(tiny_corpora))
    assert main(["study", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert len(error.splitlines()) == 1


def test_a_folder_that_has_something_is_not_written_over(
    tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    arguments = ["study", "augmentation", TINY, "--data", str(tiny_corpora), "--out", str(tmp_path), *SHORT]
    assert main(arguments) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_killed_study_goes_on(
    tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "study"
    command = [
        sys.executable, "-m", "hearfelt", "study", "augmentation", TINY, "--data", str(tiny_corpora), "--out", str(out),
        "--level", "noise=[20]", "--processes", "2", *SHORT,
    ]  # fmt: skip
    process = subprocess.Popen([*command, "--set", "training.epochs=500"], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 300
    while len(list(out.glob("runs/*/folds/0/metrics.jsonl"))) < 2 and time.monotonic() < deadline:
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    lines = {
        path.parent: len(path.read_text().splitlines()) for path in out.glob("runs/*/folds/0/metrics.jsonl")
    }
    assert len(lines) == 2, "two trainings ran side by side"
    assert all(0 < count < 500 for count in lines.values())
    # a shorter end than 500 epochs, as the test has not all day
    for path in (out / "study.yaml", *out.glob("runs/*/resolved.yaml")):
        wanted = max(lines.values()) + 2
        text = path.read_text()
        path.write_text(
            text.replace("epochs: 500", f"epochs: {wanted}").replace("epochs=500", f"epochs={wanted}")
        )
    assert main(["study", "resume", str(out), "--processes", "2"]) == 0
    said = capsys.readouterr()
    assert "Chosen: " in said.out
    results = json.loads((out / "results.json").read_text())
    assert results["complete"]
    assert [entry["state"] for entry in results["cells"]] == ["done", "done"]
    for folder in lines:
        history = [json.loads(line)["epoch"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
        assert history == list(range(wanted)), "no epoch is there twice or missing"
    assert os.path.getsize(out / "report.html") > 10_000  # noqa: PTH202
    assert main(["study", "report", str(out)]) == 0
