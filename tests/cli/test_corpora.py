"""``hearfelt corpora`` as a person or a script meets it."""

import csv
import json
from pathlib import Path

import pytest

from hearfelt.cli import main
from hearfelt.corpora import list_corpora
from hearfelt.corpora.manifest import read_manifest
from hearfelt.testing.corpora import write_synthetic_corpus

DROP, WRONG = 1, 2


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    for name, folder in (("savee", "SAVEE"), ("emodb", "emo-db")):
        write_synthetic_corpus(root / folder, name, speakers=2, clips_per_emotion=1, seconds=(0.2, 0.3))
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):
    def call(*arguments) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["corpora", *map(str, arguments)])
        return status, *capsys.readouterr()

    return call


def test_list(run) -> None:
    status, out, _ = run("list")
    assert status == 0 and [line.split()[0] for line in out.splitlines()[1:]] == list_corpora()
    described = {entry["name"]: entry for entry in json.loads(run("list", "--json")[1])}
    assert described["emodb"]["clips"]["boredom"] == 81 and described["emodb"]["redistributable_weights"]


def test_scan_one(run, data, tmp_path) -> None:
    status, out, err = run("scan", "savee", data / "SAVEE", "--out", tmp_path / "m.csv")
    assert (status, out) == (0, "") and "14 clips written" in err
    assert read_manifest(tmp_path / "m.csv").counts("corpus") == {"savee": 14}
    status, out, err = run("scan", "savee", data / "SAVEE")
    assert "savee: 14 clips of 2 speakers: angry 2" in out and "Nothing was written" in err


def test_scan_all_that_is_there(run, data, tmp_path) -> None:
    status, out, _ = run("scan", "--data", data, "--out", tmp_path / "m.csv", "--json")
    assert status == 0
    assert [(entry["corpus"], entry["clips"]) for entry in json.loads(out)] == [("emodb", 14), ("savee", 14)]
    assert len(read_manifest(tmp_path / "m.csv")) == 28
    assert run("scan", "--data", data, "--only", "emodb", "--out", tmp_path / "e.csv")[0] == 0
    assert set(read_manifest(tmp_path / "e.csv").counts("corpus")) == {"emodb"}


def test_label_sets(run, data, tmp_path) -> None:
    assert run("scan", "emodb", data / "emo-db", "--labels", "four", "--out", tmp_path / "m.csv")[0] == 0
    assert set(read_manifest(tmp_path / "m.csv").counts("emotion")) == {"neutral", "happy", "sad", "angry"}
    status, _, err = run("scan", "emodb", data / "emo-db", "--labels", "eight")
    assert status == WRONG
    assert "no clips of calm, surprised. The data has: angry, boredom, disgust" in err


def test_a_table_of_ones_own(run, data, tmp_path) -> None:
    clips = sorted((data / "SAVEE").rglob("*.wav"))[:2]
    with (tmp_path / "labels.tsv").open("w", newline="") as file:
        lines = [["clip", "wie", "wer"], [clips[0], "wut", "anna"], [clips[1], "sad", "ben"]]
        csv.writer(file, delimiter="\t").writerows(lines)
    options = ["--path-column", "clip", "--emotion-column", "wie", "--speaker-column", "wer"]
    where = ["scan", "folder", tmp_path, "--table", "labels.tsv", "--corpus-name", "own", *options]
    status, _, err = run(*where)
    assert status == WRONG and "'wut' (1)" in err and "--emotion WORD=EMOTION" in err
    assert run(*where, "--emotion", "wut=angry", "--out", tmp_path / "m.csv")[0] == 0
    rows = read_manifest(tmp_path / "m.csv")
    assert [(row.emotion, row.speaker) for row in rows] == [("angry", "own_anna"), ("sad", "own_ben")]
    assert run(*where, "--emotion", "wut")[0] == WRONG
    assert run("scan", "savee", data / "SAVEE", *options)[0] == WRONG


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["scan"], "Say what to scan: NAME ROOT"),
        (["scan", "emodb"], "Say what to scan"),
        (["scan", "emo", "x"], "There is no corpus named 'emo'. Did you mean 'emodb'"),
        (["scan", "emodb", "nowhere"], "does not exist"),
        (["scan", "emodb", "--data", "x"], "either NAME ROOT or --data"),
        (["validate"], "Say what to work on"),
        (["stats", "no.csv"], "Cannot read the manifest"),
        (["stats", "a", "b", "c"], "Say what to work on"),
        (["rename", "no.csv", "--mode", "move"], "no mode named 'move'"),
        (["download", "emo"], "There is no corpus named"),
        (["dance"], "No such command 'dance'"),
    ],
)
def test_wrong_requests_are_one_line(run, arguments, message) -> None:
    status, out, err = run(*arguments)
    assert (status, out, err.count("\n")) == (WRONG, "", 1)
    assert err.startswith("error: ") and message in err


def test_validate(run, data, tmp_path) -> None:
    status, out, _ = run("validate", "savee", data / "SAVEE")
    assert status == 0 and "All 14 clips can be used." in out and "466 of 480 clips are missing" in out
    root = tmp_path / "SAVEE"
    write_synthetic_corpus(root, "savee", speakers=1, clips_per_emotion=1, seconds=(0.2, 0.3))
    (root / "ALL" / "DC_a02.wav").write_bytes((root / "ALL" / "DC_a01.wav").read_bytes())
    (root / "ALL" / "DC_d02.wav").write_bytes(b"")
    status, out, err = run("validate", "savee", root, "--drop", tmp_path / "clean.csv")
    assert status == DROP and "2 of 9 clips must be dropped" in out and "7 clips written" in err
    clean = read_manifest(tmp_path / "clean.csv")
    assert len(clean) == 7 and all(
        row.duration and row.sample_rate == 16000 and row.audio_hash for row in clean
    )
    status, out, _ = run("validate", tmp_path / "clean.csv", "--json")
    assert status == 0 and json.loads(out)["drop"] == 0


def test_stats(run, data, tmp_path) -> None:
    status, out, err = run("stats", "--data", data, "--html", tmp_path / "s.html")
    assert status == 0 and "Clips by emotion" in out and "s.html" in err
    assert (tmp_path / "s.html").read_text().startswith("<!doctype html>")
    answer = json.loads(run("stats", "--data", data, "--json", "--no-durations")[1])
    assert answer["all"]["clips"] == 28 and answer["all"]["durations"] is None


def test_rename_and_back(run, data, tmp_path) -> None:
    status, out, err = run("rename", "--data", data, "--out", tmp_path / "r", "--mode", "symlink")
    assert (status, out) == (0, "") and "28 clips in" in err
    assert "28 were there already" in run("rename", "--data", data, "--out", tmp_path / "r")[2]
    assert run("scan", "unified", tmp_path / "r", "--out", tmp_path / "m.csv")[0] == 0
    assert read_manifest(tmp_path / "m.csv").counts("corpus") == {"emodb": 14, "savee": 14}


def test_download_says_what_it_would_do(run) -> None:
    status, out, _ = run("download", "savee", "--dry-run")
    assert status == 0 and out.startswith("SAVEE")


def test_strays_are_told_beside_the_data(run, tmp_path) -> None:
    write_synthetic_corpus(tmp_path, "savee", speakers=1, clips_per_emotion=1, seconds=(0.2, 0.3))
    (tmp_path / "other.wav").touch()
    _, out, err = run("scan", "savee", tmp_path, "--json")
    assert json.loads(out)[0]["strays"] == [str(tmp_path / "other.wav")]
    assert "1 audio file(s) not of the corpus, ignored: other.wav" in err


def test_nothing_that_is_read_is_written_over(run, tmp_path) -> None:
    write_synthetic_corpus(tmp_path / "e", "emodb", speakers=1, clips_per_emotion=1, seconds=(0.2, 0.3))
    clip = next((tmp_path / "e").rglob("*.wav"))
    table = tmp_path / "labels.csv"
    table.write_text(f"file,label\n{clip.relative_to(tmp_path)},happy\n")
    made = tmp_path / "made.csv"
    assert run("scan", "folder", table, "--out", made)[0] == 0
    before = {path: path.read_bytes() for path in (table, made, clip)}
    for arguments in (
        ("scan", "folder", table, "--out", table),
        ("scan", "folder", tmp_path, "--table", "labels.csv", "--out", table),
        ("scan", "folder", table, "--out", clip),
        ("validate", made, "--drop", made),
        ("stats", made, "--html", clip),
        ("stats", made, "--html", tmp_path),
    ):
        status, out, err = run(*arguments)
        assert (status, out) == (2, "") and err.startswith("error: Cannot write") and err.count("\n") == 1
    assert {path: path.read_bytes() for path in before} == before


def test_without_a_command_help_is_printed_as_it_is(run) -> None:
    status, out, err = run()
    assert (status, err) == (2, "") and out.startswith("Usage: hearfelt corpora") and "\n  download" in out


def test_a_corpus_of_ones_own_has_no_download(run) -> None:
    status, _, err = run("download", "folder")
    assert status == 2 and "See ." not in err and "hearfelt corpora scan folder" in err


def test_an_empty_folder_is_told_briefly(run, tmp_path) -> None:
    status, _, err = run("scan", "--data", tmp_path)
    assert status == 2 and "hearfelt corpora list" in err and len(err) < 300 + len(str(tmp_path))


def test_a_recording_given_for_a_manifest_is_told_briefly(run, tmp_path) -> None:
    (tmp_path / "a.wav").write_bytes(bytes(range(1, 256)) * 40)
    status, _, err = run("stats", tmp_path / "a.wav")
    assert status == 2 and "is not a manifest" in err and err[:-1].isprintable()
    assert len(err) < 400 + len(str(tmp_path))


def test_a_clip_that_has_gone_is_told_without_numbers_of_errors(run, tmp_path) -> None:
    (tmp_path / "m.csv").write_text("path,corpus,speaker,emotion\ngone.wav,x,y,happy\n")
    status, out, _ = run("validate", tmp_path / "m.csv")
    assert status == 1 and "gone.wav: No such file or directory" in out and "Errno" not in out
