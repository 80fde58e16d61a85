"""Every front end keeps the contract: numpy, layer and graph are one, and what was written before can be read."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import BaseModel, ValidationError

from hearfelt.errors import UnknownNameError
from hearfelt.features._registry import (
    AnyFrontEnd,
    create_front_end_layer,
    front_end_features,
    get_front_end,
    list_front_ends,
    read_front_end,
)
from hearfelt.features.log_mel import LogMelConfig

WAVEFORM = [name for name in list_front_ends() if get_front_end(name).takes == "waveform"]


class Holder(BaseModel):
    front_end: AnyFrontEnd = LogMelConfig()


def test_what_was_written_before_there_was_a_name_is_log_mel() -> None:
    old = {"sample_rate": 16000, "mel_count": 40, "normalization": "none", "mean": [], "deviation": []}
    assert read_front_end(old) == LogMelConfig(mel_count=40, normalization="none")
    assert Holder.model_validate({"front_end": {}}).front_end == LogMelConfig()
    assert Holder.model_validate_json('{"front_end": {"mel_count": 40}}').front_end.band_count == 40


@pytest.mark.parametrize("name", list_front_ends())
def test_a_name_alone_is_enough_and_comes_back_from_json(name: str) -> None:
    held = Holder.model_validate({"front_end": name})
    assert held.front_end.name == name and type(held.front_end) is get_front_end(name)
    assert Holder.model_validate_json(held.model_dump_json()) == held
    assert Holder.model_validate(held.model_dump()) == held


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValidationError, match="log_nel"):
        read_front_end({"name": "log_nel"})
    with pytest.raises(UnknownNameError, match="Did you mean 'log_mel'"):
        get_front_end("log_nel")


@pytest.mark.parametrize("name", WAVEFORM)
@pytest.mark.parametrize("normalization", ["none", "clip", "running", "corpus"])
def test_layer_and_graph_equal_numpy(name, normalization, padded, exported, generator) -> None:
    plain = read_front_end({"name": name, "normalization": "none"})
    clips = [
        (generator.normal(0, 0.1, size) * np.linspace(0.2, 1, size)).astype(np.float32)
        for size in (16000, 2100, 30000)
    ]
    rows = front_end_features(clips[0], plain).astype(np.float64)
    update = {"normalization": normalization}
    if normalization == "corpus":
        update |= {"mean": tuple(rows.mean(axis=1)), "deviation": tuple(rows.std(axis=1) + 0.5)}
    try:
        config = read_front_end({**plain.model_dump(), **update})
    except ValidationError:
        pytest.skip(f"{name} refuses normalization {normalization}")
    layer = create_front_end_layer(config)
    waveform, lengths = padded(clips)
    features, frames = layer(waveform, lengths)
    given, given_frames = exported(layer)(waveform, lengths)
    assert frames.tolist() == given_frames.tolist() == [config.frame_count(clip.size) for clip in clips]
    for row, graph, count, clip in zip(features.numpy(), given, frames.tolist(), clips, strict=True):
        expected = front_end_features(clip, config)
        assert expected.shape == (config.band_count, count) and expected.dtype == np.float32
        assert np.abs(row[:, :count] - expected).max() < 1e-3
        assert np.abs(graph[:, :count] - expected).max() < 1e-3
        assert not row[:, count:].any() and not graph[:, count:].any()


@pytest.mark.parametrize("name", WAVEFORM)
@pytest.mark.parametrize("samples", [1, 100, 5000])
def test_silence_and_short_clips_are_finite(name: str, samples: int) -> None:
    config = read_front_end({"name": name, "normalization": "none"})
    assert np.isfinite(front_end_features(np.zeros(samples), config)).all()
    features, _ = create_front_end_layer(config)(torch.zeros(1, samples), torch.tensor([samples]))
    assert torch.isfinite(features).all()


@pytest.mark.parametrize("name", WAVEFORM)
def test_nothing_is_learnt_in_a_front_end(name: str) -> None:
    layer = create_front_end_layer(read_front_end(name))
    assert not list(layer.parameters()) and not layer.state_dict()


def test_statistics_are_asked_for() -> None:
    for name in WAVEFORM:
        config = read_front_end({"name": name, "normalization": "corpus"})
        with pytest.raises(ValueError, match="needs the statistics"):
            front_end_features(np.zeros(1000), config)
        with pytest.raises(ValueError, match="needs the statistics"):
            create_front_end_layer(config)(torch.zeros(1, 1000), torch.tensor([1000]))
