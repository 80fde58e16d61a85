"""The examples of CONTRIBUTING.md are whole files that work."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from types import ModuleType

import numpy as np
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
TEXT = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Callable[[str], ModuleType]]:
    """Loads the example that CONTRIBUTING.md gives for ``src/hearfelt/<place>.py``."""
    loaded = []

    def load(place: str) -> ModuleType:
        name = place.replace("/", ".")
        found = re.search(rf"`src/hearfelt/{place}\.py`.*?```python\n(.*?)```", TEXT, re.DOTALL)
        assert found, f"CONTRIBUTING.md has no example for {place}.py"
        file = tmp_path / f"{PurePath(place).name}.py"
        file.write_text(found[1], encoding="utf-8")
        spec = importlib.util.spec_from_file_location(f"hearfelt.{name}", file)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        loaded.append(spec.name)
        spec.loader.exec_module(module)
        return module

    yield load
    for name in loaded:
        del sys.modules[name]


def test_the_corpus(example: Callable[[str], ModuleType]) -> None:
    module = example("corpora/example_corpus")
    assert module.INFO.name == "example_corpus"
    assert module.parse(PurePath("x/F03_Angry_12.flac")) == {
        "speaker": "example_corpus_03",
        "sex": "female",
        "emotion": "angry",
        "statement": "12",
    }
    assert module.parse(PurePath("x/readme.wav")) is None


def test_the_model(example: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from hearfelt.models import _registry

    _registry.list_models()  # all of them enter the real catalogue, not the copy that goes with this test
    monkeypatch.setattr(_registry, "_ENTRIES", dict(_registry._ENTRIES))
    example("models/example_model")
    model = _registry.create_model("example_model", class_count=5, mel_count=40, options={"width": 8})
    features = torch.randn(3, 40, 20)
    lengths = torch.tensor([20, 10, 1])
    logits = model(features, lengths)
    assert logits.shape == (3, 5)
    features[1, :, 10:] = 99.0  # beyond the row's end
    assert torch.allclose(model(features, lengths), logits, atol=1e-6)


def test_the_augmentation(example: Callable[[str], ModuleType], generator: np.random.Generator) -> None:
    module = example("augment/example_polarity")
    polarity = module.ExamplePolarity(probability=1.0)
    waveform = generator.normal(size=100).astype(np.float32)
    assert np.array_equal(polarity.apply(waveform, polarity.sample(generator, 100, 16000), 16000), -waveform)
