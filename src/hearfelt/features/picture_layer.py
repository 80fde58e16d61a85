"""Pictures as a torch layer: equal to `picture`, for batches, and exported into ONNX graphs."""

from __future__ import annotations

import torch
from torch import Tensor

from hearfelt.features._layers import FrontEndLayer
from hearfelt.features.colours import LEVELS, undo_table
from hearfelt.features.picture import LUMA, PictureConfig


class PictureLayer(FrontEndLayer):
    """Pictures to what a model sees of them.

    Shape:
        - pictures (batch, height * width * channels) of 0 to 255, float32, and lengths (batch,), which do not matter
        - features (batch, band_count, width), and (batch,) times the width
    """

    config: PictureConfig

    def __init__(self, config: PictureConfig | None = None) -> None:
        config = config or PictureConfig()
        super().__init__(config)
        self.table: Tensor
        if config.colours == "undo" and config.channels == 3:
            self.register_buffer("table", torch.from_numpy(undo_table(config.colour_map)), persistent=False)

    def bands(self, waveform: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Features before normalisation."""
        config = self.config
        pixels = waveform.reshape(-1, config.height, config.width, config.channels)
        if config.colours == "undo" and config.channels == 3:
            cells = torch.div(pixels, 256 // LEVELS, rounding_mode="floor").long()
            places = (cells[..., 0] * LEVELS + cells[..., 1]) * LEVELS + cells[..., 2]
            planes = self.table[places][:, None].float()
        elif config.colours == "rgb" or config.channels == 1:
            planes = pixels.permute(0, 3, 1, 2)
        else:
            planes = sum(weight * pixels[..., channel] for channel, weight in enumerate(LUMA))[:, None]  # type: ignore[index]
        features = planes.reshape(-1, config.band_count, config.width) / 255.0
        return features, torch.zeros_like(lengths) + config.width

    def example_inputs(self) -> tuple[Tensor, Tensor]:
        """Two pictures."""
        values = torch.arange(2 * self.config.values, dtype=torch.float32).reshape(2, -1) % 256
        return values, torch.full((2,), self.config.values)
