"""Read any recording as mono float32 at the rate asked for: whole, or block by block at flat memory.

What is refused, each with one sentence: what is no audio, has no samples, is sampled below `MIN_SOURCE_RATE`
(no speech can be in it) or above `MAX_SOURCE_RATE`, or holds samples that are no numbers. A truncated or half
damaged file gives what can be read of it.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import AudioError

if TYPE_CHECKING:
    import soundfile

#: What folders are searched for.
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif"})
#: Source rates in hertz: below the first there is no band for speech, above the second there is no recorder.
MIN_SOURCE_RATE = 1000
MAX_SOURCE_RATE = 1_000_000
#: Larger samples are no sound (full scale is 1, or 2**31 where integers were written as floats), and their
#: squares would leave float32.
MAX_AMPLITUDE = 2.0**32
#: Equal to VHQ to below -80 dB up to 90 % of the band (test), at half the time.
RESAMPLING_QUALITY = "HQ"

#: Values decoded at a time, over all channels: what a damaged place costs, and little enough for the cache.
_BLOCK_VALUES = 1 << 14

Source = str | bytes | os.PathLike[str] | os.PathLike[bytes] | IO[bytes]


def read_audio(source: Source, sample_rate: int = 16000) -> NDArray[np.float32]:
    """Decode a whole recording, mix it to mono and resample it.

    Args:
        source: any file that libsndfile reads (WAV, FLAC, Ogg Vorbis and Opus, MP3, AIFF and more), whatever
            its suffix: a path, or a file object open for reading bytes.
        sample_rate: of the result, in hertz.

    Returns:
        (samples,) float32, finite, nominally in [-1, 1]; never empty.

    Raises:
        AudioError: missing, not audio, damaged from the start, or without samples; see the module.
    """
    with _open(source) as (file, name):
        return np.concatenate(list(_resampled(file, name, sample_rate)))


def channel_count(source: Source) -> int:
    """Channels of a recording, from its header.

    Raises:
        AudioError: as for `read_audio`.
    """
    with _open(source) as (file, _):
        return int(file.channels)


def read_blocks(
    source: Source, sample_rate: int = 16000, block_seconds: float = 10.0, *, channel: int | None = None
) -> Iterator[NDArray[np.float32]]:
    """Decode a recording block by block; together the blocks are exactly what `read_audio` gives.

    Memory does not grow with the length of the recording.

    Args:
        source: as for `read_audio`.
        sample_rate: of the result, in hertz.
        block_seconds: length of a block; the last may be shorter.
        channel: read this one alone, from 0, instead of the mix of all.

    Yields:
        (round(block_seconds * sample_rate),) float32.

    Raises:
        AudioError: as for `read_audio`; where the damage is inside the recording, when the block is reached.
    """
    size = max(1, round(block_seconds * sample_rate))
    with _open(source) as (file, name):
        waiting: list[NDArray[np.float32]] = []
        count = 0
        if channel is not None and not 0 <= channel < file.channels:
            raise AudioError(f"{name} has {file.channels} channels; number {channel} (from 0) was asked for.")
        for piece in _resampled(file, name, sample_rate, channel):
            waiting.append(piece)
            count += piece.size
            if count >= size:
                joined = np.concatenate(waiting)
                whole = count // size * size
                for start in range(0, whole, size):
                    yield joined[start : start + size]
                waiting, count = [joined[whole:]], count - whole
        if count:
            yield np.concatenate(waiting)


@contextlib.contextmanager
def _open(source: Source) -> Iterator[tuple[soundfile.SoundFile, str]]:
    import soundfile

    with contextlib.ExitStack() as stack:
        if isinstance(source, (str, bytes, os.PathLike)):
            name = repr(os.fsdecode(source))
            target: Any = stack.enter_context(_open_path(source, name))
        else:
            name, target = "the audio given", _seekable(source)
        if isinstance(target, io.FileIO):  # the descriptor spares a call into Python for each read
            target = target.fileno()
        try:
            file = stack.enter_context(soundfile.SoundFile(target, closefd=False))
        except (OSError, RuntimeError, TypeError, ValueError) as error:
            reason = "it is empty" if _is_empty(target) else _reason(error)
            raise AudioError(
                f"{name} is not audio that can be read ({reason}). WAV, FLAC, Ogg Vorbis, Opus, MP3 "
                "and AIFF can; convert others first, such as with: ffmpeg -i FILE out.wav"
            ) from error
        if not MIN_SOURCE_RATE <= file.samplerate <= MAX_SOURCE_RATE:
            raise AudioError(
                f"{name} is sampled at {file.samplerate} Hz. Speech needs {MIN_SOURCE_RATE} Hz at least "
                f"(8000 Hz is telephone quality), and more than {MAX_SOURCE_RATE} Hz is taken for a damaged "
                "header."
            )
        yield file, name


def _open_path(path: str | bytes | os.PathLike[str] | os.PathLike[bytes], name: str) -> IO[bytes]:
    try:
        file = open(path, "rb", buffering=0)  # noqa: SIM115, PTH123 - the caller closes it
    except FileNotFoundError as error:
        raise AudioError(f"There is no file {name}.") from error
    except IsADirectoryError as error:
        raise AudioError(f"{name} is a folder, not a recording.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise AudioError(f"{name} cannot be opened: {reason}.") from error
    try:
        mode = os.fstat(file.fileno()).st_mode
        if stat.S_ISREG(mode):
            return file
        with file:
            if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
                raise AudioError(f"{name} is a device, not a recording.")
            return io.BytesIO(file.readall())
    except BaseException:
        file.close()
        raise


def _seekable(source: IO[bytes]) -> IO[bytes]:
    """The file object itself where it can seek, as libsndfile must, or its bytes in memory."""
    given: object = source
    if isinstance(given, io.TextIOBase):
        raise AudioError("The audio given is a text file; open it in binary mode ('rb').")
    try:
        if source.seekable():
            return source
        data = source.read()
    except AttributeError as error:
        raise AudioError(
            f"Audio is given as a path or a file open for reading bytes, not as {type(source).__name__}."
        ) from error
    except (OSError, ValueError) as error:
        raise AudioError(f"The audio given cannot be read: {error}.") from error
    return io.BytesIO(data)


def _resampled(
    file: soundfile.SoundFile, name: str, sample_rate: int, channel: int | None = None
) -> Iterator[NDArray[np.float32]]:
    """Mono pieces at the target rate; at least one, and never an empty recording."""
    if sample_rate <= 0:
        raise AudioError(f"A sample rate of {sample_rate} Hz was asked for; it must be positive.")
    pieces = _mono(file, name, channel)
    produced = False
    if file.samplerate == sample_rate:
        for piece in pieces:
            produced = produced or bool(piece.size)
            yield piece
    else:
        import soxr

        stream = soxr.ResampleStream(
            file.samplerate, sample_rate, 1, dtype="float32", quality=RESAMPLING_QUALITY
        )
        for piece in pieces:
            out = stream.resample_chunk(piece)
            produced = produced or bool(out.size)
            yield out
        out = stream.resample_chunk(np.empty(0, dtype=np.float32), last=True)
        produced = produced or bool(out.size)
        yield out
    if not produced:
        raise AudioError(f"{name} has no samples: it is a {file.format} header with no sound in it.")


def _mono(file: soundfile.SoundFile, name: str, channel: int | None) -> Iterator[NDArray[np.float32]]:
    frames = max(1, _BLOCK_VALUES // file.channels)
    done = 0
    while True:
        try:
            # A header may promise terabytes: never more than a block is allocated for it.
            block = file.read(frames, dtype="float32", always_2d=True)
        except (OSError, RuntimeError, ValueError) as error:
            if done:  # what could be read is worth having
                return
            raise AudioError(
                f"{name} is damaged: nothing of it can be decoded ({_reason(error)})."
            ) from error
        if not len(block):
            return
        mono = _mix(block) if channel is None else np.ascontiguousarray(block[:, channel])
        if not max(float(mono.max()), -float(mono.min())) <= MAX_AMPLITUDE:  # also where it is NaN
            bad = int(np.argmin(np.abs(mono) <= MAX_AMPLITUDE))
            raise AudioError(
                f"{name} is damaged: the sample at {(done + bad) / file.samplerate:.4f} s is {mono[bad]}, "
                f"which is no sound (full scale is 1). Repair it or export it again."
            )
        done += len(mono)
        yield mono


def _mix(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over the channels of (frames, channels)."""
    if block.shape[1] == 1:
        return block[:, 0]
    with np.errstate(over="ignore", invalid="ignore"):  # infinities are refused by the caller
        if block.shape[1] == 2:
            return (block[:, 0] + block[:, 1]) * np.float32(0.5)
        return np.asarray(block.mean(axis=1), dtype=np.float32)


def _is_empty(source: Any) -> bool:
    """Whether a descriptor or a seekable file holds no byte."""
    try:
        return (os.fstat(source).st_size if isinstance(source, int) else source.seek(0, os.SEEK_END)) == 0
    except (AttributeError, OSError, ValueError):
        return False


def _reason(error: Exception) -> str:
    """What libsndfile says, without the path that soundfile puts before them."""
    text = str(getattr(error, "error_string", "") or error)
    return text.strip().rstrip(".")
