"""Write sound into a WAV while it comes, so that the file can be played at every moment, also after a kill."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import HearfeltError

_SAMPLE_BYTES = 2
_SYNC_SECONDS = 10.0  # at most this much is lost where the machine itself loses power
_LARGEST = 2**32 - 1


class WavRecorder:
    """A 16-bit WAV that grows; samples outside [-1, 1] are clipped.

    Sound is written first and the header, which says how much there is, right after it: whatever happens, the file
    holds everything up to the last `append`. Beyond 4 GiB it becomes an RF64 (EBU Tech 3306).

    Args:
        path: a file that is not there yet; missing folders are made.
        sample_rate: in hertz.
        channels: of the blocks.

    Raises:
        HearfeltError: the file is there already, or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], sample_rate: int, channels: int) -> None:
        self.path = Path(path)
        self.sample_rate, self.channels = sample_rate, channels
        self._frames = 0
        self._synced = 0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb", buffering=0)
        except OSError as error:
            if isinstance(error, FileExistsError) and self.path.parent.is_dir():
                raise HearfeltError(
                    f"{self.path} is already there, and a recording never replaces another. Name a new file, or "
                    "remove it."
                ) from error
            raise HearfeltError(
                f"The recording {self.path} cannot be begun: {error.strerror or error}."
            ) from error
        self._guarded(self._write_header)

    def __enter__(self) -> WavRecorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def seconds(self) -> float:
        """Length of what is in the file."""
        return self._frames / self.sample_rate

    def append(self, block: NDArray[np.floating]) -> None:
        """Add (frames, channels), or (frames,) of one channel.

        Raises:
            HearfeltError: the disk is full; what was there before stays whole.
        """
        scaled = np.round(np.nan_to_num(block.reshape(-1, self.channels)) * 32768.0)
        data = np.clip(scaled, -32768, 32767).astype("<i2").tobytes()
        self._guarded(self._write, data)

    def close(self) -> None:
        """Finish the file; again changes nothing."""
        if not self._file.closed:
            with contextlib.suppress(OSError):
                os.fsync(self._file.fileno())
            self._file.close()

    def _write(self, data: bytes) -> None:
        frame = _SAMPLE_BYTES * self.channels
        self._file.seek(_HEADER_BYTES + self._frames * frame)
        self._write_all(data)
        self._frames += len(data) // frame
        self._write_header()
        if self._frames - self._synced >= _SYNC_SECONDS * self.sample_rate:
            os.fsync(self._file.fileno())
            self._synced = self._frames

    def _write_header(self) -> None:
        self._file.seek(0)
        size = self._frames * _SAMPLE_BYTES * self.channels
        self._write_all(wav_header(size, self.sample_rate, self.channels))

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _guarded(self, write: Callable[..., None], *arguments: bytes) -> None:
        try:
            write(*arguments)
        except OSError as error:
            self.close()
            raise HearfeltError(
                f"The recording {self.path} cannot go on: {error.strerror or error}. Its first {self.seconds:.1f} s "
                "are in the file."
            ) from error


def wav_header(data_bytes: int, sample_rate: int, channels: int) -> bytes:
    """Header of a 16-bit WAV, or of an RF64 where the sizes need more than 32 bits; both are equally long.

    >>> wav_header(0, 16000, 1)[:4], wav_header(2**32, 16000, 1)[:4], len(wav_header(2**32, 16000, 1))
    (b'RIFF', b'RF64', 80)
    """
    frame = _SAMPLE_BYTES * channels
    riff_bytes = _HEADER_BYTES - 8 + data_bytes
    large = riff_bytes > _LARGEST
    sizes = struct.pack("<QQQI", riff_bytes, data_bytes, data_bytes // frame, 0) if large else bytes(28)
    return b"".join(
        (
            struct.pack("<4sI4s", b"RF64" if large else b"RIFF", min(riff_bytes, _LARGEST), b"WAVE"),
            struct.pack("<4sI", b"ds64" if large else b"JUNK", 28),
            sizes,
            struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, sample_rate, sample_rate * frame, frame, 16),
            struct.pack("<4sI", b"data", _LARGEST if large else data_bytes),
        )
    )


_HEADER_BYTES = 80
