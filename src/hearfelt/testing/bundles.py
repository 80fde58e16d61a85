"""A tiny bundle for tests: an honest graph, dynamic in batch and length, made without training."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hearfelt.emotions import EMOTIONS
from hearfelt.errors import require
from hearfelt.files import write_atomically, write_json
from hearfelt.models.specification import Provenance, Specification

_BANDS = 12
_TAPS = 400
_HOP = 160


def write_tiny_bundle(
    folder: str | os.PathLike[str],
    *,
    labels: Sequence[str] = EMOTIONS,
    sample_rate: int = 16000,
    window_seconds: float = 3.0,
    hop_seconds: float = 1.5,
    seed: int = 0,
) -> Path:
    """Write a bundle whose model weighs the energies of a few bands, relative to the level of the clip.

    Its answers mean nothing, but they obey the contract: they depend on the sound and not on its level, nor
    on what stands after a row's length, nor on the rest of the batch.

    Args:
        folder: made if it is missing.
        labels: of the model.
        sample_rate: of the waveform, in hertz.
        window_seconds: as in the specification.
        hop_seconds: as in the specification.
        seed: of the weights.

    Returns:
        the folder.

    Raises:
        MissingExtraError: the ``onnx`` package is not installed.
    """
    import hashlib

    target = Path(folder)
    graph = _graph(len(labels), sample_rate, np.random.default_rng(seed))
    specification = Specification(
        name="tiny",
        labels=tuple(labels),
        sample_rate=sample_rate,
        window_seconds=window_seconds,
        hop_seconds=hop_seconds,
        parameters=_BANDS * len(labels) + len(labels),
        architecture={"name": "tiny"},
        licence="MIT",
        provenance=Provenance(model_sha256=hashlib.sha256(graph).hexdigest()),
    )
    write_atomically(target / "model.onnx", graph)
    write_json(target / "model.json", specification.model_dump(mode="json"))
    write_atomically(target / "README.md", "# tiny\n\nA model for tests; its answers mean nothing.\n")
    return target


def _graph(labels: int, sample_rate: int, rng: np.random.Generator) -> bytes:
    onnx: Any = require("onnx", "train", "a tiny bundle")
    helper, numpy_helper, kinds = onnx.helper, onnx.numpy_helper, onnx.TensorProto

    time = np.arange(_TAPS) / sample_rate
    centres = np.geomspace(120.0, 0.45 * sample_rate, _BANDS)
    phases = 2 * np.pi * centres[:, None] * time
    taps = np.concatenate([np.cos(phases), np.sin(phases)]) * np.hanning(_TAPS) / np.sqrt(_TAPS)
    constants: dict[str, np.ndarray[Any, Any]] = {
        "taps": taps[:, None, :].astype(np.float32),
        "weights": (rng.standard_normal((_BANDS, labels)) * 0.5).astype(np.float32),
        "bias": (rng.standard_normal(labels) * 0.1).astype(np.float32),
        "zero": np.array(0, dtype=np.int64),
        "one": np.array(1, dtype=np.int64),
        "two": np.array(2, dtype=np.int64),
        "axis1": np.array([1], dtype=np.int64),
        "axis2": np.array([2], dtype=np.int64),
        "frame": np.array(_TAPS, dtype=np.int64),
        "hop": np.array(_HOP, dtype=np.int64),
        "room": np.array([0, 0, 0, _TAPS], dtype=np.int64),  # so that the shortest input has a frame
        "least": np.array(1e-6, dtype=np.float32),
        "tiny": np.array(1e-20, dtype=np.float32),
    }
    steps = [
        # The valid part, at unit level.
        ("Shape", ["waveform"], "shape", {}),
        ("Gather", ["shape", "one"], "samples", {}),
        ("Range", ["zero", "samples", "one"], "positions", {}),
        ("Unsqueeze", ["lengths", "axis1"], "ends", {}),
        ("Less", ["positions", "ends"], "valid", {}),
        ("Cast", ["zero"], "silence", {"to": kinds.FLOAT}),
        ("Where", ["valid", "waveform", "silence"], "signal", {}),
        ("Mul", ["signal", "signal"], "power", {}),
        ("ReduceSum", ["power", "axis1"], "energy", {"keepdims": 1}),
        ("Cast", ["ends"], "sizes", {"to": kinds.FLOAT}),
        ("Div", ["energy", "sizes"], "mean_power", {}),
        ("Add", ["mean_power", "tiny"], "safe_power", {}),
        ("Sqrt", ["safe_power"], "level", {}),
        ("Div", ["signal", "level"], "levelled", {}),
        # Energies of the bands, averaged over the frames that lie inside.
        ("Pad", ["levelled", "room"], "padded", {}),
        ("Unsqueeze", ["padded", "axis1"], "channel", {}),
        ("Conv", ["channel", "taps"], "filtered", {"strides": [_HOP]}),
        ("Mul", ["filtered", "filtered"], "squares", {}),
        ("Split", ["squares"], "cosines sines", {"axis": 1, "num_outputs": 2}),
        ("Add", ["cosines", "sines"], "bands", {}),
        ("Shape", ["bands"], "band_shape", {}),
        ("Gather", ["band_shape", "two"], "frames", {}),
        ("Range", ["zero", "frames", "one"], "frame_numbers", {}),
        ("Sub", ["ends", "frame"], "last", {}),
        ("Max", ["last", "zero"], "last_inside", {}),
        ("Div", ["last_inside", "hop"], "last_frame", {}),
        ("LessOrEqual", ["frame_numbers", "last_frame"], "frame_valid", {}),
        ("Cast", ["frame_valid"], "frame_mask", {"to": kinds.FLOAT}),
        ("Unsqueeze", ["frame_mask", "axis1"], "band_mask", {}),
        ("Mul", ["bands", "band_mask"], "kept", {}),
        ("ReduceSum", ["kept", "axis2"], "sums", {"keepdims": 0}),
        ("ReduceSum", ["frame_mask", "axis1"], "counts", {"keepdims": 1}),
        ("Div", ["sums", "counts"], "means", {}),
        ("Add", ["means", "least"], "safe_means", {}),
        ("Log", ["safe_means"], "levels", {}),
        ("MatMul", ["levels", "weights"], "weighed", {}),
        ("Add", ["weighed", "bias"], "logits", {}),
        ("Softmax", ["logits"], "probabilities", {"axis": 1}),
    ]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, outputs.split(), **more) for kind, inputs, outputs, more in steps],
        "tiny",
        [
            helper.make_tensor_value_info("waveform", kinds.FLOAT, ["batch", "samples"]),
            helper.make_tensor_value_info("lengths", kinds.INT64, ["batch"]),
        ],
        [
            helper.make_tensor_value_info("logits", kinds.FLOAT, ["batch", labels]),
            helper.make_tensor_value_info("probabilities", kinds.FLOAT, ["batch", labels]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18)], producer_name="hearfelt.testing"
    )
    model.ir_version = 10
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
