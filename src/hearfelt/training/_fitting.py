"""scikit-learn's classifiers, fitted, and what they learnt copied into torch modules with the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import RecipeError

Array = NDArray[np.float64]

#: Logit of a class that no training clip has.
NEVER = -30.0


def fit_into(
    model: Any,
    name: str,
    options: Any,
    features: Array,
    classes: NDArray[np.int64],
    weights: Array,
    class_count: int,
    seed: int,
) -> Any:
    """Fit scikit-learn's classifier and copy what it learnt into a module of `create_classifier`.

    Args:
        model: gets what was learnt.
        name: of `CLASSICAL`.
        options: its options, validated.
        features: (clips, bands), about standardised.
        classes: (clips,).
        weights: (clips,), what each counts.
        class_count: outputs.
        seed: of what is drawn.

    Returns:
        the fitted estimator (a list, one a class, for ``svm``).

    Raises:
        RecipeError: the training rows have one class only.
    """
    if len(np.unique(classes)) < 2:
        raise RecipeError(f"The model {name!r} needs training rows of two classes at least.")
    if name == "svm":
        return _fit_svm(model, options, features, classes, weights, class_count)
    if name == "logistic_regression":
        return _fit_linear(model, options, features, classes, weights, class_count)
    return _fit_trees(model, name, options, features, classes, weights, class_count, seed)


def _fit_svm(
    model: Any, chosen: Any, features: Array, classes: NDArray[np.int64], weights: Array, class_count: int
) -> Any:
    import torch
    from sklearn.svm import SVC

    gamma = chosen.gamma or 1.0 / (features.shape[1] * max(float(features.var()), 1e-12))
    coefficients, bias = np.zeros((class_count, len(features))), np.full(class_count, NEVER)
    machines = []
    for label in np.unique(classes):
        machine = SVC(C=chosen.c, gamma=gamma).fit(features, classes == label, sample_weight=weights)
        coefficients[label, machine.support_] = machine.dual_coef_[0]
        bias[label] = machine.intercept_[0]
        machines.append(machine)
    used = np.flatnonzero(coefficients.any(axis=0))
    model.keep(
        vectors=torch.from_numpy(features[used]),
        coefficients=torch.from_numpy(coefficients[:, used]),
        bias=torch.from_numpy(bias),
        gamma=torch.tensor([gamma]),
    )
    return machines


def _fit_linear(
    model: Any, chosen: Any, features: Array, classes: NDArray[np.int64], weights: Array, class_count: int
) -> Any:
    import torch
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=chosen.c, max_iter=chosen.iterations).fit(features, classes, weights)
    weight, bias = np.zeros((class_count, features.shape[1])), np.full(class_count, NEVER)
    bias[fitted.classes_] = 0.0
    if len(fitted.classes_) == 2:
        weight[fitted.classes_[1]], bias[fitted.classes_[1]] = fitted.coef_[0], fitted.intercept_[0]
    else:
        weight[fitted.classes_], bias[fitted.classes_] = fitted.coef_, fitted.intercept_
    model.keep(weight=torch.from_numpy(weight), bias=torch.from_numpy(bias))
    return fitted


def _fit_trees(
    model: Any,
    name: str,
    chosen: Any,
    features: Array,
    classes: NDArray[np.int64],
    weights: Array,
    class_count: int,
    seed: int,
) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

    if name == "random_forest":
        fitted = RandomForestClassifier(
            chosen.trees, max_depth=chosen.max_depth, min_samples_leaf=chosen.min_leaf, random_state=seed
        ).fit(features, classes, weights)
        # rows of a tree's values are shares of its classes already
        trees = [(tree.tree_, tree.tree_.value[:, 0] / chosen.trees) for tree in fitted.estimators_]
        columns = [fitted.classes_] * len(trees)
    else:
        fitted = GradientBoostingClassifier(
            n_estimators=chosen.rounds,
            learning_rate=chosen.learning_rate,
            max_depth=chosen.max_depth,
            subsample=chosen.subsample,
            max_features="sqrt",
            init="zero",
            random_state=seed,
        ).fit(features, classes, weights)
        trees, columns = [], []
        two = (
            fitted.estimators_.shape[1] == 1
        )  # one tree says how much more the second class is than the first
        for row in fitted.estimators_:
            for place, tree in enumerate(row):
                trees.append((tree.tree_, chosen.learning_rate * tree.tree_.value[:, 0]))
                columns.append(fitted.classes_[[1 if two else place]])
    _keep_trees(model, trees, columns, class_count)
    if name == "gradient_boosting":
        missing = np.setdiff1d(np.arange(class_count), fitted.classes_)
        model.value.data[:, missing] = NEVER / len(trees)
    return fitted


def _keep_trees(
    model: Any,
    trees: Sequence[tuple[Any, Array]],
    columns: Sequence[NDArray[np.int64]],
    class_count: int,
) -> None:
    import torch

    feature, threshold, left, right, roots, values, first = [], [], [], [], [], [], 0
    for (tree, value), places in zip(trees, columns, strict=True):
        own = np.arange(tree.node_count)
        leaf = tree.children_left < 0
        feature.append(np.where(leaf, 0, tree.feature))
        threshold.append(np.where(leaf, 0.0, tree.threshold))
        left.append(first + np.where(leaf, own, tree.children_left))
        right.append(first + np.where(leaf, own, tree.children_right))
        roots.append(first)
        table = np.zeros((tree.node_count, class_count))
        table[:, places] = value
        values.append(table)
        first += tree.node_count
    exact = np.concatenate(threshold)
    rounded = exact.astype(np.float32)
    # features are 32 bits: the largest such number that is not above the threshold asks the same question
    rounded = np.where(rounded > exact, np.nextafter(rounded, np.float32(-np.inf)), rounded)
    model.keep(
        feature=torch.from_numpy(np.concatenate(feature)),
        threshold=torch.from_numpy(rounded),
        left=torch.from_numpy(np.concatenate(left)),
        right=torch.from_numpy(np.concatenate(right)),
        roots=torch.tensor(roots),
        depth=torch.tensor([max(tree.max_depth for tree, _ in trees)]),
        value=torch.from_numpy(np.concatenate(values)),
    )
