"""One inspection for all: a voice of a second, a tiny bundle, an explanation; pictures of few pixels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.evaluation import _canvas
from hearfelt.inspection.view import Inspection, inspect_recording
from hearfelt.testing.bundles import write_tiny_bundle
from hearfelt.testing.voices import make_speakers, speak

RATE = 16000


@pytest.fixture(scope="module", autouse=True)  # a session would last into other rooms
def _small_pictures() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_canvas, "_DPI", 40)
        yield


@pytest.fixture(scope="session")
def bundle(tmp_path_factory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("inspected") / "tiny")


@pytest.fixture(scope="session")
def recording(tmp_path_factory) -> Path:
    rng = np.random.default_rng(4)
    path = tmp_path_factory.mktemp("inspected") / "a <b> $x$.wav"
    soundfile.write(path, speak(make_speakers(1, rng)[0], "happy", rng, seconds=1.0), RATE)
    return path


@pytest.fixture(scope="session")
def inspection(recording, bundle) -> Inspection:
    return inspect_recording(recording, model=bundle)
