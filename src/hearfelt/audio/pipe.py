"""Read sound from a pipe while it comes: a WAV whose end is not known yet, or bare samples.

libsndfile wants to seek, and a pipe cannot; here a block is given on as soon as it is there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hearfelt.audio.decode import MAX_SOURCE_RATE, MIN_SOURCE_RATE
from hearfelt.errors import AudioError, UnknownNameError

#: Names of bare samples, as ffmpeg and sox call them -> numpy's name; 24 bits have none.
RAW_CODINGS: Mapping[str, str] = {
    "u8": "u1",
    "s8": "i1",
    "s16le": "<i2",
    "s16be": ">i2",
    "s24le": "s24",
    "s32le": "<i4",
    "s32be": ">i4",
    "f32le": "<f4",
    "f32be": ">f4",
    "f64le": "<f8",
    "f64be": ">f8",
}
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_WAV_CODINGS = {
    (_PCM, 1): "u8",
    (_PCM, 2): "s16le",
    (_PCM, 3): "s24le",
    (_PCM, 4): "s32le",
    (_FLOAT, 4): "f32le",
    (_FLOAT, 8): "f64le",
}
_SCALES = {"i1": 2.0**7, "i2": 2.0**15, "i4": 2.0**31}

_READ_BYTES = 1 << 16
#: A longer chunk before the sound is taken for a damaged header.
_MOST_HEADER_BYTES = 1 << 24
#: Sizes from here on are what programs write when they do not know the end.
_ENDLESS = 0x7FFF0000
_MAX_CHANNELS = 64

_OTHERS = {
    b"fLaC": "FLAC",
    b"OggS": "Ogg",
    b"ID3": "MP3",
    b"\xff\xfb": "MP3",
    b"FORM": "AIFF",
    b"RIFX": "RIFX",
}
_HINT = (
    "A WAV can be read while it comes (`ffmpeg -i SOURCE -f wav -` makes one of anything); bare samples need their "
    "format: --raw s16le --rate 16000."
)


class Pipe(Protocol):
    """A file open for reading bytes, such as ``sys.stdin.buffer``; it need not seek."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, or fewer at the end."""

    def read1(self, size: int, /) -> bytes:
        """What is there, at most so many bytes; waits for one."""


@dataclass(frozen=True, slots=True)
class PipedSound:
    """Sound in a pipe, iterated for its blocks.

    Attributes:
        pipe: where it comes from.
        coding: one of `RAW_CODINGS`.
        sample_rate: in hertz.
        channels: interleaved.
        size: bytes of sound, None where it goes on to the end.
    """

    pipe: Pipe
    coding: str
    sample_rate: int
    channels: int = 1
    size: int | None = None

    def __post_init__(self) -> None:
        if self.coding not in RAW_CODINGS:
            raise UnknownNameError("sample format", self.coding, RAW_CODINGS)
        if not MIN_SOURCE_RATE <= self.sample_rate <= MAX_SOURCE_RATE:
            raise AudioError(
                f"The sound is said to be at {self.sample_rate} Hz; {MIN_SOURCE_RATE} to {MAX_SOURCE_RATE} Hz are "
                "possible."
            )
        if not 1 <= self.channels <= _MAX_CHANNELS:
            raise AudioError(
                f"The sound is said to have {self.channels} channels; 1 to {_MAX_CHANNELS} are possible."
            )

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Blocks of (frames, channels) float32 as they come; half a frame at the end is left out."""
        frame = self.channels * sample_bytes(self.coding)
        rest, left = b"", self.size
        while left is None or left > 0:
            data = self.pipe.read1(_READ_BYTES if left is None else min(left, _READ_BYTES))
            if not data:
                return
            if left is not None:
                left -= len(data)
            data = rest + data
            whole = len(data) // frame * frame
            rest = data[whole:]
            if whole:
                yield decode_samples(data[:whole], self.coding).reshape(-1, self.channels)


def read_wav(pipe: Pipe) -> PipedSound:
    """Read the header of a WAV; the sound is not waited for.

    Raises:
        AudioError: it is no WAV, or one of a coding that cannot be read on the fly.
    """
    head = pipe.read(12)
    if not head:
        raise AudioError(f"There is no sound: the input is empty. {_HINT}")
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        kind = next((f" but {name}" for start, name in _OTHERS.items() if head.startswith(start)), "")
        raise AudioError(f"The input is no WAV{kind}; it begins with {head[:8]!r}. {_HINT}")
    coding: tuple[str, int, int] | None = None
    large: int | None = None
    while True:
        name, size = struct.unpack("<4sI", _exactly(pipe, 8))
        if name == b"data":
            break
        if size > _MOST_HEADER_BYTES:
            raise AudioError(
                f"The header of the input is damaged: a chunk {name!r} of {size} bytes before the sound."
            )
        body = _exactly(pipe, size + size % 2)
        if name == b"fmt ":
            coding = _coding(body)
        elif name == b"ds64" and size >= 16:
            large = struct.unpack_from("<Q", body, 8)[0]
    if coding is None:
        raise AudioError("The header of the input is damaged: the sound begins before its format is said.")
    known = large if size == 0xFFFFFFFF else size
    endless = known is None or known == 0 or (large is None and known >= _ENDLESS)
    return PipedSound(pipe, *coding, None if endless else known)


def _coding(body: bytes) -> tuple[str, int, int]:
    if len(body) < 16:
        raise AudioError(f"The header of the input is damaged: a format of {len(body)} bytes; 16 were due.")
    tag, channels, rate, _, frame, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        (tag,) = struct.unpack_from("<H", body, 24)
    found = _WAV_CODINGS.get((tag, frame // channels if channels else 0))
    if found is None:
        raise AudioError(
            f"The input is a WAV of coding {tag} with {bits} bits and {channels} channels; integers of 8 to 32 bits "
            "and floats can be read while they come. Convert it: ffmpeg -i SOURCE -c:a pcm_s16le -f wav -"
        )
    return found, rate, channels


def _exactly(pipe: Pipe, size: int) -> bytes:
    data = pipe.read(size)
    if len(data) < size:
        raise AudioError("The input ends inside its WAV header; there is no sound in it.")
    return data


def sample_bytes(coding: str) -> int:
    """Bytes of a sample.

    >>> sample_bytes("s24le"), sample_bytes("f32le")
    (3, 4)
    """
    name = RAW_CODINGS[coding]
    return 3 if name == "s24" else np.dtype(name).itemsize


def decode_samples(data: bytes, coding: str) -> NDArray[np.float32]:
    """Bytes as float32, full scale at 1.

    >>> decode_samples(bytes([0, 0, 64, 0, 0, 128]), "s24le").tolist()
    [0.5, -1.0]
    """
    name = RAW_CODINGS[coding]
    if name == "s24":
        wide = np.zeros((len(data) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
        return (wide.view("<i4")[:, 0] / 2.0**31).astype(np.float32)
    values = np.frombuffer(data, dtype=name)
    if name == "u1":
        return ((values.astype(np.float32) - 128.0) / 128.0).astype(np.float32)
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # whoever takes the samples refuses those that are no sound
        return (values / _SCALES.get(name[-2:], 1.0)).astype(np.float32)
