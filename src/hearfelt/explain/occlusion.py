"""Occlusion: what becomes of the answer when a region of the sound is made quiet (after Zeiler and Fergus 2014).

The region is made quiet in the recording itself, by way of its short-time Fourier transform, and the whole model
hears the result. So it works with every model, an exported one without torch included, and nothing about it is assumed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hearfelt.explain._base import Heat, Plane
from hearfelt.explain._subject import Subject
from hearfelt.features._base import hann
from hearfelt.features.log_mel import hz_to_mel, mel_to_hz

NEEDS_GRADIENTS = False
UNIT = "log-odds"
MEANING = (
    "By how much the log-odds of the label fall when the region is as quiet as the recording is there otherwise; the "
    "mean over all occluders that cover a cell. Regions are taken away one at a time, so the values have no sum."
)

#: Cells of the plane: bands as wide to the ear, and frames of at least this length, at most so many.
_BANDS = 8
_LEAST_SECONDS = 0.12
_MOST_FRAMES = 16
#: An occluder is so many cells wide and high; it moves by one.
_REACH = 2
#: Level of a region that was made quiet: this percentile of the magnitudes at its frequency.
_QUIET_PERCENTILE = 10.0
_LEAST_ODDS = 1e-6


def explain(subject: Subject, clip: NDArray[np.float32], label: int) -> Heat:
    """By how much the log-odds of a label fall.

    Args:
        subject: the model.
        clip: (samples,) at its rate.
        label: its number.

    Returns:
        8 bands of equal width in mel, and frames of 0.12 s or more.
    """
    low, high = hz_to_mel(np.array(subject.span()))
    hertz = mel_to_hz(np.linspace(low, high, _BANDS + 1))
    hertz[0], hertz[-1] = 0.0, subject.sample_rate / 2  # nothing is left out
    duration = clip.size / subject.sample_rate
    frames = int(np.clip(duration // _LEAST_SECONDS, 1, _MOST_FRAMES))
    seconds = np.linspace(0, duration, frames + 1)
    quieter = Quieter(clip, subject.sample_rate, seconds, hertz)
    places = [(band, frame) for band in range(1 - _REACH, _BANDS) for frame in range(1 - _REACH, frames)]
    masks = np.zeros((len(places), _BANDS, frames), dtype=bool)
    for mask, (band, frame) in zip(masks, places, strict=True):
        mask[max(band, 0) : band + _REACH, max(frame, 0) : frame + _REACH] = True
    heard = np.concatenate(
        [
            subject.judge([quieter.without(mask) for mask in masks[start : start + 16]])
            for start in range(0, len(masks), 16)
        ]
    )
    whole = log_odds(subject.judge([clip])[:, label])
    falls = whole - log_odds(heard[:, label])
    values = np.tensordot(falls, masks.astype(np.float64), axes=1) / masks.sum(axis=0)
    return Heat(values, seconds, hertz)


def log_odds(probabilities: Plane) -> Plane:
    """ln(p / (1 - p)), bounded.

    >>> log_odds(np.array([0.5, 1.0])).round(1)
    array([ 0. , 13.8])
    """
    bounded = np.clip(probabilities, _LEAST_ODDS, 1 - _LEAST_ODDS)
    return np.asarray(np.log(bounded / (1 - bounded)))


class Quieter:
    """A clip, of which regions can be made quiet.

    What is taken away is the short-time Fourier transform's own (periodic Hann, a quarter of it as step), turned back
    by weighted overlap and add; so the clip without nothing is the clip.

    Args:
        samples: (samples,).
        sample_rate: in hertz.
        seconds: (frames + 1,) edges of the cells.
        hertz: (bands + 1,) edges of the cells.
    """

    def __init__(self, samples: NDArray[np.floating], sample_rate: int, seconds: Plane, hertz: Plane) -> None:
        self._samples = samples.astype(np.float64)
        self._size = 4 * max(4, round(0.008 * sample_rate))
        self._hop = self._size // 4
        self._window = hann(self._size)
        tail = -(samples.size + self._size) % self._hop
        padded = np.pad(self._samples, (self._size, self._size + tail))
        frames = np.lib.stride_tricks.sliding_window_view(padded, self._size)[:: self._hop]
        self._spectra = np.fft.rfft(frames * self._window, axis=1)
        magnitude = np.abs(self._spectra)
        inside = slice(3, -3) if len(magnitude) > 8 else slice(None)  # the others are mostly padding
        quiet = np.percentile(magnitude[inside], _QUIET_PERCENTILE, axis=0)
        self._surplus = self._spectra * np.maximum(0.0, 1 - quiet / np.maximum(magnitude, 1e-12))
        middles = (np.arange(len(frames), dtype=np.float64) * self._hop - self._size / 2) / sample_rate
        bins = np.arange(self._size // 2 + 1, dtype=np.float64) * (sample_rate / self._size)
        self._frame_cells = _cells(middles, seconds)
        self._bin_cells = _cells(bins, hertz)
        # Hann squared at a quarter's step sums to 1.5 everywhere.
        self._gain = 1 / 1.5

    def without(self, mask: NDArray[np.bool_]) -> NDArray[np.float32]:
        """The clip with the cells of a mask (bands, frames) made quiet: (samples,) float32."""
        frames = np.flatnonzero(np.any(mask[:, self._frame_cells], axis=0))
        taken = np.zeros((len(self._spectra) + 3) * self._hop)
        if frames.size:
            first, last = frames[0], frames[-1] + 1
            chosen = mask[self._bin_cells][:, self._frame_cells[first:last]].T
            parts = np.fft.irfft(self._surplus[first:last] * chosen, self._size, axis=1) * self._window
            for quarter in range(4):
                place = slice((first + quarter) * self._hop, (last + quarter) * self._hop)
                taken[place] += parts[:, quarter * self._hop : (quarter + 1) * self._hop].ravel()
        begin = self._size
        return (self._samples - self._gain * taken[begin : begin + self._samples.size]).astype(np.float32)


def _cells(places: Plane, edges: Plane) -> NDArray[np.intp]:
    """Number of the cell that each place is in; the nearest one beyond the edges."""
    return np.clip(np.searchsorted(edges, places, side="right") - 1, 0, edges.size - 2)
