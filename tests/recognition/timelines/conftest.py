"""Timelines with all that can be in one: speakers that overlap, channels, unsure, no speech, odd names."""

import numpy as np
import pytest

from hearfelt.features.overview import Overview
from hearfelt.recognition.timeline import Timeline, TimelineSegment

LABELS = ("neutral", "happy", "angry")


def segment(start, end, emotion, confidence, channel=None, speaker="") -> TimelineSegment:
    """One whose other labels share what is left."""
    if confidence is None:
        return TimelineSegment(start, end, emotion, None, {}, channel, speaker)
    best = emotion if emotion in LABELS else "happy"
    shares = {label: confidence if label == best else (1 - confidence) / 2 for label in LABELS}
    return TimelineSegment(start, end, emotion, confidence, shares, channel, speaker)


def view(duration: float, columns: int = 50) -> Overview:
    """Of nothing in particular."""
    generator = np.random.default_rng(1)
    wave = generator.uniform(0, 1, columns).astype(np.float32)
    return Overview(
        duration,
        -wave,
        wave,
        generator.uniform(-70, 0, (64, columns)).astype(np.float32),
        np.geomspace(80, 7000, 64),
        duration / columns,
    )


@pytest.fixture
def talk() -> Timeline:
    """A mixed recording of 3,725 s, times that are odd samples at 16 kHz."""
    segments = (
        segment(1 / 16000, 1.5, "angry", 0.811),
        segment(1.5, 4.0000625, "neutral", 0.5),
        segment(60.25, 61.0, "unsure", 0.4),
        segment(3724.0, 3725.0, "happy", 0.999),
    )
    return Timeline(
        "talks/my talk.wav",
        3725.0,
        16000,
        LABELS,
        1,
        segments,
        segments,
        {"smoothing": "none"},
        (view(3725.0),),
    )


@pytest.fixture
def call() -> Timeline:
    """Two channels, speakers with odd names who overlap, a silent stretch."""
    segments = (
        segment(0.0, 2.0, "angry", 0.8, 0, 'Ann "A" <b>&'),
        segment(1.0, 3.0, "happy", 0.7, 1, "Bob --> x"),
        segment(1.5, 2.5, "neutral", 0.6, 0, 'Ann "A" <b>&'),
        segment(4.0, 5.0, "no_speech", None, 1, "Bob --> x"),
    )
    return Timeline(
        "call.wav",
        6.0,
        16000,
        LABELS,
        2,
        segments,
        segments,
        {"smoothing": "viterbi"},
        (view(6.0), view(6.0)),
    )


@pytest.fixture
def silent() -> Timeline:
    """Nothing was found."""
    return Timeline("", 1.0, 16000, LABELS, 1, (), (), {}, (view(1.0),))
