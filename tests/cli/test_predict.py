"""``hearfelt predict`` as people and programs meet it: output, exit status, and what is left after a kill."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.cli import main
from hearfelt.recognition.balance import balance
from hearfelt.recognition.recognizer import load
from hearfelt.recognition.speaker_normalize import speaker_normalize
from hearfelt.testing.bundles import write_tiny_bundle
from hearfelt.testing.voices import make_speakers, speak

PROGRAM = [sys.executable, "-c", "import sys; from hearfelt.cli import main; sys.exit(main())"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> str:
    return str(write_tiny_bundle(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Three voices in two folders, and something that is no audio."""
    root = tmp_path_factory.mktemp("recordings")
    rng = np.random.default_rng(4)
    speaker = make_speakers(1, rng)[0]
    for name, seconds in {"a.wav": 1.2, "deep/b.flac": 7.0, "deep/c.ogg": 2.0}.items():
        (root / name).parent.mkdir(exist_ok=True)
        soundfile.write(root / name, speak(speaker, "angry", rng, seconds=seconds), 16000)
    (root / "deep" / "z.wav").write_text("not audio")
    return root


def predict(capsys, *arguments: object) -> tuple[int, str, str]:
    status = main(["predict", *map(str, arguments)])
    return status, *capsys.readouterr()


def test_json_is_the_contract_and_the_library_says_the_same(capsys, bundle, folder) -> None:
    status, out, err = predict(capsys, folder, "--model", bundle, "--format", "json")
    assert status == 1 and err == ""
    answers = json.loads(out)
    paths = [str(folder / name) for name in ("a.wav", "deep/b.flac", "deep/c.ogg", "deep/z.wav")]
    assert [answer["path"] for answer in answers] == paths
    assert set(answers[3]) == {"path", "error"} and "not audio" in answers[3]["error"]
    recognizer = load(bundle)
    for answer in answers[:3]:
        expected = recognizer(answer["path"]).to_dict()
        assert answer["emotion"] == expected["emotion"] and answer["duration"] == expected["duration"]
        assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)
        assert len(answer["segments"]) == len(expected["segments"])
        for part, wanted in zip(answer["segments"], expected["segments"], strict=True):
            assert part["probabilities"] == pytest.approx(wanted["probabilities"], abs=1e-5)


def test_formats_agree(capsys, bundle, folder) -> None:
    texts = {
        form: predict(capsys, folder, "--model", bundle, "--format", form)[1]
        for form in ("json", "jsonl", "csv", "table")
    }
    answers = json.loads(texts["json"])
    assert [json.loads(line) for line in texts["jsonl"].splitlines()] == answers
    rows = list(csv.DictReader(io.StringIO(texts["csv"])))
    assert [row["emotion"] for row in rows] == [answer.get("emotion", "") for answer in answers]
    lines = texts["table"].splitlines()
    assert len(lines) == 5 and answers[0]["emotion"] in lines[1] and "error:" in lines[4]


def test_status_is_zero_where_all_went_well(capsys, bundle, folder) -> None:
    status, out, err = predict(capsys, folder / "a.wav", folder / "deep" / "c.ogg", "--model", bundle)
    assert status == 0 and len(out.splitlines()) == 3 and err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "jsn"], "Did you mean 'json'"),
        (["--labels", "sad,bored"], "no label in this model named 'bored'"),
        (["--labels", ""], "at least two labels"),
        (["--window-seconds", "x"], "--window-seconds"),
        (["--window-seconds", "-1"], "Windows of -1 s"),
        (["--hop-seconds", "9"], "A hop of 9 s"),
        (["--threads", "0"], "0 threads"),
        (["--unsure-below", "2"], "unsure_below is 2"),
        (["--resume"], "--out"),
        (["--picture", "p.png"], "draws one recording"),
        (["--nonsense"], "--nonsense"),
        (["--model", "/nowhere"], "There is no model '/nowhere'"),
        (["--out", "/proc/x/o.json"], "Cannot write"),
    ],
)
def test_wrong_requests_are_one_line_and_status_two(capsys, bundle, folder, arguments, message) -> None:
    status, out, err = predict(capsys, folder, "--model", bundle, *arguments)
    assert status == 2 and out == ""
    assert err.startswith("error: ") and err.count("\n") == 1 and message in err


def test_no_paths_is_a_wrong_request(capsys) -> None:
    status, out, err = predict(capsys)
    assert (status, out) == (2, "") and "PATH" in err and err.count("\n") == 1


def test_what_is_not_there_is_a_failure_of_its_own(capsys, bundle, folder, tmp_path) -> None:
    (tmp_path / "x.wav").mkdir()
    arguments = (tmp_path / "gone.wav", tmp_path / "x.wav", tmp_path / "*.mp3", folder / "a.wav")
    status, out, _ = predict(capsys, *arguments, "--model", bundle, "--format", "jsonl")
    errors = [json.loads(line).get("error", "") for line in out.splitlines()]
    assert status == 1
    assert "no file" in errors[0] and "holds no recordings" in errors[1] and "No file matches" in errors[2]
    assert errors[3] == ""


def test_options_reach_the_recognizer(capsys, bundle, folder) -> None:
    options = (
        "--window-seconds",
        2,
        "--hop-seconds",
        2,
        "--labels",
        "happy,sad",
        "--unsure-below",
        1.0,
        "--threads",
        2,
    )
    _, out, _ = predict(capsys, folder / "deep" / "b.flac", "--model", bundle, "--format", "json", *options)
    (answer,) = json.loads(out)
    assert [part["start"] for part in answer["segments"]] == [0, 2, 4, 5]
    assert list(answer["probabilities"]) == ["happy", "sad"] and answer["emotion"] == "unsure"


def test_names_that_are_no_utf8(bundle, folder, tmp_path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\xfe.wav"
    Path(os.fsdecode(name)).write_bytes((folder / "a.wav").read_bytes())
    for form in ("json", "jsonl", "csv", "table"):
        done = subprocess.run(
            [*PROGRAM, "predict", name, "--model", bundle, "--format", form], capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")
        if form == "json":
            assert os.fsencode(json.loads(done.stdout)[0]["path"]) == name
        if form == "csv":
            assert name in done.stdout


def test_standard_input(bundle, folder) -> None:
    arguments = [*PROGRAM, "predict", "-", "--model", bundle, "--format", "json"]
    data = (folder / "deep" / "b.flac").read_bytes()
    piped = subprocess.run(arguments, input=data, capture_output=True, check=True)
    with (folder / "deep" / "b.flac").open("rb") as file:
        redirected = subprocess.run(arguments, stdin=file, capture_output=True, check=True)
    (answer,) = json.loads(piped.stdout)
    assert answer["path"] == "-" and answer["duration"] == pytest.approx(7.0)
    assert json.loads(redirected.stdout) == [answer]
    empty = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert empty.returncode == 1 and "error" in json.loads(empty.stdout)[0] and empty.stderr == b""


def test_a_closed_pipe_is_quiet(bundle, folder) -> None:
    command = [*PROGRAM, "predict", *[str(folder / "a.wav")] * 300, "--model", bundle]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_line(bundle, folder) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "predict", str(folder / "a.wav"), "--model", bundle],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, "error: No space left on device.\n")


def test_out_is_written_in_one_step(capsys, bundle, folder, tmp_path) -> None:
    status, out, err = predict(
        capsys, folder, "--model", bundle, "--format", "json", "--out", tmp_path / "new" / "o.json"
    )
    assert (status, out, err) == (1, "", "")
    _, expected, _ = predict(capsys, folder, "--model", bundle, "--format", "json")
    assert (tmp_path / "new" / "o.json").read_text() == expected
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["o.json"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL, signal.SIGTERM])
def test_an_interrupted_run_loses_nothing(bundle, folder, tmp_path, how) -> None:
    count = 500  # a second or two of work: enough to be interrupted on a machine that stutters
    for number in range(count):
        os.link(folder / "deep" / "b.flac", tmp_path / f"{number:03d}.flac")
    out, journal = tmp_path / "o.jsonl", tmp_path / "o.jsonl.partial.jsonl"
    command = [*PROGRAM, "predict", str(tmp_path), "--model", bundle, "--format", "jsonl", "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (journal.exists() and journal.read_bytes().count(b"\n") > 10):
        time.sleep(0.002)
    process.send_signal(how)
    _, err = process.communicate(timeout=30)
    kept = journal.read_bytes().count(b"\n") - 1
    assert 10 <= kept < count and not out.exists()
    if how == signal.SIGINT:
        assert process.returncode == 130 and err.count("\n") == 1
        assert (
            err.startswith(f"interrupted: {kept} of {count} answers are kept in {journal}")
            and "--resume" in err
        )
    forgot = subprocess.run(command, capture_output=True, text=True, check=False)
    assert forgot.returncode == 2 and "--resume" in forgot.stderr and journal.exists()
    resumed = subprocess.run([*command, "--resume"], capture_output=True, text=True, check=True)
    assert f"{kept} of {count} answers were kept" in resumed.stderr
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert [answer["path"] for answer in answers] == [str(tmp_path / f"{n:03d}.flac") for n in range(count)]
    assert len({json.dumps(answer["probabilities"]) for answer in answers}) == 1
    assert not journal.exists()


def test_a_picture_of_one_recording(capsys, bundle, folder, tmp_path) -> None:
    status, _, err = predict(
        capsys, folder / "deep" / "b.flac", "--model", bundle, "--picture", tmp_path / "p.png"
    )
    assert status == 0 and "p.png" in err
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG") and (
        tmp_path / "p.png"
    ).stat().st_size > 20_000


def test_no_progress_where_there_is_no_terminal(bundle, folder, tmp_path) -> None:
    command = [
        *PROGRAM,
        "predict",
        *[str(folder / "a.wav")] * 5,
        "--model",
        bundle,
        "--out",
        str(tmp_path / "o"),
    ]
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""


def test_progress_on_a_terminal(bundle, folder, tmp_path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    command = [
        *PROGRAM,
        "predict",
        *[str(folder / "a.wav")] * 50,
        "--model",
        bundle,
        "--out",
        str(tmp_path / "o"),
    ]
    subprocess.run(command, stderr=theirs, check=True, env=os.environ | {"TERM": "xterm"})
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "recognising" in shown and "/50" in shown


def test_a_recording_is_never_written_over(capsys, bundle, folder, tmp_path) -> None:
    sound = (folder / "a.wav").read_bytes()
    named = tmp_path / "call"  # taken whatever it is called
    named.write_bytes(sound)
    for source, option in ((folder / "a.wav", "--out"), (folder / "a.wav", "--picture"), (named, "--out")):
        status, out, err = predict(capsys, source, "--model", bundle, option, source)
        assert (status, out) == (2, "") and err.startswith(f"error: Cannot write {source}: ")
        assert source.read_bytes() == sound
    assert sorted(path.name for path in tmp_path.iterdir()) == ["call"]


def test_a_pipe_is_not_replaced_by_a_file(capsys, bundle, folder, tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe")
    status, _, err = predict(capsys, folder / "a.wav", "--model", bundle, "--out", tmp_path / "pipe")
    assert status == 2 and err.endswith("it is a device or a pipe. Name a file.\n")
    assert (tmp_path / "pipe").is_fifo()


def test_a_picture_is_called_what_it_is(capsys, bundle, folder, tmp_path) -> None:
    status, out, err = predict(capsys, folder / "a.wav", "--model", bundle, "--picture", tmp_path / "a.jpg")
    assert (status, out) == (2, "") and "Name it .png" in err


def test_balanced_answers_are_the_librarys(capsys, bundle, folder, tmp_path) -> None:
    """To stdout and into a file; the failure stays."""
    _, plain, _ = predict(capsys, folder, "--model", bundle, "--format", "json")
    status, out, _ = predict(capsys, folder, "--model", bundle, "--format", "json", "--balance")
    found = json.loads(out)
    assert status == 1 and "error" in found[3]
    assert found == balance(json.loads(plain))
    assert found[0]["probabilities"] != json.loads(plain)[0]["probabilities"]
    file = tmp_path / "found.json"
    assert predict(capsys, folder, "--model", bundle, "--format", "json", "--balance", "--out", file)[0] == 1
    assert json.loads(file.read_text()) == found
    status, _, err = predict(capsys, folder / "a.wav", "--model", bundle, "--balance")
    assert status == 2 and "several recordings" in err


def test_speaker_normalized_answers_are_the_librarys(capsys, bundle, folder, tmp_path) -> None:
    """A folder as one voice, a folder a voice, a table of voices; to stdout and into a file; failures stay."""
    for name in ("ann", "bob"):
        (tmp_path / "clips" / name).mkdir(parents=True)
        for number in range(6 if name == "ann" else 2):
            copied = tmp_path / "clips" / name / f"{number}.wav"
            shutil.copy(folder / ("a.wav" if number % 2 else "deep/b.flac"), copied)
    (tmp_path / "clips" / "ann" / "broken.wav").write_text("no sound")
    base = [tmp_path / "clips", "--model", bundle, "--format", "json"]
    plain = json.loads(predict(capsys, *base)[1])
    names = [Path(each["path"]).parent.name for each in plain]

    status, out, err = predict(capsys, *base, "--speaker-normalize")
    assert status == 1 and json.loads(out) == speaker_normalize(plain)
    assert "where --labels names the emotions" in err
    named = [*base, "--labels", "happy,sad,angry"]
    closed = json.loads(predict(capsys, *named)[1])
    status, out, err = predict(capsys, *named, "--speaker-normalize")
    assert json.loads(out) == speaker_normalize(closed) and "--labels" not in err
    found = json.loads(out)
    assert (
        found[0]["adapted"] == "speaker_normalize" and found[0]["probabilities"] != plain[0]["probabilities"]
    )

    table = tmp_path / "who.csv"
    table.write_text(
        "path,speaker\n" + "".join(f"{a['path']},{n}\n" for a, n in zip(plain, names, strict=True))
    )
    expected = speaker_normalize(plain, speakers=names)
    assert ["adapted" in each for each in expected] == [True] * 6 + [False] * 3
    file = tmp_path / "found.json"
    for speakers in ("folders", table):
        options = ["--speaker-normalize", "--speakers", speakers]
        assert json.loads(predict(capsys, *base, *options)[1]) == expected
        assert predict(capsys, *base, *options, "--out", file)[0] == 1
        assert json.loads(file.read_text()) == expected
    # CSV and table have no place for the mark, and still have the adapted answers.
    csv_form = predict(capsys, *base[:-1], "csv", "--speaker-normalize")[1].splitlines()
    assert csv_form[1].split(",")[2] == found[0]["emotion"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--speaker-normalize"], "needs 5 or more recordings of a voice"),
        (["--speaker-normalize", "--balance"], "Choose one"),
        (["--speakers", "folders"], "give that as well"),
    ],
)
def test_speaker_normalizing_what_cannot_be(capsys, bundle, folder, options, sentence) -> None:
    status, out, err = predict(capsys, folder / "a.wav", "--model", bundle, *options)
    assert (status, out) == (2, "") and sentence in err and err.count("\n") == 1
