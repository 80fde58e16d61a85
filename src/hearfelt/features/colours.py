"""Colour maps of matplotlib, put on and taken off: one value a point to three, and back to one.

Taking off goes through a table of 64 x 64 x 64 colours, so that numpy, torch and an exported graph give the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.errors import RecipeError, UnknownNameError, require

#: Not matplotlib's name: the value itself, in one channel.
GREY = "grey"
#: What spectrograms are commonly drawn with; `detect_colours` tries them in this order.
COMMON = (
    "gray",
    "magma",
    "viridis",
    "inferno",
    "plasma",
    "cividis",
    "jet",
    "hot",
    "coolwarm",
    "turbo",
)
#: Levels of a channel in the table.
LEVELS = 64
#: Mean distance of pixels to the nearest colour of a map, a share of the whole range, up to which they are of the map.
CLOSE = 0.04

_SHADES = 256


def colour_names() -> list[str]:
    """All names that pictures can be drawn with, sorted; `GREY` among them.

    >>> "magma" in colour_names() and "grey" in colour_names()
    True
    """
    matplotlib = require("matplotlib", "train", "colour maps")
    return sorted({*matplotlib.colormaps, GREY})


@lru_cache(maxsize=16)
def palette(name: str) -> NDArray[np.uint8]:
    """The 256 colours of a map, (256, 3), from the least value to the largest.

    Raises:
        UnknownNameError: matplotlib has no such map.

    >>> palette("gray")[[0, 255]].tolist()
    [[0, 0, 0], [255, 255, 255]]
    """
    matplotlib = require("matplotlib", "train", "colour maps")
    name = "gray" if name == GREY else name
    if name not in matplotlib.colormaps:
        raise UnknownNameError("colour map", name, colour_names())
    values = matplotlib.colormaps[name](np.linspace(0, 1, _SHADES))[:, :3]
    return np.round(255 * np.asarray(values)).astype(np.uint8)


def put_on(values: NDArray[np.floating], name: str) -> NDArray[np.uint8]:
    """Values in [0, 1] of any shape to pixels (..., 3); with `GREY` to (..., 1).

    >>> put_on(np.array([0.0, 1.0]), "grey").tolist()
    [[0], [255]]
    """
    shades = np.round(np.clip(values, 0.0, 1.0) * (_SHADES - 1)).astype(np.uint8)
    return np.asarray(shades[..., None] if name == GREY else palette(name)[shades])


@lru_cache(maxsize=8)
def undo_table(name: str) -> NDArray[np.uint8]:
    """For every cell of `LEVELS` levels a channel (red changing slowest) the nearest shade of a map, (LEVELS**3,)."""
    colours = palette(name).astype(np.float32)
    step = 256 // LEVELS
    centres = np.arange(LEVELS, dtype=np.float32) * step + (step - 1) / 2
    table = np.zeros((LEVELS, LEVELS, LEVELS), dtype=np.uint8)
    green, blue = np.meshgrid(centres, centres, indexing="ij")
    for number, red in enumerate(centres):
        cells = np.stack([np.full(green.size, red, np.float32), green.ravel(), blue.ravel()], axis=1)
        # squared distance less the cell's own square, which does not change the order
        distance = np.square(colours).sum(1) - 2 * cells @ colours.T
        table[number] = distance.argmin(1).reshape(LEVELS, LEVELS)
    # Cells that the map passes through hold the middle of its shades there.
    place = cell_numbers(palette(name))
    counts = np.bincount(place, minlength=table.size)
    sums = np.bincount(place, weights=np.arange(_SHADES), minlength=table.size)
    flat = table.reshape(-1)
    there = counts > 0
    flat[there] = np.round(sums[there] / counts[there])
    return flat


def cell_numbers(pixels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Places in `undo_table` of pixels (..., 3)."""
    cells = pixels.astype(np.int64) // (256 // LEVELS)
    return np.asarray((cells[..., 0] * LEVELS + cells[..., 1]) * LEVELS + cells[..., 2])


def take_off(pixels: NDArray[np.uint8], name: str) -> NDArray[np.uint8]:
    """Pixels (..., 3) to the shades (...) of a map, 0 to 255; the inverse of `put_on` to two shades or so.

    >>> take_off(put_on(np.array([0.0, 0.5, 1.0]), "magma"), "magma").tolist()
    [1, 128, 255]
    """
    return np.asarray(undo_table(name)[cell_numbers(pixels)], dtype=np.uint8)


def detect_colours(pixels: ArrayLike, names: Sequence[str] = COMMON) -> str | None:
    """The colour map, of some, that pixels (..., 3) were drawn with; None where none fits.

    White and transparent borders do no harm as long as most pixels are of the map.
    """
    flat = np.asarray(pixels, dtype=np.uint8).reshape(-1, 3)
    if not len(flat):
        raise RecipeError("There are no pixels to find a colour map in.")
    colours, counts = np.unique(flat, axis=0, return_counts=True)
    best, name = CLOSE, None
    for candidate in names:
        known = palette(candidate).astype(np.float32)
        given = colours.astype(np.float32)
        squares = np.square(given).sum(1)[:, None] - 2 * given @ known.T + np.square(known).sum(1)[None]
        distances = np.sqrt(np.maximum(squares.min(1), 0.0) / 3) / 255
        mean = float((distances * counts).sum() / counts.sum())
        if mean < best:
            best, name = mean, candidate
    return name
