"""``hearfelt listen`` as people and programs meet it: real processes, sound in real time, signals, a terminal."""

from __future__ import annotations

import io
import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from rich.console import Console

from hearfelt.audio import microphone
from hearfelt.audio.microphone import Deliver, InputDevice
from hearfelt.cli import main
from hearfelt.cli._live import RIBBON_SECONDS, Screen
from hearfelt.cli.listen import _Stop
from hearfelt.errors import MissingExtraError
from hearfelt.recognition.recognizer import Recognizer, load
from hearfelt.recognition.results import Segment
from hearfelt.testing.bundles import write_tiny_bundle
from hearfelt.testing.voices import make_speakers, speak

#: A child of a script in the background would ignore SIGINT; these are to hear it.
PROGRAM = [
    sys.executable,
    "-c",
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from hearfelt.cli import main; sys.exit(main())",
]
RATE = 16000
posix = pytest.mark.skipif(os.name != "posix", reason="POSIX signals and terminals")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Short windows, so that a second of sound has events."""
    return str(write_tiny_bundle(tmp_path_factory.mktemp("tiny"), window_seconds=0.5, hop_seconds=0.25))


@pytest.fixture(scope="module")
def recognizer(bundle: str) -> Recognizer:
    return load(bundle)


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds, 16 bits."""
    path = tmp_path_factory.mktemp("voice") / "voice.wav"
    rng = np.random.default_rng(8)
    soundfile.write(path, speak(make_speakers(1, rng)[0], "angry", rng, seconds=2.0), RATE)
    return path


class Child:
    """A running ``hearfelt listen`` that is fed while its lines are read."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [*PROGRAM, "listen", *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=False,
        )
        assert self.process.stdin and self.process.stdout
        self.stdin, self.lines = self.process.stdin, list[str]()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.decode())

    def feed(self, data: bytes, seconds: float) -> None:
        """Twenty pieces over so many seconds."""
        pieces = np.linspace(0, len(data), 21).astype(int)
        for start, end in pairwise(pieces):
            self.stdin.write(data[start:end])
            self.stdin.flush()
            time.sleep(seconds / 20)

    def wait_for(self, lines: int) -> None:
        deadline = time.monotonic() + 30
        while len(self.lines) < lines:
            assert time.monotonic() < deadline and self.process.poll() is None, self.lines
            time.sleep(0.01)

    def end(self) -> tuple[int, str]:
        assert self.process.stderr
        err = self.process.stderr.read().decode()
        status = self.process.wait(30)
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe and not pipe.closed:
                pipe.close()
        return status, err

    @property
    def events(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.lines]


def expected(recognizer: Recognizer, path: Path) -> list[dict[str, object]]:
    return recognizer(path).to_dict()["segments"]


def same(found: list[dict[str, object]], wanted: list[dict[str, object]]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert {**one, "probabilities": 0, "confidence": 0} == {**other, "probabilities": 0, "confidence": 0}
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)


def test_a_wav_in_real_time_gives_events_while_it_comes_and_those_of_the_file(
    bundle, recognizer, voice
) -> None:
    child = Child("-", "--jsonl", "--model", bundle)
    data = voice.read_bytes()
    child.feed(data[: len(data) // 2], 0.8)
    child.wait_for(2)  # the pipe is open still
    child.feed(data[len(data) // 2 :], 0.4)
    child.stdin.close()
    status, err = child.end()
    assert status == 0 and err == "Listening to standard input at 16000 Hz; Ctrl-C ends it.\n"
    same(child.events, expected(recognizer, voice))


@posix
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_with_the_last_event_and_a_whole_recording(
    bundle, recognizer, voice, tmp_path, how
) -> None:
    saved = tmp_path / "saved.wav"
    child = Child("-", "--jsonl", "--model", bundle, "--save", saved)
    child.feed(voice.read_bytes()[:50001], 0.3)  # ends inside a sample
    child.wait_for(4)
    while soundfile.info(saved).frames < (50001 - 44) // 2:
        time.sleep(0.01)
    child.process.send_signal(how)
    status, err = child.end()
    assert status == 0, err
    assert err.endswith(f"Recording: {saved} (1.6 s)\n") and "Traceback" not in err
    np.testing.assert_array_equal(
        soundfile.read(saved, dtype="int16")[0], soundfile.read(voice, dtype="int16")[0][: (50001 - 44) // 2]
    )
    same(child.events, expected(recognizer, saved))
    assert child.events[-1]["end"] == pytest.approx(24978 / RATE, abs=1e-6)


@posix
def test_killed_the_recording_is_whole_and_no_event_was_held_back(bundle, voice, tmp_path) -> None:
    saved = tmp_path / "saved.wav"
    child = Child("-", "--jsonl", "--model", bundle, "--save", saved)
    child.feed(voice.read_bytes(), 0.2)
    child.wait_for(6)
    child.process.kill()
    assert child.end()[0] == -signal.SIGKILL
    found = soundfile.read(saved, dtype="int16")[0]
    assert found.size >= 1.75 * RATE  # what the events were made of
    np.testing.assert_array_equal(found, soundfile.read(voice, dtype="int16")[0][: found.size])


@posix
@pytest.mark.parametrize(
    ("begin", "more"), [(b"RIFF....WAVE", []), (bytes(100), ["--raw", "s16le", "--rate", "16000"])]
)
def test_a_signal_while_nothing_comes_ends_it(bundle, begin, more) -> None:
    import fcntl
    import termios

    child = Child("-", "--jsonl", "--model", bundle, *more)
    child.feed(begin, 0)
    waiting, deadline = bytearray(4), time.monotonic() + 30
    while fcntl.ioctl(child.stdin, termios.FIONREAD, waiting) or any(waiting):  # until it was read
        assert time.monotonic() < deadline
        time.sleep(0.01)
    child.process.send_signal(signal.SIGINT)
    status, err = child.end()
    assert status == 0 and "Traceback" not in err and "error" not in err


@posix
def test_a_closed_reader_ends_it(bundle, voice) -> None:
    with voice.open("rb") as sound:
        process = subprocess.Popen(
            [*PROGRAM, "listen", "-", "--model", bundle],
            stdin=sound,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout
        process.stdout.close()
        assert process.wait(30) == 141
    assert process.stderr and b"Traceback" not in process.stderr.read()
    process.stderr.close()


@posix
def test_a_terminal_shows_it_live_until_ctrl_c(bundle, voice, tmp_path) -> None:
    import pty

    own, other = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "30"}
    command = [*PROGRAM, "listen", "--device", f"file:{voice}", "--model", bundle]
    process = subprocess.Popen(
        command, stdin=other, stdout=other, stderr=other, env=environment, start_new_session=True
    )
    os.close(other)
    seen, sent, deadline = b"", False, time.monotonic() + 30
    while time.monotonic() < deadline:
        if select.select([own], [], [], 0.1)[0]:
            try:
                seen += os.read(own, 1 << 16)
            except OSError:  # the other side is closed
                break
        if not sent and seen.count(b"0:00:01") and b"Level" in seen:
            process.send_signal(signal.SIGINT)
            sent = True
    assert process.wait(30) == 0 and sent
    os.close(own)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    assert "The last minute" in text and "angry" in text and "now" in text and "Traceback" not in text
    assert seen.endswith(b"\x1b[?25h")  # the cursor is back


# In this process: the requests, the devices, the screen.


def listen(capsys, *arguments: object) -> tuple[int, str, str]:
    status = main(["listen", *map(str, arguments)])
    return status, *capsys.readouterr()


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch):
    def give(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))

    return give


def test_a_recording_stands_for_a_microphone(capsys, bundle, recognizer, voice) -> None:
    status, out, _ = listen(capsys, "--device", f"file:{voice}", "--model", bundle, "--jsonl")
    assert status == 0
    same([json.loads(line) for line in out.splitlines()], expected(recognizer, voice))


def test_bare_samples_at_another_rate(capsys, bundle, recognizer, voice, stdin, tmp_path) -> None:
    samples = np.repeat(soundfile.read(voice, dtype="int16")[0], 3)
    stereo = np.stack([samples, samples // 2], axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, 48000)
    stdin(stereo.astype("<i2").tobytes())
    status, out, err = listen(
        capsys, "-", "--raw", "s16le", "--rate", 48000, "--channels", 2, "--jsonl", "--model", bundle
    )
    assert status == 0 and "48000 Hz" in err
    same([json.loads(line) for line in out.splitlines()], expected(recognizer, tmp_path / "a.wav"))


def test_lines_for_people_and_an_end_after_some_seconds(capsys, bundle, voice, stdin, tmp_path) -> None:
    stdin(voice.read_bytes())
    status, out, err = listen(
        capsys, "-", "--model", bundle, "--seconds", 1, "--save", tmp_path / "a" / "s.wav"
    )
    assert status == 0 and soundfile.info(tmp_path / "a" / "s.wav").frames == RATE
    times = [line.split("  ")[0] for line in out.splitlines()]
    assert times == ["0:00:00.0 - 0:00:00.5", "0:00:00.2 - 0:00:00.8", "0:00:00.5 - 0:00:01.0"]
    assert "(1.0 s)" in err


def test_options_of_the_model(capsys, bundle, voice, stdin) -> None:
    stdin(voice.read_bytes())
    options = [
        "--window-seconds",
        1,
        "--hop-seconds",
        1,
        "--labels",
        "happy,sad",
        "--unsure-below",
        1,
        "--jsonl",
    ]
    status, out, _ = listen(capsys, "-", "--model", bundle, *options)
    events = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and [(event["start"], event["end"]) for event in events] == [(0, 1), (1, 2)]
    assert {event["emotion"] for event in events} == {"unsure"}
    assert all(event["probabilities"].keys() == {"happy", "sad"} for event in events)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("a.wav", "for the file 'a.wav' there is `hearfelt predict a.wav`"),
        ("- --raw s16le", "both --raw and --rate"),
        ("--raw s16le --rate 16000", "give - as well"),
        ("- --device 1", "not both"),
        ("- --seconds 0", "--seconds is 0; it must be above 0"),
        ("- --raw s17 --rate 16000", "no sample format named 's17'"),
        ("--device file:nowhere.wav", "no such file"),
        ("-", "the input is empty"),
        ("- --save {existing}", "already there"),
    ],
)
def test_wrong_requests_are_one_line(capsys, bundle, stdin, voice, arguments, sentence) -> None:
    stdin(voice.read_bytes() if "--save" in arguments else b"")
    before = voice.read_bytes()
    status, out, err = listen(capsys, *arguments.format(existing=voice).split(), "--model", bundle)
    assert status == 2 and out == "" and sentence in err and err.splitlines()[-1].startswith("error: ")
    assert voice.read_bytes() == before


def test_a_header_without_sound_is_said(capsys, bundle, stdin, voice) -> None:
    stdin(voice.read_bytes()[:44])
    status, _, err = listen(capsys, "-", "--model", bundle)
    assert status == 2 and "There is no sound in standard input" in err


class Backend:
    """Stands for PortAudio."""

    found: tuple[InputDevice, ...] = (
        InputDevice(0, "Desk", 2, 48000),
        InputDevice(4, "Head", 1, 16000, True),
    )
    samples = np.zeros((0, 1), np.float32)
    overflows = 0

    def devices(self) -> tuple[InputDevice, ...]:
        return self.found

    def open(self, device: InputDevice, block_frames: int, deliver: Deliver) -> SimpleNamespace:
        for start in range(0, len(self.samples), block_frames):
            deliver(self.samples[start : start + block_frames])
        return SimpleNamespace(
            channels=1, finite=True, overflows=self.overflows, active=False, close=lambda: None
        )


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Backend]]:
    monkeypatch.setattr(microphone, "PortAudio", Backend)
    yield Backend


def test_devices_are_listed_and_the_default_one_is_heard(
    capsys, monkeypatch, bundle, voice, recognizer, portaudio, tmp_path
) -> None:
    assert listen(capsys, "--list-devices")[:2] == (
        0,
        "    0  Desk  (2 channels, 48000 Hz)\n*   4  Head  (1 channel, 16000 Hz)\n",
    )
    monkeypatch.setattr(portaudio, "samples", soundfile.read(voice, dtype="float32", always_2d=True)[0])
    status, out, err = listen(capsys, "--jsonl", "--model", bundle, "--save", tmp_path / "s.wav")
    assert status == 0 and "Listening to Head at 16000 Hz" in err
    same([json.loads(line) for line in out.splitlines()], expected(recognizer, tmp_path / "s.wav"))


def test_sound_that_was_lost_is_said(capsys, monkeypatch, bundle, portaudio) -> None:
    monkeypatch.setattr(portaudio, "samples", np.zeros((62 * 16000, 1), np.float32))
    monkeypatch.setattr(portaudio, "overflows", 3)
    status, out, err = listen(capsys, "--jsonl", "--model", bundle)
    assert status == 0 and json.loads(out.splitlines()[-1])["end"] == 60
    assert (
        "Note: 2.0 s of sound were lost, as recognition could not keep up; the system dropped sound 3 times."
        in err
    )


def test_standard_input_that_is_no_pipe_is_said(capsys, monkeypatch, bundle) -> None:
    for stdin in (None, SimpleNamespace(buffer=SimpleNamespace(isatty=lambda: True))):
        monkeypatch.setattr(sys, "stdin", stdin)
        status, _, err = listen(capsys, "-", "--model", bundle)
        assert status == 2 and "none is piped into it" in err


def test_no_device_and_no_portaudio_are_said(capsys, monkeypatch, bundle, portaudio) -> None:
    monkeypatch.setattr(portaudio, "found", ())
    for arguments in (["--list-devices"], ["--model", bundle]):
        status, out, err = listen(capsys, *arguments)
        assert (status, out) == (2, "") and "There is no microphone" in err and err.count("\n") == 1

    def missing() -> None:
        raise MissingExtraError("pip install 'hearfelt[mic]'")

    monkeypatch.setattr(microphone, "PortAudio", missing)
    assert listen(capsys, "--list-devices") == (2, "", "error: pip install 'hearfelt[mic]'\n")


def event(start: float, end: float, emotion: str = "sad", confidence: float | None = 0.8) -> Segment:
    probabilities = {"happy": 1 - confidence, "sad": confidence} if confidence else {}
    return Segment(start, end, emotion, confidence, probabilities)


@pytest.fixture
def screen() -> Iterator[tuple[Screen, Console]]:
    console = Console(
        file=io.StringIO(), width=80, force_terminal=True, color_system="truecolor", legacy_windows=False
    )
    shown = Screen(["happy", "sad"], "Head, 16 kHz", "talk.wav", console)
    yield shown, console
    shown.close()


def text_of(screen: Screen, width: int = 80, encoding: str = "utf-8") -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(file=file, width=width).print(screen.render())
    file.flush()
    return file.buffer.getvalue().decode(encoding).splitlines()  # type: ignore[attr-defined]


def test_the_screen_says_what_is_heard(screen) -> None:
    shown, _ = screen
    tone = np.sqrt(2) * 0.1 * np.sin(np.arange(1600) / 1600 * 2 * np.pi * 40)[:, None].astype(np.float32)
    assert any("listening ..." in line for line in text_of(shown))
    shown.sound(tone, 65.0)
    shown.event(event(61.0, 64.0))
    lines = text_of(shown)
    assert lines[0].startswith("0:01:05  Head, 16 kHz") and "talk.wav" in lines[0]
    assert " -20 dB" in lines[2] and "too loud" not in lines[2]
    assert lines[4] == "Now              sad  80%  (0:01:01.0 to 0:01:04.0)"
    happy, sad = lines[5:7]
    assert happy.startswith(" H  happy") and happy.endswith(" 20%")
    assert (
        sad.startswith(" S  sad") and sad.endswith(" 80%") and (happy.count("█"), sad.count("█")) == (8, 34)
    )  # of 43


def test_the_ribbon_is_the_last_minute(screen) -> None:
    shown, _ = screen
    for start in range(0, 90, 3):  # windows with gaps of a second
        shown.event(event(start, start + 2, *(("happy", 0.3) if start % 2 else ("no_speech", None))))
        shown.sound(np.zeros((10, 1), np.float32), start + 2.0)
    shown.sound(np.zeros((10, 1), np.float32), 92.0)
    ribbon = text_of(shown)[-2].ljust(RIBBON_SECONDS)
    #  the window of 33 to 35 s begins two cells into the minute that ends at 92 s
    assert ribbon[:1] == "·" and ribbon[1:4] == "HH·" and ribbon[-4:] == "H···"
    assert len(shown._events) < 25  # what is no longer shown is forgotten
    assert "muted?" in text_of(shown)[2]


def test_windows_that_overlap_share_the_ribbon_by_the_nearest_middle(screen) -> None:
    shown, _ = screen
    shown.event(event(0, 3, "happy", 0.6))
    shown.event(event(1.5, 4.5, "sad", 0.6))
    shown.sound(np.full((10, 1), 1.0, np.float32), 4.6)
    assert text_of(shown)[-2] == "·" * 55 + "HHSS·"
    assert "too loud" in text_of(shown)[2]


@pytest.mark.parametrize(("width", "encoding"), [(80, "utf-8"), (40, "utf-8"), (200, "utf-8"), (80, "ascii")])
def test_any_terminal_can_show_it(width, encoding) -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    shown = Screen(["happy", "sad"], "Ünïcode [red] " * 9, "a.wav", Console(file=file, width=width))
    shown.sound(np.full((10, 1), 0.2, np.float32), 2.0)
    shown.event(event(0, 2))
    shown.event(event(1, 2, "unsure", 0.2))
    shown.close()
    file.flush()
    lines = file.buffer.getvalue().decode(encoding).splitlines()  # type: ignore[attr-defined]
    assert lines and max(map(len, lines)) <= width


@posix
def test_stopping_never_disturbs_work_that_has_begun() -> None:
    before = signal.getsignal(signal.SIGTERM)  # another test's library may have set one
    done = []
    with _Stop() as stop:
        for item in stop.until(iter(range(100))):
            if item == 3:
                signal.raise_signal(signal.SIGINT)
            done.append(item)
        assert stop.wanted
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert done == [0, 1, 2, 3]

    def waiting() -> Iterator[int]:
        yield 1
        signal.raise_signal(signal.SIGTERM)
        time.sleep(30)
        yield 2

    with _Stop() as stop:
        assert list(stop.until(waiting())) == [1]
    assert signal.getsignal(signal.SIGTERM) == before
