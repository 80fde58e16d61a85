import io
from itertools import pairwise

import numpy as np
import pytest

from hearfelt.emotions import EMOTIONS
from hearfelt.errors import HearfeltError
from hearfelt.evaluation import plots
from hearfelt.evaluation.recording_plots import _spans


def pixels(figure) -> np.ndarray:
    from matplotlib.image import imread

    return imread(io.BytesIO(plots.figure_to_bytes(figure)))


def texts(figure) -> str:
    from matplotlib.text import Text

    return "\n".join(item.get_text() for item in figure.findobj(Text))


SEGMENTS = [
    {"start": 0.0, "end": 3.0, "emotion": "happy", "probabilities": {"happy": 0.7, "sad": 0.3}},
    {"start": 1.5, "end": 4.5, "emotion": "sad", "probabilities": {"happy": 0.2, "sad": 0.8}},
    {"start": 3.0, "end": 6.0, "emotion": "no_speech", "probabilities": {}},
]


def recording(seconds: float = 6.0, segments=SEGMENTS, **options):
    samples = np.sin(np.arange(int(seconds * 16000)) / 20)
    frames = int(seconds * 62.5)
    return plots.plot_recording(
        samples,
        16000,
        np.random.default_rng(0).normal(size=(64, frames)),
        np.arange(frames) * 0.016,
        np.linspace(60, 7600, 64),
        segments,
        EMOTIONS,
        **options,
    )


@pytest.mark.parametrize("dark", [False, True])
def test_the_picture_is_1200_pixels_wide_and_not_empty(dark):
    image = pixels(recording(dark=dark))
    assert image.shape[1] == 1200
    background = image[0, 0, :3]
    assert (background.mean() < 0.2) == dark
    assert (np.abs(image[..., :3] - background).max(axis=2) > 0.3).mean() > 0.005


def test_overlapping_segments_meet_in_the_middle_and_leave_no_gap():
    spans = _spans(SEGMENTS, 6.0)
    assert [(start, end) for start, end, _ in spans] == [(0.0, 2.25), (2.25, 3.75), (3.75, 6.0)]
    apart = [{"start": 0, "end": 1}, {"start": 2, "end": 3}]
    assert [(start, end) for start, end, _ in _spans(apart, 9.0)] == [(0, 1), (2, 3)]
    assert [(start, end) for start, end, _ in _spans([{"start": 0, "end": 3}], 2.0)] == [(0, 2.0)]


def test_recording_has_one_time_axis_and_names_its_emotions():
    figure = recording(title="a.wav")
    shown = [axes for axes in figure.axes if axes.get_xlabel() == "seconds" or axes.get_ylabel()]
    times = {axes.get_xlim() for axes in shown[:1] + figure.axes[:4]}
    assert times == {(0.0, 6.0)}
    assert all(word in texts(figure) for word in ("happy", "sad", "no speech", "a.wav", "Hz (mel scale)"))


@pytest.mark.parametrize("segments", [[], [SEGMENTS[2] | {"start": 0.0}], SEGMENTS[:1]])
def test_recordings_with_little_in_them_are_drawn(segments):
    pixels(recording(3.0, segments))


def test_long_recordings_are_drawn_in_bounded_time():
    many = [
        {"start": s, "end": s + 3, "emotion": "sad", "probabilities": {"sad": 1.0}}
        for s in np.arange(0, 1200, 1.5)
    ]
    spans = _spans(many, 1200.0)
    assert len(spans) <= 300 and (spans[0][0], spans[-1][1]) == (0.0, 1200.0)
    assert all(a[1] == b[0] for a, b in pairwise(spans))
    assert all(span[2] == {"emotion": "sad", "probabilities": {"sad": 1.0}} for span in spans)
    figure = recording(1200.0, many)
    pixels(figure)
    assert "0:02:00" in texts(figure)


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(HearfeltError, match="does not fit 64 bands"):
        plots.plot_recording(
            np.zeros(100), 16000, np.zeros((3, 4)), np.arange(4), np.arange(64), [], EMOTIONS
        )
    with pytest.raises(HearfeltError, match="mono"):
        plots.plot_waveform(np.zeros((2, 100)), 16000)
