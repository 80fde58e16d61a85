"""Pictures of spectrograms as a front end: pixels to the rows that a model sees, in numpy.

A picture goes through the training as one row of values, height by width by channels; the layer and the exported graph
do the same as `picture`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from hearfelt.features._base import FrontEndConfig, normalize
from hearfelt.features.colours import palette, take_off
from hearfelt.features.images import ImageConfig

#: Brightness of red, green and blue (ITU-R BT.601).
LUMA = (0.299, 0.587, 0.114)


class PictureConfig(FrontEndConfig):
    """Parameters of the front end.

    Attributes:
        height: of the pictures, in pixels.
        width: of the pictures, in pixels.
        channels: of the pictures: 3 coloured, 1 grey.
        resize: bring pictures of another size to this one, instead of refusing them.
        colours: ``rgb`` gives the channels as they are; ``grey``, their brightness; ``undo``, the value that
            `colour_map` was put on, in one channel; ``auto``, ``undo`` where the pictures show a known colour map
            (which training fills in), else ``rgb``.
        colour_map: of matplotlib, for ``undo``.
        render: how recordings are drawn for this model, where that is known.
    """

    takes: ClassVar[Literal["waveform", "picture"]] = "picture"

    name: Literal["picture"] = "picture"
    height: int = Field(default=77, ge=4, le=4096)
    width: int = Field(default=77, ge=4, le=4096)
    channels: Literal[1, 3] = 3
    resize: bool = False
    colours: Literal["auto", "rgb", "grey", "undo"] = "auto"
    colour_map: str = ""
    render: ImageConfig | None = None

    @model_validator(mode="after")
    def _check_colours(self) -> PictureConfig:
        if self.normalization == "running":
            raise ValueError("normalization 'running' is for sound that arrives; a picture is there at once")
        if self.colours == "undo" and not self.colour_map:
            raise ValueError("colours 'undo' needs the colour_map that is to be undone; 'auto' finds it")
        if self.colour_map:
            palette(self.colour_map)  # known
        return self

    @property
    def feature_channels(self) -> int:
        """Channels that a model sees, stacked on the band axis."""
        return self.channels if self.colours == "rgb" else 1

    @property
    def band_count(self) -> int:
        """Rows that a model sees: the first channel's, top first, then the next channel's."""
        return self.feature_channels * self.height

    @property
    def values(self) -> int:
        """Pixels times channels."""
        return self.height * self.width * self.channels

    def frame_count(self, samples: int) -> int:
        """Columns, whatever the picture."""
        del samples
        return self.width


def picture(pixels: NDArray[np.generic], config: PictureConfig) -> NDArray[np.float32]:
    """What a model sees of a picture.

    Args:
        pixels: (height, width, channels) of 0 to 255, or the same in one row.
        config: front end parameters.

    Returns:
        (band_count, width) float32.

    >>> picture(np.zeros((77, 77, 3), np.uint8), PictureConfig(colours="rgb")).shape
    (231, 77)
    """
    given = np.asarray(pixels).reshape(config.height, config.width, config.channels)
    if config.colours == "undo" and config.channels == 3:
        planes = take_off(given.astype(np.uint8), config.colour_map)[None].astype(np.float64)
    elif config.colours == "rgb" or config.channels == 1:
        planes = np.moveaxis(given, 2, 0).astype(np.float64)
    else:
        planes = (given.astype(np.float64) @ np.array(LUMA))[None]
    return normalize(planes.reshape(config.band_count, config.width) / 255.0, config).astype(np.float32)
