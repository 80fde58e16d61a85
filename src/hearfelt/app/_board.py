"""Where workers hang out their counters for each other: memory that they share, a place for each."""

from __future__ import annotations

import mmap
from collections.abc import Iterator

_PLACE_BYTES = 1 << 16
_LENGTH_BYTES = 4


class Board:
    """Made before the workers are forked.

    >>> board = Board(2)
    >>> board.write(0, b"a"), list(board.others(1)), list(board.others(0))
    (None, [b'a'], [])
    """

    def __init__(self, places: int) -> None:
        self._places = places
        self._memory = mmap.mmap(-1, places * _PLACE_BYTES)

    def write(self, place: int, data: bytes) -> None:
        """Replace what hangs at a place; what does not fit is left out."""
        at = place * _PLACE_BYTES
        if len(data) <= _PLACE_BYTES - _LENGTH_BYTES:
            self._memory[at : at + _LENGTH_BYTES] = bytes(_LENGTH_BYTES)  # nothing, while it is being written
            self._memory[at + _LENGTH_BYTES : at + _LENGTH_BYTES + len(data)] = data
            self._memory[at : at + _LENGTH_BYTES] = len(data).to_bytes(_LENGTH_BYTES, "little")

    def read(self, place: int) -> bytes:
        """What hangs at a place; nothing where it is just being written."""
        at = place * _PLACE_BYTES
        size = self._memory[at : at + _LENGTH_BYTES]
        found = self._memory[at + _LENGTH_BYTES : at + _LENGTH_BYTES + int.from_bytes(size, "little")]
        return found if self._memory[at : at + _LENGTH_BYTES] == size else b""

    def others(self, place: int) -> Iterator[bytes]:
        """What hangs at the other places."""
        for other in range(self._places):
            if other != place and (found := self.read(other)):
                yield found
