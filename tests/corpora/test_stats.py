import json
import re

import numpy as np
import pytest
import soundfile

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.corpora.stats import Durations, describe, with_durations, write_page
from hearfelt.errors import CorpusError


@pytest.fixture
def rows() -> Manifest:
    return Manifest(
        [
            Row("a.wav", "x", "x_1", "sad", "female", "de", duration=1.0),
            Row("b.wav", "x", "x_1", "happy", "female", "de", duration=2.0),
            Row("c.wav", "x", "x_2", "sad", "male", "de", duration=6.0),
            Row("d.wav", "y", "y_1", "sad", "", "", duration=None),
            Row("e.wav", "y", "y_1", "odd class", "", ""),
        ]
    )


def test_counts(rows: Manifest) -> None:
    counted = describe(rows)
    assert counted.all.clips == 5 and [group.name for group in counted.corpora] == ["x", "y"]
    x, y = counted.corpora
    assert x.emotions == {"happy": 1, "sad": 2} and list(x.emotions) == ["happy", "sad"]  # vocabulary order
    assert list(y.emotions) == ["sad", "odd class"]
    assert x.speakers == {"x_1": 2, "x_2": 1}
    assert x.sexes == {"female": (1, 2), "male": (1, 1)} and y.sexes == {"": (1, 2)}
    assert counted.all.languages == {"": 2, "de": 3}
    assert x.durations == Durations(3, 9.0, 1.0, 2.0, 6.0) and y.durations is None
    for column in ("emotion", "speaker"):
        assert sum(rows.counts(column).values()) == counted.all.clips


def test_text(rows: Manifest) -> None:
    text = describe(rows).to_text(100)
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.strip()}
    assert max(map(len, text.splitlines())) <= 100
    assert lines["x"] == ["x", "1", "2", "0"]  # the second table: happy, sad, odd class
    assert re.search(r"^ *x +de +3 +0\.00 +2 +1 +1 +1\.00 +2\.00 +6\.00$", text, re.MULTILINE)
    assert re.search(r"^ *y +– +2 +– +1 +– +– ", text, re.MULTILINE)  # unknown is not zero
    assert "all" not in describe(rows.where(lambda row: row.corpus == "x")).to_text()


def test_json(rows: Manifest) -> None:
    answer = json.loads(json.dumps(describe(rows).to_json(), allow_nan=False))
    assert (answer["schema"], answer["version"]) == ("hearfelt.statistics", 1)
    assert answer["all"]["emotions"] == {"happy": 1, "sad": 3, "odd class": 1}
    assert answer["corpora"][0]["durations"]["median"] == 2.0


def test_durations_come_from_headers(tmp_path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(12000), 8000)
    (tmp_path / "b.wav").write_bytes(b"no")
    a, b = str(tmp_path / "a.wav"), str(tmp_path / "b.wav")
    rows = Manifest(
        [
            Row(a, "x", "x_1", "sad"),
            Row(a, "x", "x_1", "sad", start=1.0),
            Row(a, "x", "x_1", "sad", start=0.25, end=1.0),
            Row(b, "x", "x_1", "sad"),
            Row("not looked at", "x", "x_1", "sad", duration=9.0, sample_rate=1),
        ]
    )
    filled = with_durations(rows)
    assert [row.duration for row in filled] == [1.5, 0.5, 0.75, None, 9.0]
    assert [row.sample_rate for row in filled] == [8000, 8000, 8000, None, 1]


def test_page_is_one_file_with_everything(rows: Manifest, tmp_path) -> None:
    write_page(rows, tmp_path / "p.html", title="<mine> & yours")
    page = (tmp_path / "p.html").read_text()
    assert "<title>&lt;mine&gt; &amp; yours</title>" in page and "<mine>" not in page
    assert not re.findall(r'(?:src|href|srcset)="(?!data:|#)', page)  # no request leaves the page
    assert page.count("data:image/png;base64,") == 6  # three pictures, light and dark
    assert "x_2" in page and "odd class" in page
    write_page(rows.where(lambda row: row.corpus == "y"), tmp_path / "q.html")
    assert (tmp_path / "q.html").read_text().count("data:image/png;base64,") == 4  # no durations are known


def test_nothing_to_count() -> None:
    with pytest.raises(CorpusError, match="nothing to count"):
        describe(Manifest([]))
