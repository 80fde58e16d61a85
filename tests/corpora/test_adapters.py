"""The contract of every corpus: laws over the registry, synthetic trees in many layouts, real counts."""

import os
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePath

import pytest

from hearfelt import corpora
from hearfelt.audio.decode import AUDIO_SUFFIXES as DECODED
from hearfelt.corpora import _scan, detect_corpora, get_corpus, list_corpora, scan, scan_all
from hearfelt.corpora._registry import get_adapter
from hearfelt.emotions import ALL_EMOTIONS, parse_emotion
from hearfelt.errors import CorpusError, UnknownNameError
from hearfelt.testing.corpora import STYLES

NAMED = [name for name in list_corpora() if get_corpus(name).clips]
FREE_WEIGHTS = {"banglaser", "crema_d", "emodb"}  # the licences that let weights be published freely


def names_of(style: str, takes: int = 2) -> dict[str, tuple[str, str, str]]:
    """Path -> (speaker, emotion, sex) as the synthetic corpora name their files."""
    rule = STYLES[style]
    family = "ravdess" if style.startswith("ravdess") else style
    return {
        rule.path(code, rule.emotions[emotion], sex, take): (f"{family}_{code}", emotion, sex)
        for code, sex in rule.speakers.items()
        if speaker_is_plain(style, code)
        for emotion in rule.emotions
        for take in range(takes)
    }


def speaker_is_plain(style: str, code: str) -> bool:
    return style != "ased" or code not in {"09", "15", "21", "23", "25"}  # women with a clip named as a man's


def make(root: Path, paths) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def seen(result: _scan.ScanResult) -> Counter:
    return Counter((row.speaker, row.emotion) for row in result.manifest)


def test_the_issue_s_corpora_are_all_there() -> None:
    issue = [
        "ravdess_speech",
        "ravdess_song",
        "crema_d",
        "savee",
        "tess",
        "aesdd",
        "emodb",
        "ased",
        "banglaser",
        "casia",
        "turev",
    ]
    assert sorted(NAMED) == sorted(issue)
    assert set(list_corpora()) == {*issue, "folder", "unified"}


def test_suffixes_are_those_that_can_be_decoded() -> None:
    assert _scan.AUDIO_SUFFIXES == DECODED


@pytest.mark.parametrize("name", NAMED)
def test_info(name: str) -> None:
    info = get_corpus(name)
    assert get_adapter(name).__name__ == f"hearfelt.corpora.{name}" and info.name == name
    assert set(info.clips) <= set(ALL_EMOTIONS) and all(count > 0 for count in info.clips.values())
    assert len(info.language) == 2 and info.language.islower()
    assert info.title and info.licence and info.citation and info.url.startswith("http")
    assert info.folder_names and all(
        _scan.folder_key(folder) == folder for folder in info.folder_names if "_" not in folder
    )
    assert info.redistributable_weights == (name in FREE_WEIGHTS) and info.extra["weights"]
    example = info.extra["example"].split(" or ")[0]
    assert get_adapter(name).parse(PurePath("anywhere", example))["emotion"] in info.clips


@pytest.mark.parametrize("name", NAMED)
def test_names_mean_what_they_should(name: str) -> None:
    """The oracle is the synthetic corpora's own tables, written apart from the adapters."""
    for path, (speaker, emotion, sex) in names_of(name).items():
        columns = get_adapter(name).parse(PurePath("root", path))
        assert (columns["speaker"], columns["emotion"]) == (speaker, emotion), path
        assert columns.get("sex", "") in (sex, ""), path


@pytest.mark.parametrize("name", NAMED)
def test_names_of_other_corpora_are_strays(name: str) -> None:
    adapter = get_adapter(name)
    for other in set(NAMED) - {name, *getattr(adapter, "LOOK_ALIKES", ())}:
        taken = [path for path in names_of(other) if adapter.parse(PurePath("x", path)) is not None]
        assert not taken, (other, taken[:3])
    for path in ("a.wav", "1.wav", "noise/angry.wav", "Actor_01/x.wav", "ü.wav", "03-01-05.wav", " .wav"):
        assert adapter.parse(PurePath("x", path)) is None


LAYOUTS = {
    "as distributed": lambda path: path,
    "nested deeper": lambda path: f"data/2nd copy/{path}",
    "upper case": lambda path: path.upper(),
    "lower case": lambda path: path.lower(),
    "flac": lambda path: str(PurePath(path).with_suffix(".flac")),
    "opus in capitals": lambda path: str(PurePath(path).with_suffix(".OPUS")),
    "flat": lambda path: path.replace("/", "-") if path.count("/") == 2 else PurePath(path).name,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", NAMED)
def test_layouts(name: str, layout: str, tmp_path: Path) -> None:
    if name == "turev" and layout == "flat":
        truth = {PurePath(path).name: meaning for path, meaning in names_of(name, 1).items()}
    else:
        truth = {LAYOUTS[layout](path): meaning for path, meaning in names_of(name, 1).items()}
    make(tmp_path, [*truth, "notes.txt", "strange sound.wav", ".hidden.wav", "__MACOSX/._x.wav"])
    result = scan(name, tmp_path)
    assert seen(result) == Counter(meaning[:2] for meaning in truth.values())
    assert [Path(path).name for path in result.strays] == ["strange sound.wav"]
    assert result.other_files == 2  # the text and what is hidden
    assert [row.path for row in result.manifest] == sorted(str(tmp_path / path) for path in truth)
    assert {(row.corpus, row.language) for row in result.manifest} == {(name, get_corpus(name).language)}
    assert "1 audio file(s) not of the corpus, ignored: strange sound.wav" in result.notes()[0]


@pytest.mark.parametrize("name", NAMED)
def test_a_mirror_that_holds_everything_twice_counts_once(name: str, tmp_path: Path) -> None:
    paths = list(names_of(name, 1))
    make(tmp_path, [*paths, *(f"zz/{path}" for path in paths)])
    result = scan(name, tmp_path)
    assert len(result.manifest) == len(result.repeated) == len(paths)
    assert all("zz" in path for path in result.repeated)


@pytest.mark.parametrize("name", NAMED)
def test_nothing_found_is_one_clear_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"has no audio file .*Expected names such as"):
        scan(name, tmp_path)
    make(tmp_path, ["what.wav"])
    with pytest.raises(CorpusError, match=r"1 audio files, such as what\.wav"):
        scan(name, tmp_path)
    with pytest.raises(CorpusError, match="does not exist"):
        scan(name, tmp_path / "nowhere")
    with pytest.raises(CorpusError, match="is a file, not a folder"):
        scan(name, tmp_path / "what.wav")


def test_the_wrong_corpus_is_named(tmp_path: Path) -> None:
    make(tmp_path, names_of("tess"))
    with pytest.raises(CorpusError, match=r"28 of the names are those of 'tess'"):
        scan("emodb", tmp_path)
    with pytest.raises(UnknownNameError, match="Did you mean 'emodb'"):
        scan("emo_db", tmp_path)


def test_look_alikes_are_refused_and_named(tmp_path: Path) -> None:
    make(tmp_path / "b", names_of("banglaser", 9))
    make(
        tmp_path / "r",
        (path.replace("-01-", "-0?-").replace("-0?-", "-01-") for path in names_of("ravdess_speech", 4)),
    )
    with pytest.raises(CorpusError, match="This is BanglaSER: scan it as 'banglaser'"):
        scan("ravdess_speech", tmp_path / "b")
    with pytest.raises(CorpusError, match="This is RAVDESS speech: scan it as 'ravdess_speech'"):
        scan("banglaser", tmp_path / "r")
    for name in ("ravdess_speech", "banglaser"):
        with pytest.raises(CorpusError, match="Both seem to be in it: give the folder of one"):
            scan(name, tmp_path)
    assert len(scan("banglaser", tmp_path / "b").manifest) == 34 * 5 * 9


def test_speech_and_song_of_one_folder_are_told_apart(tmp_path: Path) -> None:
    make(tmp_path / "RAVDESS", [*names_of("ravdess_speech"), *names_of("ravdess_song")])
    found = scan_all(tmp_path)
    assert {name: len(result.manifest) for name, result in found.items()} == {
        "ravdess_song": len(names_of("ravdess_song")),
        "ravdess_speech": len(names_of("ravdess_speech")),
    }
    people = [set(result.manifest.counts("speaker")) for result in found.values()]
    assert people[0] < people[1]  # the same persons under the same names, no actor 18 among the singers


def test_folders_are_found_by_name_and_content(tmp_path: Path) -> None:
    make(tmp_path / "Emo DB", names_of("emodb", 1))
    make(tmp_path / "CREMA_D", names_of("crema_d", 1))
    make(tmp_path / "tess", ["nothing of it.wav"])
    assert {name: Path(folder).name for name, folder in detect_corpora(tmp_path).items()} == {
        "crema_d": "CREMA_D",
        "emodb": "Emo DB",
    }
    assert [row.corpus for row in _scan.scan_many(tmp_path, ["emodb"])] == ["emodb"] * 70
    with pytest.raises(
        CorpusError, match=r"no folder of tess\. Found: crema_d, emodb; folders there: .*tess"
    ):
        _scan.scan_many(tmp_path, ["emodb", "tess"])
    make(tmp_path / "emodb", names_of("emodb", 1))
    with pytest.raises(CorpusError, match="2 folders for emodb: Emo DB, emodb"):
        detect_corpora(tmp_path)


def test_a_corpus_own_folder_is_a_data_root_too(tmp_path: Path) -> None:
    make(tmp_path / "emo-db", names_of("emodb", 1))
    assert detect_corpora(tmp_path / "emo-db") == {"emodb": str(tmp_path / "emo-db")}
    assert [row.corpus for row in _scan.scan_many(tmp_path / "emo-db", ["emodb"])] == ["emodb"] * 70


def test_a_data_root_without_corpora_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(
        CorpusError, match=r"no folder of any known corpus\..*Folder names looked for: those of"
    ):
        scan_all(tmp_path)


def test_odd_file_systems(tmp_path: Path) -> None:
    root = tmp_path / "emodb"
    make(root, ["03a01Fa.wav", "deep/03a02Na.wav"])
    (root / "deep" / "loop").symlink_to(root)
    (root / "again").symlink_to(root / "deep")
    (root / "dead.wav").symlink_to(root / "nowhere")
    (root / "13a01Wa.wav").mkdir()  # a folder named as a recording
    stray = os.fsencode(root) + b"/\xff\xfe.wav"
    Path(os.fsdecode(stray)).touch()
    result = scan("emodb", root)
    assert [row.speaker for row in result.manifest] == ["emodb_03", "emodb_03"]
    assert result.strays == sorted([str(root / "dead.wav"), os.fsdecode(stray)])
    assert r"\udcff\udcfe.wav" in " ".join(result.notes())
    root.joinpath("ok").mkdir()
    weird = os.fsencode(root) + b"/ok/\xff"
    Path(os.fsdecode(weird)).mkdir()
    shutil.copy(root / "03a01Fa.wav", weird + b"/08a01Fa.wav")
    rows = scan("emodb", root).manifest
    rows.write(tmp_path / "m.csv")
    from hearfelt.corpora.manifest import read_manifest

    assert read_manifest(tmp_path / "m.csv") == rows


def test_unreadable_folders_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, ["03a01Fa.wav", "closed/03a02Na.wav"])
    real = os.scandir

    def closed(path="."):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", closed)
    result = scan("emodb", tmp_path)
    assert len(result.manifest) == 1
    assert result.notes() == ["1 folder(s) could not be read: closed."]


def test_frame() -> None:
    pytest.importorskip("pandas")
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), names_of("savee", 1))
        frame = _scan.load_frame("savee", folder)
        assert corpora.load_savee(folder).equals(frame)
    assert list(frame.columns[:3]) == ["path", "corpus", "speaker"]
    assert frame["emotion"].value_counts().to_dict() == dict.fromkeys(get_corpus("savee").clips, 4)


def test_a_loader_of_no_corpus_names_those_there_are() -> None:
    with pytest.raises(AttributeError, match="load_crema_d"):
        corpora.load_nothing  # noqa: B018


# clips by emotion, speakers, women, men: counted by hand in the corpora's own description
REAL = {
    "ravdess_speech": (dict.fromkeys(ALL_EMOTIONS[:8], 192) | {"neutral": 96}, 24, 12, 12),
    "ravdess_song": (dict.fromkeys(ALL_EMOTIONS[:6], 184) | {"neutral": 92}, 23, 11, 12),
    "tess": (
        dict.fromkeys(map(parse_emotion, ["angry", "disgust", "fear", "happy", "neutral", "ps", "sad"]), 400),
        2,
        2,
        0,
    ),
    "savee": (
        dict.fromkeys(map(parse_emotion, ["angry", "disgust", "fear", "happy", "sad", "surprise"]), 60)
        | {"neutral": 120},
        4,
        0,
        4,
    ),
    "aesdd": ({"angry": 121, "disgust": 122, "fearful": 120, "happy": 119, "sad": 122}, 6, 0, 0),
    "emodb": (
        {"angry": 127, "boredom": 81, "neutral": 79, "happy": 71, "fearful": 69, "sad": 62, "disgust": 46},
        10,
        5,
        5,
    ),
    "ased": ({"neutral": 522, "fearful": 510, "happy": 486, "angry": 486, "sad": 470}, 65, 25, 40),
    "banglaser": ({"happy": 306, "sad": 306, "angry": 306, "surprised": 306, "neutral": 242}, 34, 17, 17),
    "casia": (
        dict.fromkeys(map(parse_emotion, ["angry", "fear", "happy", "neutral", "sad", "surprise"]), 200),
        4,
        2,
        2,
    ),
    "turev": ({"angry": 487, "calm": 408, "happy": 357, "sad": 483}, 6, 0, 0),
    "crema_d": (
        {"happy": 1000, "sad": 1000, "angry": 6, "disgust": 8, "fearful": 4, "neutral": 4},
        78,
        38,
        40,
    ),
}


@pytest.fixture(scope="module")
def real(corpora_root: Path) -> dict[str, _scan.ScanResult]:
    return scan_all(corpora_root)


@pytest.mark.parametrize("name", NAMED)
def test_real_counts(name: str, real: dict[str, _scan.ScanResult]) -> None:
    if name not in real:
        pytest.skip(f"{name} is not among the real corpora")
    rows = real[name].manifest
    emotions, speakers, women, men = REAL[name]
    assert dict(rows.counts("emotion")) == emotions
    assert len(rows.counts("speaker")) == speakers
    sexes = {row.speaker: row.sex for row in rows}
    assert all(sexes[row.speaker] == row.sex for row in rows)  # one person, one sex
    assert (
        Counter(sexes.values())
        == Counter({"female": women, "male": men, "": speakers - women - men}) + Counter()
    )
    assert not real[name].strays and not real[name].repeated and not real[name].unreadable


def test_real_corpora_add_up(real: dict[str, _scan.ScanResult]) -> None:
    if set(real) != set(NAMED):
        pytest.skip("some real corpora are absent")
    everything = [row for result in real.values() for row in result.manifest]
    assert len(everything) == len({row.path for row in everything}) == 15_768
    assert len({row.speaker for row in everything}) == 233
    assert replace(everything[0], votes={}) == everything[0]


def test_official_counts_are_complete_but_for_what_is_known(real: dict[str, _scan.ScanResult]) -> None:
    lacking = {
        name: sum(get_corpus(name).clips.values()) - len(result.manifest) for name, result in real.items()
    }
    assert {name: count for name, count in lacking.items() if count} == {
        "banglaser": 1,
        "crema_d": 7442 - 2022,
    }


def test_corpora_whose_weights_may_be_published_say_what_to_write_beside_them() -> None:
    free = [info for info in map(get_corpus, list_corpora()) if info.redistributable_weights]
    assert {info.name for info in free} == FREE_WEIGHTS
    for info in free:
        notice = info.extra["notice"]
        assert info.title in notice and "https://" in notice
        assert all(term in notice for term in info.licence.split(" / ")), info.name
