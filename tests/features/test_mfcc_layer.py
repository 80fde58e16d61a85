"""The torch layer and its exported graph equal the numpy cepstra, whatever else is in the batch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from hearfelt.audio.decode import read_audio
from hearfelt.features.mfcc import MfccConfig, mfcc
from hearfelt.features.mfcc_layer import MfccLayer

STATISTICS = {"mean": tuple(np.linspace(-3, 2, 60)), "deviation": tuple(np.linspace(1, 2, 60))}
CONFIGS = {
    "clip": MfccConfig(),
    "none": MfccConfig(normalization="none", lifter=22),
    "running": MfccConfig(normalization="running", deltas=1, delta_frames=3),
    "corpus": MfccConfig(normalization="corpus", **STATISTICS),
    "no deltas": MfccConfig(deltas=0, cepstra=13, level="none"),
}


@pytest.fixture
def clips(generator: np.random.Generator) -> list[np.ndarray]:
    """Noise that changes over time, from shorter than a frame over fewer frames than a slope needs to two seconds."""
    sizes = (300, 16000, 2000, 32000)
    return [(generator.normal(0, 0.1, size) * np.linspace(0.2, 1, size)).astype(np.float32) for size in sizes]


@pytest.mark.parametrize("name", CONFIGS)
def test_rows_equal_numpy_and_padding_does_not_matter(name: str, clips, padded) -> None:
    config = CONFIGS[name]
    features, frames = MfccLayer(config)(*padded(clips))
    for row, count, clip in zip(features, frames.tolist(), clips, strict=True):
        expected = mfcc(clip, config)
        assert count == expected.shape[1]
        # a clip of one frame has no deviation: normalisation magnifies rounding
        if count > 1:
            assert np.abs(row[:, :count].numpy() - expected).max() < 1e-3
        assert not row[:, count:].any()


def test_rows_equal_numpy_on_every_corpus(real_clips: Mapping[str, tuple[Path, ...]], padded) -> None:
    layer = MfccLayer(CONFIGS["none"])
    for corpus, paths in real_clips.items():
        clips = [read_audio(path) for path in paths]
        features, frames = layer(*padded(clips))
        for row, count, clip in zip(features, frames.tolist(), clips, strict=True):
            assert np.abs(row[:, :count].numpy() - mfcc(clip, layer.config)).max() < 1e-3, corpus


@pytest.mark.parametrize("name", ["none", "clip", "running"])
def test_the_exported_graph_equals_the_layer(name: str, clips, padded, exported) -> None:
    layer = MfccLayer(CONFIGS[name])
    waveform, lengths = padded(clips[1:])
    features, frames = exported(layer)(waveform, lengths)
    expected, expected_frames = layer(waveform, lengths)
    assert frames.tolist() == expected_frames.tolist()
    width = int(expected_frames.max())
    assert np.abs(features[..., :width] - expected[..., :width].numpy()).max() < 1e-3
