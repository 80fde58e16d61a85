"""Sound in while it arrives, emotions out: the windows of `Recognizer`, each as soon as it is complete.

The answers are those of the whole recording, however it is divided: the same windows, the same resampler.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.audio.arrays import mono_at
from hearfelt.audio.decode import MAX_SOURCE_RATE, MIN_SOURCE_RATE, RESAMPLING_QUALITY
from hearfelt.audio.windows import ONE_PIECE, Cutter
from hearfelt.errors import AudioError, BundleError
from hearfelt.recognition._engine import Engine, Piece
from hearfelt.recognition.ordered import grouped
from hearfelt.recognition.results import Segment, decide

#: A chunk of any length is worked through in blocks of this much, so that its windows are never all copied.
_BLOCK_SECONDS = 10.0


class Stream:
    """One recording that is not yet over. `Recognizer.stream` makes it.

    The events are exactly the segments of ``recognizer(whole_recording)``. Memory does not grow with the length
    of the recording. A stream belongs to one thread; any number of them can share a recognizer.

    Example::

        stream = recognizer.stream()
        for chunk in microphone:                    # (samples,) or (samples, channels), of any size
            for event in stream.feed(chunk, 48000):
                print(event.start, event.end, event.emotion)
        for event in stream.flush():
            ...

    Attributes:
        labels: of the answers, in order.
    """

    def __init__(self, engine: Engine, labels: Sequence[str], unsure_below: float) -> None:
        self.labels = tuple(labels)
        self._engine = engine
        self._unsure_below = unsure_below
        self._over = False
        self.reset()

    def feed(self, chunk: ArrayLike, sample_rate: int | None = None) -> list[Segment]:
        """Take the next piece of the recording.

        Args:
            chunk: (samples,) or (samples, channels); floats in [-1, 1] or integers of full scale. May be empty;
                it is copied.
            sample_rate: of the chunk, in hertz, the same for the whole recording; by default that of the
                chunks before, and that of the model at first.

        Returns:
            the windows that are complete now, in time order.

        Raises:
            AudioError: the chunk is no sound, comes at another rate, or after `flush`. What was fed before is
                kept: the next chunk may follow.
            BundleError: the model fails; the stream is over then.
        """
        if self._over:
            raise AudioError("The recording of this stream is over; reset() begins a new one.")
        rate = self._rate_of(sample_rate)
        given = np.asarray(chunk)
        if not given.size:
            return []
        mono = mono_at(given, rate, rate)
        if self._rate is None:
            self._begin(rate)
        self._fed += mono.size
        size = round(_BLOCK_SECONDS * rate)
        blocks = (mono[start : start + size] for start in range(0, mono.size, size))
        return self._recognize(
            piece for block in blocks for piece in self._windows(self._resample(block, last=False))
        )

    def flush(self) -> list[Segment]:
        """End the recording: the window that ends with it, or all of a short one. Afterwards only `reset` goes on.

        Raises:
            BundleError: the model fails.
        """
        if self._over:
            return []
        self._over = True
        if self._rate is None:
            return []
        pieces = [*self._windows(self._resample(np.empty(0, np.float32), last=True))]
        pieces += [self._engine.piece(start, samples) for start, samples in self._cutter.finish()]
        return self._recognize(pieces)

    def reset(self) -> None:
        """Forget the recording and begin a new one, at time 0 and at any sample rate."""
        self._cutter = Cutter(self._engine.window, self._engine.hop)
        self._rate: int | None = None
        self._resampler: Resampler | None = None
        self._fed = 0
        self._over = False

    @property
    def sample_rate(self) -> int:
        """Of the chunks, in hertz; the model's own before the first."""
        return self._engine.rate if self._rate is None else self._rate

    @property
    def seconds(self) -> float:
        """Length of what was fed since the beginning."""
        return self._fed / self.sample_rate

    @property
    def latency_seconds(self) -> float:
        """Longest time from a sound to the first event that holds it, with the recording under way.

        A hop, as windows end every hop, and the delay of the resampler at `sample_rate`. The length of the
        chunks and the time that the model takes (benchmarks/streaming.py) come on top. The first event needs
        `warm_up_seconds`.
        """
        return self._engine.hop / self._engine.rate + self._delay_seconds

    @property
    def warm_up_seconds(self) -> float:
        """Sound needed for the first event: until then the recording may turn out short enough for one piece."""
        engine = self._engine
        return (int(ONE_PIECE * engine.window) + 1) / engine.rate + self._delay_seconds

    @property
    def _delay_seconds(self) -> float:
        return resampling_delay_seconds(self.sample_rate, self._engine.rate)

    def _rate_of(self, sample_rate: int | None) -> int:
        rate = self.sample_rate if sample_rate is None else round(sample_rate)  # drivers say 48000.0
        if not MIN_SOURCE_RATE <= rate <= MAX_SOURCE_RATE:
            raise AudioError(
                f"The chunk is said to be at {rate} Hz; {MIN_SOURCE_RATE} to {MAX_SOURCE_RATE} Hz are possible."
            )
        if self._rate is not None and rate != self._rate:
            raise AudioError(
                f"The recording began at {self._rate} Hz and this chunk is at {rate} Hz; one recording has one "
                "rate. reset() begins a new one."
            )
        return rate

    def _begin(self, rate: int) -> None:
        self._rate = rate
        if rate != self._engine.rate:
            self._resampler = Resampler(rate, self._engine.rate)

    def _resample(self, samples: NDArray[np.float32], *, last: bool) -> NDArray[np.float32]:
        return samples if self._resampler is None else self._resampler(samples, last=last)

    def _windows(self, samples: NDArray[np.float32]) -> Iterator[Piece]:
        return (self._engine.piece(start, part) for start, part in self._cutter.push(samples))

    def _recognize(self, pieces: Iterator[Piece] | Sequence[Piece]) -> list[Segment]:
        rate = self._engine.rate
        try:
            return [
                Segment(
                    row.start / rate, row.end / rate, *decide(row.values, self.labels, self._unsure_below)
                )
                for batch in grouped(pieces, self._engine.batch_windows)
                for row in self._engine.run(batch)
            ]
        except BundleError:
            self._over = True  # some windows are lost: what came after would not be the whole recording
            raise


class Resampler:
    """Changes the rate of sound as it comes; any division gives the same samples as the whole at once.

    Args:
        source_rate: in hertz.
        target_rate: in hertz.
    """

    def __init__(self, source_rate: int, target_rate: int) -> None:
        import soxr

        self._stream = soxr.ResampleStream(
            source_rate, target_rate, 1, dtype="float32", quality=RESAMPLING_QUALITY
        )

    def __call__(self, samples: NDArray[np.float32], *, last: bool = False) -> NDArray[np.float32]:
        """The samples that are certain now; with ``last`` the rest."""
        return np.asarray(self._stream.resample_chunk(samples, last=last), dtype=np.float32)


@lru_cache(maxsize=32)
def resampling_delay_seconds(source_rate: int, target_rate: int) -> float:
    """Longest time that `Resampler` holds a sample back, found by feeding it silence.

    >>> resampling_delay_seconds(16000, 16000), round(resampling_delay_seconds(48000, 16000), 2)
    (0.0, 0.04)
    """
    if source_rate == target_rate:
        return 0.0
    resampler = Resampler(source_rate, target_rate)
    step = max(1, source_rate // 1000)
    silence = np.zeros(step, dtype=np.float32)
    given = made = 0
    longest = 0.0
    while given < 2 * source_rate:
        given += step
        made += resampler(silence).size
        longest = max(longest, given / source_rate - made / target_rate)
    return longest
