import base64
import io
import json
import struct
import sys

import numpy as np
import pytest

from hearfelt.emotions import COLORS, EMOTIONS
from hearfelt.evaluation import plots
from hearfelt.evaluation._canvas import HATCHES, ink_on


def pixels(figure) -> np.ndarray:
    from matplotlib.image import imread

    return imread(io.BytesIO(plots.figure_to_bytes(figure)))


@pytest.fixture(scope="module")
def summary(run):
    return json.loads((run / "metrics.json").read_text())


@pytest.fixture(scope="module")
def curves(run):
    return {
        fold: [json.loads(line) for line in (run / f"folds/{fold}/metrics.jsonl").read_text().splitlines()]
        for fold in range(3)
    }


def texts(figure) -> str:
    from matplotlib.text import Text

    return "\n".join(item.get_text() for item in figure.findobj(Text))


@pytest.mark.parametrize("dark", [False, True])
def test_every_picture_is_1200_pixels_wide_and_not_empty(summary, curves, dark):
    calibration = summary["calibration"]
    figures = [
        plots.plot_confusion(summary["confusion"]["matrix"], summary["labels"], dark=dark),
        plots.plot_learning_curves(curves, dark=dark),
        plots.plot_speakers(summary["per_speaker"], chance=0.125, dark=dark),
        plots.plot_classes(summary["per_class"], dark=dark),
        plots.plot_reliability(
            calibration["before"]["reliability"], calibration["after"]["reliability"], dark=dark
        ),
        plots.plot_risk_coverage({"a": calibration["before"]["risk_coverage"]}, dark=dark),
        plots.plot_waveform(np.sin(np.arange(100_000)), 16000, dark=dark),
    ]
    for figure in figures:
        image = pixels(figure)
        assert image.shape[1] == 1200
        background = image[0, 0, :3]
        assert (background.mean() < 0.2) == dark
        assert (np.abs(image[..., :3] - background).max(axis=2) > 0.3).mean() > 0.005
        assert figure.axes[0].get_ylabel() or figure.axes[0].get_xlabel()


def test_confusion_shows_row_percent_and_counts():
    shown = texts(plots.plot_confusion([[30, 10], [0, 0]], ["happy", "sad"]))
    assert "75%" in shown and "25%" in shown and "30" in shown and "sad  (0)" in shown


def test_learning_curves_draw_what_is_there():
    lines = [{"epoch": e, "train_loss": 1 / (e + 1), "validation_loss": float("nan")} for e in range(3)]
    figure = plots.plot_learning_curves({0: lines})
    assert [axes.get_ylabel() for axes in figure.axes if axes.get_visible()] == ["Loss"]
    one = plots.plot_learning_curves({0: [{"epoch": 0, "validation_uar": 0.5}]})
    pixels(one)
    pixels(plots.plot_learning_curves({}))


def test_mean_curve_ends_where_the_first_fold_stopped():
    folds = {
        0: [{"epoch": e, "train_loss": 1.0} for e in range(3)],
        1: [{"epoch": e, "train_loss": 3.0} for e in range(9)],
    }
    axes = plots.plot_learning_curves(folds).axes[0]
    mean = max(axes.lines, key=lambda line: line.get_linewidth())
    assert mean.get_xdata().tolist() == [0, 1, 2] and set(mean.get_ydata()) == {2.0}


@pytest.mark.parametrize("people", [1, 24, 120])
def test_speaker_bars_stand_for_each_speaker(people):
    table = {f"p{i:03d}": {"corpus": "c", "uar": i / people} for i in range(people)}
    axes = plots.plot_speakers(table, chance=0.25).axes[0]
    heights = [bar.get_height() for bar in axes.patches]
    assert heights == sorted((row["uar"] for row in table.values()), reverse=True)
    assert ("p000" in texts(axes.figure)) == (people <= 60)


def test_many_corpora_are_named_in_a_legend():
    table = {f"{c}{i}": {"corpus": c, "uar": 0.5} for c in "abcdefghijk" for i in range(20)}
    figure = plots.plot_speakers(table)
    pixels(figure)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        f"{c}: mean 0.50" for c in "abcdefghijk"
    ]


def test_classes_without_clips_are_named():
    row = {"precision": 0.0, "recall": None, "f1": None, "support": 0}
    full = {
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "support": 4,
        "recall_speakers": {"low": None, "high": None},
    }
    assert "no clips" in texts(plots.plot_classes({"happy": full, "sad": row}))


def test_each_emotion_has_its_own_colour_and_hatch():
    assert len({COLORS[e] for e in EMOTIONS}) == len({HATCHES[e] for e in EMOTIONS}) == len(EMOTIONS)
    assert ink_on("#ffffff") != ink_on("#000000")


def test_same_figure_same_bytes_and_written_as_png(tmp_path):
    draw = lambda: plots.plot_waveform(np.sin(np.arange(1000)), 16000)  # noqa: E731
    plots.figure_to_png(draw(), tmp_path / "deep" / "wave.png")
    data = (tmp_path / "deep" / "wave.png").read_bytes()
    assert struct.unpack(">I", data[16:20])[0] == 1200
    assert data == plots.figure_to_bytes(draw())
    uri = plots.figure_to_data_uri(draw())
    assert base64.b64decode(uri.removeprefix("data:image/png;base64,")) == data


def test_pictures_leave_no_global_state():
    import subprocess

    code = (
        "import sys, numpy, hearfelt.evaluation.plots as p\n"
        "import hearfelt.evaluation.report, hearfelt.evaluation.summary\n"
        "heavy = [m for m in ('matplotlib', 'torch', 'pandas', 'sklearn', 'yaml') if m in sys.modules]\n"
        "assert not heavy, heavy\n"
        "p.figure_to_bytes(p.plot_waveform(numpy.ones(9), 9))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
