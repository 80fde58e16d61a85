"""Classical baselines answer as scikit-learn's do, and go the way of every other model: run folder, report, bundle."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from hearfelt.errors import RecipeError
from hearfelt.evaluation.predictions import read_predictions
from hearfelt.recognition.recognizer import load
from hearfelt.training._fitting import fit_into
from hearfelt.training.classical import CLASSICAL, create_classifier, read_options
from hearfelt.training.export import export_run
from hearfelt.training.fit import fit_fold
from hearfelt.training.recipe import check_recipe, load_recipe
from hearfelt.training.run import finish_run, prepare_run

#: Small ones.
OPTIONS = {
    "svm": {"c": 2.0},
    "random_forest": {"trees": 12},
    "gradient_boosting": {"rounds": 8},
    "logistic_regression": {},
}


def recipe(name: str, *settings: str, **content):
    data = {"corpora": ["emodb", "savee"], "labels": {"keep": ["happy", "sad", "angry"]}}
    front_end = {
        "name": "functionals",
        "mfcc": {"cepstra": 5, "mel_count": 20, "deltas": 0, "normalization": "none"},
    }
    model = {"name": name, "options": OPTIONS.get(name, {})}
    protocol = {"name": "grouped_kfold", "folds": 2, "validation_fraction": 0.4}
    return load_recipe(
        {"name": "t", "data": data, "front_end": front_end, "model": model, "protocol": protocol, **content},
        settings,
    )


@pytest.fixture
def problem(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of three classes that overlap, with weights; some features are round numbers, so that ties occur."""
    classes = generator.integers(0, 3, 150)
    features = generator.normal(size=(150, 6)) + classes[:, None] * 0.7
    features[:, 3] = features[:, 3].round(1)
    return features.astype(np.float32).astype(np.float64), classes, generator.uniform(0.5, 2, 150)


@pytest.mark.parametrize("classes_there", [3, 2])
@pytest.mark.parametrize("name", sorted(CLASSICAL))
def test_the_module_answers_as_scikit_learn(name: str, classes_there: int, problem) -> None:
    features, classes, weights = problem
    some = classes < classes_there
    fitted_to, labels, weights = features[some], classes[some] + 1, weights[some]  # class 0 has no clip
    model = create_classifier(name, 4, 6)
    fitted = fit_into(model, name, read_options(name, OPTIONS[name]), fitted_to, labels, weights, 4, seed=3)
    logits = model(torch.from_numpy(features).float()[:, :, None], torch.ones(len(features))).numpy()
    if name == "svm":
        expected = np.stack([machine.decision_function(features) for machine in fitted], axis=1)
        assert np.abs(logits[:, 1 : 1 + classes_there] - expected).max() < 1e-4
    else:
        shares = torch.softmax(torch.from_numpy(logits), dim=1).numpy()
        theirs = fitted.predict_proba(features)
        if name == "random_forest":
            theirs = (theirs + 1e-3) / (1 + 4e-3)  # what the logarithm needs
        assert np.abs(shares[:, 1 : 1 + classes_there] - theirs).max() < 1e-4
    assert (logits.argmax(axis=1) != 0).all()
    if name != "svm":
        assert (logits.argmax(axis=1) - 1 == fitted.predict(features) - 1).mean() > 0.98

    again = create_classifier(name, 4, 6)
    again.load_state_dict(model.state_dict())
    given = torch.from_numpy(features).float()[:, :, None], torch.ones(len(features))
    assert torch.equal(again(*given), model(*given))
    assert not any(parameter.requires_grad for parameter in again.parameters())


@pytest.mark.parametrize("name", sorted(CLASSICAL))
def test_a_recipe_ends_in_a_report_and_a_bundle(name: str, tiny_corpora, tmp_path) -> None:
    run, _ = prepare_run(recipe(name), tmp_path / "run", data=tiny_corpora)
    for fold in run.folds if name == "svm" else (0,):
        fit_fold(run.recipe, run.clips(), run.split.folds[fold], run.fold_folder(fold), fold=fold)
    metrics = finish_run(run)
    assert metrics["all"]["uar"]["value"] > 0.34  # three classes, synthetic voices of strangers
    folder = run.fold_folder(0)
    assert json.loads((folder / "done.json").read_text())["epochs"] == 1
    line = json.loads((folder / "metrics.jsonl").read_text())
    assert line["train_uar"] > line["validation_uar"] > 0
    assert (run.folder / "report.html").stat().st_size > 10000

    specification = export_run(run.folder, tmp_path / "bundle", folds=[0])
    assert specification.architecture["name"] == name and specification.parameters > 0
    table = read_predictions(folder / "predictions.csv")
    recognizer = load(tmp_path / "bundle", window_seconds=30.0)
    order = [table.labels.index(label) for label in recognizer.labels]
    for number in range(0, len(table.path), 5):
        answer = recognizer(table.path[number])
        logits = np.asarray(table.logits)[number, order]
        logits = logits - np.log(np.exp(logits).sum())
        calibrated = np.exp(logits / specification.calibration.temperature)
        given = [answer.probabilities[label] for label in recognizer.labels]
        assert np.abs(np.array(given) - calibrated / calibrated.sum()).max() < 5e-3


@pytest.mark.parametrize(
    ("name", "settings", "sentence"),
    [
        ("svm", ("front_end={name: mfcc}",), "needs front_end.name functionals, not mfcc"),
        ("svm", ("model.options={C: 1}",), r"model.options.C: .*It has: c, gamma"),
        (
            "random_forest",
            ("augmentation=[speed]",),
            "fitted once to every clip as it is; leave out augmentation",
        ),
        ("svm", ("training.loss.class_weights={bored: 2}",), "class_weights names"),
    ],
)
def test_what_they_cannot_do_is_refused(name: str, settings: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        check_recipe(recipe(name, *settings))


def test_one_class_is_not_enough() -> None:
    with pytest.raises(RecipeError, match="two classes at least"):
        fit_into(None, "svm", {}, np.zeros((3, 2)), np.zeros(3, dtype=np.int64), np.ones(3), 2, seed=0)
