from __future__ import annotations

import json

from hearfelt.cli import main
from hearfelt.recognition.bundle import read_bundle
from hearfelt.training.run import open_run


def test_a_run_becomes_a_bundle_that_recognises(capsys, tiny_run, tmp_path) -> None:
    out = tmp_path / "mine"
    options = ["--fold", "1", "--name", "mine", "--half-precision", "--licence", "CC0"]
    assert main(["export", str(tiny_run), "--out", str(out), *options]) == 0
    text, err = capsys.readouterr()
    assert err == "" and text.startswith(f"Wrote {out}: mine, ") and f"--model {out}" in text
    specification = read_bundle(out).specification
    assert (specification.name, specification.licence) == ("mine", "CC0")
    assert specification.architecture["members"] == 1

    recording = open_run(tiny_run).manifest[0].path
    assert main(["predict", recording, "--model", str(out), "--format", "json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["emotion"] in specification.labels


def test_mistakes_are_one_line(capsys, tiny_run, tmp_path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    for arguments, message in (
        ([str(tmp_path), "--out", str(tmp_path / "x")], "is not a run folder"),
        ([str(tiny_run), "--out", str(tmp_path / "x"), "--fold", "5"], "no trained fold 5; done: 0, 1"),
        ([str(tiny_run), "--out", str(tmp_path)], "is no bundle"),
        ([str(tiny_run)], "--out"),
        ([str(tiny_run), "--out", str(tmp_path / "x"), "--metrics-from", "nope"], "nope is not a run folder"),
    ):
        assert main(["export", *arguments]) == 2
        stdout, err = capsys.readouterr()
        assert stdout == "" and err.count("\n") == 1 and message in err, err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
