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


def test_a_vote_is_exact_however_sure(tiny_run, second_run, tmp_path) -> None:
    """A network 60 nats sure of a class outvotes one that is 36 sure of another, as in the exported graph."""
    from hearfelt.evaluation.predictions import write_predictions

    folders = [shutil.copytree(run, tmp_path / name) for run, name in ((tiny_run, "a"), (second_run, "b"))]
    for folder, logits in zip(folders, ([0.0, -60.0, -70.0], [-36.0, 0.0, -70.0]), strict=True):
        place = folder / "folds" / "0" / "predictions.csv"
        table = read_predictions(place)
        rows = np.tile(logits, (len(table), 1))
        write_predictions(place, table.with_probabilities(np.exp(log_softmax(rows)), logits=rows))
    ensemble(folders, tmp_path / "both")
    both = read_predictions(tmp_path / "both" / "folds" / "0" / "predictions.csv")
    np.testing.assert_allclose(both.logits[:, :2], [[-18.0, -30.0]] * len(both), atol=1e-3)
    assert (both.prediction == 0).all()


def test_members_may_train_on_more_but_not_hear_who_is_tested(train_fold, tiny_corpora, tmp_path) -> None:
    """Both are tested on one corpus; one has trained on a corpus beside, whose people count as heard."""
    from hearfelt.protocols.split import Fold, Split
    from hearfelt.studies._listened import find_model

    def trained(name: str, train: str) -> Path:
        return train_fold(
            f"data.corpora=[{train}, emodb]",
            "protocol={name: cross_corpus, validation_fraction: 0}",
            f"protocol.train_corpora=[{train}]",
            "protocol.test_corpora=[emodb]",
            "training.select=last",
            name=name,
            data=data,
            command=f"hearfelt train {name}.yaml",
        ).parents[1]

    from hearfelt.testing.corpora import write_synthetic_corpus

    data = shutil.copytree(tiny_corpora, tmp_path / "data")
    voices = {
        "speakers": 2,
        "emotions": ["happy", "sad", "angry"],
        "clips_per_emotion": 2,
        "seconds": (0.4, 0.6),
    }
    write_synthetic_corpus(data / "tess", "tess", seed=9, **voices)
    narrow, wide = trained("narrow", "savee"), trained("wide", "savee, tess")
    both = ensemble([narrow, wide], tmp_path / "both") and open_run(tmp_path / "both")

    specification = export_run(both.folder, tmp_path / "bundle")
    assert set(specification.training_corpora) == {"savee", "tess"}
    assert {name.split("_")[0] for name in specification.held_out_speakers} == {"emodb"}
    assert specification.provenance.command.startswith(
        "hearfelt train narrow.yaml && hearfelt train wide.yaml"
    )
    listened = find_model(str(both.folder), [], 0)
    assert listened.heard == {"known": True, "speakers": 0, "of": 4}

    # The same test clips, but somebody of them was trained on: what a damaged or foreign folder might hold.
    run = open_run(wide)
    fold = run.split.folds[0]
    heard = Fold((*fold.train, fold.test[0]), (), fold.test[1:])
    Split("cross_corpus", (heard,), True, "").write(wide / "split.csv", run.manifest)
    with pytest.raises(ProtocolError, match=r"Fold 0 tests \d+ speakers or clips that .*wide has heard"):
        ensemble([narrow, wide], tmp_path / "leak")
    assert not (tmp_path / "leak").exists()


def test_several_folds_and_several_runs(tiny_run, tmp_path) -> None:
    ensemble([tiny_run, shutil.copytree(tiny_run, tmp_path / "twin")], tmp_path / "both")
    specification = export_run(tmp_path / "both", tmp_path / "bundle")
    assert specification.provenance.members == 4 and specification.provenance.folds == (0, 1)
    card = " ".join((tmp_path / "bundle" / "README.md").read_text().split())
    assert (
        "those of the averages of 2 networks, fold by fold, each on the speakers that it never heard" in card
    )


def test_a_training_starts_from_a_member_and_not_from_the_average(
    average, tiny_corpora, tiny_recipe, tmp_path
) -> None:
    from hearfelt.training.run import prepare_run

    recipe = tiny_recipe(f"training.start_from={average}")
    with pytest.raises(RecipeError, match=r"an average of 2 runs; name one of them, such as .*members/0"):
        prepare_run(recipe, tmp_path / "run", data=tiny_corpora)
    assert not (tmp_path / "run").exists()


def test_different_networks_are_named_and_not_started_from(
    tiny_run, train_fold, tiny_corpora, tiny_recipe, tmp_path
) -> None:
    from hearfelt.training.run import prepare_run

    wide = train_fold("model.options.embedding=16", "protocol.fold=[0]").parents[1]
    ensemble([tiny_run, wide], tmp_path / "both")
    made = export_run(tmp_path / "both", tmp_path / "bundle")
    assert made.architecture["name"] == "residual_attention"
    assert [network["options"]["embedding"] for network in made.architecture["networks"]] == [8, 16]
    with pytest.raises(RecipeError, match="whose members are different networks"):
        prepare_run(
            tiny_recipe(f"training.start_from={tmp_path / 'bundle'}"), tmp_path / "c", data=tiny_corpora
        )


def test_answers_stay_within_the_classes_of_their_corpus(train_fold, tiny_corpora, tmp_path) -> None:
    """Votes for a class that a corpus lacks count for the best of those that it has."""
    data = shutil.copytree(tiny_corpora, tmp_path / "data")
    for path in (data / "emodb").rglob("*W*.wav"):  # anger
        path.unlink()
    masked = ("protocol.fold=[0]", "training.mask_labels_by_corpus=true")
    folders = [train_fold(f"seed={seed}", *masked, name=str(seed), data=data).parents[1] for seed in (1, 2)]
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
    page = (average / "report.html").read_text()
    assert "hearfelt train second.yaml" in page and "The average of 2 runs" in page
    assert "no learning curves" not in page
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


def test_runs_that_do_not_belong_together(tiny_run, second_run, train_fold, tmp_path) -> None:
    def trained(name: str, *settings: str, fold: int = 0) -> Path:
        return train_fold(f"protocol.fold=[{fold}]", *settings, name=name, fold=fold).parents[1]

    other_people = trained("division", "protocol.seed=5")
    other_labels = trained("labels", "data.labels={keep: [happy, sad], drop: [angry]}")
    other_ears = trained("ears", "front_end.mel_count=12")
    other_words = trained("merge", "data.labels={keep: [happy, sad, angry], merge: {calm: sad}}")
    other_fold = trained("fold", fold=1)
    only_answers = shutil.copytree(second_run, tmp_path / "asked")
    (only_answers / "folds" / "0" / "best.safetensors").unlink()
    no_validation = shutil.copytree(second_run, tmp_path / "unvalidated")
    (no_validation / "folds" / "0" / "validation.csv").unlink()
    other_scale = shutil.copytree(second_run, tmp_path / "scale")
    front_end = json.loads((other_scale / "folds" / "0" / "front_end.json").read_text())
    (other_scale / "folds" / "0" / "front_end.json").write_text(json.dumps(front_end | {"mean": [1.0] * 16}))
    for runs, error, message in (
        ([], RecipeError, "needs two runs at least; 0 given"),
        ([tiny_run, other_words], RecipeError, "The labels of"),
        ([tiny_run, only_answers], RecipeError, "has answers and no network"),
        ([only_answers, tiny_run], RecipeError, "has answers and no network"),
        ([tiny_run, no_validation], ProtocolError, "has no validation.csv"),
        ([no_validation, tiny_run], ProtocolError, "has no validation.csv"),
        ([tiny_run, other_scale], RecipeError, "The front ends of fold 0 differ"),
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
    with pytest.raises(RecipeError, match="--name 'my model' cannot be"):
        ensemble([tiny_run, second_run], tmp_path / "out", name="my model")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.txt").write_text("precious")
    with pytest.raises(RecipeError, match="is not empty"):
        ensemble([tiny_run, second_run], tmp_path / "thesis")
    assert (tmp_path / "thesis" / "thesis.txt").read_text() == "precious"
