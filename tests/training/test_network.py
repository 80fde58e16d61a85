from __future__ import annotations

import numpy as np
import pytest
import torch

from hearfelt.features.log_mel import LogMelConfig, log_mel
from hearfelt.models._registry import create_model
from hearfelt.training.network import Network, bf16_supported, parameter_count


def test_it_is_front_end_and_architecture(tiny_recipe, generator) -> None:
    network = Network.from_recipe(tiny_recipe()).eval()
    waveform = generator.standard_normal((2, 9000)).astype(np.float32) * 0.1
    waveform[1, 7000:] = 0
    features = [
        log_mel(waveform[0], network.front_end.config),
        log_mel(waveform[1, :7000], network.front_end.config),
    ]
    for row, bands in enumerate(features):
        alone = network.model(torch.from_numpy(bands)[None], torch.tensor([bands.shape[1]]))
        found = network(torch.from_numpy(waveform), torch.tensor([9000, 7000]))[row]
        torch.testing.assert_close(found, alone[0], atol=1e-4, rtol=0)


def test_it_has_the_classes_and_bands_of_the_recipe(tiny_recipe) -> None:
    recipe = tiny_recipe("data.labels=eight", "front_end.mel_count=20")
    network = Network.from_recipe(recipe)
    assert network.eval()(torch.randn(1, 8000), torch.tensor([8000])).shape == (1, 8)
    assert network.front_end.config.mel_count == 20
    statistics = LogMelConfig(mel_count=20, normalization="corpus", mean=(0.0,) * 20, deviation=(1.0,) * 20)
    assert Network.from_recipe(recipe, statistics).front_end.config == statistics


def test_weights_are_those_of_the_random_state(tiny_recipe) -> None:
    torch.manual_seed(5)
    first = Network.from_recipe(tiny_recipe()).state_dict()
    torch.manual_seed(5)
    second = Network.from_recipe(tiny_recipe()).state_dict()
    third = Network.from_recipe(tiny_recipe()).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert not all(torch.equal(first[key], third[key]) for key in first)


def test_a_checkpoint_holds_what_is_learnt_and_not_the_front_end(tiny_recipe) -> None:
    network = Network.from_recipe(tiny_recipe())
    assert all(key.startswith("model.") for key in network.state_dict())
    alone = create_model(
        "residual_attention", class_count=3, mel_count=16, options=tiny_recipe().model.options
    )
    assert parameter_count(network) == parameter_count(alone) == sum(p.numel() for p in alone.parameters())


@pytest.mark.parametrize("device", ["cpu", torch.device("cpu")])
def test_bf16_is_a_yes_or_no(device) -> None:
    assert bf16_supported(device) in (True, False)
