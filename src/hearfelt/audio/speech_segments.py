"""Where is speech in a long recording? Frame by frame, without a trained network, at flat memory.

`hearfelt.audio.voice_activity.has_speech` asks whether a clip may hold speech at all and says yes in doubt; here
the borders are wanted. Every 16 ms a frame gets a score from twelve measures: how far its bands stand above the
quietest of the seconds around it and below the loudest, how much they vary within a quarter of a second (relative
to what stationary noise does by chance, as in `has_speech`), how periodic it is, how steady its fine spectrum and
its pitch are (music holds tones, voices glide). The weights are those of a logistic regression over real
clips of five corpora in silence, noise and synthetic music (``benchmarks/voice_activity.py --fit``); what
it reaches on the other corpora, beside silero-vad, is in docs/timeline.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import AudioError

HOP_SECONDS = 0.016
_BANDS = 16
_MIN_HZ, _MAX_HZ = 100.0, 3800.0  # what telephones leave
_MIN_PITCH_HZ, _MAX_PITCH_HZ = 70.0, 400.0
_FINE_HZ = 2500.0
#: Power of a band below which it counts as silent: rounding of 16 bits is about 1e-9.
_POWER_FLOOR = 1e-9
_NEPERS_TO_DB = 10.0 / np.log(10.0)

_CHUNK_FRAMES = 1875  # 30 s
_CONTEXT_FRAMES = 250  # 4 s: what a score may depend on, either side
_FLOOR_FRAMES = 190  # the quietest and the loudest within 3 s either side
_SHORT, _MEDIUM, _LONG = 3, 9, 25  # frames either side: 0.05, 0.15, 0.4 s

Frames = NDArray[np.float32]


@dataclass(frozen=True)
class SpeechSettings:
    """When speech begins and ends.

    Attributes:
        on: score (0 to 1) at which speech begins.
        off: score below which it ends.
        min_speech_seconds: a stretch with less speech in it is no speech.
        min_gap_seconds: shorter pauses are part of the speech around them.
        pad_seconds: added to either end, where there is room.
    """

    on: float = 0.5
    off: float = 0.3
    min_speech_seconds: float = 0.2
    min_gap_seconds: float = 0.4
    pad_seconds: float = 0.1

    def __post_init__(self) -> None:
        lengths = (self.min_speech_seconds, self.min_gap_seconds, self.pad_seconds)
        if not 0 < self.off <= self.on < 1 or not all(0 <= value <= 60 for value in lengths):
            raise AudioError(
                f"Speech begins at {self.on:g} and ends below {self.off:g}; both lie between 0 and 1, the end not "
                f"above the beginning, and the lengths {', '.join(f'{value:g} s' for value in lengths)} within 0 "
                "to 60 s."
            )


def speech_segments(
    blocks: Iterable[NDArray[np.float32]], sample_rate: int, settings: SpeechSettings | None = None
) -> Iterator[tuple[int, int]]:
    """Stretches of speech, in time order and apart.

    The size of the blocks does not matter, nor the level of the recording down to the rounding of 16 bits; about
    a minute is held.

    Args:
        blocks: (samples,) mono float32 each, of any sizes.
        sample_rate: in hertz.
        settings: when speech begins and ends.

    Yields:
        (start, end) in samples.

    >>> list(speech_segments([np.zeros(16000, np.float32)], 16000))
    []
    """
    settings = settings or SpeechSettings()
    hop = _hop(sample_rate)
    counter = [0]
    runs = _runs(speech_scores(_counted(blocks, counter), sample_rate), settings.on, settings.off)
    least, gap = settings.min_speech_seconds * sample_rate, settings.min_gap_seconds * sample_rate
    pad = round(settings.pad_seconds * sample_rate)
    stretch: list[tuple[int, int]] = []
    for first, last in runs:
        # The middle of a frame of two hops is its decision's place.
        run = first * hop + hop // 2, last * hop + hop // 2
        if stretch and run[0] - stretch[-1][1] >= max(gap, 2 * pad + 1):
            if _length(stretch) >= least:
                yield max(0, stretch[0][0] - pad), stretch[-1][1] + pad
            stretch = []
        stretch.append(run)
    if stretch and _length(stretch) >= least:
        yield max(0, stretch[0][0] - pad), min(counter[0], stretch[-1][1] + pad)


def _length(runs: Iterable[tuple[int, int]]) -> int:
    """Samples in runs."""
    return sum(end - start for start, end in runs)


def speech_scores(blocks: Iterable[NDArray[np.float32]], sample_rate: int) -> Iterator[NDArray[np.float64]]:
    """Probability of speech in every frame, in chunks.

    Frame k is centred on sample ``(k + 1) * round(0.016 * sample_rate)``.
    """
    for features in frame_features(blocks, sample_rate):
        yield 1.0 / (1.0 + np.exp(-np.clip(features @ _WEIGHTS + _BIAS, -30.0, 30.0)))


def frame_features(blocks: Iterable[NDArray[np.float32]], sample_rate: int) -> Iterator[NDArray[np.float64]]:
    """The measures behind `speech_scores`: (frames, 12) a chunk, roughly within -2 to 2."""
    held: list[Frames] = []
    count = done = 0  # frames held, and of those the scored ones that are only context now
    for measured in _measure(blocks, sample_rate):
        held.append(measured)
        count += len(measured)
        while count - done >= _CHUNK_FRAMES + _CONTEXT_FRAMES:
            joined = np.concatenate(held)
            yield _features(joined[: done + _CHUNK_FRAMES + _CONTEXT_FRAMES])[done : done + _CHUNK_FRAMES]
            drop = max(0, done + _CHUNK_FRAMES - _CONTEXT_FRAMES)
            held, count, done = [joined[drop:]], count - drop, done + _CHUNK_FRAMES - drop
    if count > done:
        yield _features(np.concatenate(held))[done:]


def _hop(sample_rate: int) -> int:
    return max(1, round(HOP_SECONDS * sample_rate))


def _counted(blocks: Iterable[NDArray[np.float32]], counter: list[int]) -> Iterator[NDArray[np.float32]]:
    for block in blocks:
        counter[0] += block.size
        yield block


def _measure(blocks: Iterable[NDArray[np.float32]], sample_rate: int) -> Iterator[Frames]:
    """(frames, bands + 3): band levels in dB, periodicity, pitch in octaves, likeness to the frame four before."""
    hop = _hop(sample_rate)
    size = 2 * hop
    rest = np.zeros(0, np.float32)
    before: NDArray[np.float32] | None = None
    for block in blocks:
        rest = np.concatenate((rest, block))
        while (frames := (rest.size - size) // hop + 1) > 0:
            frames = min(frames, _CHUNK_FRAMES)
            measured, before = _measure_frames(rest[: (frames + 1) * hop], hop, sample_rate, before)
            rest = rest[frames * hop :]
            yield measured
    if rest.size > hop or before is None:  # the last frame, with silence behind it
        yield _measure_frames(np.pad(rest, (0, max(0, size - rest.size))), hop, sample_rate, before)[0]


def _measure_frames(
    samples: NDArray[np.float32], hop: int, sample_rate: int, before: NDArray[np.float32] | None
) -> tuple[Frames, NDArray[np.float32]]:
    window, edges, lags, fine, window_correlation = _analysis(hop, sample_rate)
    frames = np.lib.stride_tricks.sliding_window_view(samples, 2 * hop)[::hop]
    frames = frames - frames.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(frames * window, 4 * hop, axis=1)  # padded: the correlation is not circular
    power = (np.square(spectrum.real) + np.square(spectrum.imag)).astype(np.float32)
    even = power[:, ::2]
    bands = np.add.reduceat(even[:, : edges[-1]], edges[:-1], axis=1) / np.diff(edges)
    levels = _NEPERS_TO_DB * np.log(bands / np.float32(np.square(window).sum()) + np.float32(_POWER_FLOOR))
    low = power.copy()
    low[:, edges[-1] * 2 :] = 0
    correlation = np.fft.irfft(low, axis=1)[:, : lags[1]] / window_correlation
    best = correlation[:, lags[0] :].argmax(axis=1) + lags[0]
    periodicity = correlation[np.arange(len(best)), best] / (correlation[:, 0] + 1e-6)
    octaves = np.log2(sample_rate / best)
    shape = np.log(even[:, fine[0] : fine[1]] + np.float32(_POWER_FLOOR)).astype(np.float32)
    shape -= shape.mean(axis=1, keepdims=True)
    past = np.concatenate((shape[:1].repeat(4, axis=0) if before is None else before, shape))
    old = past[:-4]
    likeness = (shape * old).sum(axis=1) / np.sqrt(
        np.square(shape).sum(axis=1) * np.square(old).sum(axis=1) + 1e-6
    )
    joined = np.column_stack((levels, np.clip(periodicity, 0, 1), octaves, likeness))
    return joined.astype(np.float32), past[-4:]


@lru_cache(maxsize=8)
def _analysis(
    hop: int, sample_rate: int
) -> tuple[NDArray[np.float32], NDArray[np.intp], tuple[int, int], tuple[int, int], NDArray[np.float32]]:
    size = 2 * hop
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    top = min(_MAX_HZ, 0.45 * sample_rate)
    hertz = np.geomspace(min(_MIN_HZ, top / 4), top, _BANDS + 1)
    edges = np.maximum(1, np.round(hertz * size / sample_rate)).astype(np.intp)
    edges = np.maximum(edges, edges[0] + np.arange(_BANDS + 1))  # one bin a band at least
    edges = (
        np.minimum(edges, hop - _BANDS + np.arange(_BANDS + 1))
        if hop > 2 * _BANDS
        else np.unique(np.minimum(edges, hop))
    )
    shortest = max(1, int(sample_rate / _MAX_PITCH_HZ))
    longest = max(shortest + 1, min(size - 2, int(sample_rate / _MIN_PITCH_HZ)))
    fine = (max(1, round(100 * size / sample_rate)), max(4, round(min(_FINE_HZ, top) * size / sample_rate)))
    own = np.fft.irfft(np.square(np.abs(np.fft.rfft(window, 2 * size))))[:longest]
    return window.astype(np.float32), edges, (shortest, longest), fine, (own / own[0]).astype(np.float32)


def _features(measured: Frames) -> NDArray[np.float64]:
    """(frames, 12) from what `_measure` gives."""
    levels = measured[:, :-3].astype(np.float64)
    periodicity, octaves, likeness = measured[:, -3:].astype(np.float64).T
    smooth = _mean(levels, 2)
    floors = _extreme(smooth, _FLOOR_FRAMES, np.minimum)
    above = np.clip(levels - floors - 2.0, 0.0, 40.0)
    total = _NEPERS_TO_DB * np.log(np.exp(levels / _NEPERS_TO_DB).mean(axis=1))
    total_smooth = _mean(total[:, None], _SHORT)
    loudest = _extreme(total_smooth, _FLOOR_FRAMES, np.maximum)[:, 0]
    quietest = _extreme(total_smooth, _FLOOR_FRAMES, np.minimum)[:, 0]
    variance = np.maximum(_mean(np.square(levels), _MEDIUM) - np.square(_mean(levels, _MEDIUM)), 0.0)
    wide = np.maximum(_mean(np.square(levels), _LONG) - np.square(_mean(levels, _LONG)), 0.0)
    glide = np.abs(np.diff(octaves, prepend=octaves[:1]))
    steady = _mean(((glide < 0.01) & (periodicity > 0.6)).astype(np.float64)[:, None], _LONG)[:, 0]
    moves = _mean(((glide >= 0.01) & (glide < 0.08) & (periodicity > 0.6)).astype(np.float64)[:, None], _LONG)
    columns = [
        above.mean(axis=1) / 10,
        _mean(above.mean(axis=1, keepdims=True), _SHORT)[:, 0] / 10,
        _mean(above.mean(axis=1, keepdims=True), _MEDIUM)[:, 0] / 10,
        np.clip(total - loudest, -60.0, 0.0) / 20,
        np.clip(total_smooth[:, 0] - quietest, 0.0, 60.0) / 20,
        np.log(variance.mean(axis=1) + 1.0) / 2 - 1.5,
        np.log(wide.mean(axis=1) + 1.0) / 2 - 1.5,
        _mean(periodicity[:, None], _SHORT)[:, 0] * 2 - 1,
        _mean(likeness[:, None], _MEDIUM)[:, 0] * 2 - 1,
        _mean(likeness[:, None], _LONG)[:, 0] * 2 - 1,
        steady * 2,
        moves[:, 0] * 4,
    ]
    return np.column_stack(columns)


def _mean(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Mean over ``reach`` frames either side, of those that there are."""
    sums = np.cumsum(np.vstack((np.zeros((1, values.shape[1])), values)), axis=0)
    frames = np.arange(len(values))
    low, high = np.maximum(frames - reach, 0), np.minimum(frames + reach + 1, len(values))
    return np.asarray((sums[high] - sums[low]) / (high - low)[:, None])


def _extreme(values: NDArray[np.float64], reach: int, choose: np.ufunc) -> NDArray[np.float64]:
    """Least or largest over ``reach`` frames either side, by doubling."""
    size = 2 * reach + 1
    found = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    width = 1
    while width < size:
        step = min(width, size - width)
        found = choose(found[:-step], found[step:])
        width += step
    return found


def _runs(chunks: Iterable[NDArray[np.float64]], on: float, off: float) -> Iterator[tuple[int, int]]:
    """Frames (first, after the last) that are speech: from ``on`` to where the score falls below ``off``."""
    first = 0
    begin = -1
    end = 0
    for scores in chunks:
        # Only frames beyond a threshold change the state; those are few.
        state = np.where(scores >= on, 1, np.where(scores < off, -1, 0))
        where = np.flatnonzero(state)
        signs = state[where]
        changes = where[np.flatnonzero(np.diff(signs, prepend=1 if begin >= 0 else -1))]
        for frame in changes:
            if begin < 0:
                begin = first + int(frame)
            else:
                yield begin, first + int(frame)
                begin = -1
        end = first + scores.size
        first = end
    if begin >= 0:
        yield begin, end


_WEIGHTS = np.array([-0.60, -1.13, 1.01, 1.43, 1.05, 2.40, -0.53, 2.04, -0.42, -0.40, -5.09, 4.63])
_BIAS = -1.30
