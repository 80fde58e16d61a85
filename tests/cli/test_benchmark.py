"""`hearfelt benchmark`: what it prints, what it writes, mistakes, and going on after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hearfelt.cli import main
from hearfelt.testing.bundles import write_tiny_bundle

TINY = str(Path(__file__).resolve().parents[1] / "training" / "tiny.yaml")


def test_a_bundle_is_asked(tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle, out = write_tiny_bundle(tmp_path / "b"), tmp_path / "out"
    arguments = ["benchmark", "--model", str(bundle), "--rows", "savee", "--out", str(out)]
    assert main([*arguments, "--data", str(tiny_corpora)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("SAVEE  UAR ")
    assert "Page: " in said.out
    assert json.loads((out / "benchmark.json").read_text())["version"] == 1
    assert main(arguments) == 0, "without data: everything is there"
    assert "is gone on with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "saveee"], "Did you mean 'savee'"),
        (["--model", "gruu"], "Did you mean 'gru'"),
        (["--model", "python:no.such"], "There is no python:no.such"),
        (["--model", "missing.yaml"], "Cannot read the recipe"),
        (["--rows", "savee", "--set", "training.epohs=1"], "did you mean epochs"),
    ],
)
def test_mistakes_are_one_sentence(
    arguments: list[str], message: str, tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["benchmark", *arguments, "--data", str(tiny_corpora), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert len(error.splitlines()) == 1
    assert not out.exists()


def test_a_folder_that_has_something_is_not_written_over(
    tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["benchmark", "--rows", "savee", "--data", str(tiny_corpora), "--out", str(tmp_path)]) == 2
    assert "is no benchmark" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_killed_benchmark_goes_on(tiny_corpora: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "hearfelt", "benchmark", "--model", TINY, "--rows", "savee", "--data", str(tiny_corpora),
        "--out", str(out), "--processes", "1", "--quick", "--set", "augmentation=[]",
    ]  # fmt: skip
    process = subprocess.Popen([*command, "--set", "training.epochs=400"], stderr=subprocess.DEVNULL)
    history = out / "runs" / "savee" / "folds" / "0" / "metrics.jsonl"
    deadline = time.monotonic() + 240
    while not history.exists() and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(0.5)  # the training itself ends when its parent is gone
    known = len(history.read_text().splitlines())
    assert 0 < known < 400
    assert not (out / "benchmark.json").exists()
    for path in (out / "study.yaml", out / "runs" / "savee" / "resolved.yaml"):
        text = path.read_text()
        path.write_text(
            text.replace("epochs: 400", f"epochs: {known + 2}").replace("epochs=400", f"epochs={known + 2}")
        )
    assert main(["benchmark", "--out", str(out), "--processes", "1"]) == 0
    assert json.loads((out / "benchmark.json").read_text())["complete"]
    epochs = [json.loads(line)["epoch"] for line in history.read_text().splitlines()]
    assert epochs == list(range(known + 2)), "no epoch is there twice or missing"
