"""A lean is taken off, ranking and order stay, few recordings change little, and nobody's answers touch another's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearfelt.errors import HearfeltError
from hearfelt.recognition.speaker_normalize import (
    FEWEST,
    LIMIT,
    MARK,
    STRENGTH,
    apply,
    lean,
    learn,
    speaker_normalize,
)

LABELS = ("neutral", "happy", "sad", "angry")


def softmax(logits: np.ndarray) -> np.ndarray:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def answer(row, path="a.wav") -> dict:
    best = int(np.argmax(row))
    said = {"emotion": LABELS[best], "confidence": round(float(row[best]), 6)}
    part = {
        **said,
        "probabilities": {label: round(float(v), 6) for label, v in zip(LABELS, row, strict=True)},
    }
    return {"path": path, "duration": 1.0, **part, "segments": [{"start": 0.0, "end": 1.0, **part}]}


def silence(path="quiet.wav") -> dict:
    part = {"emotion": "no_speech", "confidence": None, "probabilities": {}}
    return {"path": path, "duration": 1.0, **part, "segments": [{"start": 0.0, "end": 1.0, **part}]}


def voice(generator, count=20, leaning=(0.0, 0.0, 0.0, 0.0)) -> tuple[np.ndarray, list[dict]]:
    """True classes, in turn, and answers with a lean."""
    truth = np.arange(count) % len(LABELS)
    logits = generator.normal(0, 0.8, (count, len(LABELS))) + 2.0 * np.eye(len(LABELS))[truth] + leaning
    return truth, [answer(row, f"{n}.wav") for n, row in enumerate(softmax(logits))]


def right(truth: np.ndarray, answers: list[dict]) -> float:
    return float(np.mean([LABELS[t] == each["emotion"] for t, each in zip(truth, answers, strict=True)]))


def test_a_voice_that_leans_is_set_right_on_recordings_that_were_not_given(generator) -> None:
    truth, answers = voice(generator, 800, (1.3, 0.0, -1.0, 0.0))
    fair = right(*voice(np.random.default_rng(1), 800))
    weights = learn(answers[:20])
    assert right(truth[20:], answers[20:]) < fair - 0.1
    assert right(truth[20:], apply(answers[20:], weights)) > fair - 0.05


def test_recordings_of_one_emotion_cost_what_the_limit_allows(generator) -> None:
    """The harm is real and bounded: odds between two classes move by at most twice the limit."""
    rows = softmax(generator.normal(0, 0.5, (20, 4)) + np.array([0, 0, 0, 6.0]))
    before = [answer(row) for row in rows]
    after = speaker_normalize(before)
    assert all(new["confidence"] < old["confidence"] for new, old in zip(after, before, strict=True))
    assert {new["emotion"] for new in after} == {"angry"}  # it was surer than the limit
    for new, old in zip(after, before, strict=True):
        odds = [each["probabilities"]["angry"] / each["probabilities"]["sad"] for each in (new, old)]
        assert abs(np.log(odds[0] / odds[1])) < 2 * LIMIT + 0.01


@given(st.integers(1, 60), st.integers(2, 8), st.integers(0, 10_000))
def test_laws_of_the_lean(count, labels, seed) -> None:
    generator = np.random.default_rng(seed)
    rows = generator.dirichlet(np.full(labels, 0.3), size=count)
    found = lean(rows)
    assert found.shape == (labels,) and (np.abs(found) <= LIMIT).all() and np.isfinite(found).all()
    assert lean(rows[::-1]) == pytest.approx(found, abs=1e-12)
    mean = np.log(np.maximum(rows, 1e-6)).mean(axis=0)
    # The definition, without the limit and with it.
    shrunk = (mean - mean.mean()) * count / (count + STRENGTH)
    assert lean(rows, limit=1e9) == pytest.approx(shrunk, abs=1e-6)
    assert lean(rows, strength=0, limit=1e9) == pytest.approx(mean - mean.mean(), abs=1e-6)
    assert lean(np.full((count, labels), 1 / labels)) == pytest.approx(0, abs=1e-12)


def test_the_same_change_for_all_of_a_voice_and_its_segments(generator) -> None:
    _, answers = voice(generator)
    changed = speaker_normalize(answers)
    ratio = []
    for new, old in zip(changed, answers, strict=True):
        assert (
            new["adapted"] == MARK
            and new["path"] == old["path"]
            and sum(new["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        )
        segment = new["segments"][0]
        assert segment["probabilities"] == new["probabilities"] and segment["emotion"] == new["emotion"]
        odds = [each["probabilities"]["happy"] / each["probabilities"]["sad"] for each in (new, old)]
        ratio.append(odds[0] / odds[1])
    assert ratio == pytest.approx([ratio[0]] * len(ratio), rel=1e-2)
    assert list(changed[0]) == [*list(answers[0])[:-1], "adapted", "segments"]


def test_voices_are_adapted_to_apart(generator) -> None:
    _, ann = voice(generator, 8, (2.0, 0, 0, 0))
    _, bob = voice(generator, 12, (0, 0, 0, 2.0))
    mixed = [each for pair in zip(ann, bob[:8], strict=True) for each in pair] + bob[8:]
    names = ["ann", "bob"] * 8 + ["bob"] * 4
    found = speaker_normalize(mixed, speakers=names)
    own = {"ann": iter(speaker_normalize(ann)), "bob": iter(speaker_normalize(bob))}
    assert found == [next(own[name]) for name in names]


def test_failures_silence_and_voices_with_few_recordings_stay(generator) -> None:
    _, answers = voice(generator, 6)
    failure = {"path": "x.wav", "error": "Not a recording."}
    few = answers[:2]
    found = speaker_normalize(
        [failure, *answers, silence(), *few], speakers=["ann", *["ann"] * 6, "ann", "bob", "bob"]
    )
    assert found[0] == failure and found[7] == silence() and found[8:] == few
    assert [each.get("adapted") for each in found[1:7]] == [MARK] * 6
    assert found[1:7] == speaker_normalize(answers)


def test_unsure_is_decided_again(generator) -> None:
    _, answers = voice(generator, 8)
    assert {each["emotion"] for each in speaker_normalize(answers, unsure_below=0.999)} == {"unsure"}


@pytest.mark.parametrize("count", [0, 1, FEWEST - 1])
def test_too_few_recordings(generator, count) -> None:
    _, answers = voice(generator, 8)
    short = [*answers[:count], silence(), {"path": "x.wav", "error": "x"}]
    with pytest.raises(
        HearfeltError, match=rf"needs {FEWEST} or more recordings of the voice .* are {count}"
    ):
        speaker_normalize(short)
    names = [str(n % 2) for n in range(len(short))]
    with pytest.raises(HearfeltError, match=f"needs {FEWEST} or more recordings of a voice .*2 speakers"):
        speaker_normalize(short, speakers=names)


def test_mistakes(generator) -> None:
    _, answers = voice(generator, 8)
    with pytest.raises(HearfeltError, match="8 answers and 1 names"):
        speaker_normalize(answers, speakers=["ann"])
    with pytest.raises(HearfeltError, match="weights are for happy, bored, and an answer has neutral"):
        apply(answers, {"happy": 1.0, "bored": 1.0})
