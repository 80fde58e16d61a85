"""An inspection says what recognition, timeline and explanation say alone."""

from __future__ import annotations

import numpy as np
import pytest

from hearfelt.audio.decode import read_audio
from hearfelt.errors import AudioError, BundleError, HearfeltError, UnknownNameError
from hearfelt.explain._registry import explain
from hearfelt.inspection.view import inspect_recording
from hearfelt.recognition.recognizer import load

RATE = 16000


def test_it_says_what_the_parts_say(inspection, recording, bundle) -> None:
    answer = load(bundle)(recording)
    assert inspection.recognition == answer
    assert inspection.timeline.path == str(recording)
    assert inspection.timeline.overview
    (explanation,) = inspection.explanations
    alone = explain(bundle, recording)
    assert explanation.label == answer.emotion == alone.label
    assert np.array_equal(explanation.values, alone.values)
    assert np.array_equal(inspection.samples, read_audio(recording, RATE))


def test_samples_and_another_label(bundle, inspection) -> None:
    other = next(name for name in inspection.timeline.labels if name != inspection.recognition.emotion)
    found = inspect_recording(inspection.samples, RATE, model=bundle, label=other)
    assert found.recognition.path == ""
    assert found.explanations[0].label == other


def test_the_windows_of_the_answer_are_explained(bundle, inspection) -> None:
    found = inspect_recording(
        inspection.samples, RATE, model=bundle, window_seconds=0.5, hop_seconds=0.25, at=0.9
    )
    windows = [(segment.start, segment.end) for segment in found.recognition.segments]
    assert len(windows) > 1
    assert (found.explanations[0].start, found.explanations[0].end) == windows[-1]


def test_gradients_come_from_the_run(inspection, bundle, tiny_run) -> None:
    found = inspect_recording(
        inspection.samples, RATE, model=bundle, methods=["integrated_gradients"], run=tiny_run
    )
    assert found.explanations[0].model.endswith("fold 0")
    assert found.model == "tiny"


def test_silence_has_no_explanation(bundle) -> None:
    found = inspect_recording(np.zeros(RATE), RATE, model=bundle)
    assert (found.recognition.emotion, found.explanations) == ("no_speech", ())


def test_one_sentence_for_each_mistake(bundle, tmp_path) -> None:
    voice = np.zeros(RATE, np.float32)
    with pytest.raises(BundleError, match=r"grad_cam needs gradients.*--run"):
        inspect_recording(voice, RATE, model=bundle, methods=["occlusion", "grad_cam"])
    with pytest.raises(UnknownNameError, match="Did you mean 'occlusion'"):
        inspect_recording(voice, RATE, model=bundle, methods=["oclusion"])
    with pytest.raises(UnknownNameError, match="label in this model named 'hapy'"):
        inspect_recording(voice, RATE, model=bundle, label="hapy")
    with pytest.raises(HearfeltError, match=r"6\.0 minutes long; up to 5 can be inspected"):
        inspect_recording(np.zeros(6 * 60 * RATE, np.float32), RATE, model=bundle)
    with pytest.raises(AudioError, match=r"missing\.wav"):
        inspect_recording(tmp_path / "missing.wav", model=bundle)
