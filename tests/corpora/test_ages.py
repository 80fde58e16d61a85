"""Ages are those that corpora published, and nothing else."""

from __future__ import annotations

from pathlib import Path

from hearfelt.corpora._ages import known_ages


def test_published_ages(tmp_path: Path) -> None:
    (tmp_path / "AudioWAV").mkdir()
    (tmp_path / "VideoDemographics.csv").write_text(
        '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","Caucasian","Not Hispanic"\n'
    )
    clip = str(tmp_path / "AudioWAV" / "1001_DFA_ANG_XX.wav")
    corpora = ["crema_d", "crema_d", "emodb", "tess", "savee", "my own"]
    speakers = ["crema_d_1001", "crema_d_1002", "emodb_08", "tess_OAF", "savee_DC", "me"]
    assert known_ages(corpora, speakers, [clip] * 6) == ["51", "", "34", "64", "", ""]


def test_without_the_table_nothing_is_known(tmp_path: Path) -> None:
    assert known_ages(["crema_d"], ["crema_d_1001"], [str(tmp_path / "a.wav")]) == [""]
