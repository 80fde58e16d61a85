"""``hearfelt features extract`` as people meet it: tables, exit status, and what is left after an interruption."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.cli import main
from hearfelt.features import extract as extraction
from hearfelt.testing.voices import make_speakers, speak


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Three voices in two folders, something that is no audio, and a manifest of two of the voices."""
    root = tmp_path_factory.mktemp("recordings")
    rng = np.random.default_rng(4)
    speaker = make_speakers(1, rng)[0]
    for name in ("a.wav", "deep/b.flac", "deep/c.ogg"):
        (root / name).parent.mkdir(exist_ok=True)
        soundfile.write(root / name, speak(speaker, "angry", rng, seconds=0.7), 16000)
    (root / "deep" / "z.wav").write_text("not audio")
    rows = ["path,corpus,speaker,emotion,start,end", "a.wav,own,p1,angry,0.1,0.5", "deep/b.flac,own,p2,sad,,"]
    (root / "manifest.csv").write_text("\n".join(rows) + "\n")
    return root


def extract(capsys, *arguments: object) -> tuple[int, str]:
    status = main(["features", "extract", *map(str, arguments)])
    return status, capsys.readouterr().err


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_becomes_a_table_and_a_bad_file_has_its_line(capsys, folder, tmp_path) -> None:
    status, err = extract(capsys, folder, "--out", tmp_path / "t.csv", "--workers", 1)
    assert status == 1 and "z.wav" in err and "not audio" in err and "4 clips" in err
    rows = read(tmp_path / "t.csv")
    assert [Path(row["path"]).name for row in rows] == ["a.wav", "b.flac", "c.ogg", "z.wav"]
    assert 0 < float(rows[0]["rms_mean"]) < 1 and 0 < float(rows[0]["voiced_share"]) <= 1
    assert 60 < float(rows[0]["f0_hz_p50"]) < 600 and rows[0]["error"] == ""
    assert rows[3]["rms_mean"] == "" and "not audio" in rows[3]["error"]
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


def test_a_manifest_gives_its_parts_and_labels(capsys, folder, tmp_path) -> None:
    arguments = ("--out", tmp_path / "t.csv", "--frames", "--descriptors", "rms,centroid", "--workers", 1)
    assert extract(capsys, folder / "manifest.csv", *arguments)[0] == 0
    rows = read(tmp_path / "t.csv")
    first = [row for row in rows if row["speaker"] == "p1"]
    assert {row["emotion"] for row in first} == {"angry"} and float(first[0]["time_s"]) == pytest.approx(
        0.116
    )
    assert len(first) == 1 + (6400 - 512) // 256
    assert list(rows[0])[-4:] == ["time_s", "rms", "spectral_centroid_hz", "error"]


def test_parquet_is_the_same_table(capsys, folder, tmp_path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    for name in ("t.csv", "t.parquet"):
        extract(capsys, folder, "--out", tmp_path / name, "--descriptors", "rms,f0", "--workers", 1)
    table = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    for row, line in zip(read(tmp_path / "t.csv"), table, strict=True):
        assert {name: "" if value is None else str(value) for name, value in line.items()} == row


def test_an_interrupted_run_goes_on(capsys, folder, tmp_path, monkeypatch) -> None:
    honest, seen = extraction.extract_clip, []

    def interrupted(source, config):
        if len(seen) == 2:
            raise KeyboardInterrupt
        seen.append(source.path)
        return honest(source, config)

    monkeypatch.setattr(extraction, "extract_clip", interrupted)
    arguments = (folder, "--out", tmp_path / "t.csv", "--descriptors", "rms", "--workers", 1)
    status, err = extract(capsys, *arguments)
    assert status == 130 and "2 of 4 clips are kept" in err and "--resume" in err
    assert not (tmp_path / "t.csv").exists()
    again: list[str] = []
    monkeypatch.setattr(
        extraction, "extract_clip", lambda source, config: again.append(source.path) or honest(source, config)
    )
    status, err = extract(capsys, *arguments)
    assert status == 2 and "Go on with --resume" in err
    status, err = extract(capsys, *arguments, "--resume")
    assert status == 1 and "2 of 4 clips were kept" in err
    assert not set(again) & set(seen) and len(again) == 2
    assert len(read(tmp_path / "t.csv")) == 4


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--out", "t.txt"), "has to end in .csv or .parquet"),
        (("--out", "t.csv", "--descriptors", "rsm"), "no descriptor named 'rsm'. Did you mean 'rms'"),
        (("--out", "t.csv", "--split-hz", "9000"), "split_hz 9000.0 is not below half the sample rate"),
    ],
)
def test_a_wrong_request_is_one_sentence(capsys, folder, tmp_path, monkeypatch, arguments, sentence) -> None:
    monkeypatch.chdir(tmp_path)
    status, err = extract(capsys, folder, *arguments)
    assert status == 2 and sentence in err and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_without_recordings_is_refused(capsys, tmp_path) -> None:
    status, err = extract(capsys, tmp_path, "--out", tmp_path / "t.csv")
    assert status == 2 and "holds no recordings" in err


def test_a_killed_run_leaves_no_process_and_goes_on(capsys, folder, tmp_path) -> None:
    program = [sys.executable, "-c", "import sys; from hearfelt.cli import main; sys.exit(main())"]
    many = tmp_path / "many"
    many.mkdir()
    for number in range(60):
        (many / f"{number:02d}.wav").symlink_to(folder / "a.wav")
    arguments = ["features", "extract", str(many), "--out", str(tmp_path / "t.csv"), "--workers", "2"]
    journal = tmp_path / "t.csv.partial.jsonl"
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([*program, *arguments], stderr=log)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        deadline = time.monotonic() + 60
        while not (journal.exists() and journal.read_bytes().count(b"\n") > 3) and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        started = children.read_text().split() if children.exists() else []
        process.kill()
        process.wait()
    while any(Path("/proc", child).exists() for child in started):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    status, err = extract(capsys, *arguments[2:], "--resume")
    assert status == 0 and len(read(tmp_path / "t.csv")) == 60
    assert "of 60 clips were kept" in err
