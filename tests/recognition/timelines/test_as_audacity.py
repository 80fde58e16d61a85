"""Audacity's labels: start, end and text, with tabs between them, one a line."""

from hearfelt.recognition.timelines.as_audacity import AudacityWriter


def test_lines(talk, call) -> None:
    for timeline in (talk, call):
        lines = AudacityWriter().render(timeline).splitlines()
        assert len(lines) == len(timeline.segments)
        for line, segment in zip(lines, timeline.segments, strict=True):
            start, end, text = line.split("\t")
            assert round(float(start) * 16000) == round(segment.start * 16000)
            assert round(float(end) * 16000) == round(segment.end * 16000)
            assert segment.emotion.replace("_", " ") in text
    assert AudacityWriter().render(talk).startswith("0.000063\t1.500000\tangry 81%\n")


def test_nothing(silent) -> None:
    assert AudacityWriter().render(silent) == ""
