"""A model that is given pictures at work: PNGs as they are, recordings drawn as its training's pictures were."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import AudioError, BundleError, CorpusError
from hearfelt.features.images import SIGNATURE, draw_image, read_png
from hearfelt.features.picture import PictureConfig
from hearfelt.recognition._engine import Engine, Piece, is_file
from hearfelt.recognition.bundle import Bundle


class PictureEngine(Engine):
    """An `Engine` whose windows are pictures. A PNG is one window of no length."""

    def __init__(self, bundle: Bundle, *arguments: Any, **named: Any) -> None:
        super().__init__(bundle, *arguments, **named)
        config = bundle.specification.front_end
        if not isinstance(config, PictureConfig):
            raise TypeError(f"{bundle.folder} takes recordings")
        self._config = config

    def pieces(self, source: Any, sample_rate: int | None) -> Iterator[Piece]:
        """The picture of a PNG, or the windows of a recording, drawn.

        Raises:
            AudioError: it cannot be read, or is a picture of another size.
            BundleError: it is a recording, and nobody says how the model's pictures are drawn.
        """
        if is_file(source):
            source, picture = _look(source)
            if picture is not None:
                yield self._picture(picture)
                return
            if self._config.render is None:
                name = f"{os.fsdecode(source)!r}" if isinstance(source, str | bytes | os.PathLike) else "This"
                raise BundleError(
                    f"{name} is no PNG, and the model in {self.folder} knows pictures only: it does not say how its "
                    "pictures were drawn. Give it pictures as it was trained on, or a model that hears recordings."
                )
        yield from super().pieces(source, sample_rate)

    def piece(self, start: int, samples: NDArray[np.float32]) -> Piece:
        """A window drawn as the training's pictures were; left out where no speech is in it.

        Raises:
            BundleError: nobody says how they were drawn.
        """
        render = self._config.render
        if render is None:
            raise BundleError(
                f"The model in {self.folder} knows pictures only, and does not say how its pictures were drawn. Give "
                "it pictures, or take a model that hears recordings."
            )
        heard = super().piece(start, samples)
        if heard.samples is None:
            return heard
        pixels = draw_image(heard.samples, render)
        if pixels.shape[2] < self._config.channels:
            pixels = np.repeat(pixels, self._config.channels, axis=2)
        return Piece(heard.start, heard.end, pixels)

    def _picture(self, source: str | os.PathLike[str] | bytes) -> Piece:
        config = self._config
        try:
            pixels = read_png(
                source,
                height=config.height,
                width=config.width,
                channels=config.channels,
                resize=config.resize,
            )
        except CorpusError as error:  # to recognition it is a recording that cannot be read
            raise AudioError(str(error)) from error
        return Piece(0, 0, pixels)

    def _feeds(self, clips: Sequence[NDArray[Any]]) -> dict[str, NDArray[Any]]:
        return {"picture": np.stack(clips)}


def _look(source: Any) -> tuple[Any, Any]:
    """The source, and what `read_png` takes where it is a PNG (by its first bytes, or by its name)."""
    if isinstance(source, str | bytes | os.PathLike):
        path = Path(os.fsdecode(source))
        try:
            with path.open("rb") as file:
                is_png = file.read(len(SIGNATURE)) == SIGNATURE
        except OSError:
            is_png = False  # who reads it will say what is wrong
        return source, path if is_png or path.suffix.lower() == ".png" else None
    data = source.read()
    return (source, data) if data.startswith(SIGNATURE) else (io.BytesIO(data), None)
