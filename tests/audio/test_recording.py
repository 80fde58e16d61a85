"""What is recorded can be played at every moment, and never replaces another recording."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.audio.recording import WavRecorder, wav_header
from hearfelt.errors import HearfeltError


def test_the_file_is_whole_after_every_block(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.wav"
    samples = np.random.default_rng(0).uniform(-0.9, 0.9, (5000, 2)).astype(np.float32)
    with WavRecorder(path, 44100, 2) as recorder:
        assert soundfile.info(path).frames == 0
        for start in range(0, 5000, 700):
            recorder.append(samples[start : start + 700])
            found, rate = soundfile.read(path, dtype="float32")
            assert rate == 44100
            np.testing.assert_allclose(found, samples[: start + 700], atol=0.51 / 32768)
        assert recorder.seconds == pytest.approx(5000 / 44100)
    assert soundfile.info(path).subtype == "PCM_16" and soundfile.info(path).frames == 5000


def test_sixteen_bits_stay_what_they_are_and_louder_is_clipped(tmp_path: Path) -> None:
    integers = np.array([-32768, -1, 0, 1, 32767], dtype=np.int16)
    with WavRecorder(tmp_path / "a.wav", 8000, 1) as recorder:
        recorder.append(integers.astype(np.float32) / 32768)
        recorder.append(np.array([1.5, -2.0, np.nan, 1.0], dtype=np.float32))
    found, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert found.tolist() == [*integers.tolist(), 32767, -32768, 0, 32767]


def test_another_recording_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("dear to me")
    with pytest.raises(HearfeltError, match=r"a\.wav is already there"):
        WavRecorder(tmp_path / "a.wav", 16000, 1)
    assert (tmp_path / "a.wav").read_text() == "dear to me"


def test_a_killed_recording_is_whole(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np\nfrom hearfelt.audio.recording import WavRecorder\n"
        "recorder = WavRecorder(sys.argv[1], 16000, 1)\n"
        "for number in range(10**9):\n"
        "    recorder.append(np.full(160, number % 1000 / 1000, np.float32))\n"
        "    if number == 50: print('going', flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, tmp_path / "a.wav"], stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"going\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    found, _ = soundfile.read(tmp_path / "a.wav")
    assert found.size >= 51 * 160 and found.size % 160 == 0
    blocks = found.reshape(-1, 160)
    np.testing.assert_allclose(blocks[:, 0], np.arange(len(blocks)) % 1000 / 1000, atol=1e-4)
    assert (blocks == blocks[:, :1]).all()


@pytest.mark.skipif(not hasattr(os, "setsid"), reason="file size limits are POSIX")
def test_a_full_disk_is_said_and_what_was_there_stays(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk."""
    code = (
        "import resource, signal, sys, numpy as np\nfrom hearfelt.audio.recording import WavRecorder\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "recorder = WavRecorder(sys.argv[1], 16000, 1)\n"
        "try:\n    for _ in range(100): recorder.append(np.full(1600, 0.5, np.float32))\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a.wav"], capture_output=True, text=True, check=True
    )
    assert "HearfeltError" in done.stdout and "cannot go on: File too large. Its first 3.1 s" in done.stdout
    found, _ = soundfile.read(tmp_path / "a.wav")
    assert found.size == 31 * 1600 and (found == 0.5).all()


def test_beyond_four_gibibytes_it_is_an_rf64(tmp_path: Path) -> None:
    """A sparse file: only its header is written."""
    for frames in (2**31 - 100, 2**31 + 1000):
        path = tmp_path / f"{frames}.wav"
        path.write_bytes(wav_header(frames * 2, 48000, 1))
        os.truncate(path, 80 + frames * 2)
        found = soundfile.info(path)
        assert (found.frames, found.samplerate, found.channels) == (frames, 48000, 1)
        assert found.format == ("WAV" if frames < 2**31 else "RF64")


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HearfeltError, match="cannot be begun"):
        WavRecorder(tmp_path / "file" / "a.wav", 16000, 1)
