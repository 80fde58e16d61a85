import numpy as np
import pytest
import soundfile

from hearfelt.audio.arrays import mono_at
from hearfelt.audio.decode import read_audio
from hearfelt.errors import AudioError


def test_samples_in_memory_and_in_a_file_give_the_same(tmp_path, generator) -> None:
    stereo = generator.uniform(-0.5, 0.5, (30000, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", stereo, 44100, subtype="FLOAT")
    np.testing.assert_allclose(mono_at(stereo, 44100, 16000), read_audio(tmp_path / "a.wav"), atol=2e-6)


@pytest.mark.parametrize("dtype", ["int16", "int32", "uint8", "int8"])
def test_integers_mean_full_scale(dtype) -> None:
    limits = np.iinfo(dtype)
    found = mono_at(np.array([limits.min, limits.max], dtype=dtype), 16000, 16000)
    np.testing.assert_allclose(found, [-1, 1], atol=1 / 100)
    assert found[0] == -1


def test_doubles_and_lists_are_floats() -> None:
    np.testing.assert_array_equal(mono_at([0.5, -0.25], 16000, 16000), np.float32([0.5, -0.25]))


def test_what_is_given_is_not_changed(generator) -> None:
    given = generator.uniform(-1, 1, 100).astype(np.float32)
    kept = given.copy()
    mono_at(given, 16000, 16000)[:] = 0
    np.testing.assert_array_equal(given, kept)


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (np.zeros(10), None, "need their sample rate"),
        (np.zeros(10), 10, "are said to be at 10 Hz"),
        (np.zeros(10), 10**9, "are said to be at"),
        (np.zeros(0), 16000, "no samples"),
        (np.zeros((2, 48000)), 16000, "Transpose"),
        (np.zeros((2, 2, 2)), 16000, "shape"),
        (np.array([0.0, np.nan]), 16000, "Sample 1 is nan"),
        (np.array([0.0, 0.0, -np.inf]), 16000, "Sample 2 is -inf"),
        (np.array([1e300]), 16000, "no sound"),
        (np.array(["a"]), 16000, "type"),
        ([1, 2, 3], 16000, "type int64"),
        ([[1.0], [1.0, 2.0]], 16000, "no array"),
        (np.array([True, False]), 16000, "type bool"),
        (np.zeros(1), 1_000_000, "too few"),
    ],
)
def test_what_is_no_sound_is_refused_with_a_reason(samples, rate, message) -> None:
    with pytest.raises(AudioError, match=message):
        mono_at(samples, rate, 16000)
