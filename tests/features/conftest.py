"""What the tests of layers share: padded batches, and a layer as the graph that it exports to."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

Graph = Callable[[torch.Tensor, torch.Tensor], tuple[np.ndarray, np.ndarray]]


@pytest.fixture
def padded() -> Callable[..., tuple[torch.Tensor, torch.Tensor]]:
    """Makes (batch, samples) and lengths of clips, with rubbish beyond each row's end."""

    def make(clips: list[np.ndarray], rubbish: float = 7.0) -> tuple[torch.Tensor, torch.Tensor]:
        lengths = [clip.size for clip in clips]
        batch = np.full((len(clips), max(lengths)), rubbish, dtype=np.float32)
        for row, clip in zip(batch, clips, strict=True):
            row[: clip.size] = clip
        return torch.from_numpy(batch), torch.tensor(lengths)

    return make


@pytest.fixture
def exported(tmp_path: Path) -> Callable[[torch.nn.Module], Graph]:
    """Makes a function (waveform, lengths) -> (features, frames) of the ONNX graph of a front end's layer."""

    def export(layer: torch.nn.Module) -> Graph:
        path = tmp_path / "layer.onnx"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                layer.eval(),
                layer.example_inputs(),
                str(path),
                input_names=["waveform", "lengths"],
                output_names=["features", "frames"],
                dynamic_axes={"waveform": {0: "batch", 1: "samples"}, "lengths": {0: "batch"}},
                dynamo=False,
            )
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])

        def run(waveform: torch.Tensor, lengths: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
            features, frames = session.run(None, {"waveform": waveform.numpy(), "lengths": lengths.numpy()})
            return features, frames

        return run

    return export
