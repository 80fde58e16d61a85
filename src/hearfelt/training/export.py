"""Write a bundle: one ONNX file from waveform to probabilities, checked against torch before it gets its name."""

from __future__ import annotations

import io
import os
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hearfelt.errors import BundleError, HearfeltError
from hearfelt.features._registry import read_front_end
from hearfelt.features.picture import PictureConfig
from hearfelt.files import read_json
from hearfelt.models.specification import Calibration, Specification
from hearfelt.recognition.bundle import CARD_FILE, GRAPH_FILE, SPECIFICATION_FILE
from hearfelt.training._bundle_description import calibrate, specify
from hearfelt.training._graph_check import compare
from hearfelt.training.checkpoint import load_checkpoint
from hearfelt.training.network import Network
from hearfelt.training.picture_graph import PictureGraph
from hearfelt.training.run import Run, open_run
from hearfelt.training.stored_weights import Precision, rounded, store

#: Largest difference of logits between torch and the exported graph, on sound of 20 ms and more: ten times what trained
#: networks show. Weights stored in fewer bits are compared with a network that holds the rounded weights, so this is
#: arithmetic alone. A millisecond may differ by 1e-3: normalisation magnifies the rounding of a constant spectrum.
TOLERANCE = 1e-4


class Exported(nn.Module):
    """What the graph computes: members' mean logits, calibrated probabilities. Members share one front end."""

    def __init__(self, members: Sequence[Network], calibration: Calibration) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.temperature = calibration.temperature
        self.bias: Tensor
        bias = torch.tensor(calibration.bias) if calibration.bias else torch.zeros(1)
        self.register_buffer("bias", bias, persistent=False)

    def forward(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, samples) and (batch,) to logits and probabilities (batch, labels)."""
        members: list[Any] = list(self.members)
        features, frames = members[0].front_end(waveform, lengths)
        # Members vote with log-probabilities: one that shouts in logits counts no more than the others.
        votes = [torch.log_softmax(member.model(features, frames), dim=1) for member in members]
        logits = torch.stack(votes).mean(0)
        return logits, torch.softmax(logits / self.temperature + self.bias, dim=1)


def export_run(
    run_folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    folds: Sequence[int] | None = None,
    name: str | None = None,
    half_precision: bool = False,
    int8: bool = False,
    licence: str = "",
    metrics_from: str | os.PathLike[str] | None = None,
) -> Specification:
    """Export the trained folds of a run as one bundle.

    Several folds, and the runs of an ensemble, become members of one graph that share the front end and average their
    log-probabilities.

    Args:
        run_folder: a finished run, or one with at least the wanted folds done.
        out: bundle folder; must not exist, or be an older bundle.
        folds: members; all that are done by default.
        name: of the model; the recipe's by default.
        half_precision: store weights in 16 bits (half the size; arithmetic stays in 32).
        int8: store weights in 8 bits (a quarter of the size; arithmetic stays in 32).
        licence: of the weights.
        metrics_from: run folder whose ``metrics.json`` measures this recipe on unheard speakers, where the exported run
            itself was trained on everything.

    Returns:
        the specification that was written.

    Raises:
        BundleError: nothing trained, the graph differs from torch, or ``out`` is something else.
    """
    if half_precision and int8:
        raise HearfeltError("Weights are stored in 16 bits or in 8, not in both. Choose one.")
    precision: Precision = "int8" if int8 else "float16" if half_precision else "float32"
    run = open_run(run_folder)
    wanted = list(folds) if folds is not None else list(run.done)
    missing = sorted(set(wanted) - set(run.done))
    if missing or not wanted:
        raise BundleError(
            f"{run.folder} has no trained fold {', '.join(map(str, missing)) or 'at all'}; done: "
            f"{', '.join(map(str, run.done)) or 'none'}. `hearfelt train --resume` finishes a run."
        )
    members = [load_network(part, fold, precision=precision) for fold in wanted for part in run.members]
    if any(member.front_end.config != members[0].front_end.config for member in members):
        raise BundleError(
            "These folds have front ends of their own (corpus statistics differ by fold) and cannot share one graph; "
            "export one with --fold."
        )
    measured = run.folder if metrics_from is None else open_run(metrics_from).folder
    if not (measured / "metrics.json").exists() and metrics_from is not None:
        raise BundleError(
            f"{measured} has no metrics.json to take figures from; `hearfelt report {measured}` makes it."
        )
    calibration = calibrate(run, wanted, measured)
    module = deployed(members, calibration)
    content = to_onnx(module, precision=precision)
    specification = specify(run, members, wanted, calibration, measured, name, licence, content)
    check_graph(module, content, specification)
    write_bundle(Path(out), content, specification)
    return specification


def deployed(members: Sequence[Network], calibration: Calibration) -> nn.Module:
    """Networks as they are deployed: given waveforms, or pictures where their front end takes these."""
    module: nn.Module = Exported(members, calibration)
    if isinstance(members[0].front_end.config, PictureConfig):
        module = PictureGraph(module, members[0].front_end.config)
    return module.eval()


def load_network(run: Run, fold: int, *, precision: Precision = "float32") -> Network:
    """The selected weights of a fold, as they are stored with this precision, in evaluation mode.

    Raises:
        BundleError: the run is an ensemble, which has several networks; or a file is damaged.
    """
    if len(run.members) > 1:
        raise BundleError(
            f"{run.folder} is an ensemble of {len(run.members)} runs; name one of them, such as "
            f"{run.members[0].folder}, or export it."
        )
    folder = run.fold_folder(fold)
    front_end = read_front_end(read_json(folder / "front_end.json", BundleError))
    network = Network.from_recipe(run.recipe, front_end)
    weights = load_checkpoint(folder / "best.safetensors")["weights"]
    network.load_state_dict({key: rounded(value, precision) for key, value in weights.items()})
    return network.eval()


def to_onnx(module: nn.Module, *, precision: Precision = "float32", opset: int = 17) -> bytes:
    """Export with dynamic batch and samples; see `hearfelt.models.specification.Specification` for the interface."""
    import onnx

    buffer = io.BytesIO()
    inputs: tuple[Tensor, ...] = (torch.randn(2, 20000) * 0.1, torch.tensor([20000, 15000]))
    axes = {"waveform": {0: "batch", 1: "samples"}, "lengths": {0: "batch"}}
    if isinstance(module, PictureGraph):
        inputs, axes = module.example_inputs(), {"picture": {0: "batch"}}
    elif isinstance(module, Exported):
        inputs = module.members[0].front_end.example_inputs()  # type: ignore[operator,union-attr]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of itself; the graph is checked afterwards
        torch.onnx.export(
            module,
            inputs,
            buffer,  # type: ignore[arg-type]
            input_names=list(axes),
            output_names=["logits", "probabilities"],
            dynamic_axes={**axes, "logits": {0: "batch"}, "probabilities": {0: "batch"}},
            opset_version=opset,
            dynamo=False,
            # Batch norms stay apart, so that filters keep the values that fit fewer bits; they are joined when loaded.
            training=torch.onnx.TrainingMode.EVAL
            if precision == "float32"
            else torch.onnx.TrainingMode.PRESERVE,
        )
    model = onnx.load_from_string(buffer.getvalue())
    store(model, precision)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def check_graph(module: nn.Module, content: bytes, specification: Specification) -> float:
    """Compare the graph with torch on lengths and batch sizes that the export never saw.

    Returns:
        the largest difference of logits.

    Raises:
        BundleError: they differ by more than `TOLERANCE`, or the graph does not run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no error class of its own
        raise BundleError(f"The exported graph does not load: {error}") from error
    worst = compare(module, session, specification.sample_rate)
    if worst > TOLERANCE:
        raise BundleError(
            f"The exported graph differs from torch by {worst:.2e} in its logits; at most {TOLERANCE:.0e} is allowed. "
            "Nothing was written."
        )
    return worst


def write_bundle(folder: Path, content: bytes, specification: Specification) -> None:
    """Write all files of a bundle at once, in the place of an older bundle where there is one.

    Raises:
        BundleError: ``folder`` is something else, or cannot be written; what was there is untouched.
    """
    from hearfelt.training.card import model_card

    _check_place(folder)
    files = {
        GRAPH_FILE: content,
        SPECIFICATION_FILE: (specification.model_dump_json(indent=2) + "\n").encode(),
        CARD_FILE: model_card(specification, len(content)).encode(),
    }
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as temporary:
            new, old = Path(temporary, "new"), Path(temporary, "old")
            new.mkdir()
            for name, data in files.items():
                (new / name).write_bytes(data)
            if folder.exists():
                folder.rename(old)
            try:
                new.rename(folder)
            except OSError:
                if old.exists():
                    old.rename(folder)
                raise
    except OSError as error:
        raise BundleError(
            f"Cannot write the bundle {folder}: {error.strerror or error}. Nothing was changed."
        ) from error


def _check_place(folder: Path) -> None:
    """Refuse to write over anything but a bundle and nothing but a bundle."""
    if not folder.exists():
        return
    found = {entry.name for entry in folder.iterdir()} if folder.is_dir() else {"a file"}
    strangers = sorted(found - {GRAPH_FILE, SPECIFICATION_FILE, CARD_FILE})
    if strangers or (found and SPECIFICATION_FILE not in found):
        raise BundleError(
            f"{folder} exists and is no bundle (it holds {', '.join((strangers or sorted(found))[:3])}); nothing was "
            "written. Name another folder with --out."
        )
