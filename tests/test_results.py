"""The tables of docs/results.md are those of the kept figures, and figures are taken as runs and studies have them."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hearfelt.studies import run_study
from hearfelt.studies.benchmark import run_benchmark

ROOT = Path(__file__).resolve().parents[1]
TINY = Path(__file__).resolve().parent / "training" / "tiny.yaml"
SHORT = ("augmentation=[]", "training.epochs=1", "training.sampling.clips_per_epoch=32", "protocol.fold=[0]")


@pytest.fixture(scope="module")
def results() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tools"))
        yield load()


def load() -> ModuleType:
    specification = importlib.util.spec_from_file_location("results", ROOT / "tools" / "results.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_tables_of_the_page_are_those_of_the_files(results: ModuleType) -> None:
    text = results.PAGE.read_text()
    marked = re.findall(r"<!-- (?:runs|study|means|benchmark|corpora|matrix): (.+?) -->", text)
    assert marked
    assert results.tables(text) == text, "run: python tools/results.py tables"
    for name in " ".join(marked).split():
        found = json.loads((results.FILES / f"{name}.json").read_text())
        assert found["title"]
        assert "/work/" not in found["command"]


@pytest.fixture(scope="module")
def studied(tiny_corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept") / "study"
    options = {"variants": {"slow": ["training.learning_rate=0.001"]}}
    run_study("recipes", TINY, folder, options=options, settings=SHORT, data=[tiny_corpora], processes=0)
    return folder


@pytest.fixture
def kept(results: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(results, "FILES", tmp_path)
    return tmp_path


def test_a_run_is_kept_with_its_protocol_and_comes_out_as_a_table(
    results: ModuleType, studied: Path, kept: Path
) -> None:
    run = studied / "runs" / "tiny"
    found = json.loads(results.take(run, "mine", "my title").read_text())
    metrics = json.loads((run / "metrics.json").read_text())["all"]
    assert found["test"]["uar"]["value"] == pytest.approx(metrics["uar"]["value"], abs=1e-4)
    assert found["test"]["n"] == metrics["n"]
    assert "folds" in found["protocol"] or "fold" in found["protocol"]
    page = results.tables("before\n<!-- runs: mine -->\nold\n<!-- end -->\nafter\n")
    assert page.startswith("before\n<!-- runs: mine -->\n| what |")
    assert f"| my title | {100 * metrics['accuracy']['value']:.1f} |" in page
    assert "old" not in page
    assert page.endswith("<!-- end -->\nafter\n")
    assert results.tables(page) == page


def test_a_study_is_kept_and_comes_out_with_every_corpus(
    results: ModuleType, studied: Path, kept: Path
) -> None:
    results.take(studied, "study", "two rates")
    page = results.tables("<!-- study: study -->\n<!-- end -->\n")
    for line in ("| tiny | emodb |", "| tiny | savee |", "| tiny, slow | emodb |", "| tiny, slow | savee |"):
        assert line in page
    page = results.tables("<!-- means: study study -->\n<!-- end -->\n")
    parts = json.loads((kept / "study.json").read_text())["findings"]["recipes"]["tiny"]["corpora"].values()
    mean = f"{100 * sum(part['uar']['value'] for part in parts) / 2:.1f}"
    assert page.count(f"| {mean} (") >= 2


def test_a_benchmark_is_kept_by_row_by_corpus_and_as_a_matrix(
    results: ModuleType, tiny_corpora: Path, tmp_path: Path, kept: Path
) -> None:
    options = {"rows": ["savee", "leave_one_corpus_out"]}
    asked = run_benchmark("default", tmp_path / "asked", options=options, data=[tiny_corpora], processes=0)
    results.take(tmp_path / "asked", "asked", "default")
    page = results.tables("<!-- benchmark: asked asked -->\n<!-- end -->\n")
    savee = next(row for row in asked["rows"] if row["name"] == "savee")
    value = f"{100 * savee['test']['uar']['value']:.1f}"
    assert page.count(f"| {value} (") >= 2
    assert f"of {savee['heard']['of']} people" in page or "nobody is left" in page
    page = results.tables("<!-- corpora: asked -->\n<!-- end -->\n")
    row = next(row for row in asked["rows"] if row["group"] == "corpora")
    assert row["title"] == "Each corpus", "nothing is trained on all others here"
    for corpus, found in row["corpora"].items():
        assert f"| {corpus} | {found['classes']} |" in page
        assert f"{100 * found['uar']['value']:.1f}" in page
    file = tmp_path / "asked" / "benchmark.json"
    several = json.loads(file.read_text()) | {"seeds": 3}
    for row in several["rows"]:
        for found in (*row["corpora"].values(), row["test"] or row["mean"]):
            found["uar"]["deviation"] = 0.0123
    file.write_text(json.dumps(several))
    results.take(tmp_path / "asked", "asked", "default")
    page = results.tables("<!-- corpora: asked -->\n<!-- end -->\n")
    assert "| deviation of 3 seeds |" in page
    assert page.count(" | 1.2 |") == len(next(row for row in asked["rows"] if row["mean"])["corpora"]) + 1
    made = json.loads((kept / "asked.json").read_text())
    made["matrix"] = {"train": ["a"], "test": ["a", "b"], "uar": [[None, 0.414]], "classes": [[None, 5]]}
    (kept / "asked.json").write_text(json.dumps(made))
    assert "| a |  | 41 (5) |" in results.tables("<!-- matrix: asked -->\n<!-- end -->\n")


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        (
            "hearfelt train a.yaml --data d --out /work/runs/x --jobs 1",
            "hearfelt train a.yaml --data d --out runs/n",
        ),
        (
            "hearfelt train a.yaml --images /x/y --labels /x/l.npy --out /q --set training.threads=1",
            "hearfelt train a.yaml --images DIR --labels l.npy --out runs/n",
        ),
        (
            "hearfelt study recipes a.yaml --set 'protocol={name: random}' --processes 2 --out /q",
            "hearfelt study recipes a.yaml --set 'protocol={name: random}' --out runs/n",
        ),
    ],
)
def test_commands_are_as_users_type_them(results: Any, command: str, typed: str) -> None:
    assert results._as_users_type_it(command, "n") == typed
