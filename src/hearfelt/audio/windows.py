"""Cut recordings into windows: exact sample arithmetic, whole or streaming, with no sample left out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import AudioError

#: A recording up to this many windows long is taken in one piece: its end would make a window that says
#: nothing new.
ONE_PIECE = 1.25


def window_starts(samples: int, window: int, hop: int) -> list[int]:
    """First samples of the windows over a recording that is at least a window long.

    Full windows every ``hop``, then one that ends with the signal where those leave a rest. Shorter signals
    have one window, at 0.

    Args:
        samples: length of the recording, at least 1.
        window: length of a window.
        hop: step between windows, at most ``window``, so that every sample is covered.

    >>> window_starts(10, 4, 2), window_starts(11, 4, 2), window_starts(3, 4, 2)
    ([0, 2, 4, 6], [0, 2, 4, 6, 7], [0])
    """
    check_windows(window, hop)
    if samples <= window:
        return [0]
    starts = list(range(0, samples - window + 1, hop))
    if starts[-1] + window < samples:
        starts.append(samples - window)
    return starts


def windows(samples: int, window: int, hop: int) -> list[tuple[int, int]]:
    """Windows of a recording as (start, end): one piece up to `ONE_PIECE` windows, else `window_starts`.

    >>> windows(5, 4, 2), windows(10, 4, 3)
    ([(0, 5)], [(0, 4), (3, 7), (6, 10)])
    """
    check_windows(window, hop)
    if samples <= ONE_PIECE * window:
        return [(0, samples)]
    return [(start, start + window) for start in window_starts(samples, window, hop)]


def cut(
    blocks: Iterator[NDArray[np.float32]], window: int, hop: int
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Cut a stream of blocks of any sizes into the same windows as `windows`, holding about two windows.

    Yields:
        (start, samples of the window); the windows are copies or views that stay valid.
    """
    cutter = Cutter(window, hop)
    for block in blocks:
        yield from cutter.push(block)
    yield from cutter.finish()


class Cutter:
    """`cut` for sound that is pushed as it comes: the same windows, whatever the sizes of the blocks.

    Args:
        window: length of a window.
        hop: step between windows, at most ``window``.
    """

    def __init__(self, window: int, hop: int) -> None:
        check_windows(window, hop)
        self._window, self._hop = window, hop
        self._held = np.empty(0, dtype=np.float32)
        self._waiting: list[NDArray[np.float32]] = []  # after what is held; joined when a window is full
        self._first = 0  # sample number of held[0]
        self._start = 0  # of the next full window
        self._samples = 0  # pushed so far

    def push(self, block: NDArray[np.float32]) -> list[tuple[int, NDArray[np.float32]]]:
        """Take a block, which must not be changed afterwards; returns the windows that it completes."""
        self._waiting.append(block)
        self._samples += block.size
        window = self._window
        if self._samples <= ONE_PIECE * window or self._start + window > self._samples:
            return []
        self._join()
        found = []
        while self._start + window <= self._samples:
            offset = self._start - self._first
            found.append((self._start, self._held[offset : offset + window]))
            self._start += self._hop
        # The last window's worth stays: the tail window is made of it.
        keep_from = max(self._first, min(self._start, self._samples - window))
        self._held, self._first = self._held[keep_from - self._first :], keep_from
        return found

    def finish(self) -> list[tuple[int, NDArray[np.float32]]]:
        """What is left at the end of the recording: all of a short one, else the window that ends with it."""
        self._join()
        if self._samples <= ONE_PIECE * self._window:
            return [(0, self._held)] if self._samples else []
        if self._start - self._hop + self._window < self._samples:
            return [(self._samples - self._window, self._held[-self._window :])]
        return []

    def _join(self) -> None:
        self._held = np.concatenate((self._held, *self._waiting))
        self._waiting = []


def check_windows(window: int, hop: int) -> None:
    """Refuse windows without samples and hops that skip some.

    Raises:
        AudioError: says which.
    """
    if window < 1 or not 1 <= hop <= window:
        raise AudioError(
            f"Windows of {window} samples every {hop}: the hop must be at least one sample and no longer "
            "than the window, or parts of the recording would be skipped."
        )
