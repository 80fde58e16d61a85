"""Any recording, or one clear error."""

import io
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import soundfile
import soxr

from hearfelt.audio.decode import RESAMPLING_QUALITY, channel_count, read_audio, read_blocks
from hearfelt.errors import AudioError
from hearfelt.testing.voices import make_speakers, speak


@pytest.fixture(scope="module")
def voice() -> np.ndarray:
    rng = np.random.default_rng(3)
    return speak(make_speakers(1, rng)[0], "happy", rng, seconds=2.0)


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    size = min(a.size, b.size)
    return float(np.corrcoef(a[:size], b[:size])[0, 1])


# What can be read -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("container", "subtype", "likeness"),
    [
        ("WAV", "PCM_16", 1 - 1e-7),
        ("WAV", "PCM_24", 1 - 1e-9),
        ("WAV", "PCM_U8", 0.99),
        ("WAV", "FLOAT", 1 - 1e-9),
        ("WAV", "DOUBLE", 1 - 1e-9),
        ("WAV", "ULAW", 0.99),
        ("WAV", "MS_ADPCM", 0.98),
        ("AIFF", "PCM_16", 1 - 1e-7),
        ("FLAC", "PCM_16", 1 - 1e-7),
        ("OGG", "VORBIS", 0.95),
        ("OGG", "OPUS", 0.95),
        ("MP3", "MPEG_LAYER_III", 0.95),
    ],
)
def test_formats_are_told_by_content_not_by_name(tmp_path, voice, container, subtype, likeness) -> None:
    path = tmp_path / "x.wav"
    soundfile.write(path, voice, 16000, format=container, subtype=subtype)
    found = read_audio(path)
    assert found.dtype == np.float32 and found.flags.c_contiguous
    lag = (
        1105 if container == "MP3" and found.size > voice.size + 1000 else 0
    )  # encoders that do not say their delay
    assert correlation(found[lag:], voice) > likeness


@pytest.mark.parametrize("rate", [1000, 6000, 8000, 11025, 22050, 24414, 44100, 48000, 96000, 192000, 400000])
def test_rates_lead_to_the_same_tone(tmp_path, rate) -> None:
    time = np.arange(rate) / rate
    soundfile.write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 300 * time), rate, subtype="FLOAT")
    found = read_audio(tmp_path / "a.wav")
    assert found.size == pytest.approx(16000, abs=1)
    expected = 0.5 * np.sin(2 * np.pi * 300 * np.arange(found.size) / 16000)
    np.testing.assert_allclose(found[2000:-2000], expected[2000:-2000], atol=2e-3)


@pytest.mark.parametrize("channels", [1, 2, 3, 8, 64])
def test_channels_are_averaged(tmp_path, generator, channels) -> None:
    samples = generator.uniform(-1, 1, (5000, channels))
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="DOUBLE")
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav"), samples.mean(axis=1), atol=1e-6)


def test_levels_are_kept(tmp_path) -> None:
    soundfile.write(tmp_path / "a.wav", np.float32([0.5, -3.0, 1e-5]), 16000, subtype="FLOAT")
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav"), np.float32([0.5, -3.0, 1e-5]))


@pytest.mark.parametrize("source", [44100, 48000, 22050, 96000])
def test_the_resampler_is_as_good_as_the_best_in_nine_tenths_of_the_band(generator, source) -> None:
    noise = generator.standard_normal(source * 2)
    best = soxr.resample(noise, source, 16000, quality="VHQ")
    ours = soxr.resample(noise.astype(np.float32), source, 16000, quality=RESAMPLING_QUALITY)
    window = np.hanning(best.size - 4000)
    spectrum, difference = (np.abs(np.fft.rfft(x[2000:-2000] * window)) ** 2 for x in (best, best - ours))
    band = slice(0, int(0.9 * spectrum.size * min(1, source / 16000)))
    assert 10 * np.log10(difference[band].sum() / spectrum[band].sum()) < -80


def test_real_clips_of_every_corpus_are_read(real_clips) -> None:
    for clips in real_clips.values():
        for clip in clips:
            found = read_audio(clip)
            assert np.isfinite(found).all()
            assert found.size == soundfile.info(clip).frames  # they are stored at 16 kHz


def test_originals_with_their_oddities(corpora_root) -> None:
    originals = corpora_root / "originals"
    assert read_audio(originals / "tess" / "YAF_germ_angry.wav").size == pytest.approx(2.2056 * 16000, abs=2)
    assert read_audio(originals / "tess" / "OAF_food_fear.wav").size == pytest.approx(1.5122 * 16000, abs=2)
    assert read_audio(originals / "aesdd" / "h01 (6).wav").size == pytest.approx(8.97882 * 16000, abs=2)
    with pytest.raises(AudioError, match="data"):
        read_audio(originals / "aesdd" / "s05 (3).wav")


# Streams ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [16000, 44100, 8000])
@pytest.mark.parametrize("block_seconds", [0.01, 0.77, 100.0])
def test_blocks_are_the_whole(tmp_path, generator, rate, block_seconds) -> None:
    soundfile.write(tmp_path / "a.flac", generator.uniform(-0.5, 0.5, (rate * 25, 2)), rate)
    blocks = list(read_blocks(tmp_path / "a.flac", 16000, block_seconds))
    np.testing.assert_array_equal(np.concatenate(blocks), read_audio(tmp_path / "a.flac"))
    assert {block.size for block in blocks[:-1]} <= {round(16000 * block_seconds)}
    assert 0 < blocks[-1].size <= round(16000 * block_seconds)


def test_long_recordings_are_read_at_flat_memory(tmp_path) -> None:
    rate = 44100
    with soundfile.SoundFile(tmp_path / "a.wav", "w", rate, 2, "PCM_16") as file:
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, (rate * 10, 2))
        for _ in range(60):
            file.write(noise)
    code = (
        "import sys, resource\nfrom hearfelt.audio.decode import read_blocks\n"
        "blocks = read_blocks(sys.argv[1], 16000, 10.0)\n"
        "for _ in range(6): next(blocks)\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "seconds = 60 + sum(block.size for block in blocks) / 16000\n"
        "print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a.wav"], capture_output=True, text=True, check=True
    )
    seconds, kibibytes = map(float, out.stdout.split())
    assert seconds == pytest.approx(600)
    assert kibibytes < 4096


def test_file_objects(tmp_path, voice) -> None:
    soundfile.write(tmp_path / "a.flac", voice, 16000)
    data = (tmp_path / "a.flac").read_bytes()
    expected = read_audio(tmp_path / "a.flac")
    np.testing.assert_array_equal(read_audio(io.BytesIO(data)), expected)
    with (tmp_path / "a.flac").open("rb") as file:
        np.testing.assert_array_equal(read_audio(file), expected)
        assert not file.closed
    with (tmp_path / "a.flac").open("rb", buffering=0) as file:
        np.testing.assert_array_equal(read_audio(file), expected)
        assert not file.closed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes(tmp_path, voice) -> None:
    soundfile.write(tmp_path / "a.wav", voice, 16000)
    os.mkfifo(tmp_path / "pipe")
    data = (tmp_path / "a.wav").read_bytes()
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(data,))
    writer.start()
    found = read_audio(tmp_path / "pipe")
    writer.join()
    np.testing.assert_array_equal(found, read_audio(tmp_path / "a.wav"))


def test_names_that_are_no_utf8(tmp_path, voice) -> None:
    path = os.fsencode(tmp_path) + b"/gr\xfc\xdfe \xff.wav"
    soundfile.write(tmp_path / "a.wav", voice, 16000)
    (tmp_path / "a.wav").rename(os.fsdecode(path))
    assert read_audio(path).size == read_audio(os.fsdecode(path)).size == voice.size
    with pytest.raises(AudioError) as caught:
        read_audio(path + b"x")
    str(caught.value).encode("utf-8")


# What cannot ------------------------------------------------------------------------------------------------


def raises(source, *words: str) -> None:
    with pytest.raises(AudioError) as caught:
        read_audio(source)
    message = str(caught.value)
    for word in words:
        assert word in message
    assert "\n" not in message and len(message) < 500


def test_what_is_no_audio(tmp_path) -> None:
    (tmp_path / "text.wav").write_text("This is text.\n" * 50)
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "folder.wav").mkdir()
    raises(tmp_path / "text.wav", "text.wav", "not audio", "WAV, FLAC")
    raises(tmp_path / "empty.wav", "empty.wav", "not audio")
    raises(tmp_path / "folder.wav", "is a folder")
    raises(tmp_path / "gone.wav", "There is no file", "gone.wav")
    raises(tmp_path / "a\0b.wav", "cannot be opened")
    raises("/dev/null", "is a device")
    raises(io.BytesIO(b"nothing"), "not audio")
    raises(io.StringIO("text"), "binary mode")
    raises(3.5, "path or a file")
    raises(None, "path or a file")


def test_raw_files_have_no_header_to_trust(tmp_path) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(1000))
    raises(tmp_path / "a.raw", "not audio")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    (tmp_path / "a.wav").chmod(0)
    raises(tmp_path / "a.wav", "Permission denied")


@pytest.mark.parametrize("container", ["WAV", "AIFF", "FLAC", "OGG", "MP3"])
def test_headers_without_sound(tmp_path, container) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0), 16000, format=container)
    raises(tmp_path / "a.wav", "a.wav")


@pytest.mark.parametrize("rate", [1, 8, 999])
def test_rates_without_room_for_speech(tmp_path, rate) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(100), rate)
    raises(tmp_path / "a.wav", f"{rate} Hz", "1000 Hz")


def test_rates_of_damaged_headers(tmp_path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 2_000_000)
    raises(tmp_path / "a.wav", "2000000 Hz")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e20, -1e38])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_samples_that_are_no_numbers(tmp_path, bad, channels) -> None:
    samples = np.zeros((32000, channels), dtype=np.float64)
    samples[8000, 0] = bad
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="DOUBLE")
    raises(tmp_path / "a.wav", "0.5000 s", "no sound")
    with pytest.raises(AudioError, match="no sound"):
        list(read_blocks(tmp_path / "a.wav"))


@pytest.mark.parametrize("container", ["WAV", "AIFF", "FLAC", "OGG", "MP3"])
def test_truncated_files_give_what_can_be_read(tmp_path, voice, container) -> None:
    soundfile.write(tmp_path / "a.wav", voice, 16000, format=container)
    data = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(data[: len(data) * 2 // 3])
    assert 0.3 * voice.size < read_audio(tmp_path / "a.wav").size <= voice.size


def test_a_header_that_promises_terabytes_costs_nothing(tmp_path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(1000), 16000)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    data[40:44] = b"\xff\xff\xff\xfe"
    (tmp_path / "a.wav").write_bytes(data)
    assert read_audio(tmp_path / "a.wav").size == pytest.approx(1000, abs=2)


def test_a_wrong_target_rate_is_an_error(tmp_path, voice) -> None:
    soundfile.write(tmp_path / "a.wav", voice, 16000)
    with pytest.raises(AudioError, match="must be positive"):
        read_audio(tmp_path / "a.wav", 0)


def test_one_channel_alone(tmp_path, generator) -> None:
    rate = 16000
    samples = generator.uniform(-0.5, 0.5, (30_000, 3)).astype(np.float32)
    soundfile.write(tmp_path / "three.wav", samples, rate, subtype="FLOAT")
    assert channel_count(tmp_path / "three.wav") == 3
    for channel in range(3):
        blocks = read_blocks(tmp_path / "three.wav", rate, 0.7, channel=channel)
        assert np.array_equal(np.concatenate(list(blocks)), samples[:, channel])
    with pytest.raises(AudioError, match=r"has 3 channels; number 3 \(from 0\)"):
        list(read_blocks(tmp_path / "three.wav", rate, channel=3))


def test_what_is_empty_is_called_empty(tmp_path) -> None:
    (tmp_path / "a.wav").touch()
    for source in (tmp_path / "a.wav", io.BytesIO()):
        with pytest.raises(AudioError, match=r"not audio that can be read \(it is empty\)"):
            read_audio(source)
