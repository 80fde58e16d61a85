"""`hearfelt fairness`: a run, a table of anybody's, and mistakes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from hearfelt.cli import main


def test_a_run(tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, figures = tmp_path / "f.html", tmp_path / "f.json"
    assert main(["fairness", str(tiny_run), "--out", str(page), "--json", str(figures)]) == 0
    said = capsys.readouterr().out
    assert "corpus" in said
    assert f"Page: {page}" in said
    found = json.loads(figures.read_text())
    assert found["version"] == 1
    assert {entry["column"] for entry in found["columns"]} == {
        "sex",
        "age",
        "language",
        "corpus",
        "intensity",
    }
    corpora = next(entry for entry in found["columns"] if entry["column"] == "corpus")
    assert [group["group"] for group in corpora["groups"]] == ["emodb", "savee"]
    languages = next(entry for entry in found["columns"] if entry["column"] == "language")
    assert [group["group"] for group in languages["groups"]] == ["de", "en"]
    assert not languages["gaps"], "each language is one corpus"
    assert page.read_text().startswith("<!doctype html>")


def test_a_table_with_columns_of_ones_own(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = tiny_run / "folds" / "0" / "predictions.csv"
    assert main(["fairness", str(answers)]) == 0
    assert "language: not known" in capsys.readouterr().out
    with answers.open(newline="") as file:
        rows = list(csv.DictReader(file))
    with (tmp_path / "m.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "start", "end", "microphone"])
        writer.writerows(
            [row["path"], row["start"], row["end"], "near" if n % 2 else "far"] for n, row in enumerate(rows)
        )
    arguments = ["fairness", str(answers), "--manifest", str(tmp_path / "m.csv"), "--by", "microphone"]
    assert main([*arguments, "--json", str(tmp_path / "f.json")]) == 0
    (column,) = json.loads((tmp_path / "f.json").read_text())["columns"]
    assert [group["group"] for group in column["groups"]] == ["far", "near"]
    assert sum(group["n"] for group in column["groups"]) == len(rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.csv"], "Cannot read the predictions missing.csv"),
        (["{run}", "--by", "colour"], "There is no column 'colour'; there are"),
        (["{run}", "--manifest", "nowhere.csv"], "Cannot read the manifest nowhere.csv"),
        (["{empty}"], "has no folds/*/predictions.csv"),
        (["{run}", "--out", "{empty}"], "it is a folder"),
    ],
)
def test_mistakes_are_one_sentence(
    arguments: list[str], message: str, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [word.format(run=tiny_run, empty=tmp_path) for word in arguments]
    assert main(["fairness", *given]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
