"""A pipe is read while it comes: every coding as libsndfile reads it, headers of all kinds, the rest refused."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.audio.pipe import RAW_CODINGS, PipedSound, decode_samples, read_wav
from hearfelt.errors import AudioError, UnknownNameError

SOUND = np.random.default_rng(0).uniform(-0.9, 0.9, (3001, 2))


class Dribble(io.BytesIO):
    """A pipe that gives few bytes at a time, never ending with a frame."""

    def read1(self, size: int | None = -1, /) -> bytes:
        return self.read(min(size or 0, 1001))


def wav(subtype: str, container: str = "WAV") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, SOUND, 22050, subtype=subtype, format=container)
    return file.getvalue()


def whole(sound: PipedSound) -> np.ndarray:
    return np.concatenate(list(sound))


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_a_wav_is_what_libsndfile_reads(subtype: str, container: str) -> None:
    data = wav(subtype, container)
    sound = read_wav(Dribble(data))
    assert (sound.sample_rate, sound.channels) == (22050, 2)
    np.testing.assert_array_equal(whole(sound), soundfile.read(io.BytesIO(data), dtype="float32")[0])


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_whose_end_was_not_known_goes_to_the_end(size: int) -> None:
    """As ffmpeg, sox and others write it into pipes."""
    data = bytearray(wav("PCM_16"))
    place = data.index(b"data") + 4
    data[place : place + 4] = struct.pack("<I", size)
    assert whole(read_wav(Dribble(bytes(data)))).shape == SOUND.shape


def test_what_stands_before_and_after_the_sound_is_passed_over() -> None:
    data = wav("PCM_16")
    place = data.index(b"fmt ")
    notes = struct.pack("<4sI", b"LIST", 5) + b"notes\0"
    sound = read_wav(Dribble(data[:place] + notes + data[place:] + notes))
    assert whole(sound).shape == SOUND.shape


def test_a_block_is_there_before_the_pipe_ends() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as pipe, open(writing, "wb", buffering=0) as source:  # noqa: PTH123
        source.write(wav("PCM_16")[:1000])
        blocks = iter(read_wav(pipe))
        first = next(blocks)
        assert 0 < len(first) <= 250  # nothing more was written, and nothing was waited for


@pytest.mark.parametrize("coding", [name for name in RAW_CODINGS if name != "s24le"])
def test_bare_samples_are_what_libsndfile_reads(coding: str) -> None:
    subtype = {
        "u8": "PCM_U8",
        "s8": "PCM_S8",
        "s16": "PCM_16",
        "s32": "PCM_32",
        "f32": "FLOAT",
        "f64": "DOUBLE",
    }[coding.removesuffix("le").removesuffix("be")]
    order = "BIG" if coding.endswith("be") else "LITTLE"
    file = io.BytesIO()
    soundfile.write(file, SOUND, 16000, subtype=subtype, format="RAW", endian=order)
    expected = soundfile.read(
        io.BytesIO(file.getvalue()),
        dtype="float32",
        samplerate=16000,
        channels=2,
        subtype=subtype,
        format="RAW",
        endian=order,
    )[0]
    np.testing.assert_array_equal(whole(PipedSound(Dribble(file.getvalue()), coding, 16000, 2)), expected)


def test_half_a_frame_at_the_end_is_left_out() -> None:
    assert whole(PipedSound(Dribble(bytes(7)), "s16le", 16000, 2)).shape == (1, 2)
    assert list(PipedSound(Dribble(bytes(3)), "s16le", 16000, 2)) == []


def test_floats_that_are_no_sound_are_kept_for_the_one_who_refuses_them() -> None:
    with np.errstate(all="raise"):
        found = decode_samples(np.array([np.nan, np.inf, 1e300]).tobytes(), "f64le")
    assert not np.isfinite(found).any()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the input is empty"),
        (b"fLaC" + bytes(99), "is no WAV but FLAC"),
        (b"hello, this is text", "is no WAV; it begins with b'hello"),
        (wav("PCM_16")[:30], "ends inside its WAV header"),
        (wav("ULAW"), "WAV of coding 7 with 8 bits"),
        (wav("PCM_16")[:12] + b"junk" + b"\xff" * 200, "header of the input is damaged: a chunk"),
        (wav("PCM_16")[:12] + b"data" + bytes(99), "sound begins before its format"),
        (wav("PCM_16")[:12] + b"fmt " + struct.pack("<I", 4) + bytes(4), "format of 4 bytes"),
    ],
)
def test_anything_else_is_one_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(AudioError, match=sentence):
        read_wav(Dribble(data))


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"no sample format named 's16'\. Did you mean 's16"):
        PipedSound(Dribble(), "s16", 16000)
    with pytest.raises(AudioError, match="at 16 Hz"):
        PipedSound(Dribble(), "s16le", 16)
    with pytest.raises(AudioError, match="0 channels"):
        PipedSound(Dribble(), "s16le", 16000, 0)


def test_mutated_headers_never_break_it() -> None:
    rng, data = np.random.default_rng(1), wav("PCM_16")[:400]
    for _ in range(1500):
        broken = bytearray(data)
        for place in rng.integers(0, 44, rng.integers(1, 6)):
            broken[place] = rng.integers(256)
        try:
            for block in read_wav(Dribble(bytes(broken))):
                assert block.dtype == np.float32 and block.ndim == 2
        except AudioError as error:
            assert str(error)


def test_a_real_file_is_read_as_from_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(wav("PCM_24"))
    with (tmp_path / "a.wav").open("rb") as file:
        assert whole(read_wav(file)).shape == SOUND.shape
