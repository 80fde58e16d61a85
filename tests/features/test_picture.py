from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from hearfelt.features.colours import put_on
from hearfelt.features.picture import PictureConfig, picture


def test_channels_are_stacked_on_the_band_axis(generator):
    pixels = generator.integers(0, 256, (8, 6, 3), dtype=np.uint8)
    config = PictureConfig(height=8, width=6, colours="rgb", normalization="none")
    rows = picture(pixels, config)
    assert rows.shape == (24, 6) == (config.band_count, config.frame_count(0))
    for channel in range(3):
        np.testing.assert_allclose(rows[8 * channel : 8 * channel + 8], pixels[..., channel] / 255, atol=1e-6)
    np.testing.assert_array_equal(picture(pixels.reshape(-1).astype(np.float32), config), rows)


def test_undoing_gives_back_what_was_drawn(generator):
    values = generator.random((8, 6))
    config = PictureConfig(height=8, width=6, colours="undo", colour_map="magma", normalization="none")
    np.testing.assert_allclose(picture(put_on(values, "magma"), config), values, atol=0.02)


def test_brightness_and_normalisation(generator):
    pixels = generator.integers(0, 256, (8, 6, 3), dtype=np.uint8)
    grey = picture(pixels, PictureConfig(height=8, width=6, colours="grey", normalization="none"))
    np.testing.assert_allclose(grey, pixels @ np.array([0.299, 0.587, 0.114]) / 255, atol=1e-6)
    clip = picture(pixels, PictureConfig(height=8, width=6, colours="grey"))
    assert clip.mean() == pytest.approx(0, abs=1e-5) and clip.std() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    "wrong", [{"colours": "undo"}, {"normalization": "running"}, {"channels": 2}, {"height": 1}]
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        PictureConfig.model_validate(wrong)
