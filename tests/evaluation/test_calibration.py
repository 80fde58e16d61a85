import numpy as np
import pytest
import scipy.optimize
import scipy.special
from sklearn.metrics import brier_score_loss, log_loss

from hearfelt.errors import HearfeltError
from hearfelt.evaluation import calibration


def overconfident(seed: int = 0, n: int = 4000, n_classes: int = 5, sharpen: float = 3.0):
    """Logits whose probabilities are right at temperature `sharpen`."""
    rng = np.random.default_rng(seed)
    honest = rng.normal(size=(n, n_classes)) * 1.5
    probabilities = scipy.special.softmax(honest, axis=1)
    truth = np.array([rng.choice(n_classes, p=p) for p in probabilities])
    return honest * sharpen, truth


def test_temperature_that_was_put_in_is_found():
    logits, truth = overconfident()
    fit = calibration.fit_temperature(logits, truth)
    assert fit.temperature == pytest.approx(3.0, rel=0.06)
    assert fit.loss_after < fit.loss_before and fit.bias == () and fit.n == 4000


@pytest.mark.parametrize("sharpen", [0.1, 1.0, 12.0])
def test_temperature_is_the_minimum_that_scipy_finds(sharpen):
    logits, truth = overconfident(seed=3, n=500, sharpen=sharpen)

    def loss(log_temperature: float) -> float:
        return log_loss(
            truth, scipy.special.softmax(logits / np.exp(log_temperature), axis=1), labels=range(5)
        )

    best = scipy.optimize.minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9})
    fit = calibration.fit_temperature(logits, truth)
    assert np.log(fit.temperature) == pytest.approx(best.x, abs=1e-4)
    assert fit.loss_after == pytest.approx(best.fun, abs=1e-9)


def test_temperature_and_bias_are_the_minimum_that_scipy_finds():
    logits, truth = overconfident(seed=1, n=800)
    logits = logits + np.array([2.0, 0.0, -1.0, 0.0, 0.5])

    def loss(x: np.ndarray) -> float:
        p = scipy.special.softmax(logits * x[0] + x[1:], axis=1)
        return log_loss(truth, p, labels=range(5)) + 0.5e-3 * (x[1:] ** 2).sum()

    best = scipy.optimize.minimize(loss, np.r_[1.0, np.zeros(5)], method="BFGS", options={"gtol": 1e-7})
    fit = calibration.fit_temperature(logits, truth, with_bias=True)
    assert 1 / fit.temperature == pytest.approx(best.x[0], rel=1e-3)
    assert np.array(fit.bias) == pytest.approx(best.x[1:] - best.x[1:].mean(), abs=1e-3)
    assert sum(fit.bias) == pytest.approx(0, abs=1e-9)
    assert fit.loss_after < calibration.fit_temperature(logits, truth).loss_after


@pytest.mark.parametrize("temperature", [0.05, 0.7, 1.0, 20.0])
def test_a_temperature_never_changes_the_ranking(temperature):
    logits, _ = overconfident(n=300)
    changed = calibration.softmax(logits / 3, temperature)
    assert (np.argsort(changed, axis=1) == np.argsort(logits, axis=1)).all()


def test_fits_without_a_minimum_stay_finite():
    logits = np.eye(4)[np.arange(40) % 4] * 2.0
    perfect = calibration.fit_temperature(logits, np.arange(40) % 4)
    assert calibration.TEMPERATURE_RANGE[0] <= perfect.temperature < 0.1
    worst = calibration.fit_temperature(logits, (np.arange(40) + 1) % 4)
    assert worst.temperature == pytest.approx(calibration.TEMPERATURE_RANGE[1])
    same = calibration.fit_temperature(np.zeros((10, 3)), np.zeros(10, dtype=int), with_bias=True)
    assert np.isfinite(same.bias).all() and np.isfinite(same.temperature)
    absent = calibration.fit_temperature(
        np.random.default_rng(0).normal(size=(50, 6)) * 50, np.arange(50) % 3, with_bias=True
    )
    assert np.isfinite(absent.bias).all() and np.isfinite(absent.loss_after)


def test_fit_improves_calibration_of_rows_it_has_not_seen():
    logits, truth = overconfident(n=6000)
    fit = calibration.fit_temperature(logits[:3000], truth[:3000])
    before = calibration.expected_calibration_error(calibration.softmax(logits[3000:]), truth[3000:])
    after = calibration.expected_calibration_error(fit.apply(logits[3000:]), truth[3000:])
    assert before > 0.15 and after < 0.03


@pytest.mark.parametrize("adaptive", [False, True])
def test_reliability_bins_hold_every_clip_once(adaptive):
    logits, truth = overconfident(n=997)
    p = calibration.softmax(logits)
    table = calibration.reliability(p, truth, bins=15, adaptive=adaptive)
    assert table.count.sum() == 997
    assert (table.confidence >= table.low - 1e-12).all() and (table.confidence <= table.high + 1e-12).all()
    assert (table.confidence * table.count).sum() == pytest.approx(p.max(axis=1).sum())
    assert (table.accuracy * table.count).sum() == pytest.approx((p.argmax(axis=1) == truth).sum())
    if adaptive:
        assert table.count.max() - table.count.min() <= 1


def test_calibration_error_by_hand():
    p = np.array([[1.0, 0.0], [1.0, 0.0], [0.6, 0.4], [0.6, 0.4]])
    assert calibration.expected_calibration_error(p, [0, 1, 0, 0]) == pytest.approx(0.5 * 0.5 + 0.5 * 0.4)
    assert calibration.expected_calibration_error(np.eye(3), [0, 1, 2]) == 0


def test_brier_and_loss_are_those_of_scikit_learn():
    logits, truth = overconfident(n=200)
    p = calibration.softmax(logits / 3)
    assert calibration.brier_score(p, truth) == pytest.approx(
        brier_score_loss(truth, p, labels=range(5), scale_by_half=False)
    )
    assert calibration.negative_log_likelihood(p, truth) == pytest.approx(log_loss(truth, p, labels=range(5)))


def test_log_probabilities_give_the_probabilities_back():
    p = np.random.default_rng(0).dirichlet(np.ones(4), 20)
    assert calibration.softmax(calibration.log_probabilities(p)) == pytest.approx(p)
    assert np.isfinite(calibration.log_probabilities([[1.0, 0.0]])).all()


def test_risk_falls_where_confidence_knows_and_is_flat_where_it_does_not():
    rng = np.random.default_rng(0)
    right = rng.random(2000) < 0.6
    perfect = calibration.area_under_risk_coverage(right + 0.1 * rng.random(2000), right)
    blind = calibration.area_under_risk_coverage(np.ones(2000), right)
    assert blind == pytest.approx(1 - right.mean())
    assert perfect < 0.12 < blind
    coverage, risk = calibration.risk_coverage(rng.random(2000), right)
    assert coverage[-1] == 1 and risk[-1] == pytest.approx(1 - right.mean())


def test_risk_coverage_does_not_depend_on_the_order_of_ties():
    confidence, right = np.array([0.9, 0.5, 0.5, 0.5]), np.array([True, True, False, False])
    back = calibration.risk_coverage(confidence[::-1], right[::-1])[1]
    assert calibration.risk_coverage(confidence, right)[1] == pytest.approx(back)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: calibration.fit_temperature([[np.nan, 1.0]], [0]), "1 of 1 clips are not finite"),
        (lambda: calibration.fit_temperature(np.zeros((0, 3)), []), "at least one"),
        (lambda: calibration.brier_score([[0.5, 0.5]], [2]), "0 to 1 was expected"),
        (lambda: calibration.reliability([[0.5, 0.5]], [0, 1]), r"\(1, 2\) and 2"),
        (lambda: calibration.risk_coverage([], []), "at least one"),
    ],
)
def test_mistakes_are_one_clear_error(call, says):
    with pytest.raises(HearfeltError, match=says):
        call()
