"""Bundles: the graph is the network, nothing is written where it is not, and nothing else is written over."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import soundfile
import torch

from hearfelt.errors import BundleError
from hearfelt.evaluation.predictions import read_predictions
from hearfelt.features.log_mel import LogMelConfig
from hearfelt.features.log_mel_layer import LogMelLayer
from hearfelt.models.specification import Calibration, Specification
from hearfelt.recognition.bundle import read_bundle
from hearfelt.recognition.recognizer import load
from hearfelt.training import _bundle_description
from hearfelt.training.export import TOLERANCE, Exported, check_graph, export_run, to_onnx, write_bundle
from hearfelt.training.network import Network
from hearfelt.training.run import open_run
from hearfelt.training.stored_weights import rounded

REPOSITORY = Path(__file__).resolve().parents[2]
SMALL = {
    "residual_attention": {"stem_channels": 4, "channels": (8, 8, 8, 8), "embedding": 8},
    "four_block": {"bands": 46, "frames": 46, "channels": (4, 4, 4, 4), "dense": (8,)},
}
LABELS = ("happy", "sad", "angry")


@pytest.fixture(scope="module")
def bundle(tiny_run, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    export_run(tiny_run, folder)
    return folder


def network(name: str, seed: int, options=None, front_end: LogMelConfig | None = None) -> Network:
    """Random weights, and batch norms that have seen something."""
    torch.manual_seed(seed)
    made = Network(front_end or LogMelConfig(mel_count=8), name, options or SMALL[name], len(LABELS))
    with torch.no_grad():
        for _ in range(10):
            made(torch.randn(4, 16000) * torch.rand(4, 1), torch.tensor([16000, 9000, 12000, 8000]))
    return made.eval()


def sounds(generator, lengths):
    """Rows of noise with a tone, and something else beyond their ends."""
    rows = [generator.standard_normal(max(lengths)) for _ in lengths]
    for row, length in zip(rows, lengths, strict=True):
        row[:length] = 0.1 * row[:length] + 0.2 * np.sin(np.arange(length) * generator.uniform(0.05, 0.5))
    return np.stack(rows).astype(np.float32), np.array(lengths)


def run_graph(content: bytes, waveform, lengths):
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return session.run(["logits", "probabilities"], {"waveform": waveform, "lengths": lengths})


@pytest.mark.parametrize(
    ("name", "members", "precision", "normalization"),
    [
        ("residual_attention", 1, "float32", "clip"),
        ("residual_attention", 2, "float16", "running"),
        ("residual_attention", 2, "int8", "running"),
        ("four_block", 1, "int8", "none"),
        ("four_block", 2, "float32", "corpus"),
    ],
)
def test_the_graph_is_the_network(generator, name, members, precision, normalization) -> None:
    statistics = {"mean": (-1.0,) * 8, "deviation": (2.0,) * 8} if normalization == "corpus" else {}
    front_end = LogMelConfig(mel_count=8, normalization=normalization, **statistics)
    networks = [network(name, seed, front_end=front_end) for seed in range(members)]
    for one in networks:
        one.load_state_dict({key: rounded(value, precision) for key, value in one.state_dict().items()})
    calibration = Calibration(temperature=1.7, bias=(0.1, 0.0, -0.1))
    content = to_onnx(Exported(networks, calibration).eval(), precision=precision)

    for lengths in ([5000], [16001, 700, 33333], [24000] * 6):
        waveform, sizes = sounds(generator, lengths)
        with torch.no_grad():
            given = torch.from_numpy(waveform), torch.from_numpy(sizes)
            # The definition, written down again: mean log-probabilities, then temperature and bias.
            votes = [torch.log_softmax(one(*given), dim=1) for one in networks]
            logits = torch.stack(votes).mean(0)
            probabilities = torch.softmax(logits / 1.7 + torch.tensor([0.1, 0.0, -0.1]), dim=1)
        found = run_graph(content, waveform, sizes)
        np.testing.assert_allclose(found[0], logits, atol=TOLERANCE)
        np.testing.assert_allclose(found[1], probabilities, atol=2e-5)
        assert found[0].std() > 1e-3


def test_what_stands_beyond_a_row_or_beside_it_changes_nothing(bundle, generator) -> None:
    content = (bundle / "model.onnx").read_bytes()
    waveform, lengths = sounds(generator, [16000, 4000, 9000])
    together = run_graph(content, waveform, lengths)[0]
    waveform[1, 4000:], waveform[2, 9000:] = 0, -1
    np.testing.assert_allclose(run_graph(content, waveform, lengths)[0], together, atol=1e-6)
    for row, length in enumerate(lengths):
        alone = run_graph(content, waveform[row : row + 1, :length], lengths[row : row + 1])[0]
        np.testing.assert_allclose(alone, together[row : row + 1], atol=1e-5)


@pytest.mark.parametrize(("precision", "saved"), [("float16", 0.45), ("int8", 0.6)])
def test_fewer_bits_make_the_file_smaller(precision, saved) -> None:
    exported = Exported([network("residual_attention", 0, {"embedding": 64})], Calibration()).eval()
    exported.load_state_dict({key: rounded(value, precision) for key, value in exported.state_dict().items()})
    whole, small = to_onnx(exported), to_onnx(exported, precision=precision)
    weights = 4 * sum(parameter.numel() for parameter in exported.parameters())
    assert len(whole) - len(small) > saved * weights  # the front end's Fourier basis is left as it is
    check_graph(exported, small, Specification(name="small", labels=LABELS))


# Refusals ----------------------------------------------------------------------------------------------------------


def test_a_graph_that_differs_is_refused_and_nothing_is_written(
    tiny_run, bundle, tmp_path, monkeypatch
) -> None:
    honest = LogMelLayer.normalize

    def differs_in_export(self, bands, frames):
        return honest(self, bands, frames) * (1.02 if torch.onnx.is_in_onnx_export() else 1.0)

    monkeypatch.setattr(LogMelLayer, "normalize", differs_in_export)
    older = shutil.copytree(bundle, tmp_path / "older")
    before = {path.name: path.read_bytes() for path in older.iterdir()}
    for out in (tmp_path / "new", older):
        with pytest.raises(BundleError, match=r"differs from torch by .*at most 1e-04.*Nothing was written"):
            export_run(tiny_run, out, folds=[0])
    assert [path.name for path in tmp_path.iterdir()] == ["older"]
    assert {path.name: path.read_bytes() for path in older.iterdir()} == before


def test_a_graph_that_looks_beyond_a_row_is_refused(monkeypatch) -> None:
    module = Exported([network("residual_attention", 0)], Calibration()).eval()
    specification = Specification(name="x", labels=LABELS)
    assert check_graph(module, to_onnx(module), specification) < TOLERANCE / 5
    honest = LogMelLayer.bands

    def forgets_to_mask(self, waveform, lengths):
        if torch.onnx.is_in_onnx_export():
            lengths = lengths * 0 + waveform.shape[1]
        return honest(self, waveform, lengths)

    monkeypatch.setattr(LogMelLayer, "bands", forgets_to_mask)
    with pytest.raises(BundleError, match="differs from torch"):
        check_graph(module, to_onnx(module), specification)


def test_a_graph_without_sense_is_refused() -> None:
    module = Exported([network("residual_attention", 0)], Calibration()).eval()
    specification = Specification(name="x", labels=LABELS)
    with pytest.raises(BundleError, match="does not load"):
        check_graph(module, b"no graph", specification)
    with torch.no_grad():
        module.members[0].model.output.bias.fill_(float("nan"))
    with pytest.raises(BundleError, match="NaN"):
        check_graph(module, to_onnx(module), specification)


def test_only_a_bundle_is_written_over(bundle, tmp_path) -> None:
    content, specification = (bundle / "model.onnx").read_bytes(), read_bundle(bundle).specification

    def write(folder: Path) -> None:
        write_bundle(folder, content, specification)

    for name in ("notes.txt", "model.onnx"):
        (tmp_path / name[:5]).mkdir()
        (tmp_path / name[:5] / name).write_text("mine")
    mixed = shutil.copytree(bundle, tmp_path / "mixed")
    (mixed / "thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for name in ("notes", "model", "mixed", "file"):
        with pytest.raises(BundleError, match=r"is no bundle.*nothing was written"):
            write(tmp_path / name)
    with pytest.raises(BundleError, match=r"Cannot write the bundle .*Nothing was changed"):
        write(tmp_path / "file" / "below")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before

    (tmp_path / "empty").mkdir()
    write(tmp_path / "empty")
    write(tmp_path / "new" / "deep")
    for folder in (tmp_path / "empty", tmp_path / "new" / "deep"):
        assert read_bundle(folder).graph == content


def test_an_older_bundle_is_replaced_or_left_whole(bundle, tmp_path, monkeypatch) -> None:
    folder = shutil.copytree(bundle, tmp_path / "bundle")
    content, specification = (bundle / "model.onnx").read_bytes(), read_bundle(bundle).specification
    newer = specification.model_copy(update={"name": "newer"})
    write_bundle(folder, content, newer)
    assert read_bundle(folder).specification.name == "newer"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]

    def fail(self, target, *, real=Path.rename):
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(BundleError, match="No space left on device"):
        write_bundle(folder, content, specification)
    assert read_bundle(folder).specification.name == "newer"
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_folds_that_are_not_trained_are_named(tiny_run, tmp_path) -> None:
    with pytest.raises(BundleError, match=r"no trained fold 7; done: 0, 1"):
        export_run(tiny_run, tmp_path / "out", folds=[0, 7])
    unfinished = shutil.copytree(tiny_run, tmp_path / "run")
    for fold in (0, 1):
        (unfinished / "folds" / str(fold) / "done.json").unlink()
    with pytest.raises(BundleError, match=r"no trained fold at all.*--resume"):
        export_run(unfinished, tmp_path / "out")


def test_folds_with_statistics_of_their_own_are_exported_one_by_one(tiny_run, tmp_path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    for fold in (0, 1):
        path = folder / "folds" / str(fold) / "front_end.json"
        front_end = json.loads(path.read_text()) | {
            "normalization": "corpus",
            "mean": [float(fold)] * 16,
            "deviation": [1.0] * 16,
        }
        path.write_text(json.dumps(front_end))
    with pytest.raises(BundleError, match=r"corpus statistics differ by fold.*--fold"):
        export_run(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    specification = export_run(folder, tmp_path / "out", folds=[1])
    assert specification.front_end.mean == (1.0,) * 16


# What a bundle says ------------------------------------------------------------------------------------------------


def test_the_description_is_true(bundle, tiny_run) -> None:
    assert sorted(path.name for path in bundle.iterdir()) == ["README.md", "model.json", "model.onnx"]
    text = (bundle / "model.json").read_text()
    specification = Specification.model_validate_json(text)
    graph = (bundle / "model.onnx").read_bytes()
    assert specification.provenance.model_sha256 == hashlib.sha256(graph).hexdigest()
    assert specification.labels == LABELS and specification.name == "tiny"
    assert specification.window_seconds == 1.0 and specification.hop_seconds == 0.5
    assert specification.architecture["members"] == specification.provenance.members == 2
    run = open_run(tiny_run)
    one = Network.from_recipe(run.recipe)
    assert specification.parameters == 2 * sum(parameter.numel() for parameter in one.parameters())
    metrics = json.loads((tiny_run / "metrics.json").read_text())
    assert specification.metrics["all"]["uar"] == pytest.approx(metrics["all"]["uar"]["value"], abs=1e-4)
    assert set(specification.metrics) == {"all", "emodb", "savee"}
    assert "Speaker-independent" in specification.metrics_protocol
    heard = {run.manifest[row].speaker for fold in run.split.folds for row in fold.train}
    assert specification.held_out_speakers == tuple(sorted({row.speaker for row in run.manifest} - heard))


def test_one_fold_holds_its_validation_and_test_speakers_out(tiny_run, tmp_path) -> None:
    specification = export_run(tiny_run, tmp_path / "one", folds=[0], name="one", licence="CC0")
    run = open_run(tiny_run)
    fold = run.split.folds[0]
    out = {run.manifest[row].speaker for row in (*fold.validation, *fold.test)}
    assert specification.held_out_speakers == tuple(sorted(out))
    assert sum(specification.training_corpora.values()) == len(fold.train)
    assert (specification.name, specification.licence) == ("one", "CC0")
    assert f"{len(fold.validation)} validation clips" in specification.calibration.fitted_on


def test_the_card_names_every_corpus_with_its_licence_and_the_unfit_uses(bundle) -> None:
    from hearfelt.corpora import get_corpus

    card = (bundle / "README.md").read_text()
    for corpus in ("emodb", "savee"):
        assert f"| {corpus} |" in card and get_corpus(corpus).licence in card
    assert "Unfit uses" in card and "policing" in card and "2024/1689" in card


def test_the_licence_says_whether_the_corpora_let_weights_be_given_away() -> None:
    free = _bundle_description._licences({"emodb": 3, "banglaser": 2, "crema_d": 1})
    assert free.startswith("May be used, changed and passed on by anybody") and "banglaser: CC BY 4.0" in free
    for other in ({"emodb": 3, "savee": 1}, {"emodb": 3, "mine": 1}, {}):
        assert "which the user has to keep" in _bundle_description._licences(other)


def test_no_place_of_this_machine_is_in_it(tiny_run, tmp_path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    facts = json.loads((folder / "provenance.json").read_text())
    facts["command"] = "hearfelt train /home/someone/my.yaml --data=/home/someone/corpora --out runs/x"
    (folder / "provenance.json").write_text(json.dumps(facts))
    specification = export_run(folder, tmp_path / "bundle", folds=[0])
    assert specification.provenance.command == "hearfelt train my.yaml --data=corpora --out runs/x"
    secrets = {str(REPOSITORY), str(tmp_path), str(Path.home()), sys.prefix, "/home/", "site-packages"}
    for path in (tmp_path / "bundle").iterdir():
        data = path.read_bytes()
        found = {secret for secret in secrets - {"/"} if os.fsencode(secret) in data}
        assert not found, path.name


def test_figures_and_calibration_may_come_from_another_run(tiny_run, tmp_path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    (folder / "metrics.json").unlink()
    for fold in (0, 1):
        (folder / "folds" / str(fold) / "validation.csv").unlink()
    alone = export_run(folder, tmp_path / "alone", folds=[0])
    assert alone.metrics == {} and alone.metrics_protocol == "not measured on held-out speakers"
    assert alone.calibration.temperature == 1 and alone.calibration.fitted_on.startswith("nothing")
    assert "Not known: not measured on held-out speakers" in (tmp_path / "alone" / "README.md").read_text()
    measured = export_run(folder, tmp_path / "measured", folds=[0], metrics_from=tiny_run)
    assert measured.metrics["all"]["uar"] > 0
    assert measured.calibration.temperature != 1


# In use ------------------------------------------------------------------------------------------------------------


def test_a_bundle_answers_as_the_run_did(tiny_run, tmp_path) -> None:
    specification = export_run(tiny_run, tmp_path / "bundle", folds=[0], half_precision=False)
    table = read_predictions(tiny_run / "folds" / "0" / "predictions.csv")
    scaled = np.exp(table.logits / specification.calibration.temperature)
    wanted = scaled / scaled.sum(axis=1, keepdims=True)
    recognizer = load(tmp_path / "bundle")
    heard = 0
    for path, row in zip(table.path, wanted, strict=True):
        answer = recognizer(path)
        if answer.probabilities:
            heard += 1
            assert list(answer.probabilities.values()) == pytest.approx(row.tolist(), abs=1e-3)
    assert heard == len(table) > 0


def test_the_ten_lines_of_the_documents_run(bundle, tiny_run, tmp_path, monkeypatch, capsys) -> None:
    text = (REPOSITORY / "docs" / "export.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert "hearfelt" not in code
    recording = open_run(tiny_run).manifest[0].path
    shutil.copytree(bundle, tmp_path / "my_model")
    shutil.copy(recording, tmp_path / "interview.wav")
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "docs/export.md", "exec"), {})  # noqa: S102
    printed = capsys.readouterr().out
    answer = load(bundle)(recording).probabilities
    assert json.loads(printed.replace("'", '"')) == pytest.approx(answer, abs=2e-3)
    soundfile.write("interview.wav", np.zeros(8000), 8000)
    with pytest.raises(SystemExit, match="resample to 16000 Hz"):
        exec(compile(code, "docs/export.md", "exec"), {})  # noqa: S102
