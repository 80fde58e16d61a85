"""``hearfelt listen``."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearfelt.cli._progress import note
from hearfelt.errors import AudioError, HearfeltError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hearfelt.audio.microphone import Microphone

    Block = NDArray[np.float32]

_STANDARD_INPUT = "-"
#: ``--device file:RECORDING`` plays a recording as if it were a microphone.
_FILE = "file:"


def listen(
    source: Annotated[
        str | None, typer.Argument(metavar="-", help="- reads standard input: a WAV, or --raw samples.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="Microphone: a number or part of a name. file:RECORDING plays one in real time."),
    ] = None,
    list_devices: Annotated[
        bool, typer.Option("--list-devices", help="Print the devices that record, and stop.")
    ] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one event a line as JSON.")] = False,
    save: Annotated[
        str | None, typer.Option(help="Also write the sound into this WAV, which must not be there yet.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Stop after so much sound.")] = None,
    raw: Annotated[
        str | None, typer.Option(help="Standard input is bare samples: s16le, f32le, u8, ...; with --rate.")
    ] = None,
    rate: Annotated[int | None, typer.Option(help="Sample rate of --raw, in hertz.")] = None,
    channels: Annotated[int, typer.Option(help="Channels of --raw, interleaved.")] = 1,
    model: Annotated[
        str, typer.Option(help="A bundle's folder, or the name of a bundled model.")
    ] = "default",
    window_seconds: Annotated[float | None, typer.Option(help="Sound that an event is about.")] = None,
    hop_seconds: Annotated[float | None, typer.Option(help="Time between events.")] = None,
    unsure_below: Annotated[
        float, typer.Option(help="Answer 'unsure' where the best probability is lower.")
    ] = 0.0,
    labels: Annotated[str | None, typer.Option(help="Only consider these, such as happy,sad,angry.")] = None,
) -> int:
    """Recognise emotions live, from a microphone or from standard input. Ctrl-C ends it.

    Exit status: 0 ended by Ctrl-C, SIGTERM, --seconds or the end of the sound; 2 the request was wrong, or the
    sound cannot be had.
    """
    _check(source, device, raw, rate, seconds)
    if list_devices:
        return _list_devices()
    from hearfelt.audio.recording import WavRecorder
    from hearfelt.cli._live import create_show
    from hearfelt.cli._loading import load_recognizer

    recognizer = load_recognizer(
        model,
        threads=1,
        window_seconds=window_seconds,
        hop_seconds=hop_seconds,
        unsure_below=unsure_below,
        labels=labels,
    )
    stream = recognizer.stream()
    with ExitStack() as stack:
        stop = stack.enter_context(_Stop())
        sound = stack.enter_context(_open(source, device, raw, rate, channels, stop))
        if sound is None:
            return 0
        recorder = None
        if save is not None:
            recorder = stack.enter_context(WavRecorder(save, sound.sample_rate, sound.channels))
        if not sys.stdout.isatty() or jsonl:
            note(f"Listening to {sound.name} at {sound.sample_rate} Hz; Ctrl-C ends it.")
        title = f"{sound.name}, {sound.sample_rate / 1000:g} kHz; Ctrl-C ends"
        show = stack.enter_context(
            closing(create_show(jsonl, labels=recognizer.labels, title=title, saving=save or ""))
        )
        for block in stop.until(_at_most(seconds, sound)):
            if recorder is not None:
                recorder.append(block)
            events = stream.feed(block, sound.sample_rate)
            show.sound(block, stream.seconds)
            for event in events:
                show.event(event)
        for event in stream.flush():
            show.event(event)
        losses = sound.losses()
    if losses:
        note(losses)
    if recorder is not None:
        note(f"Recording: {save} ({recorder.seconds:.1f} s)")
    if not stream.seconds and not stop.wanted:
        raise AudioError(f"There is no sound in {sound.name}.")
    return 0


@dataclass(frozen=True)
class _Sound:
    name: str
    sample_rate: int
    channels: int
    blocks: Iterator[Block]
    losses: Callable[[], str] = lambda: ""


def _check(
    source: str | None, device: str | None, raw: str | None, rate: int | None, seconds: float | None
) -> None:
    if source not in (None, _STANDARD_INPUT):
        raise HearfeltError(
            f"listen hears a microphone, or standard input as -; for the file {source!r} there is "
            f"`hearfelt predict {source}`, and --device file:{source} plays it in real time."
        )
    if source is None and (raw is not None or rate is not None):
        raise HearfeltError("--raw and --rate describe standard input; give - as well.")
    if source is not None and device is not None:
        raise HearfeltError("Either standard input (-) or --device, not both.")
    if (raw is None) != (rate is None):
        raise HearfeltError("Bare samples need both --raw and --rate, such as --raw s16le --rate 16000.")
    if seconds is not None and not seconds > 0:
        raise HearfeltError(f"--seconds is {seconds:g}; it must be above 0.")


def _list_devices() -> int:
    from hearfelt.audio.microphone import PortAudio, find_device

    devices = PortAudio().devices()
    find_device(devices, None)  # says what to do where there is none
    for device in devices:
        plural = "s" if device.channels > 1 else ""
        typer.echo(
            f"{'*' if device.default else ' '} {device.index:3}  {device.name}  "
            f"({device.channels} channel{plural}, {device.sample_rate} Hz)"
        )
    return 0


@contextmanager
def _open(
    source: str | None, device: str | None, raw: str | None, rate: int | None, channels: int, stop: _Stop
) -> Iterator[_Sound | None]:
    """Where the sound comes from; None where it was stopped before it said what it is."""
    if source == _STANDARD_INPUT:
        from hearfelt.audio.microphone import OTHERWISE
        from hearfelt.audio.pipe import PipedSound, read_wav

        pipe: Any = getattr(sys.stdin, "buffer", None)  # None where standard input is closed
        if pipe is None or pipe.isatty():
            raise HearfeltError(f"- reads sound from standard input, and none is piped into it. {OTHERWISE}")

        def begin() -> PipedSound:
            if raw is not None and rate is not None:
                return PipedSound(pipe, raw, rate, channels)
            return read_wav(pipe)

        piped = next(stop.until(begin() for _ in range(1)), None)
        yield piped and _Sound("standard input", piped.sample_rate, piped.channels, iter(piped))
        return
    from hearfelt.audio.microphone import Microphone, PlayedFile

    played = device is not None and device.startswith(_FILE)
    backend = PlayedFile(device.removeprefix(_FILE)) if played and device else None
    with Microphone(None if played else device, backend=backend) as microphone:
        yield _Sound(
            microphone.device.name,
            microphone.sample_rate,
            microphone.channels,
            iter(microphone),
            lambda: _losses(microphone),
        )


def _losses(microphone: Microphone) -> str:
    """A sentence where sound was lost, else nothing."""
    found = []
    if microphone.lost_seconds:
        found.append(f"{microphone.lost_seconds:.1f} s of sound were lost, as recognition could not keep up")
    if microphone.overflows:
        found.append(f"the system dropped sound {microphone.overflows} times")
    return "; ".join(found) and f"Note: {'; '.join(found)}."


def _at_most(seconds: float | None, sound: _Sound) -> Iterator[Block]:
    """Blocks up to a length, the last one cut."""
    left = None if seconds is None else max(1, round(seconds * sound.sample_rate))
    for block in sound.blocks:
        if left is None:
            yield block
            continue
        yield block[:left]
        left -= len(block[:left])
        if not left:
            return


class _StoppedError(Exception):
    """Ends the waiting for sound."""


class _Stop:
    """SIGINT and SIGTERM end the waiting for sound, never the work on what has come; a second SIGINT ends all."""

    def __init__(self) -> None:
        self.wanted = False
        self._waiting = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Stop:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is not signal.SIG_IGN:  # as for what runs in the background
                    self._before[number] = signal.signal(number, self._signalled)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def until(self, items: Iterator[Any]) -> Iterator[Any]:
        """Items until it is wanted to stop; one that has begun to be worked on is not disturbed."""
        while True:
            try:
                self._waiting = True
                if self.wanted:
                    return
                item = next(items)
                self._waiting = False
            except (_StoppedError, StopIteration):
                return
            finally:
                self._waiting = False
            yield item

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        if self.wanted:
            raise KeyboardInterrupt
        self.wanted = True
        if self._waiting:
            raise _StoppedError
