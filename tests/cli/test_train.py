"""``hearfelt train`` as people meet it; what training does is tested in tests/training."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

import hearfelt.training.run as run_module
from hearfelt.cli import main

TINY = str(Path(__file__).resolve().parents[1] / "training" / "tiny.yaml")


@pytest.fixture
def asked(monkeypatch, tiny_run):
    """Training is not done but remembered; its figures are those of the tiny run."""
    calls = []

    def train(recipe, folder, **options):
        calls.append((recipe, folder, options))
        return json.loads((tiny_run / "metrics.json").read_text())

    monkeypatch.setattr(run_module, "train", train)
    return calls


def test_a_finished_run_is_scored_and_told(capsys, tiny_run, tmp_path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    assert main(["train", TINY, "--out", str(folder), "--resume"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["all test clips", "emodb", "savee", "Report"]
    uar = json.loads((folder / "metrics.json").read_text())["all"]["uar"]
    low, high = 100 * uar["speakers"]["low"], 100 * uar["speakers"]["high"]
    assert f"UAR {100 * uar['value']:.1f} % [{low:.1f}, {high:.1f}]" in lines[0]
    assert "48 answers" in lines[0] and lines[-1] == f"Report: {folder / 'report.html'}"


def test_what_is_asked_for_arrives(asked, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("sys.argv", ["hearfelt", "train", TINY, "--jobs", "2"])
    arguments = ["--set", "training.epochs=7", "--set", "seed=9", "--data", "a", "--data", "b", "--jobs", "2"]
    assert main(["train", TINY, *arguments, "--out", str(tmp_path / "x")]) == 0
    recipe, folder, options = asked[0]
    assert (recipe.training.epochs, recipe.seed, folder) == (7, 9, tmp_path / "x")
    assert options["data"] == ["a", "b"] and options["jobs"] == 2 and options["resume"] is False
    assert options["source"] == Path(TINY).read_text()
    assert options["command"] == f"hearfelt train {TINY} --jobs 2"


def test_a_run_has_a_folder_of_its_own_by_default(asked) -> None:
    assert main(["train", TINY]) == 0
    _, folder, options = asked[0]
    assert folder.parent == Path("runs") and folder.name.startswith("tiny-20")
    assert options["data"] is None


def test_training_without_a_test_has_a_report_and_no_figures(capsys, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(run_module, "train", lambda *_, **__: {})
    assert main(["train", TINY, "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"Report: {tmp_path / 'report.html'}\n"


def test_preparing_stops_before_the_training(capsys, tiny_corpora, tmp_path) -> None:
    folder = tmp_path / "run"
    assert main(["train", TINY, "--data", str(tiny_corpora), "--out", str(folder), "--prepare-only"]) == 0
    out, err = capsys.readouterr()
    assert out == "" and "Speaker-independent" in err and f"--out {folder} --resume` trains it." in err
    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.csv",
        "provenance.json",
        "recipe.yaml",
        "resolved.yaml",
        "split.csv",
    ]


def test_interrupted_it_says_how_to_go_on(capsys, monkeypatch, tmp_path) -> None:
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module, "train", interrupt)
    folder = tmp_path / "my run"
    arguments = ["--set", "training.loss={name: focal}", "--data", "x y", "--out", str(folder)]
    assert main(["train", TINY, *arguments]) == 130
    line = capsys.readouterr().err.splitlines()[0]
    said = line.removeprefix("Interrupted; go on with: ")
    assert said != line

    import shlex

    assert shlex.split(said) == [
        *("hearfelt", "train", TINY, "--set=training.loss={name: focal}", "--data=x y"),
        *("--out", str(folder), "--resume"),
    ]
    monkeypatch.setattr(run_module, "train", lambda *_, **options: {} if options["resume"] else 1 / 0)
    assert main(shlex.split(said)[1:]) == 0


def test_mistakes_are_one_line(capsys, tiny_corpora, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("HEARFELT_DATA", raising=False)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("precious")
    out = ["--out", str(tmp_path / "run")]
    for arguments, message in (
        ([TINY, "--resume"], "--resume needs --out RUN"),
        ([str(tmp_path / "none.yaml"), *out], "No such file"),
        ([TINY, *out], "Where are the corpora emodb, savee"),
        ([TINY, *out, "--set", "training.epoch=3"], "did you mean"),
        ([TINY, *out, "--set", "model.name=residual_attentoin"], "Did you mean 'residual_attention'"),
        ([TINY, *out, "--data", str(tiny_corpora), "--set", "data.corpora=[emodb, tess]"], "tess"),
        ([TINY, "--out", str(tmp_path / "full"), "--data", str(tiny_corpora)], "exists and is not empty"),
        ([TINY, *out, "--frob"], "--frob"),
        ([TINY, *out, "--data", str(tiny_corpora), "--jobs", "0"], "--jobs is 0; at least one"),
        ([TINY, *out, "--set", "protocol.name=kfold"], "stratified_random.\n"),
        (
            [TINY, *out, "--data", str(tiny_corpora), "--set", "training.start_from=nowhere"],
            "nowhere is not a run folder",
        ),
    ):
        assert main(["train", *arguments]) == 2, arguments
        stdout, err = capsys.readouterr()
        assert stdout == "" and err.count("\n") == 1 and err.startswith("error: "), err
        assert message in err
    assert not (tmp_path / "run").exists()


def test_going_on_with_nothing_is_said(asked, capsys, tmp_path) -> None:
    assert main(["train", TINY, "--out", str(tmp_path / "new"), "--resume"]) == 0
    assert "There is no run to go on with in" in capsys.readouterr().err


def test_without_the_extra_nothing_begins(capsys, monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for command in (["train", TINY], ["export", str(tmp_path)]):
        assert main([*command, "--out", str(tmp_path / "run")]) == 2
        stdout, err = capsys.readouterr()
        assert stdout == "" and err.count("\n") == 1 and "pip install 'hearfelt[train]'" in err
    assert not (tmp_path / "run").exists()
