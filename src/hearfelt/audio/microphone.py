"""Sound from a microphone, block by block; what delivers it can be exchanged, such as for a recording.

PortAudio (the optional ``sounddevice`` library) calls from a thread of its own, a queue of bounded length
stands between, so a slow reader loses sound, and is told how much, but never memory.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import AudioError, MissingExtraError, require

#: What to do without a microphone; also the end of every sentence about a missing one.
OTHERWISE = "Sound can come from a pipe: ffmpeg -i SOURCE -f wav - | hearfelt listen -"

_QUEUE_SECONDS = 60.0
_POLL_SECONDS = 0.2
#: A device that is open and delivers nothing for this long is taken for lost.
_STALL_SECONDS = 10.0

#: Takes (frames, channels) float32; called from the device's thread, so it must be quick and not raise.
Deliver = Callable[[NDArray[np.float32]], None]


@dataclass(frozen=True, slots=True)
class InputDevice:
    """Something that records.

    Attributes:
        index: what ``--device`` takes, beside the name.
        name: as the system calls it.
        channels: it has.
        sample_rate: its own, in hertz; it is opened at this one.
        default: the system's choice.
    """

    index: int
    name: str
    channels: int
    sample_rate: int
    default: bool = False


class Capture(Protocol):
    """A device while it records."""

    #: Blocks have so many.
    channels: int
    #: It may come to an end by itself, as a recording does; a microphone that ends is lost.
    finite: bool
    #: Times that the system dropped sound because nobody took it.
    overflows: int

    @property
    def active(self) -> bool:
        """Whether more can come."""

    def close(self) -> None:
        """Stop; afterwards nothing is delivered."""


class Backend(Protocol):
    """Where devices come from: `PortAudio`, or what stands for it."""

    def devices(self) -> Sequence[InputDevice]:
        """Those that record."""

    def open(self, device: InputDevice, block_frames: int, deliver: Deliver) -> Capture:
        """Start recording in blocks of about so many frames."""


class Microphone:
    """An open microphone: a context manager that is iterated for its blocks.

    Args:
        device: its index or a part of its name, whatever the case; the system's default by default.
        backend: where it is looked for; PortAudio by default.
        block_seconds: length of a block.

    Raises:
        MissingExtraError: PortAudio or sounddevice is not installed.
        AudioError: there is no such device.

    Attributes:
        device: the one that was found.
        sample_rate: of the blocks, in hertz.

    Example::

        with Microphone() as microphone:
            for block in microphone:        # (frames, channels) float32
                events = stream.feed(block, microphone.sample_rate)
    """

    def __init__(
        self, device: int | str | None = None, *, backend: Backend | None = None, block_seconds: float = 0.05
    ) -> None:
        self._backend = PortAudio() if backend is None else backend
        self.device = find_device(self._backend.devices(), device)
        self.sample_rate = self.device.sample_rate
        self._frames = max(1, round(block_seconds * self.sample_rate))
        most = max(2, round(_QUEUE_SECONDS / block_seconds))
        self._blocks: queue.Queue[NDArray[np.float32]] = queue.Queue(most)
        self._capture: Capture | None = None
        self._lost_frames = 0

    def __enter__(self) -> Microphone:
        self._capture = self._backend.open(self.device, self._frames, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop recording; what has come is still there to be read."""
        if self._capture is not None:
            self._capture.close()

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Blocks as they come, until the device is closed or a recording ends.

        Raises:
            AudioError: the device is gone, or delivers nothing.
        """
        if self._capture is None:
            raise AudioError("The microphone is not open; use it as a context manager.")
        last = time.monotonic()
        while True:
            alive = self._capture.active
            try:
                yield self._blocks.get(timeout=_POLL_SECONDS if alive else 0.01)
                last = time.monotonic()
            except queue.Empty:
                silent = time.monotonic() - last
                if not alive and self._capture.finite:
                    return
                if not alive or silent > _STALL_SECONDS:
                    what = "has stopped" if not alive else f"has delivered nothing for {silent:.0f} s"
                    raise AudioError(
                        f"The device {self.device.name!r} {what}; was it unplugged? Connect it and begin again."
                    ) from None

    @property
    def channels(self) -> int:
        """Of the blocks, once it is open; a device may have more."""
        return self.device.channels if self._capture is None else self._capture.channels

    @property
    def lost_seconds(self) -> float:
        """Sound that came while the queue was full."""
        return self._lost_frames / self.sample_rate

    @property
    def overflows(self) -> int:
        """Times that the system itself dropped sound."""
        return 0 if self._capture is None else self._capture.overflows

    def _take(self, block: NDArray[np.float32]) -> None:
        try:
            self._blocks.put_nowait(block)
        except queue.Full:
            self._lost_frames += len(block)


def find_device(devices: Sequence[InputDevice], wanted: int | str | None) -> InputDevice:
    """The device of an index or of a part of a name; None is the default, or the first.

    Raises:
        AudioError: there is none, or the name fits several.

    >>> found = [InputDevice(0, "Built-in", 2, 48000, True), InputDevice(3, "USB Microphone", 1, 44100)]
    >>> find_device(found, None).name, find_device(found, "usb").index, find_device(found, "3").index
    ('Built-in', 3, 3)
    """
    if not devices:
        raise AudioError(
            "There is no microphone: the system has no device that records. Connect one; on Linux the user has to "
            f"be in the group 'audio', a container needs --device /dev/snd. {OTHERWISE}"
        )
    if wanted is None:
        return next((device for device in devices if device.default), devices[0])
    text = str(wanted).strip()
    fitting = [device for device in devices if text == str(device.index)]
    fitting = fitting or [device for device in devices if text.lower() == device.name.lower()]
    fitting = fitting or [device for device in devices if text and text.lower() in device.name.lower()]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(f"{device.index} ({device.name})" for device in fitting or devices)
    if fitting:
        raise AudioError(f"The name {text!r} fits {len(fitting)} devices: {listed}. Give the number of one.")
    raise AudioError(f"There is no recording device {text!r}. There are: {listed}.")


class PortAudio:
    """The sound devices of this machine, through the ``sounddevice`` library.

    Raises:
        MissingExtraError: it or PortAudio itself is not installed.
    """

    def __init__(self) -> None:
        debian = "On Debian and Ubuntu PortAudio comes with: apt-get install libportaudio2"
        try:
            self._library: Any = require("sounddevice", "mic", "listening to a microphone")
        except MissingExtraError as error:
            raise MissingExtraError(f"{error} {debian}. {OTHERWISE}") from error
        except OSError as error:  # sounddevice is there, the library below it is not
            raise MissingExtraError(
                f"Listening to a microphone needs the PortAudio library, which is not there ({error}). {debian}; "
                f"on macOS and Windows with: pip install 'hearfelt[mic]'. {OTHERWISE}"
            ) from error

    def devices(self) -> list[InputDevice]:
        """Those with input channels."""
        default = self._library.default.device[0]
        return [
            InputDevice(
                index,
                str(device["name"]),
                int(device["max_input_channels"]),
                round(device["default_samplerate"]),
                index == default,
            )
            for index, device in enumerate(self._library.query_devices())
            if device["max_input_channels"] > 0
        ]

    def open(self, device: InputDevice, block_frames: int, deliver: Deliver) -> Capture:
        """Start recording, of one channel where the device can.

        Raises:
            AudioError: it cannot be opened.
        """
        reason: Exception | None = None
        for channels in dict.fromkeys((1, min(2, device.channels), device.channels)):
            try:
                return _PortAudioCapture(self._library, device, channels, block_frames, deliver)
            except (self._library.PortAudioError, ValueError) as error:
                reason = reason or error
        raise AudioError(
            f"The device {device.name!r} cannot be opened at {device.sample_rate} Hz ({reason}). Another program "
            "may be using it; `hearfelt listen --list-devices` shows the others."
        ) from reason


class _PortAudioCapture:
    finite = False

    def __init__(
        self, library: Any, device: InputDevice, channels: int, block_frames: int, deliver: Deliver
    ) -> None:
        self.channels = channels
        self.overflows = 0

        def callback(block: NDArray[np.float32], _frames: int, _time: object, status: Any) -> None:
            self.overflows += bool(status.input_overflow)
            deliver(block.copy())  # PortAudio uses the memory again

        self._stream = library.InputStream(
            samplerate=device.sample_rate,
            blocksize=block_frames,
            device=device.index,
            channels=channels,
            dtype="float32",
            callback=callback,
        )
        try:
            self._stream.start()
        except BaseException:
            self._stream.close()
            raise

    @property
    def active(self) -> bool:
        return bool(self._stream.active)

    def close(self) -> None:
        self._stream.close(ignore_errors=True)


class PlayedFile:
    """A recording that stands for a microphone: it comes in real time, at its own rate and channels.

    Args:
        path: any recording that libsndfile reads.
        speed: times real time.
    """

    def __init__(self, path: str | os.PathLike[str], speed: float = 1.0) -> None:
        self._path, self._speed = os.fspath(path), speed
        with self._opened() as file:
            self._device = InputDevice(0, self._path, file.channels, file.samplerate, True)

    def _opened(self) -> Any:
        import soundfile

        if not Path(self._path).is_file():
            raise AudioError(f"{self._path!r} cannot be played as a microphone: there is no such file.")
        try:
            return soundfile.SoundFile(self._path)
        except (OSError, RuntimeError) as error:
            reason = str(getattr(error, "error_string", "") or error).strip().rstrip(".")
            raise AudioError(f"{self._path!r} cannot be played as a microphone: {reason}.") from error

    def devices(self) -> list[InputDevice]:
        """The recording."""
        return [self._device]

    def open(self, device: InputDevice, block_frames: int, deliver: Deliver) -> Capture:
        """Begin to play."""
        return _PlayedCapture(self._opened(), block_frames, self._speed, deliver)


class _PlayedCapture:
    finite = True
    overflows = 0

    def __init__(self, file: Any, block_frames: int, speed: float, deliver: Deliver) -> None:
        self.channels: int = file.channels
        self._stop = threading.Event()

        def play() -> None:
            begun, done = time.monotonic(), 0
            with file:
                while not self._stop.is_set():
                    block = file.read(block_frames, dtype="float32", always_2d=True)
                    done += len(block)
                    due = begun + done / file.samplerate / speed
                    if not len(block) or self._stop.wait(max(0.0, due - time.monotonic())):
                        return
                    deliver(block)

        self._thread = threading.Thread(target=play, name="played file", daemon=True)
        self._thread.start()

    @property
    def active(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
