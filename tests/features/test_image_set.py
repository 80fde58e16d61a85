from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.errors import AudioError, RecipeError
from hearfelt.features.image_set import make_image_set
from hearfelt.features.images import ImageConfig, draw_image, read_png

SMALL = ImageConfig(height=16, width=12)


@dataclass
class Clip:
    path: str
    emotion: str = "sad"
    start: float = 0.0
    end: float | None = None
    corpus: str = "some"
    speaker: str = "some_1"


@pytest.fixture
def clips(tmp_path, generator):
    made = []
    for number in range(6):
        path = tmp_path / f"clip{number}.wav"
        soundfile.write(path, generator.normal(0, 0.1, 8000), 16000)
        made.append(Clip(str(path), ("sad", "angry")[number % 2]))
    return made


def test_pictures_labels_and_sheet_belong_together(clips, tmp_path):
    clips[1].start, clips[1].end = 0.1, 0.4
    report = make_image_set(clips, tmp_path / "set", SMALL, workers=1)
    assert (report.drawn, report.kept, report.failures) == (6, 0, ())
    labels = np.load(tmp_path / "set" / "labels.npy", allow_pickle=False)
    assert labels.dtype.kind == "U" and labels.tolist() == [clip.emotion for clip in clips]
    with (tmp_path / "set" / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == [f"{number:04d}.png" for number in range(6)]
    assert rows[3] == {
        "file": "0003.png",
        "path": clips[3].path,
        "corpus": "some",
        "speaker": "some_1",
        "emotion": "angry",
    }
    samples, _ = soundfile.read(clips[1].path, dtype="float32")
    np.testing.assert_array_equal(
        read_png(tmp_path / "set" / "0001.png"), draw_image(samples[1600:6400], SMALL)
    )
    assert read_png(tmp_path / "set" / "contact_sheet.png").std() > 10


def test_it_goes_on_where_it_was_stopped_and_processes_draw_the_same(clips, tmp_path):
    make_image_set(clips, tmp_path / "one", SMALL, workers=1)
    make_image_set(clips, tmp_path / "two", SMALL, workers=2)
    for number in range(6):
        name = f"{number:04d}.png"
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    for name in ("0002.png", "0005.png", "labels.npy", "labels.csv"):  # as a kill would leave it
        (tmp_path / "one" / name).unlink()
    report = make_image_set(clips, tmp_path / "one", SMALL, workers=1)
    assert (report.drawn, report.kept) == (2, 4)
    assert (tmp_path / "one" / "labels.csv").read_text() == (tmp_path / "two" / "labels.csv").read_text()


def test_a_bad_file_leaves_a_gap_and_stops_nothing(clips, tmp_path):
    Path(clips[2].path).write_bytes(b"no sound")
    report = make_image_set(clips, tmp_path / "set", SMALL, workers=1)
    assert [path for path, _ in report.failures] == [clips[2].path] and report.drawn == 5
    assert not (tmp_path / "set" / "0002.png").exists()
    assert len(np.load(tmp_path / "set" / "labels.npy")) == 5


def test_other_settings_other_clips_and_foreign_folders_are_refused(clips, tmp_path):
    make_image_set(clips, tmp_path / "set", SMALL, workers=1)
    with pytest.raises(RecipeError, match="other clips or settings"):
        make_image_set(clips, tmp_path / "set", ImageConfig(), workers=1)
    with pytest.raises(RecipeError, match="other clips or settings"):
        make_image_set(clips[:3], tmp_path / "set", SMALL, workers=1)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    with pytest.raises(RecipeError, match="not empty"):
        make_image_set(clips, tmp_path / "mine", SMALL, workers=1)
    with pytest.raises(RecipeError, match="no clips"):
        make_image_set([], tmp_path / "none", SMALL)
    with pytest.raises(AudioError, match="None of the 1 clips"):
        make_image_set([Clip("/nowhere.wav")], tmp_path / "bad", SMALL, workers=1)
