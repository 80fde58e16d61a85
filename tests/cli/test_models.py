from __future__ import annotations

import json

import pytest

from hearfelt.cli import main
from hearfelt.errors import MissingExtraError
from hearfelt.models import _registry
from hearfelt.recognition import bundle
from hearfelt.testing.bundles import write_tiny_bundle


def test_bundled_models_and_architectures_are_listed(capsys, monkeypatch, tmp_path) -> None:
    write_tiny_bundle(tmp_path / "little")
    described = json.loads((write_tiny_bundle(tmp_path / "open") / "model.json").read_text())
    described |= {"training_corpora": {"banglaser": 3, "emodb": 5}, "licence": "CC BY 4.0: name us. Because."}
    (tmp_path / "open" / "model.json").write_text(json.dumps(described))
    monkeypatch.setattr(bundle, "MODELS_FOLDER", tmp_path)
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    place = next(n for n, line in enumerate(lines) if line.startswith("Architectures"))
    bundled = {line.split()[0]: line for line in lines[1:place]}
    assert list(bundled) == ["little", "open"]
    assert bundled["open"].endswith("MB, trained on banglaser, emodb. CC BY 4.0: name us.")
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


def test_describe_says_options_and_weights(capsys) -> None:
    assert main(["models", "describe", "three_layer", "--set", "input_channels=3", "--classes", "4"]) == 0
    said = capsys.readouterr().out
    assert "6,650,884 weights for 231 bands and 4 classes" in said
    assert "input_channels = 3\n" in said
    assert "widths = [64, 128, 128]\n      channels of the three convolutions." in said
    assert "student project" in said


def test_every_option_of_every_model_is_explained() -> None:
    for name in _registry.list_models():
        meanings = _registry.get_model(name).meanings()
        assert all(meanings.values()), (name, meanings)


def test_draw_writes_a_picture(capsys, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["models", "draw", "length_free", "--frames", "40", "--set", "layers=4"]) == 0
    assert (tmp_path / "length_free.svg").read_text().startswith("<svg ")
    assert main(["models", "draw", "length_free", "--frames", "40", "--out", "a/b.png"]) == 0
    assert (tmp_path / "a" / "b.png").read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["draw", "four_blok"], "four_block"),
        (["draw", "gru", "--out", "x.gif"], "x.gif is neither"),
        (["describe", "gru", "--set", "width"], "option=value"),
        (["describe", "gru", "--set", "width=[1"], "not YAML"),
        (["describe", "gru", "--set", "wide=3"], "It has: "),
        (["draw", "length_free", "--frames", "0"], "--frames"),
    ],
)
def test_what_cannot_be_is_one_error(capsys, tmp_path, monkeypatch, arguments, sentence) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["models", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and sentence in err
    assert not list(tmp_path.iterdir())
