"""A voice, and networks that are small enough to be explained in no time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hearfelt.explain._subject import Subject, of_network
from hearfelt.testing.voices import make_speakers, speak

LABELS = ("happy", "sad", "angry")


@pytest.fixture(scope="session")
def voice() -> np.ndarray:
    """0.8 s at 16 kHz."""
    rng = np.random.default_rng(3)
    return speak(make_speakers(1, rng)[0], "angry", rng, seconds=0.8).astype(np.float32)


@pytest.fixture(scope="session")
def make_subject() -> Callable[..., Subject]:
    """A network with fresh weights of a seed."""

    def make(name: str, seed: int = 0, front_end: Any = None, **options: Any) -> Subject:
        import torch

        from hearfelt.features.log_mel import LogMelConfig
        from hearfelt.training.network import Network

        torch.manual_seed(seed)
        front_end = front_end or LogMelConfig(mel_count=32)
        return of_network(Network(front_end, name, options, len(LABELS)).eval(), LABELS, name=name)

    return make
