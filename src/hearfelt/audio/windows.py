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
    check_windows(window, hop)
    held = np.empty(0, dtype=np.float32)
    first = 0  # sample number of held[0]
    start = 0  # of the next full window
    for block in blocks:
        held = np.concatenate((held, block))
        if first + held.size <= ONE_PIECE * window:
            continue
        while start + window <= first + held.size:
            yield start, held[start - first : start - first + window]
            start += hop
        # The last window's worth stays: the tail window is made of it.
        keep_from = max(first, min(start, first + held.size - window))
        held, first = held[keep_from - first :], keep_from
    samples = first + held.size
    if samples <= ONE_PIECE * window:
        if samples:
            yield 0, held
    elif start - hop + window < samples:
        yield samples - window, held[-window:]


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
