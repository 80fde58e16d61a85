import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearfelt.recognition.results import Failure, Recognition, Segment, combine, decide


@given(st.integers(1, 20), st.integers(2, 9), st.integers(0, 2**31))
def test_a_combination_is_a_distribution_between_its_parts(windows, labels, seed) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.dirichlet(np.ones(labels), windows)
    whole = combine(rows, rng.uniform(0.1, 5, windows))
    assert whole.sum() == pytest.approx(1)
    assert (whole >= rows.min(axis=0) - 1e-12).all() and (whole <= rows.max(axis=0) + 1e-12).all()


def test_longer_windows_count_more() -> None:
    np.testing.assert_allclose(
        combine(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, 3.0])), [0.25, 0.75]
    )


def test_decisions() -> None:
    labels = ("sad", "happy")
    assert decide(None, labels, 0.9) == ("no_speech", None, {})
    assert decide(np.array([0.3, 0.7]), labels, 0.7) == ("happy", 0.7, {"sad": 0.3, "happy": 0.7})
    assert decide(np.array([0.3, 0.7]), labels, 0.71)[0] == "unsure"


def test_json_is_the_contract() -> None:
    part = Segment(0.0, 1.23456789, "sad", 0.75, {"sad": 0.75, "happy": 0.25})
    found = Recognition("a.wav", 1.23456789, "sad", 0.75, {"sad": 0.75, "happy": 0.25}, (part,)).to_dict()
    assert list(found) == ["path", "duration", "emotion", "confidence", "probabilities", "segments"]
    assert list(found["segments"][0]) == ["start", "end", "emotion", "confidence", "probabilities"]
    assert found["duration"] == found["segments"][0]["end"] == 1.234568
    assert json.loads(json.dumps(found)) == found
    assert Failure("b.wav", "Why.").to_dict() == {"path": "b.wav", "error": "Why."}
    silent = Recognition("c.wav", 1.0, "no_speech", None, {}, ()).to_dict()
    assert silent["confidence"] is None and silent["probabilities"] == {}
