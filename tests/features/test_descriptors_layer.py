"""The torch layer and its exported graph equal the numpy descriptors, whatever else is in the batch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from hearfelt.audio.decode import read_audio
from hearfelt.features.descriptors import COLUMNS, DescriptorsConfig, descriptors
from hearfelt.features.descriptors_layer import DescriptorsLayer

CONFIGS = {
    "all": DescriptorsConfig(normalization="none", descriptors=tuple(COLUMNS)),
    "clip": DescriptorsConfig(level="none"),
    "other frames": DescriptorsConfig(
        normalization="none", window_seconds=0.05, hop_seconds=0.02, split_hz=1000, rolloff_share=0.5
    ),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_layer_and_graph_equal_numpy_on_every_corpus(
    name: str, real_clips: Mapping[str, tuple[Path, ...]], padded, exported
) -> None:
    layer = DescriptorsLayer(CONFIGS[name])
    graph = exported(layer)
    for corpus, paths in real_clips.items():
        clips = [read_audio(path)[:40000] for path in paths[:2]]
        waveform, lengths = padded(clips)
        features, frames = layer(waveform, lengths)
        given, _ = graph(waveform, lengths)
        for row, other, count, clip in zip(features, given, frames.tolist(), clips, strict=True):
            expected = descriptors(clip, layer.config)
            assert count == expected.shape[1]
            assert np.abs(row[:, :count].numpy() - expected).max() < 1e-3, corpus
            assert np.abs(other[:, :count] - expected).max() < 1e-3, corpus
            assert not row[:, count:].any()
