"""One recording has one hash, whatever it is stored in; two have two."""

import hashlib

import numpy as np
import pytest
import soundfile

from hearfelt.audio.content import audio_hash
from hearfelt.audio.decode import read_audio


def test_definition() -> None:
    samples = np.array([0.0, 0.5, -1.0, 1.0], np.float32)
    stored = np.array([0, 16384, -32767, 32767], "<i2").tobytes()
    assert audio_hash(samples) == hashlib.blake2b(stored, digest_size=16).hexdigest()
    assert len(audio_hash(samples)) == 32


@pytest.mark.parametrize("suffix, subtype", [("flac", "PCM_24"), ("wav", "FLOAT"), ("aiff", "PCM_16")])
def test_lossless_containers_agree(tmp_path, generator, suffix, subtype) -> None:
    quantised = generator.integers(-30000, 30000, 4000) / 32768  # as libsndfile reads 16 bits
    soundfile.write(tmp_path / "a.wav", quantised, 16000, subtype="FLOAT")
    exact = quantised if subtype == "FLOAT" else np.int32(quantised * 2**31)  # soundfile would scale floats
    soundfile.write(tmp_path / f"b.{suffix}", exact, 16000, subtype=subtype)
    assert audio_hash(read_audio(tmp_path / "a.wav")) == audio_hash(read_audio(tmp_path / f"b.{suffix}"))


def test_one_step_of_16_bits_is_another_recording(generator) -> None:
    samples = generator.uniform(-0.5, 0.5, 1000).astype(np.float32)
    other = samples.copy()
    other[500] += 2 / 32767
    assert audio_hash(samples) != audio_hash(other)
    assert audio_hash(samples) != audio_hash(samples[:-1])


def test_out_of_range_is_clipped_not_wrapped() -> None:
    assert audio_hash(np.array([1.5, -7.0])) == audio_hash(np.array([1.0, -1.0]))
