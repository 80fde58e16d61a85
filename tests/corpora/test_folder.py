"""A corpus of one's own, as folders and as a table."""

from pathlib import Path, PurePath

import pytest

from hearfelt.corpora import scan
from hearfelt.corpora.folder import FolderOptions, parse, scan_root
from hearfelt.errors import CorpusError


def make(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def labels(result) -> dict[str, tuple[str, str]]:
    return {Path(row.path).name: (row.emotion, row.speaker) for row in result.manifest}


@pytest.mark.parametrize(
    "path, speaker, emotion",
    [
        ("Anger/1.wav", "", "angry"),
        ("anna/Anger/1.wav", "anna", "angry"),
        ("Anger/anna/1.wav", "anna", "angry"),
        ("set/anna/02_Happiness/1.wav", "set-anna", "happy"),
        ("sad/happy/1.wav", "sad", "happy"),  # the deepest
    ],
)
def test_folders(path: str, speaker: str, emotion: str) -> None:
    assert parse(PurePath(path)) == {"speaker": speaker, "emotion": emotion}


def test_names_are_unique_over_corpora(tmp_path: Path) -> None:
    make(tmp_path / "My Voices", "anna/angry/1.wav", "ben/sad/2.wav", "readme.wav")
    result = scan("folder", tmp_path / "My Voices")
    assert labels(result) == {"1.wav": ("angry", "my_voices_anna"), "2.wav": ("sad", "my_voices_ben")}
    assert {row.corpus for row in result.manifest} == {"my_voices"}
    assert result.notes()[0] == "2 speaker(s): my_voices_anna, my_voices_ben."
    assert "1 audio file(s) not of the corpus, ignored: readme.wav" in result.notes()[1]


def test_unknown_speakers_are_one_person_and_said(tmp_path: Path) -> None:
    """Claiming one speaker a file would let a person be on both sides of a split."""
    make(tmp_path / "c", "angry/1.wav", "sad/2.wav")
    result = scan("folder", tmp_path / "c")
    assert {row.speaker for row in result.manifest} == {"c_unknown"}
    assert "speaker of 2 clip(s) is not known" in result.notes()[0]


def test_pattern_names_speakers(tmp_path: Path) -> None:
    make(tmp_path, "angry/anna_1.wav", "sad/ben_1.wav")
    result = scan_root(tmp_path, FolderOptions(name="c", speaker_pattern=r"/(\w+)_\d", language="de"))
    assert labels(result) == {"anna_1.wav": ("angry", "c_anna"), "ben_1.wav": ("sad", "c_ben")}
    assert {row.language for row in result.manifest} == {"de"}
    for pattern in ("(", "no group", r"/(x)_"):
        with pytest.raises(CorpusError, match="speaker pattern"):
            scan_root(tmp_path, FolderOptions(speaker_pattern=pattern))


def test_own_words(tmp_path: Path) -> None:
    make(tmp_path, "wut/1.wav", "trauer/2.wav", "sonst/3.wav")
    with pytest.raises(CorpusError, match="none in a folder named by an emotion"):
        scan_root(tmp_path)
    options = FolderOptions(emotions={"Wut": "anger", "trauer": "sad", "sonst": ""})
    result = scan_root(tmp_path, options)
    assert sorted(row.emotion for row in result.manifest) == ["angry", "sad"]
    assert [Path(path).name for path in result.strays] == ["3.wav"]
    with pytest.raises(CorpusError, match="no emotion named 'rage'"):
        scan_root(tmp_path, FolderOptions(emotions={"wut": "rage"}))


TABLE = """Datei;Gefühl;Person;sex;start;end
a.wav;Anger;anna;F;;
sub/b.wav;sad;ben;m;0.5;2
a.wav;neutral;anna;w;3;4.5
"""
GERMAN = {"path": "datei", "emotion": "Gefühl", "speaker": "person"}


@pytest.mark.parametrize("delimiter, name", [(";", "l.csv"), (",", "l.csv"), ("\t", "l.tsv"), ("|", "l.txt")])
def test_table(tmp_path: Path, delimiter: str, name: str) -> None:
    make(tmp_path, "a.wav", "sub/b.wav")
    (tmp_path / name).write_text(TABLE.replace(";", delimiter), encoding="utf-8-sig")
    rows = scan_root(tmp_path, FolderOptions(name="c", table=name, columns=GERMAN)).manifest
    assert [(row.path, row.emotion, row.speaker, row.sex, row.start, row.end) for row in rows] == [
        (str(tmp_path / "a.wav"), "angry", "c_anna", "female", 0.0, None),
        (str(tmp_path / "sub" / "b.wav"), "sad", "c_ben", "male", 0.5, 2.0),
        (str(tmp_path / "a.wav"), "neutral", "c_anna", "female", 3.0, 4.5),
    ]


def test_a_table_as_the_root(tmp_path: Path) -> None:
    make(tmp_path / "c", "a.wav")
    (tmp_path / "c" / "labels.csv").write_text("file,label\na.wav,joy\n")
    result = scan("folder", tmp_path / "c" / "labels.csv")
    assert labels(result) == {"a.wav": ("happy", "c_unknown")}


@pytest.mark.parametrize(
    "text, message",
    [
        ("path,emotion\nb.wav,sad\n", r"1 of 1 files do not exist, such as b\.wav"),
        ("path,emotion\na.wav,meh\na.wav,meh\n", r"2 lines have emotions that are not known: 'meh' \(2\)"),
        ("path,emotion\n,sad\n", r"line 2: column 'path' is empty"),
        ("path,emotion\na.wav,\n", r"not known: '' \(1\)"),
        (
            "path,feeling\na.wav,sad\n",
            r"no column 'emotion' or 'label' .* it has .*'feeling'.*--emotion-col",
        ),
        ("path,emotion,start\na.wav,sad,x\n", "line 2: start and end are seconds"),
        ("path,emotion,start,end\na.wav,sad,2,1\n", r"from 2\.0 to 1\.0 seconds has no length"),
        ('path,emotion\n"a.wav,sad\n', "is damaged"),
        ("path,emotion\n", "has no clips: 0 lines"),
        ("", "no column 'path'"),
    ],
)
def test_bad_tables(tmp_path: Path, text: str, message: str) -> None:
    make(tmp_path, "a.wav")
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(CorpusError, match=message):
        scan_root(tmp_path, FolderOptions(table="labels.csv"))


def test_a_column_of_your_choice_must_be_there(tmp_path: Path) -> None:
    make(tmp_path, "a.wav")
    (tmp_path / "labels.csv").write_text("path,emotion\na.wav,sad\n")
    options = FolderOptions(table="labels.csv", columns={"speaker": "who"})
    with pytest.raises(CorpusError, match=r"no column 'who' for the speaker; .*--speaker-column"):
        scan_root(tmp_path, options)
    with pytest.raises(CorpusError, match="Cannot read the table"):
        scan_root(tmp_path, FolderOptions(table="other.csv"))


def test_a_short_line_is_an_error_not_a_crash(tmp_path: Path) -> None:
    make(tmp_path, "a.wav")
    (tmp_path / "labels.csv").write_text("path,emotion,speaker\na.wav\n")
    with pytest.raises(CorpusError, match="not known: ''"):
        scan_root(tmp_path, FolderOptions(table="labels.csv"))
