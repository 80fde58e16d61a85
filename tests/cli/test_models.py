from __future__ import annotations

from hearfelt.cli import main
from hearfelt.errors import MissingExtraError
from hearfelt.models import _registry
from hearfelt.recognition import bundle
from hearfelt.testing.bundles import write_tiny_bundle


def test_bundled_models_and_architectures_are_listed(capsys, monkeypatch, tmp_path) -> None:
    write_tiny_bundle(tmp_path / "little")
    monkeypatch.setattr(bundle, "MODELS_FOLDER", tmp_path)
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    place = lines.index("Architectures (model.name of a recipe):")
    assert "  little" in lines[:place]
    described = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[place + 1 :]}
    assert list(described) == _registry.list_models()
    assert all(len(summary) > 20 for summary in described.values())


def test_without_torch_it_says_what_brings_it(capsys, monkeypatch) -> None:
    def missing() -> None:
        raise MissingExtraError("Building models needs 'torch': pip install 'hearfelt[train]'.")

    monkeypatch.setattr(_registry, "_entries", missing)
    assert main(["models"]) == 0
    assert "pip install 'hearfelt[train]'" in capsys.readouterr().out


def test_no_bundled_model_is_said(capsys, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(bundle, "MODELS_FOLDER", tmp_path)
    assert main(["models"]) == 0
    assert "(none in this installation)" in capsys.readouterr().out
