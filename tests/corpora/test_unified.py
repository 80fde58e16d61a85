from pathlib import Path, PurePath

import pytest

from hearfelt.corpora import scan
from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.corpora.unified import parse
from hearfelt.errors import CorpusError


@pytest.mark.parametrize(
    "path, corpus, speaker, emotion",
    [
        ("emodb/emodb_03/03-01-09-01-01-01-03.wav", "emodb", "emodb_03", "boredom"),
        ("crema_d/crema_d_1001/03-01-04-02-05-01-1001.wav", "crema_d", "crema_d_1001", "sad"),
        ("x/Actor_07/03-02-05-01-01-01-07.wav", "unified", "unified_07", "angry"),
        ("by hand/03-01-08-01-01-01-12.wav", "unified", "unified_12", "surprised"),
    ],
)
def test_folders_of_ours_and_by_hand(path: str, corpus: str, speaker: str, emotion: str) -> None:
    columns = parse(PurePath("root", path))
    assert (columns["corpus"], columns["speaker"], columns["emotion"]) == (corpus, speaker, emotion)


def test_what_is_not_of_it() -> None:
    for name in ("03-01-10-01-01-01-01", "03-01-05-01-01-01", "03-01-00-01-01-01-01", "04-01-05-01-01-01-01"):
        assert parse(PurePath(f"{name}.wav")) is None


def test_name_and_manifest_must_agree(tmp_path: Path) -> None:
    clip = tmp_path / "savee" / "savee_DC" / "03-01-05-01-01-01-01.wav"
    clip.parent.mkdir(parents=True)
    clip.touch()
    table = tmp_path / "savee" / "manifest.csv"
    Manifest([Row(str(clip), "savee", "savee_DC", "angry", "male")]).write(table)
    assert scan("unified", tmp_path).manifest[0].sex == "male"
    clip.rename(clip.with_name("03-01-04-01-01-01-01.wav"))
    assert scan("unified", tmp_path).manifest[0].sex == ""  # the manifest knows no such file
    Manifest([Row(str(clip), "savee", "savee_DC", "sad")]).write(tmp_path / "savee" / "manifest.csv")
    clip.touch()
    with pytest.raises(CorpusError, match=r"is angry by its name and sad by manifest\.csv"):
        scan("unified", tmp_path)
