"""Reliability and risk against coverage, as drawn."""

import numpy as np

from hearfelt.evaluation.calibration_plots import plot_reliability, plot_risk_coverage

BEFORE = {
    "confidence": [0.3, 0.9],
    "accuracy": [0.5, 0.6],
    "count": [10, 30],
    "low": [0.0, 0.5],
    "high": [0.5, 1.0],
}
AFTER = BEFORE | {"confidence": [0.5, 0.6]}


def labels(figure) -> list[str]:
    return figure.axes[0].get_legend_handles_labels()[1]


def test_the_gap_is_the_expected_calibration_error():
    # (10 * 0.2 + 30 * 0.3) / 40 before; nothing after
    assert labels(plot_reliability(BEFORE, AFTER)) == [
        "as trained: mean gap (ECE) 0.275",
        "calibrated: mean gap (ECE) 0.000",
    ]
    assert len(labels(plot_reliability(BEFORE))) == 1


def test_bars_count_the_clips_of_each_bin():
    below = plot_reliability(BEFORE, AFTER).axes[1]
    assert [bar.get_height() for bar in below.patches] == [10, 30, 10, 30]


def test_curves_are_drawn_as_given_and_fit():
    curve = {"coverage": [0.1, 0.5, 1.0], "risk": [0.0, 0.2, 0.4]}
    figure = plot_risk_coverage({"before": curve, "after": curve | {"risk": [0.0, 0.1, 0.4]}})
    first, second = figure.axes[0].get_lines()[:2]
    assert np.allclose(first.get_ydata(), [0.0, 0.2, 0.4]) and np.allclose(
        second.get_ydata(), [0.0, 0.1, 0.4]
    )
    assert first.get_linestyle() != second.get_linestyle()  # told apart without colour
    assert figure.axes[0].get_ylim()[1] >= 0.4
    assert figure.axes[0].get_legend() is not None
    assert plot_risk_coverage({"only": curve}).axes[0].get_legend() is None
