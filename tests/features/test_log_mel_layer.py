"""The torch layer and its exported graph equal the numpy front end, whatever else is in the batch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from hearfelt.audio.decode import read_audio
from hearfelt.features.log_mel import LogMelConfig, log_mel
from hearfelt.features.log_mel_layer import LogMelLayer

STATISTICS = {"mean": tuple(np.linspace(-3, 2, 64)), "deviation": tuple(np.linspace(1, 2, 64))}
CONFIGS = {
    "none": LogMelConfig(normalization="none"),
    "clip": LogMelConfig(),
    "running": LogMelConfig(normalization="running"),
    "corpus": LogMelConfig(normalization="corpus", **STATISTICS),
    "level none": LogMelConfig(level="none"),
    "large": LogMelConfig(window_seconds=0.128, hop_seconds=0.032, mel_count=128, min_hz=0, max_hz=8000),
}


def padded(clips: list[np.ndarray], rubbish: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = [clip.size for clip in clips]
    batch = np.full((len(clips), max(lengths)), rubbish, dtype=np.float32)
    for row, clip in zip(batch, clips, strict=True):
        row[: clip.size] = clip
    return torch.from_numpy(batch), torch.tensor(lengths)


@pytest.fixture
def clips(generator: np.random.Generator) -> list[np.ndarray]:
    """Noise from shorter than a frame to two seconds."""
    return [generator.normal(0, 0.1, size).astype(np.float32) for size in (300, 16000, 5000, 32000)]


@pytest.mark.parametrize("name", CONFIGS)
def test_rows_equal_numpy_and_padding_does_not_matter(name: str, clips: list[np.ndarray]) -> None:
    config = CONFIGS[name]
    layer = LogMelLayer(config)
    features, frames = layer(*padded(clips, rubbish=7.0))
    for row, count, clip in zip(features, frames.tolist(), clips, strict=True):
        expected = log_mel(clip, config)
        assert count == expected.shape[1] == config.frame_count(clip.size)
        assert np.abs(row[:, :count].numpy() - expected).max() < 1e-4
        assert not row[:, count:].any()


@pytest.mark.parametrize("name", ["clip", "large"])
def test_rows_equal_numpy_on_every_corpus(name: str, real_clips: Mapping[str, tuple[Path, ...]]) -> None:
    layer = LogMelLayer(CONFIGS[name])
    for corpus, paths in real_clips.items():
        clips = [read_audio(path) for path in paths]
        features, frames = layer(*padded(clips))
        for row, count, clip in zip(features, frames.tolist(), clips, strict=True):
            assert np.abs(row[:, :count].numpy() - log_mel(clip, CONFIGS[name])).max() < 1e-4, corpus


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Constant folding")
@pytest.mark.parametrize("name", ["clip", "running"])
def test_the_exported_graph_equals_the_layer_at_lengths_it_was_not_exported_with(
    name: str, clips: list[np.ndarray], tmp_path: Path
) -> None:
    layer = LogMelLayer(CONFIGS[name]).eval()
    example = padded([np.ones(20000, dtype=np.float32), np.ones(9000, dtype=np.float32)])
    axes = {"waveform": {0: "batch", 1: "samples"}, "lengths": {0: "batch"}}
    torch.onnx.export(
        layer,
        example,
        str(tmp_path / "layer.onnx"),
        input_names=["waveform", "lengths"],
        output_names=["features", "frames"],
        dynamic_axes=axes,
        dynamo=False,
    )
    session = onnxruntime.InferenceSession(tmp_path / "layer.onnx", providers=["CPUExecutionProvider"])
    waveform, lengths = padded(clips)
    features, frames = session.run(None, {"waveform": waveform.numpy(), "lengths": lengths.numpy()})
    expected, expected_frames = layer(waveform, lengths)
    width = int(expected_frames.max())
    assert frames.tolist() == expected_frames.tolist()
    assert np.abs(features[..., :width] - expected[..., :width].numpy()).max() < 1e-4


def test_low_precision_around_it_does_not_change_it(clips: list[np.ndarray]) -> None:
    layer = LogMelLayer()
    plain, _ = layer(*padded(clips))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        within, _ = layer(*padded(clips))
    assert within.dtype == torch.float32
    assert torch.equal(plain, within)


def test_statistics_are_asked_for() -> None:
    with pytest.raises(ValueError, match="needs the statistics"):
        LogMelLayer(LogMelConfig(normalization="corpus"))(torch.zeros(1, 1000), torch.tensor([1000]))
