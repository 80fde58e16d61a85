"""Synthetic corpora are read back by the real adapters, row for row."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest
import soundfile

from hearfelt.corpora._registry import get_adapter, get_corpus
from hearfelt.errors import CorpusError, UnknownNameError
from hearfelt.testing.corpora import STYLES, write_synthetic_corpus

ADAPTED = sorted(set(STYLES) - {"folder"})


@pytest.mark.parametrize("style", ADAPTED)
def test_the_adapter_reads_back_what_was_written(tmp_path: Path, style: str) -> None:
    rows = write_synthetic_corpus(tmp_path, style, clips_per_emotion=2, seconds=(0.5, 0.6))
    for row in rows:
        columns = get_adapter(style).parse(PurePath(row.path))
        assert columns is not None, row.path
        assert (columns["speaker"], columns["emotion"]) == (row.speaker, row.emotion)
        assert columns.get("sex") in (None, "", row.sex)


@pytest.mark.parametrize("style", ADAPTED)
def test_a_style_has_the_emotions_and_speakers_of_its_corpus(style: str) -> None:
    assert set(STYLES[style].emotions) == set(get_corpus(style).clips)
    assert len(STYLES[style].speakers) <= get_corpus(style).speakers


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_clip_has_a_name_of_its_own_and_is_a_readable_wav(tmp_path: Path, style: str) -> None:
    rows = write_synthetic_corpus(tmp_path, style, speakers=2, clips_per_emotion=3, seconds=(0.5, 0.8))
    assert len({row.path for row in rows}) == len(rows) == 2 * 3 * len(STYLES[style].emotions)
    for row in rows:
        info = soundfile.info(row.path)
        assert (info.format, info.samplerate, info.duration) == ("WAV", row.sample_rate, row.duration)
        assert 0.49 < info.duration < 0.81


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    def contents(folder: str, seed: int) -> list[bytes]:
        rows = write_synthetic_corpus(
            tmp_path / folder,
            "emodb",
            speakers=2,
            emotions=["sad", "boredom"],
            clips_per_emotion=1,
            seed=seed,
        )
        return [Path(row.path).read_bytes() for row in rows]

    assert contents("first", 3) == contents("again", 3) != contents("other", 4)


def test_what_a_corpus_cannot_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="ravdess_speech"):
        write_synthetic_corpus(tmp_path, "ravdes")
    with pytest.raises(CorpusError, match="savee has no clips of boredom"):
        write_synthetic_corpus(tmp_path, "savee", emotions=["bored"])
    with pytest.raises(CorpusError, match="7 speakers were asked for; names of aesdd tell 1 to 6 apart"):
        write_synthetic_corpus(tmp_path, "aesdd", speakers=7)
    with pytest.raises(CorpusError, match="Names of tess tell 16 clips"):
        write_synthetic_corpus(
            tmp_path, "tess", speakers=1, emotions=["sad"], clips_per_emotion=17, seconds=(0.3, 0.3)
        )
