from __future__ import annotations

import numpy as np
import pytest
import torch

from hearfelt.features.colours import put_on
from hearfelt.features.picture import PictureConfig, picture
from hearfelt.features.picture_layer import PictureLayer

CONFIGS = [
    {"colours": "rgb"},
    {"colours": "grey"},
    {"colours": "undo", "colour_map": "magma"},
    {"colours": "grey", "channels": 1},
    {"colours": "rgb", "normalization": "none"},
    {"colours": "undo", "colour_map": "viridis", "normalization": "corpus"},
]


@pytest.mark.parametrize("settings", CONFIGS, ids=str)
def test_layer_equals_numpy(settings, generator):
    config = PictureConfig(height=12, width=9, **settings)
    if config.normalization == "corpus":
        statistics = {"mean": tuple(generator.random(12)), "deviation": tuple(1 + generator.random(12))}
        config = config.model_copy(update=statistics)
    pixels = generator.integers(0, 256, (3, 12, 9, config.channels), dtype=np.uint8)
    if config.colour_map:
        pixels[0] = put_on(generator.random((12, 9)), config.colour_map)
    rows = torch.from_numpy(pixels.reshape(3, -1).astype(np.float32))
    features, lengths = PictureLayer(config)(rows, torch.full((3,), config.values))
    assert lengths.tolist() == [9, 9, 9]
    for ours, given in zip(features.numpy(), pixels, strict=True):
        np.testing.assert_allclose(ours, picture(given, config), atol=2e-5)


def test_a_picture_alone_gives_what_it_gives_in_company(generator):
    layer = PictureLayer(PictureConfig(height=12, width=9, colours="rgb"))
    rows = torch.from_numpy(generator.integers(0, 256, (4, 12 * 9 * 3)).astype(np.float32))
    lengths = torch.full((4,), 12 * 9 * 3)
    together = layer(rows, lengths)[0]
    alone = layer(rows[2:3], lengths[2:3])[0]
    torch.testing.assert_close(together[2:3], alone)
