"""A tiny bundle, which needs no training, and voices to give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.recognition.recognizer import Recognizer, load
from hearfelt.testing.bundles import write_tiny_bundle
from hearfelt.testing.voices import make_speakers, speak

Voices = Callable[[Sequence[float]], list[Path]]


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def recognizer(tiny_bundle: Path) -> Recognizer:
    return load(tiny_bundle)


@pytest.fixture
def voices(tmp_path: Path) -> Voices:
    """Writes one recording for each length in seconds."""

    def write(seconds: Sequence[float]) -> list[Path]:
        rng = np.random.default_rng(11)
        speakers = make_speakers(4, rng)
        emotions = ("happy", "sad", "angry", "neutral", "fearful")
        paths = []
        for number, length in enumerate(seconds):
            path = tmp_path / f"voice_{number:03d}.wav"
            emotion = emotions[number % len(emotions)]
            soundfile.write(path, speak(speakers[number % 4], emotion, rng, seconds=length), 16000)
            paths.append(path)
        return paths

    return write
