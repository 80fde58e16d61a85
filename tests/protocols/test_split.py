"""The split's file: what is written is read back, and what does not fit is refused with its place."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import ProtocolError
from hearfelt.protocols._registry import make_split
from hearfelt.protocols.config import ProtocolConfig
from hearfelt.protocols.split import Fold, Split, read_split


@pytest.mark.parametrize("name", ["stratified_random", "grouped_kfold", "cross_corpus", "all"])
def test_what_is_written_is_read_back(clips: Any, tmp_path: Path, name: str) -> None:
    manifest = clips.manifest({"a": 5, "b": 4})
    split = make_split(manifest, ProtocolConfig(name=name))
    split.write(tmp_path / "run" / "split.csv", manifest)
    read = read_split(tmp_path / "run" / "split.csv", manifest, protocol=name)
    assert read == dataclasses.replace(split, description=read.description)


def test_rows_are_found_by_key_in_any_order_and_folder(tmp_path: Path) -> None:
    odd = os_name(b"\xff\xe9, 1.wav")
    rows = [
        Row(str(tmp_path / "clips" / odd), "c", "p", "sad"),
        Row(str(tmp_path / "clips" / "long.wav"), "c", "q", "sad", start=0.1, end=2.0 / 3.0),
        Row(str(tmp_path / "clips" / "long.wav"), "c", "q", "sad", start=2.0 / 3.0),
        Row("/elsewhere/x.wav", "c", "r", "sad"),
    ]
    split = Split("file", (Fold((0, 1), (2,), (3,)), Fold((3,), (), (0, 1, 2))), False, "")
    split.write(tmp_path / "split.csv", Manifest(rows))
    assert b"\nclips/long.wav,0.1,0.6666666666666666,0,train\n" in (tmp_path / "split.csv").read_bytes()
    read = read_split(tmp_path / "split.csv", Manifest(reversed(rows)))
    assert read.folds[0] == Fold((2, 3), (1,), (0,))
    assert read.folds[1] == Fold((0,), (), (1, 2, 3))


def os_name(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


HEADER = "path,start,end,fold,part\n"
GOOD = "a.wav,0.0,,0,train\nb.wav,0.0,,0,test\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,fold\n", "not a split: its columns are path, fold"),
        ("", "columns are none"),
        (HEADER, r"folds \[\]"),
        (HEADER + GOOD + "c.wav,0.0,,0,test\n", r"line 4: .*c\.wav is not in the manifest \(2 rows\)"),
        (HEADER + GOOD + "a.wav,0.5,,0,test\n", r"a\.wav \[0\.5, end\] is not in the manifest"),
        (HEADER + GOOD + "b.wav,0.0,,0,train\n", r"line 4: .*b\.wav is in test and in train of fold 0"),
        (HEADER + "a.wav,0.0,,0,train\n", r"gives 1 of 2 rows no part in fold 0, such as .*b\.wav"),
        (HEADER + GOOD + "a.wav,0.0,,2,train\n", r"folds \[0, 2\]"),
        (HEADER + "a.wav,0.0,,0,dev\n", "line 2: .*'dev'"),
        (HEADER + "a.wav,zero,,0,train\n", "line 2"),
        (HEADER + "a.wav,0.0,,,train\n", "line 2"),
        (HEADER + "a.wav\n", "line 2"),
    ],
)
def test_a_wrong_file_is_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    manifest = Manifest(Row(str(tmp_path / name), "c", name, "sad") for name in ("a.wav", "b.wav"))
    (tmp_path / "split.csv").write_text(text)
    with pytest.raises(ProtocolError, match=message):
        read_split(tmp_path / "split.csv", manifest)


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="Cannot read"):
        read_split(tmp_path / "none.csv", Manifest([]))


def test_a_row_in_two_parts_is_refused() -> None:
    with pytest.raises(ProtocolError, match="two parts"):
        Fold((0, 1), (1,), ())


def test_the_description_says_what_figures_mean(clips: Any) -> None:
    manifest = clips.manifest({"a": 6})
    honest = make_split(manifest, ProtocolConfig(folds=3)).describe()
    assert "3 folds, each: 18 clips train, 6 validate, 12 are tested." in honest
    assert "Speaker-independent" in honest
    assert "Speaker-dependent" in make_split(manifest, ProtocolConfig(name="random")).describe()
    assert "none is tested" in make_split(manifest, ProtocolConfig(name="all")).describe()
