from __future__ import annotations

import shutil

from hearfelt.cli import main
from hearfelt.training.run import open_run


def test_two_runs_become_one(capsys, tiny_run, tmp_path) -> None:
    twin = shutil.copytree(tiny_run, tmp_path / "twin")
    out = tmp_path / "both"
    assert main(["ensemble", str(tiny_run), str(twin), "--out", str(out), "--name", "both"]) == 0
    text, err = capsys.readouterr()
    assert err == "" and text.startswith("all test clips: UAR ") and f"Report: {out / 'report.html'}" in text
    # The average of a network with its like is that network.
    assert (out / "metrics.json").exists() and open_run(out).recipe.name == "both"
    alone, both = ((run / "folds" / "0" / "predictions.csv").read_text() for run in (tiny_run, out))
    answers = [[line.split(",")[1:8] for line in text.splitlines()] for text in (alone, both)]
    assert answers[0] == answers[1]


def test_mistakes_are_one_line(capsys, tiny_run, tmp_path) -> None:
    for arguments, message in (
        ([str(tiny_run)], "two runs at least"),
        ([str(tiny_run), str(tmp_path)], "is not a run folder"),
        ([str(tiny_run), str(tiny_run)], "is named twice"),
    ):
        assert main(["ensemble", *arguments, "--out", str(tmp_path / "x")]) == 2
        stdout, err = capsys.readouterr()
        assert stdout == "" and err.count("\n") == 1 and message in err, err
    assert list(tmp_path.iterdir()) == []
