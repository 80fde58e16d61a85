"""Averages of runs: what a member says, what the average says, and which runs do not belong together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from hearfelt.errors import BundleError, ProtocolError, RecipeError
from hearfelt.evaluation.predictions import read_predictions
from hearfelt.recognition.bundle import read_bundle
from hearfelt.training.ensemble import ensemble
from hearfelt.training.export import export_run, load_network
from hearfelt.training.run import open_run


@pytest.fixture(scope="module")
def second_run(tiny_corpora, tiny_recipe, tmp_path_factory) -> Path:
    """The tiny recipe again, with another seed of the training and the same division; fold 0 alone."""
    from hearfelt.training.fit import fit_fold
    from hearfelt.training.run import finish_run, prepare_run

    folder = tmp_path_factory.mktemp("runs") / "second"
    recipe = tiny_recipe("seed=7", "protocol.fold=[0]", "training.learning_rate=0.01")
    run, _ = prepare_run(recipe, folder, data=tiny_corpora, command="hearfelt train second.yaml")
    fit_fold(run.recipe, run.clips(), run.split.folds[0], run.fold_folder(0), fold=0)
    finish_run(run)
    return folder


@pytest.fixture(scope="module")
def average(tiny_run, second_run, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "average"
    ensemble(
        [tiny_run, second_run], folder, name="both", command="hearfelt ensemble tiny second --out average"
    )
    return folder


def log_softmax(values):
    return values - np.log(np.exp(values).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("table", ["predictions.csv", "validation.csv"])
def test_the_answer_is_the_mean_vote(tiny_run, second_run, average, table) -> None:
    first, second, both = (
        read_predictions(run / "folds" / "0" / table) for run in (tiny_run, second_run, average)
    )
    assert len(both) and both.keys == first.keys
    assert np.abs(first.probabilities - second.probabilities).max() > 0.01  # these are two networks
    votes = (log_softmax(first.logits) + log_softmax(second.logits)) / 2
    np.testing.assert_allclose(both.logits, votes, atol=1e-4)
    expected = np.exp(votes) / np.exp(votes).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(both.probabilities, expected, atol=1e-4)
    np.testing.assert_array_equal(both.truth, first.truth)


def test_answers_stay_within_the_classes_of_their_corpus(tiny_corpora, tiny_recipe, tmp_path) -> None:
    """Votes for a class that a corpus lacks count for the best of those that it has."""
    from hearfelt.training.fit import fit_fold
    from hearfelt.training.run import prepare_run

    data = shutil.copytree(tiny_corpora, tmp_path / "data")
    for path in (data / "emodb").rglob("*W*.wav"):  # anger
        path.unlink()
    folders = []
    for seed in (1, 2):
        recipe = tiny_recipe(f"seed={seed}", "protocol.fold=[0]", "training.mask_labels_by_corpus=true")
        run, _ = prepare_run(recipe, tmp_path / str(seed), data=data)
        fit_fold(run.recipe, run.clips(), run.split.folds[0], run.fold_folder(0), fold=0)
        folders.append(run.folder)
    ensemble(folders, tmp_path / "both")
    both = read_predictions(tmp_path / "both" / "folds" / "0" / "predictions.csv")
    angry = both.labels.index("angry")
    assert open_run(tmp_path / "both").classes() == {
        "emodb": ("happy", "sad"),
        "savee": ("happy", "sad", "angry"),
    }
    for row in range(len(both)):
        among = [k for k in range(3) if k != angry or both.corpus[row] == "savee"]
        assert both.prediction[row] == among[int(both.probabilities[row, among].argmax())]


def test_it_is_a_run_of_the_folds_that_all_have(tiny_run, second_run, average) -> None:
    opened = open_run(average)
    assert opened.recipe.name == "both" and opened.folds == (0,) and opened.is_done()
    assert [row.path for row in opened.manifest] == [row.path for row in open_run(tiny_run).manifest]
    assert opened.split.folds == open_run(tiny_run).split.folds
    assert opened.split.speaker_independent
    assert [member.recipe.seed for member in opened.members] == [open_run(tiny_run).recipe.seed, 7]
    assert len(opened.weights(0)) == 2
    facts = json.loads((average / "provenance.json").read_text())
    assert facts["command"] == "hearfelt ensemble tiny second --out average"
    assert [member["command"] for member in facts["members"]] == [
        "hearfelt train tiny.yaml",
        "hearfelt train second.yaml",
    ]
    metrics = json.loads((average / "metrics.json").read_text())
    tested = read_predictions(average / "folds" / "0" / "predictions.csv")
    assert metrics["all"]["clips"] == len(tested)
    assert metrics["all"]["accuracy"]["value"] == pytest.approx(np.mean(tested.truth == tested.prediction))
    assert metrics["calibration"]["temperature"] > 0
    assert "hearfelt ensemble tiny second" in (average / "report.html").read_text()
    assert not list(average.parent.glob(".*"))


def test_its_bundle_says_what_it_says(average, tmp_path) -> None:
    specification = export_run(average, tmp_path / "bundle")
    assert specification.provenance.members == specification.architecture["members"] == 2
    assert specification.provenance.seeds == tuple(member.recipe.seed for member in open_run(average).members)
    assert specification.provenance.folds == (0,)
    tested = read_predictions(average / "folds" / "0" / "predictions.csv")
    assert set(tested.speaker) <= set(specification.held_out_speakers)
    card = (tmp_path / "bundle" / "README.md").read_text()
    assert "the average of the 2 networks of fold 0" in " ".join(card.split())

    import onnxruntime

    opened = open_run(average)
    clips = opened.clips()
    session = onnxruntime.InferenceSession(read_bundle(tmp_path / "bundle").graph)
    for row, wanted in zip(opened.split.folds[0].test, tested.logits, strict=True):
        sound = np.asarray(clips.waveforms[row])[None]
        logits, _ = session.run(None, {"waveform": sound, "lengths": np.array([sound.shape[1]])})
        np.testing.assert_allclose(logits[0], wanted, atol=1e-3)


def test_members_are_runs(average, tiny_run, second_run, tmp_path) -> None:
    for number, run in enumerate((tiny_run, second_run)):
        member = open_run(average / "members" / str(number))
        kept, given = load_network(member, 0), load_network(open_run(run), 0)
        for key, value in given.state_dict().items():
            np.testing.assert_array_equal(kept.state_dict()[key], value)
    with pytest.raises(BundleError, match=r"is an ensemble of 2 runs; name one of them, such as .*members/0"):
        load_network(open_run(average), 0)
    ensemble([average, tiny_run], tmp_path / "three")  # an ensemble gives its members
    assert len(open_run(tmp_path / "three").members) == 3


def test_runs_that_do_not_belong_together(tiny_run, second_run, tiny_corpora, tiny_recipe, tmp_path) -> None:
    from hearfelt.training.fit import fit_fold
    from hearfelt.training.run import prepare_run

    def trained(name: str, *settings: str) -> Path:
        run, _ = prepare_run(tiny_recipe(*settings), tmp_path / name, data=tiny_corpora)
        fit_fold(
            run.recipe,
            run.clips(),
            run.split.folds[run.folds[0]],
            run.fold_folder(run.folds[0]),
            fold=run.folds[0],
        )
        return run.folder

    other_people = trained("division", "protocol.seed=5", "protocol.fold=[0]")
    other_labels = trained("labels", "data.labels={keep: [happy, sad], drop: [angry]}", "protocol.fold=[0]")
    other_ears = trained("ears", "front_end.mel_count=12", "protocol.fold=[0]")
    other_fold = trained("fold", "protocol.fold=[1]")
    for runs, error, message in (
        ([tiny_run], RecipeError, "needs two runs at least; 1 given"),
        ([tiny_run, tiny_run], RecipeError, "is named twice"),
        ([tiny_run, tmp_path], RecipeError, "is not a run folder"),
        ([tiny_run, other_people], ProtocolError, "people whom no member has heard"),
        ([tiny_run, other_labels], RecipeError, "The labels of"),
        ([tiny_run, other_ears], RecipeError, "The front end of"),
        ([second_run, other_fold], RecipeError, "no trained fold in common"),
    ):
        with pytest.raises(error, match=message):
            ensemble(runs, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").write_text("precious")
    with pytest.raises(RecipeError, match="is not empty"):
        ensemble([tiny_run, second_run], tmp_path / "thesis")
    assert (tmp_path / "thesis" / "thesis.txt").read_text() == "precious"
