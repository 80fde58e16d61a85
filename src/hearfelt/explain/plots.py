"""Explanations as pictures: heat over a grey spectrogram, with its sums over time and over frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.errors import HearfeltError
from hearfelt.evaluation._canvas import dress, new_figure, theme
from hearfelt.explain._base import Explanation
from hearfelt.features.log_mel import LogMelConfig, hz_to_mel, log_mel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Speaks for the label, and against it: apart for every kind of colour vision, and drawn over grey.
FOR, AGAINST = "#D55E00", "#0072B2"
_STRONGEST = 0.85  # opacity
_CONTOUR = 0.5  # of the largest value: the second cue beside the colour
_TICKS = (250, 500, 1000, 2000, 4000, 8000)
_NAMES = {
    "occlusion": "Occlusion",
    "integrated_gradients": "Integrated gradients",
    "grad_cam": "Grad-CAM",
}


def plot_explanation(
    samples: ArrayLike, sample_rate: int, explanation: Explanation, *, title: str = "", dark: bool = False
) -> Figure:
    """The stretch that is explained: mel spectrogram in grey, for (orange) and against (blue) the label over it.

    A line is drawn around what has at least half of the largest value. Beneath it the mean over the bands, beside it
    the mean over the frames.

    Args:
        samples: of the whole recording, mono, shape (samples,).
        sample_rate: hertz.
        explanation: what is drawn.
        title: above the picture; says method, label and probability by default.
        dark: theme.

    Raises:
        HearfeltError: the samples are not those of the explanation.
    """
    wave = np.asarray(samples, dtype=np.float64)
    first, last = round(explanation.start * sample_rate), round(explanation.end * sample_rate)
    if wave.ndim != 1 or not first < last <= wave.size + 1:
        raise HearfeltError(
            f"The explanation is of {explanation.start:.2f} to {explanation.end:.2f} s, the samples have shape "
            f"{wave.shape} at {sample_rate} Hz. Give the recording that was explained, in mono."
        )
    figure = new_figure(4.2, dark)
    grid = figure.add_gridspec(2, 2, width_ratios=[6.2, 1], height_ratios=[3.4, 1])
    main = figure.add_subplot(grid[0, 0])
    beside, beneath = figure.add_subplot(grid[0, 1], sharey=main), figure.add_subplot(grid[1, 0], sharex=main)
    mel = hz_to_mel(explanation.hertz)
    _draw_grey(main, wave[first:last], sample_rate, explanation.start, dark)
    _draw_heat(main, explanation, mel, dark)
    name = _NAMES.get(explanation.method, explanation.method)
    label = explanation.label.replace("_", " ")
    heading = title or f"{name}: what spoke for {label} ({explanation.probability:.0%})"
    dress(main, dark, title=heading, y="Hz (mel scale)")
    ticks = [hz for hz in _TICKS if hz <= sample_rate / 2]
    main.set_yticks(hz_to_mel(np.array(ticks, dtype=float)), [f"{hz:,}" for hz in ticks])
    main.set_xlim(explanation.start, explanation.end)
    main.set_ylim(mel[0], mel[-1])
    widths = np.diff(mel) / (mel[-1] - mel[0])
    over_time, over_bands = widths @ explanation.values, explanation.values.mean(axis=1)
    _draw_sums(beneath, explanation.seconds, over_time, dark, along=True)
    _draw_sums(beside, mel, over_bands, dark, along=False)
    dress(beneath, dark, grid="y", x="seconds", y="mean")
    dress(beside, dark, grid="x", x="mean")
    beneath.locator_params(axis="y", nbins=3)
    beside.locator_params(axis="x", nbins=2)
    for axes in (main, beside):
        axes.tick_params(labelbottom=axes is beside, labelleft=axes is main)
    _draw_key(figure, figure.add_subplot(grid[1, 1]), explanation, dark)
    return figure


def _draw_grey(axes: Axes, wave: NDArray[np.float64], rate: int, start: float, dark: bool) -> None:
    top = 0.5 * rate
    config = LogMelConfig(
        sample_rate=rate,
        mel_count=96,
        min_hz=0,
        max_hz=top,
        window_seconds=0.064,
        hop_seconds=max(0.008, wave.size / rate / 1200),
        level="none",
        normalization="none",
        floor=1e-9,
    )
    bands = log_mel(wave, config)
    low, high = np.percentile(bands, [20, 99.9])
    end = start + (bands.shape[1] - 1) * config.hop_seconds + config.window_seconds
    axes.imshow(
        bands,
        origin="lower",
        aspect="auto",
        cmap="gray" if dark else "gray_r",
        vmin=low,
        vmax=high + 0.35 * (high - low),  # the loudest is not black, so that colours show on it
        extent=(start, end, 0.0, float(hz_to_mel(np.array(top)))),
        interpolation="nearest",
    )


def _draw_heat(axes: Axes, explanation: Explanation, mel: NDArray[np.float64], dark: bool) -> None:
    from matplotlib.colors import to_rgb

    values = explanation.values
    largest = _largest(values)
    share = np.clip(values / largest, -1, 1)
    colours = np.empty((*values.shape, 4))
    colours[..., :3] = np.where((share > 0)[..., None], to_rgb(FOR), to_rgb(AGAINST))
    colours[..., 3] = _STRONGEST * np.abs(share)
    axes.pcolormesh(
        explanation.seconds, mel, colours, shading="flat", antialiased=False, linewidth=0, rasterized=True
    )
    smooth, seconds, rows = _for_lines(share, explanation.seconds, mel)
    if min(smooth.shape) > 1:
        for level, style in ((_CONTOUR, "-"), (-_CONTOUR, ":")):
            if smooth.min() < level < smooth.max():
                axes.contour(
                    seconds,
                    rows,
                    smooth,
                    [level],
                    colors=[theme(dark).ink],
                    linewidths=1.1,
                    linestyles=[style],
                )


def _largest(values: NDArray[np.float64]) -> float:
    """What is drawn at full strength: the largest value; in fine planes, what one in 500 exceeds."""
    strength = np.abs(values)
    return float(np.percentile(strength, 99.8) if values.size > 2000 else 0) or float(strength.max()) or 1.0


def _for_lines(
    share: NDArray[np.float64], seconds: NDArray[np.float64], mel: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Values at the middles of the cells, and at the border so that lines close there; fine planes are averaged."""
    for axis in (0, 1):
        size = -(-share.shape[axis] // 24)
        if size > 1:
            reach = np.ones(size) / size
            share = np.apply_along_axis(np.convolve, axis, share, reach, mode="same")
    share = share / max(float(np.abs(share).max()), 1e-12)
    middles = [(edges[1:] + edges[:-1]) / 2 for edges in (seconds, mel)]
    padded = np.pad(share, 1)
    return (
        padded,
        np.concatenate(([seconds[0]], middles[0], [seconds[-1]])),
        np.concatenate(([mel[0]], middles[1], [mel[-1]])),
    )


def _draw_sums(
    axes: Axes, edges: NDArray[np.float64], values: NDArray[np.float64], dark: bool, *, along: bool
) -> None:
    fill = axes.fill_between if along else axes.fill_betweenx
    places, heights = np.repeat(edges, 2)[1:-1], np.repeat(values, 2)
    fill(places, 0, heights, where=heights > 0, color=FOR, linewidth=0)
    fill(places, 0, heights, where=heights < 0, color=AGAINST, linewidth=0)
    line: Any = axes.axhline if along else axes.axvline
    line(0, color=theme(dark).muted, linewidth=0.8)


def _draw_key(figure: Figure, axes: Axes, explanation: Explanation, dark: bool) -> None:
    """What the colours mean, with their ends in numbers."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    axes.set_axis_off()
    largest = _largest(explanation.values)
    signed = bool((explanation.values < 0).any())
    ground = theme(dark).background
    colours = [AGAINST, ground, FOR] if signed else [ground, FOR]
    scale = ScalarMappable(
        Normalize(-largest if signed else 0.0, largest), LinearSegmentedColormap.from_list("", colours)
    )
    bar = figure.colorbar(scale, cax=axes.inset_axes((0.04, 0.52, 0.92, 0.2)), orientation="horizontal")
    bar.set_label(explanation.unit, color=theme(dark).ink, fontsize=8)
    bar.set_ticks([-largest, 0, largest] if signed else [0, largest])
    bar.set_ticklabels([f"{tick:.2g}" for tick in bar.get_ticks()])
    bar.ax.tick_params(colors=theme(dark).muted, labelcolor=theme(dark).ink, labelsize=7)
    bar.outline.set_visible(False)
