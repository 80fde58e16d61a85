"""The torch layer and its exported graph equal the numpy functionals, whatever else is in the batch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from hearfelt.audio.decode import read_audio
from hearfelt.features.functionals import FunctionalsConfig, functionals
from hearfelt.features.functionals_layer import FunctionalsLayer


def test_layer_and_graph_equal_numpy_on_every_corpus(
    real_clips: Mapping[str, tuple[Path, ...]], padded, exported
) -> None:
    layer = FunctionalsLayer(FunctionalsConfig(normalization="none"))
    graph = exported(layer)
    for corpus, paths in real_clips.items():
        clips = [read_audio(path)[:size] for path, size in zip(paths, (40000, 300, 9000), strict=True)]
        waveform, lengths = padded(clips)
        features, frames = layer(waveform, lengths)
        given, _ = graph(waveform, lengths)
        assert frames.tolist() == [1, 1, 1]
        for row, other, clip in zip(features.numpy(), given, clips, strict=True):
            expected = functionals(clip, layer.config)
            assert row.shape == expected.shape
            assert np.abs((row - expected) / (1 + np.abs(expected))).max() < 1e-3, corpus
            assert np.abs((other - expected) / (1 + np.abs(expected))).max() < 1e-3, corpus
