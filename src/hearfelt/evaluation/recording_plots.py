"""Pictures of one recording: waveform, log-mel spectrogram and the emotions in it, on one time axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.errors import HearfeltError
from hearfelt.evaluation._canvas import (
    HATCH_WIDTH,
    HATCHES,
    dress,
    emotion_color,
    ink_on,
    new_figure,
    series_colors,
    theme,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLUMNS = 2400  # more points than pixels say nothing
_LONG_SECONDS = 300.0
_MANY = 60  # segments, beyond which edges would hide them
_SPANS = 300  # neither do segments less than 4 pixels wide
_HZ_TICKS = (200, 500, 1000, 2000, 4000, 8000, 16000)


def plot_waveform(
    samples: ArrayLike, sample_rate: int, *, title: str = "Waveform", dark: bool = False
) -> Figure:
    """Amplitude over seconds; long recordings are drawn as their envelope.

    Args:
        samples: mono, shape (samples,).
        sample_rate: hertz.
        title: above the picture.
        dark: theme.

    Raises:
        HearfeltError: no samples.
    """
    figure = new_figure(2.2, dark)
    axes = figure.add_subplot()
    wave = _checked(samples, sample_rate)
    _draw_waveform(axes, wave, sample_rate, dark)
    dress(axes, dark, grid="x", title=title, x="seconds", y="amplitude")
    _long_times(axes, wave.size / sample_rate)
    return figure


def plot_recording(
    samples: ArrayLike,
    sample_rate: float,
    log_mel: ArrayLike,
    frame_times: ArrayLike,
    mel_hz: ArrayLike,
    segments: Sequence[Mapping[str, Any]],
    labels: Sequence[str],
    *,
    title: str = "",
    log_mel_unit: str = "ln power",
    dark: bool = False,
) -> Figure:
    """Waveform, log-mel spectrogram, emotion ribbon and emotion probabilities of one recording.

    Args:
        samples: mono, shape (samples,).
        sample_rate: hertz.
        log_mel: shape (mel_count, frames).
        frame_times: seconds of each frame's centre, shape (frames,).
        mel_hz: centre frequency of each band in hertz, rising, shape (mel_count,).
        segments: objects of the prediction JSON, in time order: ``start``, ``end`` (seconds), ``emotion``,
            ``probabilities`` (label -> probability, empty without speech). Where they overlap, each keeps the
            half of the overlap that is nearer to it.
        labels: classes of the model, in output order.
        title: above the picture, such as the file's name.
        log_mel_unit: unit of the spectrogram, such as ``dB``.
        dark: theme.

    Raises:
        HearfeltError: arrays that do not fit each other.
    """
    wave = _checked(samples, sample_rate)
    bands, times, hertz = (np.asarray(values) for values in (log_mel, frame_times, mel_hz))
    if bands.ndim != 2 or bands.shape != (hertz.size, times.size) or not bands.size:
        raise HearfeltError(
            f"A log-mel array of shape {bands.shape} does not fit {hertz.size} bands and {times.size} frame "
            "times; (bands, frames) was expected."
        )
    duration = wave.size / sample_rate
    figure = new_figure(6.6, dark)
    rows = figure.subplots(4, 1, sharex=True, height_ratios=[1.0, 2.0, 0.34, 1.5])
    _draw_waveform(rows[0], wave, sample_rate, dark)
    dress(rows[0], dark, grid="x", y="amplitude", title=title)
    _draw_log_mel(figure, rows[1], bands, times, hertz, log_mel_unit, dark)
    spans = _spans(segments, duration)
    _draw_ribbon(rows[2], spans, duration, dark)
    _draw_probabilities(rows[3], spans, labels, dark)
    rows[3].set_xlim(0, duration)
    _long_times(rows[3], duration)
    for axes in rows[:3]:
        axes.tick_params(labelbottom=False)
    return figure


def _clock(seconds: float) -> str:
    """Seconds as h:mm:ss.

    >>> _clock(3725.0)
    '1:02:05'
    """
    whole = round(seconds)
    return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def _long_times(axes: Axes, duration: float) -> None:
    """Hours, minutes and seconds where seconds alone would be hard to read."""
    if duration < _LONG_SECONDS:
        return
    from matplotlib.ticker import FuncFormatter, MultipleLocator

    step = next((step for step in (60, 120, 300, 600, 1200, 1800, 3600) if duration / step <= 10), 7200)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _clock(x)))
    axes.set_xlabel("hours : minutes : seconds")


def _checked(samples: ArrayLike, sample_rate: float) -> NDArray[np.floating[Any]]:
    wave = np.asarray(samples)  # kept as it is: hours of sound are large
    if wave.ndim != 1 or not wave.size or sample_rate <= 0:
        raise HearfeltError(
            f"A picture needs mono samples (one axis, at least one) and a sample rate, got shape "
            f"{wave.shape} at {sample_rate} Hz."
        )
    return wave


def _draw_waveform(axes: Axes, wave: NDArray[np.floating[Any]], sample_rate: float, dark: bool) -> None:
    colour = series_colors(dark)[0]
    if wave.size <= 2 * _COLUMNS:
        axes.plot(np.arange(wave.size) / sample_rate, wave, color=colour, linewidth=0.8)
    else:
        edges = np.linspace(0, wave.size, _COLUMNS + 1).astype(np.int64)[:-1]
        low, high = np.minimum.reduceat(wave, edges), np.maximum.reduceat(wave, edges)
        axes.fill_between(edges / sample_rate, low, high, color=colour, linewidth=0.3)
    top = max(float(np.abs(wave).max()), 1e-3) * 1.08
    axes.set_ylim(-top, top)
    axes.set_xlim(0, wave.size / sample_rate)


def _draw_log_mel(
    figure: Figure,
    axes: Axes,
    bands: NDArray[np.floating[Any]],
    times: NDArray[np.floating[Any]],
    hertz: NDArray[np.floating[Any]],
    unit: str,
    dark: bool,
) -> None:
    step = float(times[1] - times[0]) if times.size > 1 else 0.01
    if bands.shape[1] > _COLUMNS:
        edges = np.linspace(0, bands.shape[1], _COLUMNS + 1).astype(np.int64)[:-1]
        bands = np.add.reduceat(bands, edges, axis=1) / np.diff([*edges, bands.shape[1]])
    low, high = np.percentile(bands, [5, 99.8])
    image = axes.imshow(
        bands,
        origin="lower",
        aspect="auto",
        cmap="magma",
        interpolation="nearest",
        vmin=low,
        vmax=high,
        extent=(times[0] - step / 2, times[-1] + step / 2, -0.5, hertz.size - 0.5),
    )
    ticks = [hz for hz in _HZ_TICKS if hertz[0] <= hz <= hertz[-1]]
    axes.set_yticks(
        np.interp(ticks, hertz, np.arange(hertz.size)),
        [f"{hz // 1000}k" if hz >= 1000 else f"{hz}" for hz in ticks],
    )
    dress(axes, dark, y="Hz (mel scale)")
    bar = figure.colorbar(image, ax=axes, fraction=0.02, pad=0.01)
    bar.set_label(unit, color=theme(dark).ink, fontsize=8.5)
    bar.ax.tick_params(colors=theme(dark).muted, labelcolor=theme(dark).ink, labelsize=7.5)
    bar.outline.set_visible(False)


_Span = tuple[float, float, Mapping[str, Any]]


def _spans(segments: Sequence[Mapping[str, Any]], duration: float) -> list[_Span]:
    """Segments without overlaps: two that overlap meet in the middle; not more than can be seen."""
    spans: list[_Span] = []
    for number, segment in enumerate(segments):
        start, end = float(segment["start"]), min(float(segment["end"]), duration)
        if number:
            before = float(segments[number - 1]["end"])
            start = (start + before) / 2 if before > start else start
        if number + 1 < len(segments):
            after = float(segments[number + 1]["start"])
            end = (float(segment["end"]) + after) / 2 if after < float(segment["end"]) else end
        if end > start:
            spans.append((start, end, segment))
    together = -(-len(spans) // _SPANS)
    return (
        [_merge(spans[k : k + together]) for k in range(0, len(spans), together)] if together > 1 else spans
    )


def _merge(spans: Sequence[_Span]) -> _Span:
    """Neighbours that are too narrow to be seen, as one: the commonest emotion and the mean probabilities."""
    emotion = Counter(str(segment["emotion"]) for _, _, segment in spans).most_common(1)[0][0]
    spoken = [segment["probabilities"] for _, _, segment in spans if segment.get("probabilities")]
    labels = dict.fromkeys(label for row in spoken for label in row)
    mean = {label: float(np.mean([row.get(label, 0.0) for row in spoken])) for label in labels}
    return spans[0][0], spans[-1][1], {"emotion": emotion, "probabilities": mean}


def _draw_ribbon(axes: Axes, spans: Sequence[_Span], duration: float, dark: bool) -> None:
    runs: list[tuple[float, float, str]] = []
    for start, end, segment in spans:
        emotion = str(segment["emotion"])
        if runs and runs[-1][2] == emotion and abs(runs[-1][1] - start) < 1e-6:
            runs[-1] = (runs[-1][0], end, emotion)
        else:
            runs.append((start, end, emotion))
    for emotion in dict.fromkeys(run[2] for run in runs):
        pieces = [(start, end - start) for start, end, name in runs if name == emotion]
        axes.broken_barh(
            pieces,
            (0, 1),
            facecolor=emotion_color(emotion),
            edgecolor=theme(dark).background,
            linewidth=0.8 if len(runs) < _MANY else 0.0,
        )
    for start, end, emotion in runs:
        # a letter is about a hundredth of the width
        if (end - start) / duration > 0.011 * len(emotion):
            axes.text(
                (start + end) / 2,
                0.47,
                emotion.replace("_", " "),
                ha="center",
                va="center",
                fontsize=8.5,
                fontweight="bold",
                color=ink_on(emotion_color(emotion)),
            )
    dress(axes, dark)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _draw_probabilities(axes: Axes, spans: Sequence[_Span], labels: Sequence[str], dark: bool) -> None:
    from matplotlib.patches import Patch

    edges: list[float] = []
    values: list[list[float]] = []
    for start, end, segment in spans:
        row = [float(segment.get("probabilities", {}).get(label, 0.0)) for label in labels]
        edges += [start, end, end]
        values += [row, row, [np.nan] * len(labels)]
    stack = np.cumsum(np.array(values).reshape(-1, len(labels)), axis=1)
    below = np.zeros(len(stack))
    for k, label in enumerate(labels):
        axes.fill_between(
            edges,
            below,
            stack[:, k],
            facecolor=emotion_color(label),
            hatch=HATCHES.get(label, ""),
            hatch_linewidth=HATCH_WIDTH,
            edgecolor=theme(dark).background,
            linewidth=0.4 if len(spans) < _MANY else 0.0,
        )
        below = stack[:, k]
    dress(axes, dark, x="seconds", y="probability")
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    handles = [
        Patch(
            facecolor=emotion_color(label),
            hatch=HATCHES.get(label, ""),
            hatch_linewidth=HATCH_WIDTH,
            edgecolor=theme(dark).background,
            label=label,
        )
        for label in labels
    ]
    axes.legend(
        handles=handles,
        ncols=min(len(labels), 5),
        loc="upper center",
        bbox_to_anchor=(0.5, -0.32),
        frameon=False,
        fontsize=8.5,
        labelcolor=theme(dark).ink,
        handlelength=2.0,
        handleheight=1.2,
    )
