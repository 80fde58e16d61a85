"""Cut known stretches out of a recording: out of its samples, or out of a stream of blocks, holding little."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import AudioError


def part(
    samples: NDArray[np.float32], start: float, end: float | None, sample_rate: int
) -> NDArray[np.float32]:
    """Samples from one time to another, as manifests name parts of files; None is the end of the file.

    >>> part(np.arange(6, dtype=np.float32), 1.0, 2.5, 2).tolist()
    [2.0, 3.0, 4.0]
    """
    return samples[round(start * sample_rate) : None if end is None else round(end * sample_rate)]


def cut_spans(
    blocks: Iterable[NDArray[np.float32]], spans: Iterable[tuple[int, int]]
) -> Iterator[NDArray[np.float32]]:
    """Samples of each span; spans may overlap.

    Args:
        blocks: (samples,) of any sizes.
        spans: (start, end) in samples, in the order of their starts, inside the recording.

    Yields:
        (end - start,) float32, one a span, in order.

    Raises:
        AudioError: the recording ends before a span does.

    >>> [cut.tolist() for cut in cut_spans([np.arange(4), np.arange(4, 8)], [(1, 3), (2, 6)])]
    [[1, 2], [2, 3, 4, 5]]
    """
    source = iter(blocks)
    held: list[NDArray[np.float32]] = []
    first = have = 0  # samples before what is held, and up to its end
    for start, end in spans:
        while have < end:
            block = next(source, None)
            if block is None:
                raise AudioError(
                    f"The recording ends after {have} samples; a part up to {end} was asked for."
                )
            held.append(block)
            have += block.size
            while held and first + held[0].size <= start:
                first += held.pop(0).size
        joined = held[0] if len(held) == 1 else np.concatenate(held)
        held = [joined]
        yield joined[start - first : end - first]
