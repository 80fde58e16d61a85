"""The benchmark's laws: no test row is looked at before the test, order changes nothing, who was heard is said."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearfelt.errors import CorpusError, HearfeltError, RecipeError, UnknownNameError
from hearfelt.evaluation.metrics import confusion_matrix, scores
from hearfelt.evaluation.predictions import read_predictions
from hearfelt.files import read_json, write_json
from hearfelt.models.specification import Specification
from hearfelt.studies._answers import Answers, read_answers
from hearfelt.studies._asking import heard_rows
from hearfelt.studies._benchmark_rows import DEFAULT_RECIPE, QUICK_CORPORA, QUICK_ROWS, ROWS
from hearfelt.studies._benchmark_scores import _leaks, mean_over_corpora, measure_seeds
from hearfelt.studies.benchmark import run_benchmark
from hearfelt.testing.bundles import write_tiny_bundle
from hearfelt.testing.corpora import write_synthetic_corpus
from hearfelt.training.recipe import check_recipe, load_recipe

TINY = Path(__file__).resolve().parents[1] / "training" / "tiny.yaml"
SHORT = (
    "augmentation=[]",
    "training.epochs=1",
    "training.average_decay=0",
    "training.sampling.clips_per_epoch=16",
)
EMOTIONS = ("happy", "sad", "angry")
Made = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SAVEE with its four men, TESS with its two women and AESDD with its six people, three emotions each."""
    root = tmp_path_factory.mktemp("benchmark-corpora")
    for seed, (style, speakers) in enumerate({"savee": 4, "tess": 2, "aesdd": 6}.items()):
        write_synthetic_corpus(
            root / style,
            style,
            speakers=speakers,
            emotions=EMOTIONS,
            clips_per_emotion=2,
            seconds=(0.4, 0.6),
            seed=seed,
        )
    return root


@pytest.fixture(scope="module")
def trained(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("benchmarks") / "trained"
    options = {
        "rows": ["savee", "random_savee", "leave_one_corpus_out"],
        "seeds": 2,
        "matrix": True,
        "quick": True,
    }
    done = run_benchmark(
        str(TINY),
        folder,
        options=options,
        settings=SHORT,
        data=[corpora],
        processes=0,
        command="hearfelt benchmark",
    )
    return folder, done


def bundle_of(folder: Path, **facts: Any) -> Path:
    place = write_tiny_bundle(folder, labels=EMOTIONS)
    write_json(place / "model.json", {**read_json(place / "model.json"), **facts})
    return place


def rows_of(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in results["rows"]}


def test_every_row_has_a_recipe_that_can_be_read_and_published_figures_that_are_shares() -> None:
    assert set(QUICK_ROWS) <= set(ROWS)
    assert set(QUICK_CORPORA) <= {corpus for row in ROWS.values() for corpus in row.corpora}
    check_recipe(load_recipe(DEFAULT_RECIPE))
    for name, row in ROWS.items():
        recipe = load_recipe({"name": name, "protocol": dict(row.protocol)})
        assert recipe.protocol.name in ("published", "cross_corpus", "random")
        assert not row.partner or ROWS[row.partner].corpora == row.corpora
        for other in row.published:
            assert 0.1 < other.value <= 1
            assert other.protocol
            assert other.source
            assert other.measure in ("uar", "accuracy")


def test_rows_are_scored_as_their_tables_say(trained: Made) -> None:
    folder, results = trained
    assert read_json(folder / "benchmark.json") == results
    assert results["complete"]
    row = rows_of(results)["savee"]
    assert row["trained_on"] == "this corpus only"
    assert row["classes"] == ["happy", "sad", "angry"]
    assert row["folds"] == {"run": 1, "of": 4}
    values = []
    for cell in ("savee", "savee-seed1"):
        table = read_predictions(folder / "runs" / cell / "folds" / "0" / "predictions.csv")
        values.append(scores(confusion_matrix(table.truth, table.prediction, 3))["uar"])
    assert row["test"]["uar"]["per_seed"] == values
    assert row["test"]["uar"]["value"] == pytest.approx(np.mean(values))
    assert row["test"]["seeds"] == 2
    assert row["test"]["few_speakers"]
    assert {other["verdict"] for other in row["published"]} == {"not compared"}, "three classes, one fold"
    assert rows_of(results)["random_savee"]["speaker_independent"] is False
    assert results["leaks"] == [], "one fold of each is no comparison"


def test_the_price_of_leaking_is_of_all_folds(trained: Made) -> None:
    rows = trained[1]["rows"]
    whole = [{**row, "folds": {"run": 4, "of": 4}} for row in rows]
    (leak,) = _leaks(whole)
    values = {name: row["test"]["uar"]["value"] for name, row in rows_of(trained[1]).items() if row["test"]}
    assert leak["corpus"] == "savee"
    assert leak["difference"] == values["random_savee"] - values["savee"]


def test_no_test_row_trains_selects_or_calibrates(trained: Made) -> None:
    folder, results = trained
    for cell in results["cells"]:
        parts: dict[tuple[str, str], set[str]] = {}
        with (folder / "runs" / cell["name"] / "split.csv").open() as file:
            for line in csv.DictReader(file):
                parts.setdefault((line["fold"], line["path"]), set()).add(line["part"])
        assert all(len(found) == 1 for found in parts.values())
        for place in (folder / "runs" / cell["name"] / "folds").iterdir():
            if not (place / "validation.csv").exists():
                continue
            test, held = (
                read_predictions(place / "predictions.csv"),
                read_predictions(place / "validation.csv"),
            )
            assert not set(test.keys) & set(held.keys)
            if not cell["name"].startswith("random"):
                assert not set(test.speaker) & set(held.speaker)


def test_seeds_share_their_folds(trained: Made) -> None:
    folder, _ = trained
    splits = {(folder / "runs" / cell / "split.csv").read_text() for cell in ("savee", "savee-seed1")}
    assert len(splits) == 1
    seeds = [load_recipe(folder / "runs" / c / "resolved.yaml").seed for c in ("savee", "savee-seed1")]
    assert seeds == [0, 1]


def test_the_matrix_never_tests_what_it_trains_on(trained: Made) -> None:
    _, results = trained
    matrix = results["matrix"]
    assert matrix["train"] == ["aesdd", "savee"]
    for line, corpus in zip(matrix["uar"], matrix["train"], strict=True):
        for value, other in zip(line, matrix["test"], strict=True):
            assert (value is None) == (corpus == other)
    row = rows_of(results)["leave_one_corpus_out"]
    assert row["mean"]["corpora"] == 1, "one fold of a quick look"
    assert row["trained_on"] == "all other corpora"


def test_the_page_asks_for_nothing(trained: Made) -> None:
    folder, _ = trained
    text = (folder / "benchmark.html").read_text()
    assert text.startswith("<!doctype html>")
    assert "data:image/png;base64," in text
    assert "http://" not in text
    assert "https://" not in text
    assert "A quick look" in text
    assert "TIM-Net" in text


def test_it_goes_on_where_it_was_killed(trained: Made, tmp_path: Path, corpora: Path) -> None:
    folder, before = trained
    again = tmp_path / "again"
    import shutil

    shutil.copytree(folder, again)
    # as a kill leaves it: one cell without its scores, one without its last fold
    (again / "runs" / "savee" / "metrics.json").unlink()
    cell = again / "runs" / "savee-seed1"
    (cell / "metrics.json").unlink()
    shutil.rmtree(cell / "folds" / "0")
    kept = again / "runs" / "savee" / "folds" / "0" / "done.json"
    time = kept.stat().st_mtime_ns
    after = run_benchmark("", again, data=[corpora], processes=0)
    assert kept.stat().st_mtime_ns == time, "what was trained is not trained again"
    assert rows_of(after)["savee"]["test"] == rows_of(before)["savee"]["test"], (
        "the same seed, the same figures"
    )


def test_a_bundle_that_heard_the_speakers_is_marked(corpora: Path, tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "b", training_corpora={"savee": 100}, held_out_speakers=["savee_DC"])
    done = run_benchmark(
        str(bundle), tmp_path / "out", options={"rows": ["savee", "tess"]}, data=[corpora], processes=0
    )
    savee, tess = rows_of(done)["savee"], rows_of(done)["tess"]
    assert savee["heard"] == {"known": True, "speakers": 3, "of": 4, "clips": 18}
    assert savee["unheard"]["speakers"] == 1
    assert savee["unheard"]["n"] == 6
    assert not any(other["comparable"] for other in savee["published"])
    assert tess["heard"]["speakers"] == 0
    assert tess["unheard"] is None
    assert "Heard in training" in (tmp_path / "out" / "benchmark.html").read_text()


def test_who_speaks_also_sings() -> None:
    made = Specification(
        name="m",
        labels=("sad", "angry"),
        training_corpora={"ravdess_song": 1},
        held_out_speakers=("ravdess_02",),
    )
    heard = heard_rows(
        made, ["ravdess_speech", "ravdess_speech", "tess"], ["ravdess_01", "ravdess_02", "tess_YAF"]
    )
    assert heard.tolist() == [True, False, False]


def test_a_bundle_answers_as_it_does_elsewhere_among_the_classes_of_the_corpus(
    corpora: Path, tmp_path: Path
) -> None:
    import hearfelt

    bundle = write_tiny_bundle(tmp_path / "b", labels=("calm", "happy", "sad", "angry"))
    run_benchmark(str(bundle), tmp_path / "out", options={"rows": ["savee"]}, data=[corpora], processes=0)
    answers = read_answers(tmp_path / "out" / "runs" / "savee", "predictions.csv")
    assert answers is not None
    model = hearfelt.load(bundle, labels=EMOTIONS)
    for row in (0, 7, 23):
        expected = model(answers.table.path[row]).probabilities
        found = dict(zip(answers.table.labels, answers.table.probabilities[row], strict=True))
        assert found == pytest.approx(expected, abs=2e-3)


FUNCTION = """
import numpy as np

def by_length(waveform, rate):
    assert waveform.dtype == np.float32 and waveform.ndim == 1 and rate == 16000
    share = min(1.0, len(waveform) / rate)
    return {"Anger": share, "sadness": 1 - share, "boredom": 5.0}

def silent(waveform, rate):
    return {}

def broken(waveform, rate):
    raise KeyError("weights")

def wrong(waveform, rate):
    return {"happy": float("nan")}
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "my_benchmark_model.py").write_text(FUNCTION)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "my_benchmark_model", raising=False)
    return "python:my_benchmark_model"


def test_anybodys_function_is_asked(module: str, corpora: Path, tmp_path: Path) -> None:
    done = run_benchmark(
        f"{module}.by_length", tmp_path / "out", options={"rows": ["savee"]}, data=[corpora], processes=0
    )
    assert done["model"] == {"name": f"{module}.by_length", "way": "function"}
    assert rows_of(done)["savee"]["heard"]["known"] is False
    answers = read_answers(tmp_path / "out" / "runs" / "savee", "predictions.csv")
    assert answers is not None
    table = answers.table
    np.testing.assert_allclose(table.probabilities.sum(axis=1), 1, atol=1e-5)
    lengths = table.probabilities[:, table.labels.index("angry")]
    assert ((lengths > 0.35) & (lengths < 0.65)).all(), (
        "clips are 0.4 to 0.6 s, and boredom is not among the classes"
    )


def test_no_answer_is_no_luck(module: str, corpora: Path, tmp_path: Path) -> None:
    done = run_benchmark(
        f"{module}.silent", tmp_path / "out", options={"rows": ["savee"]}, data=[corpora], processes=0
    )
    assert rows_of(done)["savee"]["test"]["accuracy"]["value"] == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "KeyError"),
        ("wrong", "nan for happy"),
        ("nothing", "There is no python:my_benchmark_model.nothing"),
    ],
)
def test_mistakes_of_a_function_are_one_sentence(
    name: str, message: str, module: str, corpora: Path, tmp_path: Path
) -> None:
    with pytest.raises(HearfeltError, match=message) as error:
        run_benchmark(
            f"{module}.{name}", tmp_path / "out", options={"rows": ["savee"]}, data=[corpora], processes=0
        )
    assert "\n" not in str(error.value)


def test_the_order_of_clips_and_of_seeds_changes_nothing(trained: Made) -> None:
    folder, _ = trained
    found = [read_answers(folder / "runs" / cell, "predictions.csv") for cell in ("savee", "savee-seed1")]
    first, second = (answers for answers in found if answers is not None)
    order = np.random.default_rng(3).permutation(len(second.table))
    shuffled = Answers(second.table[order], tuple(second.folds[n] for n in order))
    assert measure_seeds([first, shuffled]) == measure_seeds([first, second])
    alone = measure_seeds([first])["uar"]
    flipped = measure_seeds([Answers(first.table[::-1], first.folds[::-1])])["uar"]
    assert (alone["value"], alone["low"], alone["high"]) == (
        flipped["value"],
        flipped["low"],
        flipped["high"],
    )
    assert mean_over_corpora([first])["uar"]["value"] == pytest.approx(alone["value"])
    with pytest.raises(HearfeltError, match="other clips"):
        measure_seeds([first, replace(second, folds=tuple(fold + 1 for fold in second.folds))])


@pytest.mark.parametrize(
    ("model", "options", "settings", "kind", "message"),
    [
        ("residual_atention", {}, (), UnknownNameError, "residual_attention"),
        ("", {"rows": ["emobd"]}, (), UnknownNameError, "emodb"),
        ("", {"rows": ["ravdess_song"]}, (), CorpusError, "needs ravdess_song"),
        ("default", {}, ("training.epochs=1",), RecipeError, "only asked"),
        ("default", {"matrix": True}, (), RecipeError, "has to name a recipe"),
        ("python:nonsense", {}, (), HearfeltError, "names no function"),
    ],
)
def test_mistakes_are_named(
    model: str,
    options: dict[str, Any],
    settings: tuple[str, ...],
    kind: type[Exception],
    message: str,
    corpora: Path,
    tmp_path: Path,
) -> None:
    with pytest.raises(kind, match=message):
        run_benchmark(
            model, tmp_path / "out", options=options, settings=settings, data=[corpora], processes=0
        )
    assert not (tmp_path / "out").exists()


def test_a_class_of_one_corpus_alone_is_not_asked_of_the_others(corpora: Path, tmp_path: Path) -> None:
    rows = write_synthetic_corpus(
        tmp_path / "c", "emodb", speakers=2, emotions=["happy", "sad", "boredom"], seconds=(0.4, 0.5)
    )
    rows.write(tmp_path / "emodb.csv")
    options = {"rows": ["leave_one_corpus_out"]}
    bundle = write_tiny_bundle(tmp_path / "b")
    data = [corpora, tmp_path / "emodb.csv"]
    run_benchmark(str(bundle), tmp_path / "out", options=options, data=data, processes=0)
    recipe = load_recipe(tmp_path / "out" / "runs" / "leave_one_corpus_out" / "resolved.yaml")
    assert recipe.data.labels.resolve().labels == ("happy", "sad", "angry")


def test_strays_are_no_class(corpora: Path, tmp_path: Path, make_stray: Callable[[Path], Path]) -> None:
    manifest = make_stray(tmp_path)
    done = run_benchmark(
        str(write_tiny_bundle(tmp_path / "b")), tmp_path / "out", options={"rows": ["savee"]}, data=[manifest],
        processes=0,
    )  # fmt: skip
    assert json.loads((tmp_path / "out" / "benchmark.json").read_text())["rows"][0]["classes"] == [
        "happy",
        "sad",
        "angry",
    ]
    assert done["rows"][0]["test"]["n"] == 60


@pytest.fixture
def make_stray() -> Callable[[Path], Path]:
    """A manifest of SAVEE in which one clip of sixty-one is surprised."""

    def make(folder: Path) -> Path:
        common = {"speakers": 4, "seconds": (0.4, 0.5)}
        rows = write_synthetic_corpus(folder / "s", "savee", emotions=EMOTIONS, clips_per_emotion=5, **common)  # type: ignore[arg-type]
        other = write_synthetic_corpus(
            folder / "t", "savee", emotions=["surprised"], clips_per_emotion=1, **common
        )  # type: ignore[arg-type]
        path = folder / "manifest.csv"
        (type(rows)([*rows, other[0]])).write(path)
        return path

    return make


def test_names_beneath_a_matrix_do_not_run_into_each_other() -> None:
    from hearfelt.studies._pictures import plot_matrix

    def gaps(names: list[str]) -> list[float]:
        """Pixels between neighbouring names' beginnings or, lying flat, from one's end to the next one's beginning."""
        figure = plot_matrix([[0.5] * len(names)] * 2, ["a", "b"], names, x="x", y="y")
        figure.draw_without_rendering()
        ticks = figure.axes[0].get_xticklabels()
        boxes = [tick.get_window_extent() for tick in ticks]
        flat = ticks[0].get_rotation() == 0
        return [
            after.x0 - before.x1 if flat else (after.x1 - before.x1) - before.height * 0.2
            for before, after in pairwise(boxes)
        ]

    assert min(gaps(["emodb", "savee"])) > 0
    assert (
        min(gaps(sorted(QUICK_CORPORA) + ["ravdess_speech", "ravdess_song", "banglaser", "crema_d"] * 2)) > 0
    )
