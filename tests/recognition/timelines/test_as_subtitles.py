import re

import pysubs2
import pytest

from hearfelt.recognition.timelines.as_subtitles import SrtWriter, VttWriter


@pytest.mark.parametrize(("writer", "form"), [(SrtWriter(), "srt"), (VttWriter(), "vtt")])
def test_pysubs2_reads_the_same(writer, form, talk, call) -> None:
    for timeline in (talk, call):
        found = pysubs2.SSAFile.from_string(writer.render(timeline), format_=form)
        assert len(found) == len(timeline.segments)
        for event, segment in zip(found, timeline.segments, strict=True):
            assert abs(event.start - 1000 * segment.start) <= 0.5
            assert abs(event.end - 1000 * segment.end) <= 0.5
            assert segment.emotion.replace("_", " ") in event.plaintext


def test_srt_says_who_and_how_sure(talk, call) -> None:
    assert "1\n00:00:00,000 --> 00:00:01,500\nangry 81%\n\n" in SrtWriter().render(talk)
    assert "01:02:04,000 --> 01:02:05,000\nhappy 100%\n" in SrtWriter().render(talk)
    assert 'channel 1 Ann "A" <b>&: angry 80%\n' in SrtWriter().render(call)
    assert "channel 2 Bob → x: no speech\n" in SrtWriter().render(call)


def test_vtt_has_voices_and_classes(talk, call) -> None:
    text = VttWriter().render(call)
    assert text.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n")
    assert '<v channel 1 Ann "A" &lt;b&gt;&amp;><c.angry>angry 80%</c></v>' in text
    assert len(re.findall("-->", text)) == len(call.segments)
    assert "<c.angry>angry 81%</c>" in VttWriter().render(talk)


def test_nothing(silent) -> None:
    assert SrtWriter().render(silent) == ""
    assert VttWriter().render(silent) == "WEBVTT\n\n"
