"""Spectrograms as PNG pictures, in and out: size, colours, one policy for clips of different length. Needs no torch.

The spectra are those of the log-mel front end (Hann window, frames inside the signal); decibels are relative to the
loudest point of the clip, as ``librosa.power_to_db(ref=np.max)`` has them, so the clip's level does not show.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hearfelt.augment.resize import axis_matrix
from hearfelt.errors import AudioError, CorpusError, require
from hearfelt.features._base import framed, power_spectra
from hearfelt.features.colours import GREY, colour_names, put_on
from hearfelt.features.log_mel import LogMelConfig, mel_filters

#: First bytes of every PNG.
SIGNATURE = b"\x89PNG\r\n\x1a\n"

_MOST_PIXELS = 4096 * 4096
_TINY = 1e-10


class ImageConfig(BaseModel):
    """How a clip is drawn.

    Attributes:
        kind: ``mel``, decibels of mel bands; ``log_amplitude``, decibels of all frequencies on a linear axis;
            ``linear``, their amplitudes, the largest being 1.
        height: of the picture, in pixels.
        width: of the picture, in pixels; of no effect where the duration is ``keep``.
        colours: a colour map of matplotlib; ``grey`` writes one channel.
        duration: of clips that are not `seconds` long: ``crop`` cuts long ones to their middle, ``pad`` adds silence to
            short ones, ``crop_pad`` does both; what is not changed fills the width all the same, as all of it does with
            ``stretch``. ``keep`` gives a column a frame.
        seconds: for the first three.
        sample_rate: that clips are brought to, in hertz.
        window_seconds: of a frame.
        hop_seconds: between frames.
        mel_count: bands, for ``mel``; resized to `height`.
        min_hz: lowest frequency.
        max_hz: highest frequency.
        top_decibels: range that is drawn, down from the loudest point.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["mel", "linear", "log_amplitude"] = "mel"
    height: int = Field(default=77, ge=4, le=4096)
    width: int = Field(default=77, ge=4, le=4096)
    colours: str = "magma"
    duration: Literal["stretch", "crop", "pad", "crop_pad", "keep"] = "stretch"
    seconds: float | None = Field(default=None, ge=0.1, le=600)
    sample_rate: int = Field(default=16000, ge=1000, le=192000)
    window_seconds: float = Field(default=0.064, gt=0, le=1)
    hop_seconds: float = Field(default=0.016, gt=0, le=1)
    mel_count: int = Field(default=128, ge=4, le=512)
    min_hz: float = Field(default=0.0, ge=0)
    max_hz: float = Field(default=8000.0, gt=0)
    top_decibels: float = Field(default=80.0, gt=0)

    @field_validator("colours")
    @classmethod
    def _known_colours(cls, value: str) -> str:
        if value not in colour_names():
            raise ValueError(
                f"there is no colour map {value!r}; matplotlib's are known, such as magma, and grey"
            )
        return value

    @model_validator(mode="after")
    def _check(self) -> ImageConfig:
        if (self.duration in ("crop", "pad", "crop_pad")) != (self.seconds is not None):
            raise ValueError(
                f"duration {self.duration!r} {'needs' if self.seconds is None else 'has no use for'} seconds"
            )
        self.front_end()  # checks the frequencies
        return self

    @property
    def channels(self) -> int:
        """1 where the picture is grey, else 3."""
        return 1 if self.colours == GREY else 3

    def front_end(self) -> LogMelConfig:
        """Frames and bands of the spectra."""
        return LogMelConfig(
            sample_rate=self.sample_rate,
            window_seconds=self.window_seconds,
            hop_seconds=self.hop_seconds,
            mel_count=self.mel_count,
            min_hz=self.min_hz,
            max_hz=self.max_hz,
            level="none",
            normalization="none",
        )


def spectrogram(waveform: NDArray[np.floating], config: ImageConfig) -> NDArray[np.float64]:
    """What is drawn, before it is resized.

    Args:
        waveform: (samples,) at ``config.sample_rate``.
        config: `kind`, frames and frequencies.

    Returns:
        (bands, frames) in [0, 1], row 0 the lowest frequency; all 0 where the clip is silent.
    """
    front_end = config.front_end()
    power = power_spectra(framed(waveform, front_end))
    if config.kind == "mel":
        power = mel_filters(front_end) @ power
    else:
        hertz = np.fft.rfftfreq(front_end.window_samples, 1 / config.sample_rate)
        power = power[(hertz >= config.min_hz) & (hertz <= config.max_hz)]
    peak = power.max(initial=0.0)
    if peak <= _TINY:
        return np.zeros_like(power)
    if config.kind == "linear":
        return np.asarray(np.sqrt(power / peak))
    decibels = 10 * np.log10(np.maximum(power / peak, 10 ** (-config.top_decibels / 10)))
    return np.asarray(1 + decibels / config.top_decibels)


def fit_duration(waveform: NDArray[np.float32], config: ImageConfig) -> NDArray[np.float32]:
    """The clip cut or padded as `ImageConfig.duration` says.

    >>> fit_duration(np.ones(8, np.float32), ImageConfig(duration="pad", seconds=1)).shape
    (16000,)
    """
    if config.seconds is None:
        return waveform
    wanted = round(config.seconds * config.sample_rate)
    missing = wanted - waveform.size
    if missing < 0 and config.duration in ("crop", "crop_pad"):
        return waveform[-missing // 2 :][:wanted]
    if missing > 0 and config.duration in ("pad", "crop_pad"):
        return np.pad(waveform, (0, missing))
    return waveform


def draw_image(waveform: NDArray[np.float32], config: ImageConfig) -> NDArray[np.uint8]:
    """A clip as pixels.

    Args:
        waveform: (samples,) float32 at ``config.sample_rate``.
        config: how.

    Returns:
        (height, width, channels) uint8, the highest frequency on top.

    Raises:
        AudioError: there are no samples.

    >>> draw_image(np.ones(16000, np.float32), ImageConfig()).shape
    (77, 77, 3)
    """
    if not waveform.size:
        raise AudioError("The clip has no samples, of which no spectrogram can be drawn.")
    values = spectrogram(fit_duration(waveform, config), config)
    width = values.shape[1] if config.duration == "keep" else config.width
    return put_on(resize_plane(values, config.height, width)[::-1], config.colours)


def resize_plane(values: NDArray[np.floating], height: int, width: int) -> NDArray[np.float64]:
    """(rows, columns) to another size: averages over what falls into a pixel, or straight lines in between."""
    return np.asarray(_axis(values.shape[0], height) @ values @ _axis(values.shape[1], width).T)


def _axis(size: int, wanted: int) -> NDArray[np.float64]:
    """(wanted, size): rows sum to 1."""
    if wanted >= size:
        return axis_matrix(size, wanted).astype(np.float64)
    edges = np.arange(wanted + 1) * (size / wanted)
    cells = np.arange(size)
    overlap = np.minimum(edges[1:, None], cells + 1) - np.maximum(edges[:-1, None], cells)
    return np.asarray(np.maximum(overlap, 0.0) * (wanted / size))


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width, 1 or 3) uint8 as the bytes of a PNG file."""
    image = require("PIL.Image", "train", "writing pictures")
    buffer = io.BytesIO()
    image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def read_png(
    source: str | os.PathLike[str] | bytes,
    *,
    height: int | None = None,
    width: int | None = None,
    channels: int | None = None,
    resize: bool = False,
) -> NDArray[np.uint8]:
    """The pixels of a PNG.

    Args:
        source: a file, or its bytes.
        height: that it has to have.
        width: that it has to have.
        channels: 1 or 3 that are wanted: grey pictures become coloured ones of equal channels; coloured ones become
            grey only where their channels are equal. Transparency is laid over white, palettes are looked up.
        resize: bring it to `height` and `width` instead of refusing another size.

    Returns:
        (height, width, channels) uint8.

    Raises:
        CorpusError: no such file, no PNG, damaged, or of another size or mode.
    """
    image = require("PIL.Image", "train", "reading pictures")
    name = "The picture" if isinstance(source, bytes) else os.fspath(source)
    try:
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise CorpusError(f"Cannot read the picture {name}: {error.strerror}.") from error
    if not data.startswith(SIGNATURE):
        raise CorpusError(
            f"{name} is not a PNG: it begins with {data[:8]!r}. Save spectrograms as PNG; JPEG changes the colours."
        )
    try:
        with image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise CorpusError(f"{name} has {picture.width} x {picture.height} pixels; that is too large.")
            pixels = _pixels(picture, name)
    except (OSError, SyntaxError, ValueError) as error:
        raise CorpusError(f"{name} is a damaged PNG: {error}. Draw it again.") from error
    pixels = _with_channels(pixels, channels, name)
    wanted = (height or pixels.shape[0], width or pixels.shape[1])
    if pixels.shape[:2] != wanted:
        if not resize:
            raise CorpusError(
                f"{name} is {pixels.shape[0]} x {pixels.shape[1]} pixels (height x width), {wanted[0]} x {wanted[1]} "
                "are expected. Draw it in that size, or ask for resizing (front_end.resize: true)."
            )
        planes = [resize_plane(plane.astype(np.float64), *wanted) for plane in np.moveaxis(pixels, 2, 0)]
        pixels = np.round(np.stack(planes, axis=2)).astype(np.uint8)
    return pixels


def _pixels(picture: object, name: str) -> NDArray[np.uint8]:
    """8-bit grey or RGB, (height, width, 1 or 3)."""
    image = require("PIL.Image", "train", "reading pictures")
    mode, convert = picture.mode, picture.convert  # type: ignore[attr-defined]
    if mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        raise CorpusError(
            f"{name} has pixels of mode {mode}; 8-bit grey, palette and RGB, with transparency or without, can be "
            "used."
        )
    transparent = mode in ("LA", "PA", "RGBA") or "transparency" in picture.info  # type: ignore[attr-defined]
    if transparent:
        over = image.new("RGBA", picture.size, "white")  # type: ignore[attr-defined]
        over.alpha_composite(convert("RGBA"))
        return np.asarray(over.convert("L" if mode == "LA" else "RGB")).reshape(*over.size[::-1], -1)
    pixels = np.asarray(convert("L" if mode in ("1", "L") else "RGB"))
    return pixels.reshape(*pixels.shape[:2], -1)


def _with_channels(pixels: NDArray[np.uint8], channels: int | None, name: str) -> NDArray[np.uint8]:
    there = pixels.shape[2]
    if channels is None or channels == there:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=2)
    if channels == 1 and bool((pixels == pixels[..., :1]).all()):
        return pixels[..., :1]
    raise CorpusError(
        f"{name} is coloured ({there} channels), {channels} channel is expected. Set front_end.channels to {there}."
    )
