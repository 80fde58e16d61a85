from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest

from hearfelt.errors import UnknownNameError
from hearfelt.features.colours import COMMON, colour_names, detect_colours, palette, put_on, take_off


@pytest.mark.parametrize("name", ["magma", "viridis", "coolwarm", "gray_r"])
def test_colours_are_matplotlibs(name):
    values = np.linspace(0, 1, 256)
    theirs = mpl.colormaps[name](values, bytes=True)[:, :3]
    assert np.abs(put_on(values, name).astype(int) - theirs.astype(int)).max() <= 1


@pytest.mark.parametrize(
    "name", ["magma", "viridis", "inferno", "plasma", "jet", "coolwarm", "gray", "gray_r"]
)
def test_what_is_put_on_is_taken_off(name, generator):
    shades = generator.integers(0, 256, (30, 40))
    back = take_off(palette(name)[shades], name)
    error = np.abs(back.astype(int) - shades)
    assert error.mean() < 1.5 and error.max() <= 6


@pytest.mark.parametrize("name", COMMON)
def test_the_map_of_pictures_is_found(name, generator):
    pictures = put_on(generator.beta(2, 3, (4, 20, 20)), name)
    assert detect_colours(pictures) == name


def test_photographs_have_no_map_and_a_white_border_does_no_harm(generator):
    assert detect_colours(generator.integers(0, 256, (20, 20, 3))) is None
    picture = put_on(generator.random((40, 40)), "magma")
    picture[0] = picture[:, 0] = 255
    assert detect_colours(picture, ("viridis", "magma")) == "magma"


def test_unknown_maps_are_named():
    assert {"magma", "grey"} <= set(colour_names())
    with pytest.raises(UnknownNameError, match="magma"):
        palette("magna")
