"""Turns of every format are read; what is wrong is said."""

import pysubs2
import pytest
import textgrids

from hearfelt.errors import HearfeltError
from hearfelt.recognition.turns import Turn, read_turns

RTTM = """;; a comment
SPKR-INFO talk 1 <NA> <NA> <NA> unknown alice <NA>
SPEAKER talk 1 0.50 1.25 <NA> <NA> alice <NA> <NA>
SPEAKER talk 2 2.000 3.5 <NA> <NA> bob 0.9
SPEAKER talk 1 1.0 0.0625 <NA> <NA> <NA> <NA> <NA>
"""


def write(tmp_path, text, name="turns.txt", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def test_rttm(tmp_path) -> None:
    assert read_turns(write(tmp_path, RTTM), "x/talk.wav") == [
        Turn(0.5, 1.75, "alice", 0),
        Turn(1.0, 1.0625, "", 0),
        Turn(2.0, 5.5, "bob", 1),
    ]


def test_rttm_of_several_recordings(tmp_path) -> None:
    path = write(tmp_path, RTTM + "SPEAKER other 1 7 1 <NA> <NA> eve <NA> <NA>\n")
    assert [turn.speaker for turn in read_turns(path, "dir/other.flac")] == ["eve"]
    with pytest.raises(HearfeltError, match=r"about 2 recordings \(other, talk\), none of them 'third'"):
        read_turns(path, "third.wav")


@pytest.mark.parametrize("long", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_text_grids_that_another_library_wrote(tmp_path, long, encoding) -> None:
    grid = textgrids.TextGrid()
    grid.xmin, grid.xmax = 0.0, 9.0
    grid["Zoë"] = textgrids.Tier(
        [textgrids.Interval(t, a, b) for t, a, b in [("", 0, 1.5), ("say no 3", 1.5, 4), ("", 4, 9)]]
    )
    grid["bob 2"] = textgrids.Tier([textgrids.Interval(t, a, b) for t, a, b in [("", 0, 5), ("yes", 5, 9)]])
    text = grid.format(textgrids.TEXT_LONG if long else textgrids.TEXT_SHORT)
    path = write(tmp_path, text, "a.TextGrid", encoding)
    assert read_turns(path) == [Turn(1.5, 4.0, "Zoë"), Turn(5.0, 9.0, "bob 2")]


def test_a_text_grid_of_one_tier_names_speakers_in_its_texts(tmp_path) -> None:
    text = (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n3\n<exists>\n2\n"TextTier"\n"marks"\n0\n3\n1\n'
        '1.5\n"!"\n"IntervalTier"\n"who"\n0\n3\n2\n0\n1\n"al""i""ce"\n1\n3\n" "\n'
    )
    assert read_turns(write(tmp_path, text)) == [Turn(0.0, 1.0, 'al"i"ce')]


@pytest.mark.parametrize("form", ["srt", "vtt"])
def test_subtitles_that_another_library_wrote(tmp_path, form) -> None:
    subtitles = pysubs2.SSAFile()
    said = ["Alice: hello", "[bob] hm", "It is half past: now.", "no one\nsays this"]
    for number, text in enumerate(said):
        subtitles.append(
            pysubs2.SSAEvent(number * 3_600_500, number * 3_600_500 + 1250, text.replace("\n", "\\N"))
        )
    path = write(tmp_path, subtitles.to_string(form), "a." + form)
    turns = read_turns(path)
    assert [turn.start for turn in turns] == [0.0, 3600.5, 7201.0, 10801.5]
    assert all(turn.end == turn.start + 1.25 for turn in turns)
    assert [turn.speaker for turn in turns][:2] == ["Alice", "bob"]
    assert turns[3].speaker == ""


def test_voices_of_webvtt(tmp_path) -> None:
    path = write(tmp_path, "WEBVTT\n\n1\n00:01.000 --> 00:02.500 align:left\n<v.loud Mary Ann>Hi</v>\n")
    assert read_turns(path) == [Turn(1.0, 2.5, "Mary Ann")]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_csv(tmp_path, mark) -> None:
    lines = ["speaker,Start,End,channel", "ann,1.5,2.25,1", ",0,1,"]
    path = write(tmp_path, "\ufeff" + "\r\n".join(lines).replace(",", mark))
    assert read_turns(path) == [Turn(0.0, 1.0), Turn(1.5, 2.25, "ann", 1)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hello", "none of the files that turns are read from"),
        ("", "none of the files"),
        ("start,end\n", "holds no turns for talk.wav"),
        ("start,end\n2,1\n", "a turn from 2 s to 1 s"),
        ("start,end\n-1,1\n", "a turn from -1 s"),
        ("start,end\nnan,1\n", "a turn from nan s"),
        ("start,end\nx,1\n", "Line 2 of the CSV file: 'x' is no number"),
        ("start,end\n1\n", "Line 2 of the CSV file: '' is no number"),
        ("start,end,channel\n1,2,left\n", "'left' is no channel"),
        ("SPEAKER a 1 zero 1 <NA> <NA> b <NA> <NA>", "Line 1: 'zero' is no number"),
        ('File type = "ooTextFile"\nObject class = "TextGrid"\n0 1 <exists> 3 "IntervalTier"', "ends before"),
        ('File type = "ooTextFile"\nObject class = "TextGrid"\n0 "x"', "a number was due where 'x'"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, message) -> None:
    with pytest.raises(HearfeltError, match=message):
        read_turns(write(tmp_path, text), "talk.wav")


def test_files_that_cannot_be_read(tmp_path) -> None:
    with pytest.raises(HearfeltError, match="No such file"):
        read_turns(tmp_path / "none.rttm")
    with pytest.raises(HearfeltError, match="UTF-8"):
        read_turns(write(tmp_path, "start,end\né", encoding="latin-1"))
