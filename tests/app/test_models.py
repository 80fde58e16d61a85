"""GET /v1/models: what a client has to know before it uses an answer."""

from __future__ import annotations

import json
import shutil

import pytest

from hearfelt.app import static_page
from hearfelt.app._state import load_models
from hearfelt.errors import BundleError
from hearfelt.recognition import bundle
from hearfelt.recognition.bundle import find_bundle, read_specification
from hearfelt.testing.bundles import write_tiny_bundle


def test_models(client) -> None:
    found = client.get("/v1/models").json()
    (described,) = found["models"]
    specification = read_specification(find_bundle())
    assert found["default"] == described["name"] == "default"
    assert described["labels"] == list(specification.labels)
    assert described["licence"] == specification.licence and described["metrics"] == specification.metrics
    assert described["specification"]["sample_rate"] == 16000
    assert described["card"] == (find_bundle() / "README.md").read_text(encoding="utf-8")
    assert any("judge people" in warning for warning in described["warnings"])
    assert str(find_bundle()) not in str(found)  # where it lies is nobody's business


def test_service_and_page_start_with_any_bundled_model(tmp_path, monkeypatch) -> None:
    """Whatever folders lie among the models: their names are not written down anywhere else."""
    models = tmp_path / "models"
    for name in ("default", "open"):
        folder = shutil.copytree(write_tiny_bundle(tmp_path / name, seed=len(name)), models / name)
        fields = json.loads((folder / "model.json").read_text())
        (folder / "model.json").write_text(json.dumps(fields | {"name": name}))
    monkeypatch.setattr(bundle, "MODELS_FOLDER", models)
    loaded = load_models(("open", "default"))
    assert list(loaded) == ["open", "default"] and loaded["open"].folder == models / "open"
    with pytest.raises(BundleError, match=r"no model 'opne'.*\(default, open\)"):
        load_models(("opne",))
    runtime = {"ort.js": b"export {};", "ort.wasm": b""}
    monkeypatch.setattr(static_page, "web_runtime", lambda given=None, progress=None: runtime)
    page = static_page.write_static_page(tmp_path / "page", model="open").folder
    assert (page / "model" / "model.onnx").read_bytes() == (models / "open" / "model.onnx").read_bytes()
    assert json.loads((page / static_page.CONFIG).read_text())["models"][0]["name"] == "open"
