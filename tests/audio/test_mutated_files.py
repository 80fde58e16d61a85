"""Thousands of damaged files: each gives finite samples or one clear `AudioError`, never anything else."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.audio.decode import read_audio, read_blocks
from hearfelt.audio.voice_activity import has_speech
from hearfelt.errors import AudioError
from hearfelt.testing.voices import make_speakers, speak

FORMATS = (
    ("WAV", "PCM_16", 1),
    ("WAV", "PCM_24", 2),
    ("WAV", "FLOAT", 1),
    ("WAV", "DOUBLE", 3),
    ("WAV", "IMA_ADPCM", 1),
    ("AIFF", "PCM_16", 1),
    ("FLAC", "PCM_16", 2),
    ("OGG", "VORBIS", 1),
    ("OGG", "OPUS", 2),
    ("MP3", "MPEG_LAYER_III", 1),
)
_MOST_BYTES = 40_000


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """One to three injuries: flipped bits, overwritten, cut or doubled parts; headers suffer most."""
    found = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        reach = len(found) if rng.random() < 0.5 else min(len(found), 128)
        place = int(rng.integers(reach)) if reach else 0
        size = int(rng.integers(1, 9) if rng.random() < 0.7 else rng.integers(1, 2000))
        kind = rng.integers(7)
        if kind == 0:
            for _ in range(int(rng.integers(1, 30))):
                if reach:
                    found[int(rng.integers(reach))] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            found[place : place + size] = rng.bytes(len(found[place : place + size]))
        elif kind == 2:
            found[place : place + size] = bytes([int(rng.choice([0, 0x7F, 0x80, 0xFF]))]) * size
        elif kind == 3:
            del found[place : place + size]
        elif kind == 4:
            found[place:place] = found[place : place + size]
        elif kind == 5:
            del found[int(rng.integers(len(found) + 1)) :]
        else:
            found[place:place] = rng.bytes(size)
    return bytes(found)


def outcome(data: bytes, path: Path) -> str:
    """``read``, or the kind of error; anything that is not allowed is raised."""
    path.write_bytes(data)
    try:
        samples = read_audio(path)
    except AudioError as error:
        message = str(error)
        assert path.name in message and "\n" not in message and 20 < len(message) < 600, message
        return "refused"
    assert samples.dtype == np.float32 and samples.ndim == 1 and samples.size
    assert np.isfinite(samples).all()
    assert samples.size < 60 * 16000 * 60, "a small file grew to an hour"
    has_speech(samples, 16000)
    return "read"


def synthetic() -> Iterator[bytes]:
    rng = np.random.default_rng(5)
    voice = speak(make_speakers(1, rng)[0], "angry", rng, seconds=0.6)
    for container, subtype, channels in FORMATS:
        buffer = io.BytesIO()
        soundfile.write(
            buffer, np.stack([voice] * channels, axis=1), 16000, format=container, subtype=subtype
        )
        yield buffer.getvalue()


def test_mutated_files_of_every_format(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    outcomes: Counter[str] = Counter()
    for data in synthetic():
        for _ in range(250):
            outcomes[outcome(mutate(data, rng), tmp_path / "x.wav")] += 1
    assert outcomes["read"] > 500 and outcomes["refused"] > 500, outcomes


def test_mutated_originals_of_the_corpora(corpora_root: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    outcomes: Counter[str] = Counter()
    originals = sorted(path for path in (corpora_root / "originals").rglob("*") if path.is_file())
    for original in originals:
        data = original.read_bytes()[:_MOST_BYTES]
        for _ in range(60):
            outcomes[outcome(mutate(data, rng), tmp_path / "x.wav")] += 1
    assert outcomes["read"] > 100 and outcomes["refused"] > 100, outcomes


@pytest.mark.parametrize(
    "text", ["", "RIFF", "RIFF\0\0\0\0WAVEfmt ", "fLaC", "OggS", "ID3", "FORM\0\0\0\0AIFF"]
)
def test_beginnings_of_headers(tmp_path: Path, text: str) -> None:
    for tail in (b"", bytes(10), bytes(1000), b"\xff" * 1000):
        assert outcome(text.encode() + tail, tmp_path / "x.wav") in ("read", "refused")


def test_blocks_of_mutated_files_are_what_is_read_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    path = tmp_path / "x.wav"
    read = 0
    for data in synthetic():
        for _ in range(10):
            path.write_bytes(mutate(data, rng))
            try:
                whole = read_audio(path)
            except AudioError:
                with pytest.raises(AudioError):
                    list(read_blocks(path, 16000, 0.1))
                continue
            np.testing.assert_array_equal(np.concatenate(list(read_blocks(path, 16000, 0.1))), whole)
            read += 1
    assert read > 20
