from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

pytest.importorskip("fastapi", reason="needs the extra: pip install 'hearfelt[serve]'")

from hearfelt.app._errors import RequestError
from hearfelt.app.samples import SAMPLES_FOLDER, sample, samples

Ask = Callable[..., object]


def run(coroutine: object) -> object:
    import asyncio

    return asyncio.run(coroutine)  # type: ignore[arg-type]


def test_every_sample_is_listed_and_is_a_recording() -> None:
    names = run(samples())
    assert isinstance(names, list) and names == sorted(path.name for path in SAMPLES_FOLDER.glob("*.opus"))
    for name in names:
        answer = run(sample(name))
        signal, rate = soundfile.read(io.BytesIO(answer.body))  # type: ignore[attr-defined]
        assert rate >= 16000 and signal.size > rate
        assert answer.media_type == "audio/ogg"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["README.md", "../models/default/model.onnx", str(Path(__file__)), ""])
def test_nothing_else_is_given(name: str) -> None:
    with pytest.raises(RequestError, match="/samples lists them"):
        run(sample(name))
