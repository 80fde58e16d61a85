import io

import pandas as pd

from hearfelt.recognition.timelines.as_csv import CsvWriter
from hearfelt.recognition.turns import read_turns


def test_pandas_reads_the_same(talk, call) -> None:
    writer = CsvWriter()
    text = writer.begin(talk.labels) + writer.render(talk) + writer.render(call)
    table = pd.read_csv(io.StringIO(text), keep_default_na=True)
    assert list(table.columns) == [
        *("path", "start", "end", "channel", "speaker", "emotion", "confidence"),
        *("p_neutral", "p_happy", "p_angry"),
    ]
    segments = talk.segments + call.segments
    assert len(table) == len(segments)
    for row, segment in zip(table.itertuples(), segments, strict=True):
        assert round(row.start * 16000) == round(segment.start * 16000)
        assert round(row.end * 16000) == round(segment.end * 16000)
        assert row.emotion == segment.emotion
    assert table.speaker.iloc[4] == call.segments[0].speaker
    assert pd.isna(table.confidence.iloc[-1])


def test_it_can_be_given_back_as_turns(call, tmp_path) -> None:
    writer = CsvWriter()
    path = tmp_path / "found.csv"
    path.write_text(writer.begin(call.labels) + writer.render(call))
    assert [(t.start, t.end, t.speaker, t.channel) for t in read_turns(path)] == [
        (s.start, s.end, s.speaker, s.channel) for s in call.segments
    ]
