"""Pictures of descriptors: all of one clip beneath its waveform, on one time axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.errors import HearfeltError
from hearfelt.evaluation._canvas import dress, new_figure, series_colors, theme
from hearfelt.features.descriptors import COLUMNS, PITCH_CLASSES, USUAL
from hearfelt.features.extract import ExtractConfig, measure_frames

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Descriptor -> title and unit of its panel.
TITLES: dict[str, tuple[str, str]] = {
    "rms": ("RMS energy", "full scale"),
    "zcr": ("Zero-crossing rate", "a sample"),
    "ber": ("Band energy ratio", "dB"),
    "centroid": ("Spectral centroid", "Hz"),
    "bandwidth": ("Spectral bandwidth", "Hz"),
    "rolloff": ("Spectral roll-off", "Hz"),
    "flatness": ("Spectral flatness", "0 tone, 1 noise"),
    "chroma": ("Chroma", "pitch class"),
    "f0": ("Fundamental frequency", "Hz"),
    "mfcc": ("MFCC", "coefficient"),
    "mfcc_delta": ("MFCC deltas", "coefficient"),
    "mfcc_delta2": ("MFCC double deltas", "coefficient"),
}
_COLUMNS = 2400  # more points than pixels say nothing
#: What is drawn where nothing is asked for.
DRAWN = (*USUAL, "f0", "mfcc")


def plot_descriptors(
    samples: ArrayLike,
    sample_rate: int,
    descriptors: Sequence[str] = DRAWN,
    *,
    title: str = "Waveform",
    dark: bool = False,
) -> Figure:
    """The waveform, and a panel a descriptor beneath it.

    Args:
        samples: mono, shape (samples,).
        sample_rate: hertz.
        descriptors: keys of `TITLES`, from top to bottom.
        title: above the waveform.
        dark: theme.

    Raises:
        HearfeltError: no samples, or a descriptor that there is not.
    """
    from pydantic import ValidationError

    wave = np.asarray(samples, dtype=np.float64)
    if wave.ndim != 1 or not wave.size:
        raise HearfeltError(
            f"Samples of shape {wave.shape} cannot be drawn; (samples,) with some was expected."
        )
    try:
        config = ExtractConfig(
            descriptors=tuple(descriptors), sample_rate=sample_rate, split_hz=min(2000.0, sample_rate / 4)
        )
    except ValidationError as error:
        raise HearfeltError(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from error
    found = measure_frames(wave, config)
    names, seconds = config.descriptors, wave.size / sample_rate
    tall = [2.0 if name.startswith(("mfcc", "chroma")) else 1.0 for name in names]
    figure = new_figure(1.0 + 0.95 * (1.3 + sum(tall)), dark)
    rows = list(np.atleast_1d(figure.subplots(1 + len(names), 1, sharex=True, height_ratios=[1.3, *tall])))
    _draw_waveform(rows[0], wave, seconds, title, dark)
    count = len(next(iter(found.values())))
    middles = np.arange(count, dtype=np.float64) * config.hop_seconds + config.window_seconds / 2
    for place, (axes, name) in enumerate(zip(rows[1:], names, strict=True)):
        if name == "chroma" or name.startswith("mfcc"):
            _draw_rows(axes, name, found, middles, config, dark)
        else:
            column = "f0_hz" if name == "f0" else COLUMNS[name][0]
            colour = series_colors(dark)[place % 5]
            axes.plot(middles, found[column], color=colour, linewidth=1.3, marker="." if count == 1 else "")
            heading, unit = TITLES[name]
            if name == "ber":
                heading += f" (below over above {config.split_hz:g} Hz)"
            dress(axes, dark, grid="both", title=heading, y=unit)
        axes.title.set_fontsize(9.5)
    for axes in rows[:-1]:
        axes.tick_params(labelbottom=False)
    rows[-1].set_xlim(0, seconds)
    rows[-1].set_xlabel("seconds", color=theme(dark).ink, fontsize=9)
    figure.align_ylabels(rows)
    return figure


def _draw_waveform(axes: Axes, wave: NDArray[np.float64], seconds: float, title: str, dark: bool) -> None:
    colour = series_colors(dark)[0]
    if wave.size > 2 * _COLUMNS:
        size = -(-wave.size // _COLUMNS)
        padded = np.pad(wave, (0, -wave.size % size), mode="edge").reshape(-1, size)
        times = np.arange(len(padded)) * size * seconds / wave.size
        axes.fill_between(times, padded.min(axis=1), padded.max(axis=1), color=colour, linewidth=0.3)
    else:
        axes.plot(np.arange(wave.size) * seconds / wave.size, wave, color=colour, linewidth=0.8)
    dress(axes, dark, grid="x", title=title, y="amplitude")


def _draw_rows(
    axes: Axes,
    name: str,
    found: Mapping[str, NDArray[np.float64]],
    middles: NDArray[np.float64],
    config: ExtractConfig,
    dark: bool,
) -> None:
    """Chroma and cepstra as a picture, a row each."""
    heading, unit = TITLES[name]
    if name == "chroma":
        rows = np.stack([found[column] for column in COLUMNS["chroma"]])
    else:
        rows = np.stack([found[f"{name}_{number}"] for number in range(1, config.cepstra + 1)])
        spread = rows.std(axis=1, keepdims=True)
        rows = (rows - rows.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
        heading += ", each by its own mean and deviation"
    half = config.hop_seconds / 2
    edges = np.append(middles - half, middles[-1] + half)
    limit = 1.0 if name == "chroma" else 2.5
    axes.pcolormesh(
        edges,
        np.arange(len(rows) + 1) - 0.5,
        rows,
        cmap="viridis" if name == "chroma" else "RdBu_r",
        vmin=0.0 if name == "chroma" else -limit,
        vmax=limit,
        rasterized=True,
    )
    dress(axes, dark, title=heading, y=unit)
    if name == "chroma":
        axes.set_yticks(
            range(12), [name.replace("_sharp", "#").upper() for name in PITCH_CLASSES], fontsize=6
        )
    else:
        ticks = range(0, len(rows), 4)
        axes.set_yticks(ticks, [str(tick + 1) for tick in ticks])
