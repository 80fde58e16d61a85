"""A bundle that is missing, damaged or of another kind is one clear error."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest

from hearfelt.corpora import get_corpus
from hearfelt.errors import BundleError
from hearfelt.recognition import bundle as bundle_module
from hearfelt.recognition.bundle import bundled_models, find_bundle, open_session, read_bundle
from hearfelt.recognition.recognizer import load


@pytest.fixture
def copy(tiny_bundle, tmp_path):
    return shutil.copytree(tiny_bundle, tmp_path / "copy")


def edit(folder, **fields) -> None:
    path = folder / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def refused(folder, *words: str) -> None:
    with pytest.raises(BundleError) as caught:
        load(folder)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert "\n" not in message and len(message) < 700


def test_a_bundle_is_read(tiny_bundle) -> None:
    bundle = read_bundle(tiny_bundle)
    assert bundle.specification.name == "tiny" and bundle.folder == tiny_bundle
    assert find_bundle(tiny_bundle / "model.onnx") == find_bundle(str(tiny_bundle)) == tiny_bundle


def test_missing_parts(copy, tmp_path) -> None:
    refused(tmp_path / "nowhere", "nowhere", "does not exist", "hearfelt export")
    refused(tmp_path, "no model.json")
    (copy / "model.onnx").unlink()
    refused(copy, "model.onnx", "No such file")
    (tmp_path / "file").write_text("x")
    refused(tmp_path / "file", "is a file")


def test_a_changed_graph_does_not_match_its_hash(copy) -> None:
    data = bytearray((copy / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "model.onnx").write_bytes(data)
    refused(copy, "SHA-256", "damaged or was changed")


def test_damaged_graphs(copy) -> None:
    whole = (copy / "model.onnx").read_bytes()
    edit(copy, provenance={})  # an older bundle says no hash
    rng = np.random.default_rng(1)
    for data in (b"", b"text", whole[: len(whole) // 2], rng.bytes(5000)):
        (copy / "model.onnx").write_bytes(data)
        refused(copy, "cannot be loaded")


def test_mutated_graphs_are_refused_or_run(copy) -> None:
    whole = (copy / "model.onnx").read_bytes()
    edit(copy, provenance={})
    rng = np.random.default_rng(2)
    clip = rng.uniform(-1, 1, 16000).astype(np.float32)
    outcomes = set()
    for _ in range(150):
        data = bytearray(whole)
        reach = len(data) if rng.random() < 0.5 else 1500
        for _ in range(rng.integers(1, 5)):
            data[-int(rng.integers(1, reach))] = rng.integers(256)
        (copy / "model.onnx").write_bytes(data)
        try:
            answer = load(copy)(clip, 16000)
        except BundleError as error:
            assert "\n" not in str(error)
            outcomes.add("refused")
        else:
            assert np.isfinite([*answer.probabilities.values()]).all()
            outcomes.add("run")
    assert outcomes == {"refused", "run"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[]", "holds a list"),
        ("3", "holds a int"),
        ("{}", "name"),
        ("[" * 100000, "model.json"),
    ],
)
def test_damaged_specifications(copy, text, word) -> None:
    (copy / "model.json").write_text(text)
    refused(copy, "model.json", word)


def test_wrong_fields(copy) -> None:
    edit(copy, labels=["sad"])
    refused(copy, "labels")
    edit(copy, labels=["sad", "happy"])
    refused(copy, "8 probabilities", "2 labels", "do not belong together")
    edit(copy, surprise=1)
    refused(copy, "surprise")


def test_newer_bundles_ask_for_an_update(copy) -> None:
    edit(copy, bundle_version=2, something_new=1)
    refused(copy, "bundle version 2", "reads up to 1", "pip install -U")


def test_graphs_with_another_face(copy) -> None:
    model = onnx.load(copy / "model.onnx")
    model.graph.input[0].name = "audio"
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            if name == "waveform":
                node.input[index] = "audio"
    (copy / "model.onnx").write_bytes(model.SerializeToString())
    edit(copy, provenance={})
    refused(copy, "inputs", "audio", "a bundle has lengths", "waveform")


def test_bundled_models_are_whole_and_small() -> None:
    for name in bundled_models():
        made = read_bundle(name)
        assert made.specification.labels and made.specification.licence
        assert len(made.graph) <= 8e6, "the package is to stay small"
        assert (made.folder / "README.md").is_file()


def test_the_open_model_heard_only_what_may_be_given_away() -> None:
    if "open" not in bundled_models():
        pytest.skip("this checkout has no model 'open' yet")
    folder = find_bundle("open")
    specification, card = read_bundle("open").specification, (folder / "README.md").read_text()
    assert specification.name == "open" and specification.training_corpora
    for corpus in specification.training_corpora:
        info = get_corpus(corpus)
        assert info.redistributable_weights, f"{corpus}: {info.licence}"
        assert info.licence in card and info.extra["notice"] in card
    assert not re.search(r"not commercial|NonCommercial|-NC", specification.licence)


def test_every_folder_of_the_models_is_a_name(tiny_bundle, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(bundle_module, "MODELS_FOLDER", tmp_path)
    for name in ("default", "open"):
        shutil.copytree(tiny_bundle, tmp_path / name)
    (tmp_path / "no model").mkdir()
    assert bundled_models() == ["default", "open"]
    assert read_bundle("open").folder == tmp_path / "open"
    with pytest.raises(BundleError, match=r"no model 'opne'.*\(default, open\)"):
        find_bundle("opne")


def test_onnxruntime_tells_nobody(tiny_bundle, tmp_path) -> None:
    """Its telemetry leaves an identifier in the temporary folder before it sends anything."""
    code = f"import hearfelt, numpy; hearfelt.load({str(tiny_bundle)!r})(numpy.ones(16000), 16000)"
    unset = {name: value for name, value in os.environ.items() if name not in ("ORT_DISABLE_TELEMETRY", "CI")}
    subprocess.run(
        [sys.executable, "-c", code], check=True, env=unset | {"TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    )
    assert list(tmp_path.iterdir()) == []


def test_a_session_runs_rows_apart(tiny_bundle, generator) -> None:
    session = open_session(read_bundle(tiny_bundle))
    clips = generator.uniform(-1, 1, (3, 20000)).astype(np.float32)
    lengths = np.array([20000, 5000, 333], dtype=np.int64)
    logits, together = session.run(["logits", "probabilities"], {"waveform": clips, "lengths": lengths})
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(together, softmax, atol=1e-6)
    for row, length in enumerate(lengths):
        (alone,) = session.run(
            ["probabilities"], {"waveform": clips[row : row + 1, :length], "lengths": lengths[row : row + 1]}
        )
        np.testing.assert_allclose(alone[0], together[row], atol=1e-5)
