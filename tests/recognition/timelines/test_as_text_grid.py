import itertools

import textgrids

from hearfelt.recognition.timelines.as_text_grid import TextGridWriter
from hearfelt.recognition.turns import read_turns


def read(timeline, tmp_path) -> textgrids.TextGrid:
    path = tmp_path / "found.TextGrid"
    path.write_text(TextGridWriter().render(timeline), encoding="utf-8")
    return textgrids.TextGrid(str(path))


def test_praat_textgrids_reads_the_same(talk, tmp_path) -> None:
    grid = read(talk, tmp_path)
    assert list(grid) == ["emotion", "emotion confidence"]
    for tier in grid.values():
        assert (tier[0].xmin, tier[-1].xmax) == (0.0, talk.duration)
        assert all(a.xmax == b.xmin for a, b in itertools.pairwise(tier))  # no holes, as Praat wants it
    spoken = [item for item in grid["emotion"] if item.text]
    assert len(spoken) == len(talk.segments)
    for item, segment in zip(spoken, talk.segments, strict=True):
        assert str(item.text) == segment.emotion
        assert round(item.xmin * 16000) == round(segment.start * 16000)
        assert round(item.xmax * 16000) == round(segment.end * 16000)
    assert next(str(item.text) for item in grid["emotion confidence"] if item.text) == "0.811"


def test_overlaps_have_tiers_of_their_own(call, tmp_path) -> None:
    (tmp_path / "found.TextGrid").write_text(TextGridWriter().render(call), encoding="utf-8")
    turns = read_turns(tmp_path / "found.TextGrid")
    who = 'channel 1 Ann "A" <b>&'
    assert {turn.speaker for turn in turns if "confidence" not in turn.speaker} == {
        who,
        f"{who} (2)",
        "channel 2 Bob --> x",
    }
    assert [(t.start, t.end) for t in turns if t.speaker == f"{who} (2)"] == [(1.5, 2.5)]


def test_nothing(silent, tmp_path) -> None:
    grid = read(silent, tmp_path)
    assert [(item.xmin, item.xmax, str(item.text)) for item in grid["emotion"]] == [(0.0, 1.0, "")]
