"""What ``hearfelt listen`` shows: a screen that follows the sound, lines for people, or JSON lines for programs."""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, Group
from rich.live import Live
from rich.style import Style
from rich.text import Text

from hearfelt.emotions import COLORS

if TYPE_CHECKING:
    from hearfelt.recognition.results import Segment

RIBBON_SECONDS = 60
_QUIETEST_DB = -60.0
#: Seconds of exact zeros after which a microphone is taken for muted.
_MUTED_SECONDS = 3.0
_FULL_SCALE = 0.999
_REFRESH_SECONDS = 0.1
#: The meter falls by this much a second, so that the eye can follow.
_FALL_DB = 30.0
_WIDEST = 78
_NAME_WIDTH = 10
#: Bars begin here, and this much is left for figures behind them.
_LEFT, _RIGHT = 16, 18


class Show(Protocol):
    """Takes what happens."""

    def sound(self, block: NDArray[np.float32], seconds: float) -> None:
        """A block came; the recording is so long now."""

    def event(self, event: Segment) -> None:
        """A window was recognised."""

    def close(self) -> None:
        """It is over."""


class JsonLines:
    """One event a line, written at once."""

    def sound(self, block: NDArray[np.float32], seconds: float) -> None:
        """Nothing."""

    def event(self, event: Segment) -> None:
        """The event as JSON."""
        from hearfelt.recognition.formats import to_json

        sys.stdout.write(to_json(event.to_dict()) + "\n")
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing."""


class Lines:
    """One event a line for people, where there is no terminal to draw on."""

    def sound(self, block: NDArray[np.float32], seconds: float) -> None:
        """Nothing."""

    def event(self, event: Segment) -> None:
        """Time, emotion and confidence."""
        confidence = "" if event.confidence is None else f"{event.confidence:.0%}"
        line = (
            f"{clock(event.start, 1)} - {clock(event.end, 1)}  {event.emotion:<{_NAME_WIDTH}} {confidence:>4}"
        )
        sys.stdout.write(line.rstrip() + "\n")
        sys.stdout.flush()

    def close(self) -> None:
        """Nothing."""


class Screen:
    """Level, the current emotion with bars, and the last minute as a ribbon, drawn in place.

    Args:
        labels: of the model.
        title: what is listened to.
        saving: file of the recording, or empty.
        console: where to draw; standard output by default.
    """

    def __init__(
        self, labels: Sequence[str], title: str, saving: str = "", console: Console | None = None
    ) -> None:
        self._labels = labels
        self._letters = letters(labels)
        self._console = console or Console(highlight=False)
        self._plain = self._console.options.ascii_only
        # Names of devices and files may hold what the terminal has no character for.
        encoding = self._console.encoding
        self._title = title.encode(encoding, "replace").decode(encoding)
        self._saving = saving.encode(encoding, "replace").decode(encoding)
        self._events: deque[Segment] = deque()
        self._seconds = 0.0
        self._level_db = -math.inf
        self._clipped_until = self._sounded = 0.0
        self._drawn = -math.inf
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._live.start()

    def sound(self, block: NDArray[np.float32], seconds: float) -> None:
        """Move the meter and the ribbon."""
        passed, self._seconds = seconds - self._seconds, seconds
        power = float(np.mean(np.square(block, dtype=np.float64)))
        level = 10 * math.log10(power) if power > 0 else -math.inf
        self._level_db = max(level, self._level_db - _FALL_DB * passed)
        if power > 0:
            self._sounded = seconds
        if float(np.max(np.abs(block))) >= _FULL_SCALE:
            self._clipped_until = seconds + 1.0
        now = time.monotonic()
        if now - self._drawn >= _REFRESH_SECONDS:
            self._draw()
            self._drawn = now

    def event(self, event: Segment) -> None:
        """Keep it as long as the ribbon shows it."""
        self._events.append(event)
        while self._events[0].end < self._seconds - RIBBON_SECONDS - 1:
            self._events.popleft()
        self._draw()

    def close(self) -> None:
        """Leave the last picture on the terminal."""
        self._draw()
        self._live.stop()

    def _draw(self) -> None:
        self._live.update(self.render(), refresh=True)

    def render(self) -> Group:
        """The picture now."""
        width = min(_WIDEST, self._console.width) - 1
        return Group(
            self._head(width),
            Text(),
            self._meter(width),
            Text(),
            *self._answer(width),
            Text(),
            *self._ribbon(width),
        )

    def _head(self, width: int) -> Text:
        text = Text(f"{clock(self._seconds)}  ", style="bold")
        text.append(self._title, style="not bold")
        if self._saving:
            text.append(f"  {'*' if self._plain else '●'} ", style="not bold #D55E00")
            text.append(self._saving, style="not bold")
        text.truncate(width, overflow="crop" if self._plain else "ellipsis")
        return text

    def _meter(self, width: int) -> Text:
        cells = max(10, width - _LEFT - _RIGHT)
        share = min(1.0, max(0.0, 1 - self._level_db / _QUIETEST_DB))
        clipped = self._clipped_until > self._seconds
        text = Text("Level".ljust(_LEFT))
        text.append(self._bar(share, cells), style="#D55E00" if clipped else "#56B4E9")
        level = f"{self._level_db:4.0f} dB" if self._level_db >= _QUIETEST_DB else "  quiet"
        text.append(f" {level}")
        if clipped:
            text.append("  too loud", style="bold")
        elif self._seconds - self._sounded > _MUTED_SECONDS:
            text.append("  muted?", style="bold")
        return text

    def _answer(self, width: int) -> list[Text]:
        latest = self._events[-1] if self._events else None
        head = Text("Now".ljust(_LEFT))
        if latest is None:
            head.append("listening ...")
        else:
            name = latest.emotion.replace("_", " ")
            head.append(f" {name} ", style=self._cell(latest.emotion) + Style(bold=True))
            if latest.confidence is not None:
                head.append(f" {latest.confidence:.0%}")
            head.append(f"  ({clock(latest.start, 1)} to {clock(latest.end, 1)})", style="dim")
        lines = [head]
        cells = max(10, width - _LEFT - _RIGHT)
        for label in self._labels:
            value = latest.probabilities.get(label, 0.0) if latest else 0.0
            best = bool(latest and latest.probabilities and value == max(latest.probabilities.values()))
            line = Text()
            line.append(f" {self._letters[label]} ", style=self._cell(label))
            line.append(
                f" {label[:_NAME_WIDTH]:<{_NAME_WIDTH}}"[: _NAME_WIDTH + 1], style="bold" if best else ""
            )
            line.append("  ")
            line.append(self._bar(value, cells), style=COLORS.get(label, ""))
            line.append(f" {value:4.0%}", style="bold" if best else "")
            lines.append(line)
        return lines

    def _ribbon(self, width: int) -> list[Text]:
        step = max(1, math.ceil(RIBBON_SECONDS / width))  # seconds a cell
        cells = RIBBON_SECONDS // step
        end = math.ceil(self._seconds / step) * step
        ribbon = Text()
        for cell in range(cells):
            middle = end - (cells - cell - 0.5) * step
            emotion = self._emotion_at(middle)
            if emotion is None:
                ribbon.append("." if self._plain else "·", style="dim")
            else:
                ribbon.append(self._letters.get(emotion, " "), style=self._cell(emotion))
        now = "now"
        half = f"-{RIBBON_SECONDS // 2} s"
        left = f"-{RIBBON_SECONDS} s"
        axis = left + half.rjust(cells // 2 - len(left) + len(half) // 2)
        return [Text("The last minute"), ribbon, Text(axis + now.rjust(cells - len(axis)), style="dim")]

    def _emotion_at(self, moment: float) -> str | None:
        """That of the window whose middle is nearest, of those that hold the moment."""
        holding = [event for event in self._events if event.start <= moment < event.end]
        if not holding or moment < 0:
            return None
        return min(holding, key=lambda event: abs(event.start + event.end - 2 * moment)).emotion

    def _bar(self, share: float, cells: int) -> str:
        if self._plain:
            return ("#" * round(share * cells)).ljust(cells, "-")
        eighths = round(share * cells * 8)
        whole, rest = divmod(eighths, 8)
        return ("█" * whole + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(cells)

    def _cell(self, emotion: str) -> Style:
        color = COLORS.get(emotion, "#FFFFFF")
        red, green, blue = bytes.fromhex(color.removeprefix("#"))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 140
        return Style(color="#FFFFFF" if dark else "#000000", bgcolor=color)


def letters(labels: Sequence[str]) -> dict[str, str]:
    """A letter for each label, none twice, and signs for the answers that are no label.

    >>> letters(["neutral", "sad", "surprised"])
    {'neutral': 'N', 'sad': 'S', 'surprised': 'U', 'no_speech': ' ', 'unsure': '?'}
    """
    found: dict[str, str] = {}
    for label in labels:
        free = [letter for letter in label.upper() if letter.isalnum() and letter not in found.values()]
        found[label] = free[0] if free else "+"
    return found | {"no_speech": " ", "unsure": "?"}


def clock(seconds: float, digits: int = 0) -> str:
    """Hours, minutes and seconds.

    >>> clock(3723.46), clock(59.96, 1)
    ('1:02:03', '0:01:00.0')
    """
    units = math.floor(seconds) if digits == 0 else round(seconds * 10**digits)
    whole, part = divmod(units, 10**digits)
    text = f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{text}.{part:0{digits}}" if digits else text


def create_show(jsonl: bool, **screen: Any) -> Show:
    """JSON lines if wanted, else the screen on a terminal, else lines."""
    if jsonl:
        return JsonLines()
    if sys.stdout.isatty():
        return Screen(**screen)
    return Lines()
