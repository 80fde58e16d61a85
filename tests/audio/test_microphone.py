"""A microphone gives what its device delivers, says what it lost, and what is wrong where there is none."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from hearfelt.audio import microphone as module
from hearfelt.audio.microphone import Deliver, InputDevice, Microphone, PlayedFile, PortAudio, find_device
from hearfelt.errors import AudioError, MissingExtraError

DEVICES = [
    InputDevice(2, "Built-in Microphone", 2, 48000),
    InputDevice(5, "USB Microphone", 1, 44100, default=True),
    InputDevice(7, "USB", 1, 16000),
]


class Fake:
    """Delivers given blocks at once, then stops or goes on without a word."""

    def __init__(self, blocks: list[np.ndarray], *, finite: bool = True, active: bool = False) -> None:
        self.blocks, self.finite, self.active = blocks, finite, active
        self.channels, self.overflows, self.closed = 1, 0, False

    def devices(self) -> list[InputDevice]:
        return DEVICES

    def open(self, device: InputDevice, block_frames: int, deliver: Deliver) -> Fake:
        self.opened = device, block_frames
        for block in self.blocks:
            deliver(block)
        return self

    def close(self) -> None:
        self.closed = True


def test_a_played_recording_comes_whole_in_order_and_in_real_time(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (4410, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 11025, subtype="FLOAT")
    begun = time.monotonic()
    with Microphone(backend=PlayedFile(tmp_path / "a.wav"), block_seconds=0.02) as microphone:
        assert microphone.sample_rate == 11025 and microphone.device.channels == 2
        blocks = list(microphone)
    assert 0.4 <= time.monotonic() - begun < 4
    assert max(map(len, blocks)) == 220
    np.testing.assert_array_equal(np.concatenate(blocks), samples)


def test_closing_stops_a_recording_that_is_played(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", np.zeros(16000 * 60), 16000)
    begun = time.monotonic()
    with Microphone(backend=PlayedFile(tmp_path / "long.wav")) as microphone:
        for number, _ in enumerate(microphone):
            if number == 2:
                break
    assert time.monotonic() - begun < 5
    assert sum(map(len, microphone)) < 16000  # what had come can still be read, then it ends


@pytest.mark.parametrize("content", [None, "not audio"])
def test_what_cannot_be_played_is_said(tmp_path: Path, content: str | None) -> None:
    if content:
        (tmp_path / "x.wav").write_text(content)
    with pytest.raises(AudioError, match=r"x\.wav' cannot be played"):
        PlayedFile(tmp_path / "x.wav")


@pytest.mark.parametrize(
    ("wanted", "index"), [(None, 5), (2, 2), ("7", 7), ("built", 2), ("USB", 7), ("usb micro", 5)]
)
def test_a_device_is_found(wanted: int | str | None, index: int) -> None:
    assert find_device(DEVICES, wanted).index == index


def test_without_a_default_the_first_is_taken() -> None:
    assert find_device([DEVICES[0], DEVICES[2]], None).index == 2


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("3", r"no recording device '3'. There are: 2 \(Built-in Microphone\), 5"),
        ("microphone", "fits 2 devices: 2 .* 5 .* Give the number"),
        ("", "no recording device ''"),
    ],
)
def test_a_device_that_is_not_found_names_the_others(wanted: str, sentence: str) -> None:
    with pytest.raises(AudioError, match=sentence):
        find_device(DEVICES, wanted)


def test_no_device_at_all_says_what_else_to_do() -> None:
    with pytest.raises(AudioError, match=r"There is no microphone.*hearfelt listen -"):
        find_device([], None)


def test_a_slow_reader_loses_sound_and_is_told_how_much() -> None:
    blocks = [np.full((4410, 1), number, np.float32) for number in range(620)]
    with Microphone(5, backend=Fake(blocks), block_seconds=0.1) as microphone:
        kept = [int(block[0, 0]) for block in microphone]
    assert kept == list(range(600))  # a minute, from its beginning
    assert microphone.lost_seconds == pytest.approx(2.0)


def test_a_microphone_that_is_unplugged_is_an_error_after_its_last_sound() -> None:
    got = []
    with (
        Microphone(backend=Fake([np.zeros((10, 1), np.float32)], finite=False)) as microphone,
        pytest.raises(AudioError, match="'USB Microphone' has stopped; was it unplugged"),
    ):
        got.extend(microphone)
    assert len(got) == 1


def test_a_microphone_that_delivers_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STALL_SECONDS", 0.3)
    with (
        Microphone(backend=Fake([], finite=False, active=True)) as microphone,
        pytest.raises(AudioError, match="has delivered nothing for"),
    ):
        list(microphone)


def test_it_is_closed_whatever_happens_and_must_be_open() -> None:
    fake = Fake([])
    with pytest.raises(ZeroDivisionError), Microphone(backend=fake):
        raise ZeroDivisionError
    assert fake.closed
    with pytest.raises(AudioError, match="is not open"):
        next(iter(Microphone(backend=fake)))


# PortAudio itself is not on every machine: its library is imitated, as far as it is used.


class FakeSoundDevice:
    PortAudioError = RuntimeError

    def __init__(self, least_channels: int = 1, broken: str = "") -> None:
        self.default = SimpleNamespace(device=[1, 0])
        self.least_channels, self.broken, self.closed = least_channels, broken, 0
        self.asked: list[dict[str, Any]] = []

    def query_devices(self) -> list[dict[str, Any]]:
        return [
            {"name": "Speaker", "max_input_channels": 0, "default_samplerate": 48000.0},
            {"name": "Microphone", "max_input_channels": 6, "default_samplerate": 44100.0},
        ]

    def InputStream(self, **settings: Any) -> Any:
        self.asked.append(settings)
        if self.broken or settings["channels"] < self.least_channels:
            raise self.PortAudioError(self.broken or "Invalid number of channels")
        memory = np.zeros((settings["blocksize"], settings["channels"]), np.float32)

        def start() -> None:
            for number in range(3):
                memory[:] = number  # one memory for all, as PortAudio has
                settings["callback"](memory, len(memory), None, SimpleNamespace(input_overflow=number == 1))

        return SimpleNamespace(start=start, active=False, close=lambda ignore_errors=True: None)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> FakeSoundDevice:
    fake = FakeSoundDevice()
    monkeypatch.setattr(module, "require", lambda *_: fake)
    return fake


def test_portaudio_lists_what_records(library: FakeSoundDevice) -> None:
    assert PortAudio().devices() == [InputDevice(1, "Microphone", 6, 44100, default=True)]


def test_portaudio_is_asked_for_one_channel_at_the_rate_of_the_device(library: FakeSoundDevice) -> None:
    with Microphone("micro") as microphone, pytest.raises(AudioError, match="has stopped"):
        for number, block in enumerate(microphone):
            assert block.shape == (2205, 1) and block.dtype == np.float32
            assert (block == number).all()
    assert library.asked[0]["samplerate"] == 44100 and library.asked[0]["device"] == 1
    assert microphone.overflows == 1


def test_a_device_that_has_no_single_channel_is_opened_with_more(library: FakeSoundDevice) -> None:
    library.least_channels = 6
    with Microphone() as microphone:
        assert [settings["channels"] for settings in library.asked] == [1, 2, 6]
        assert next(iter(microphone)).shape == (2205, 6)


def test_a_device_that_cannot_be_opened_is_said(library: FakeSoundDevice) -> None:
    library.broken = "Device unavailable"
    with pytest.raises(AudioError, match=r"'Microphone' cannot be opened at 44100 Hz \(Device unavailable\)"):
        Microphone().__enter__()


@pytest.mark.parametrize("missing", [MissingExtraError("pip install 'hearfelt[mic]'."), OSError("PortAudio")])
def test_a_missing_library_names_what_to_install(monkeypatch: pytest.MonkeyPatch, missing: Exception) -> None:
    def fail(*_: str) -> None:
        raise missing

    monkeypatch.setattr(module, "require", fail)
    with pytest.raises(MissingExtraError, match=r"pip install 'hearfelt\[mic\]'") as caught:
        Microphone()
    assert "apt-get install libportaudio2" in str(caught.value) and "listen -" in str(caught.value)
