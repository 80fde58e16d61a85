import csv
import io
import json

import pytest

from hearfelt.errors import UnknownNameError
from hearfelt.recognition.formats import FORMATS, create_format

LABELS = ("neutral", "happy", "sad")
GOOD = {
    "path": "a, b.wav",
    "duration": 3.2,
    "emotion": "happy",
    "confidence": 0.81,
    "probabilities": {"neutral": 0.05, "happy": 0.81, "sad": 0.14},
    "segments": [],
}
SILENT = {
    "path": "s.wav",
    "duration": 1.0,
    "emotion": "no_speech",
    "confidence": None,
    "probabilities": {},
    "segments": [],
}
BAD = {"path": "b\udcff.wav", "error": 'It is "bad".'}
ANSWERS = [GOOD, SILENT, BAD]


def text(name: str, answers=ANSWERS, **options) -> str:
    form = create_format(name, LABELS, **options)
    return form.begin() + "".join(map(form.answer, answers)) + form.end()


def test_json_is_a_list_of_what_was_given() -> None:
    assert json.loads(text("json")) == ANSWERS
    assert json.loads(text("json", [])) == []
    text("json").encode("utf-8")


def test_json_lines() -> None:
    assert [json.loads(line) for line in text("jsonl").splitlines()] == ANSWERS


def test_csv_has_one_line_a_file() -> None:
    rows = list(csv.DictReader(io.StringIO(text("csv"))))
    assert list(rows[0]) == [
        *("path", "duration", "emotion", "confidence", "p_neutral", "p_happy", "p_sad", "error")
    ]
    assert [row["path"] for row in rows] == [answer["path"] for answer in ANSWERS]
    assert float(rows[0]["p_sad"]) == 0.14 and rows[0]["error"] == ""
    assert rows[1]["p_sad"] == rows[1]["confidence"] == ""
    assert rows[2]["error"] == BAD["error"] and rows[2]["emotion"] == ""


def test_the_table_is_for_people() -> None:
    lines = text("table", widest=10).splitlines()
    assert lines[0].split() == ["file", "seconds", "emotion", "confidence", "neu", "hap", "sad"]
    assert lines[1].split()[:6] == ["a,", "b.wav", "3.2", "happy", "81%", "▆▆▆"]
    assert lines[0].index("hap") == lines[1].index("▆▆▆")
    assert lines[2].split() == ["s.wav", "1.0", "no_speech"]
    assert lines[3] == 'b\ufffd.wav      error: It is "bad".'
    assert "\x1b" not in text("table") and "\x1b[38;2;230;159;0m" in text("table", colored=True)


def test_file_names_cannot_play_tricks_on_a_terminal() -> None:
    trick = GOOD | {"path": "\x1b[2Jx\n.wav\u202e"}
    assert "\x1b" not in text("table", [trick]) and len(text("table", [trick]).splitlines()) == 2


def test_long_names_keep_their_end() -> None:
    line = text("table", [GOOD | {"path": "x" * 200 + "/end.wav"}], widest=208).splitlines()[1]
    assert line.startswith("…x") and "/end.wav " in line and len(line) < 100


def test_unknown_formats_name_the_known() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'json'"):
        create_format("jsn", LABELS)
    for name in FORMATS:
        create_format(name, LABELS)
