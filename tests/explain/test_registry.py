"""What is explained: which model, which window, which label; and one sentence for what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from hearfelt.errors import AudioError, BundleError, HearfeltError, UnknownNameError
from hearfelt.explain import _registry
from hearfelt.explain._base import Heat
from hearfelt.explain._registry import explain, list_methods
from hearfelt.explain._subject import Subject, open_subject
from hearfelt.features.log_mel import LogMelConfig
from hearfelt.testing.bundles import write_tiny_bundle

RATE = 16000


def test_methods() -> None:
    assert list_methods() == ["grad_cam", "integrated_gradients", "occlusion"]
    with pytest.raises(UnknownNameError, match="Did you mean 'occlusion'"):
        explain("default", np.zeros(RATE), RATE, method="oclusion")


@pytest.fixture
def heard(monkeypatch):
    """A subject that says 'sad' to loud windows, and a method that only tells what it was given."""
    asked: list[tuple[int, int]] = []

    def judge(clips):
        loud = np.array([min(float(np.abs(clip).max()), 0.99) for clip in clips])
        return np.stack([1 - loud, loud], axis=1)

    class Method:
        UNIT, MEANING, NEEDS_GRADIENTS = "unit", "meaning", False

        @staticmethod
        def explain(subject, clip, label):
            asked.append((clip.size, label))
            return Heat(np.ones((1, 2)), np.linspace(0, clip.size / RATE, 3), np.array([0.0, 8000.0]), 2.0)

    monkeypatch.setattr(_registry, "_methods", lambda: {"tell": Method})
    return Subject("loud", ("happy", "sad"), RATE, 1.0, 0.5, LogMelConfig(), judge), asked


def test_the_surest_window_is_explained(heard, voice) -> None:
    subject, asked = heard
    voice = np.resize(voice, 4 * RATE) / np.abs(voice).max()
    voice[: 2 * RATE] *= 0.3
    voice[2 * RATE :] *= 0.6
    found = explain(subject, voice, RATE, method="tell", label="happy")
    assert (found.label, found.start, found.end) == ("happy", 0.0, 1.0)
    found = explain(subject, voice, RATE, method="tell", label="sad")
    assert found.start >= 1.5
    assert found.probability == pytest.approx(0.6, abs=1e-6)
    assert found.seconds == pytest.approx(found.start + np.array([0, 0.5, 1.0]))
    assert (found.total, found.unit, found.method, found.model) == (2.0, "unit", "tell", "loud")
    assert explain(subject, voice, RATE, method="tell", at=2.75).start in (2.0, 2.5)
    assert explain(subject, voice[:RATE], RATE, method="tell").label == "happy"
    assert asked[0] == (RATE, 0)


def test_one_sentence_for_each_mistake(heard, voice, tmp_path) -> None:
    subject, _ = heard
    with pytest.raises(UnknownNameError, match="label in this model named 'hapy'"):
        explain(subject, voice, RATE, method="tell", label="hapy")
    with pytest.raises(AudioError, match="has no speech"):
        explain(subject, np.zeros(RATE), RATE, method="tell")
    with pytest.raises(HearfeltError, match=r"is 0\.80 s long; second 9 cannot be explained"):
        explain(subject, voice, RATE, method="tell", at=9)
    with pytest.raises(BundleError, match="no run folder, and only runs have folds"):
        open_subject(tmp_path, fold=1)


def test_a_bundle_has_no_gradients(tmp_path, voice) -> None:
    bundle = write_tiny_bundle(tmp_path / "tiny")
    for method in ("grad_cam", "integrated_gradients"):
        with pytest.raises(BundleError, match=f"{method} needs gradients.*'tiny'.*--run"):
            explain(bundle, voice, RATE, method=method)


def test_a_run_is_explained(tiny_run, voice) -> None:
    found = {
        method: explain(tiny_run, voice, RATE, method=method)
        for method in ("integrated_gradients", "occlusion")
    }
    shares = open_subject(tiny_run).judge([voice])[0]
    assert shares.sum() == pytest.approx(1)
    for explanation in found.values():
        assert explanation.probability == pytest.approx(shares.max())
        assert explanation.model.endswith("fold 0")
    with pytest.raises(BundleError, match="has no trained fold 7; trained: 0, 1"):
        open_subject(tiny_run, fold=7)
