import csv
from pathlib import Path, PurePath

import pytest

from hearfelt.corpora import scan
from hearfelt.corpora.crema_d import parse, read_demographics, read_votes
from hearfelt.emotions import SETS
from hearfelt.errors import CorpusError

SIX = ["angry", "disgust", "fearful", "happy", "neutral", "sad"]


def test_every_field() -> None:
    assert parse(PurePath("AudioWAV/1001_IEO_DIS_HI.wav")) == {
        "speaker": "crema_d_1001",
        "sex": "male",
        "emotion": "disgust",
        "intensity": "high",
        "statement": "IEO",
    }
    assert parse(PurePath("1002_IEO_NEU_XX.wav"))["intensity"] == ""
    assert parse(PurePath("1040_ITH_SAD_X.wav"))["emotion"] == "sad"  # one file of some copies
    assert parse(PurePath("1092_IEO_DIS_HI.wav")) is None


def write(path: Path, header: list[str], *lines: list) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *lines])


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for name in ("1001_IEO_NEU_XX", "1001_IEO_HAP_LO"):
        (tmp_path / "AudioWAV").mkdir(exist_ok=True)
        (tmp_path / "AudioWAV" / f"{name}.wav").touch()
    return tmp_path


TABULATED = ["", "A", "D", "F", "H", "N", "S", "fileName"]


@pytest.mark.parametrize("place", ["", "processedResults"])
@pytest.mark.parametrize("root", ["", "AudioWAV"])
def test_votes_of_those_who_only_heard(corpus: Path, place: str, root: str) -> None:
    write(
        corpus / place / "tabulatedVotes.csv",
        TABULATED,
        ["100001", 0, 0, 0, 1, 3, 0, "1001_IEO_NEU_XX"],
        ["200001", 9, 0, 0, 0, 0, 0, "1001_IEO_NEU_XX"],  # the face alone
        ["300001", 0, 9, 0, 0, 0, 0, "1001_IEO_NEU_XX"],  # both
    )
    rows = {row.statement + row.emotion: row for row in scan("crema_d", corpus / root).manifest}
    assert rows["IEOneutral"].votes == dict.fromkeys(SIX, 0.0) | {"happy": 0.25, "neutral": 0.75}
    assert rows["IEOhappy"].votes == {}


def test_votes_from_the_summary_where_ties_share(corpus: Path) -> None:
    write(corpus / "summaryTable.csv", ["", "FileName", "VoiceVote"], ["1", "1001_IEO_HAP_LO", "A:D"])
    votes = read_votes(corpus)["1001_IEO_HAP_LO"]
    assert votes == dict.fromkeys(SIX, 0.0) | {"angry": 0.5, "disgust": 0.5}


def test_votes_follow_the_labels(corpus: Path) -> None:
    write(corpus / "tabulatedVotes.csv", TABULATED, ["100001", 1, 5, 0, 1, 2, 0, "1001_IEO_NEU_XX"])
    row = next(row for row in scan("crema_d", corpus).manifest if row.emotion == "neutral")
    from hearfelt.corpora.manifest import Manifest

    mapped = Manifest([row]).map_labels(SETS["four"], require_all=False)[0]
    assert mapped.votes == {"angry": 0.25, "happy": 0.25, "neutral": 0.5, "sad": 0.0}


@pytest.mark.parametrize("line", [["100001", "x", 0, 0, 0, 0, 0, "1001_IEO_NEU_XX"], ["100001"]])
def test_a_damaged_table_is_told(corpus: Path, line: list) -> None:
    write(corpus / "tabulatedVotes.csv", TABULATED, line)
    with pytest.raises(CorpusError, match=r"tabulatedVotes\.csv is not CREMA-D's table of votes"):
        scan("crema_d", corpus)


def test_demographics(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="no VideoDemographics"):
        read_demographics(tmp_path)
    header = ["ActorID", "Age", "Sex", "Race", "Ethnicity"]
    write(tmp_path / "VideoDemographics.csv", header, [1001, 51, "Male", "Caucasian", "Not Hispanic"])
    assert read_demographics(tmp_path)["crema_d_1001"].age == 51
    write(tmp_path / "VideoDemographics.csv", header, [1001, "old", "Male", "", ""])
    with pytest.raises(CorpusError, match="is not CREMA-D's table of actors"):
        read_demographics(tmp_path)


def test_the_real_tables(corpora_root: Path) -> None:
    root = corpora_root / "crema-d"
    if not root.is_dir():
        pytest.skip("CREMA-D is not among the real corpora")
    people = read_demographics(root)
    assert len(people) == 91 and sum(person.sex == "male" for person in people.values()) == 48
    rows = scan("crema_d", root).manifest
    assert all(people[row.speaker].sex == row.sex for row in rows)
    assert all(row.votes and sum(row.votes.values()) == pytest.approx(1) for row in rows)
    assert len(read_votes(root)) == 7442
    # the summary's winners, counted by the corpus' authors, are the winners of our shares
    with (root / "summaryTable.csv").open(newline="") as file:
        winners = {line["FileName"]: set(line["VoiceVote"].split(":")) for line in csv.DictReader(file)}
    agree = sum(
        {word[0].upper() for word, share in votes.items() if share == max(votes.values())} == winners[name]
        for name, votes in read_votes(root).items()
    )
    assert agree / 7442 > 0.99
