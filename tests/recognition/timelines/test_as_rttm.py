"""RTTM as NIST describes it (RT-09 evaluation plan, appendix A): ten fields."""

from hearfelt.recognition.timelines.as_rttm import RttmWriter
from hearfelt.recognition.turns import read_turns


def test_every_line_has_the_ten_fields(talk, call) -> None:
    for timeline, name in ((talk, "my_talk"), (call, "call")):
        lines = RttmWriter().render(timeline).splitlines()
        assert len(lines) == len(timeline.segments)
        for line, segment in zip(lines, timeline.segments, strict=True):
            fields = line.split(" ")
            assert len(fields) == 10
            assert fields[:3] == ["SPEAKER", name, str((segment.channel or 0) + 1)]
            start, length = float(fields[3]), float(fields[4])
            assert round(start * 16000) == round(segment.start * 16000)
            assert round((start + length) * 16000) == round(segment.end * 16000)
            assert fields[5:7] == ["<NA>", "<NA>"]
            assert fields[7].split(":")[-1] == segment.emotion
            assert fields[8] == ("<NA>" if segment.confidence is None else f"{segment.confidence:.6f}")
            assert fields[9] == "<NA>"


def test_it_can_be_given_back_as_turns(call, tmp_path) -> None:
    path = tmp_path / "call.rttm"
    path.write_text(RttmWriter().render(call))
    turns = read_turns(path, "call.wav")
    assert [(turn.start, turn.end, turn.channel) for turn in turns] == [
        (segment.start, segment.end, segment.channel) for segment in call.segments
    ]
    assert turns[0].speaker == 'Ann_"A"_<b>&:angry'
