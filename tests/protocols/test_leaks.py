"""Every kind of leak is found where it is made, and nothing is found where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath
from typing import Any

import pytest

from hearfelt.audio.content import audio_hash
from hearfelt.audio.decode import read_audio
from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.protocols._registry import make_split
from hearfelt.protocols.config import ProtocolConfig
from hearfelt.protocols.leaks import (
    LeakError,
    check_leaks,
    drop_identical,
    is_random,
    refuse_leaks,
    source_stem,
)
from hearfelt.protocols.split import Fold, Split


def _split(*parts: tuple[int, ...], protocol: str = "file") -> Split:
    return Split(protocol, (Fold(*parts),), True, "")


def _rows(*names: str, **same: object) -> Manifest:
    return Manifest(
        replace(Row(f"/d/{name}.wav", "c", f"speaker_{n}", "sad"), **same)  # type: ignore[arg-type]
        for n, name in enumerate(names)
    )


def test_shared_speakers_are_found_unless_the_protocol_is_random_by_name(clips: Any) -> None:
    manifest = clips.manifest({"c": 4})
    split = make_split(manifest, ProtocolConfig(name="stratified_random"))
    assert check_leaks(manifest, split) == []
    leaks = check_leaks(manifest, replace(split, protocol="file"))
    assert {(leak.kind, leak.parts) for leak in leaks} >= {("speaker", ("train", "test"))}
    fold = split.folds[0]
    for leak in leaks:
        first, second = (clips.speakers(manifest, fold.parts()[part]) for part in leak.parts)
        assert clips.speakers(manifest, leak.rows) == first & second
    with pytest.raises(LeakError, match=r"Fold 0: train and test share \d speakers? \(c_1") as caught:
        refuse_leaks(manifest, replace(split, protocol="file"))
    assert list(caught.value.leaks) == leaks


def test_a_single_voice_may_train_and_validate_but_not_be_tested(clips: Any) -> None:
    manifest = clips.manifest({"c": 2})
    assert check_leaks(manifest, _split((0, 1), (2, 3), (6, 7))) == []
    assert [leak.parts for leak in check_leaks(manifest, _split((0, 1), (), (2, 3, 6)))] == [
        ("train", "test")
    ]
    assert [leak.parts for leak in check_leaks(manifest, _split((0, 6), (2,), ()))] == [
        ("train", "validation")
    ]


def test_identical_audio_is_found_under_two_names_in_random_protocols_too() -> None:
    manifest = _rows("a", "b", "c", "d")
    manifest = Manifest(replace(row, audio_hash=h) for row, h in zip(manifest, "1213", strict=True))
    for protocol in ("file", "random"):
        (leak,) = check_leaks(manifest, _split((0, 1), (2,), (3,), protocol=protocol))
        assert (leak.kind, leak.parts, leak.rows) == ("audio", ("train", "validation"), (0, 2))
        assert "a.wav = c.wav" in leak.message
        assert check_leaks(manifest, _split((0, 2), (1,), (3,), protocol=protocol)) == []
        assert check_leaks(manifest, _split((0, 1), (), (3,), protocol=protocol)) == []


@pytest.mark.parametrize(
    ("pieces", "leak"),
    [
        (((0.0, 1.0), (1.0, None)), False),
        (((0.0, 1.5), (1.0, None)), True),
        (((0.0, None), (7.0, 8.0)), True),
        (((3.0, 4.0), (0.0, 2.0)), False),
        (((0.0, 9.0), (2.0, 3.0)), True),
    ],
)
@pytest.mark.parametrize("copy", [False, True])
def test_pieces_of_one_recording_leak_where_they_overlap(
    pieces: tuple[tuple[float, float | None], ...], leak: bool, copy: bool
) -> None:
    names = ("long", "copy") if copy else ("long", "long")
    manifest = Manifest(
        Row(f"/d/{name}.wav", "c", f"s{n}", "sad", start=start, end=end, audio_hash="1" if copy else "")
        for n, (name, (start, end)) in enumerate(zip(names, pieces, strict=True))
    )
    assert bool(check_leaks(manifest, _split((0,), (), (1,)))) is leak


def test_augmented_copies_are_found_across_sides_and_folders() -> None:
    manifest = Manifest(
        Row(path, "c", "s", "sad")
        for path in ("/d/x.wav", "/augmented/x__noise10db.wav", "/d/y.wav", "/d/y__pitch+2__speed0.9.wav")
    )
    (leak,) = check_leaks(manifest, _split((1, 2, 3), (), (0,), protocol="random"))
    assert (leak.kind, leak.rows) == ("augmented", (0, 1))
    assert check_leaks(manifest, _split((0, 1), (), (2, 3), protocol="random")) == []


def test_takes_and_equal_names_of_other_people_are_no_copies() -> None:
    manifest = Manifest(
        [
            Row("/d/p/201.wav", "c", "p", "sad"),
            Row("/d/q/201__noise5db.wav", "c", "q", "sad"),
            Row("/d/r/take__1.wav", "c", "r", "sad"),
            Row("/d/r/take__2.wav", "c", "r", "sad"),
        ]
    )
    assert check_leaks(manifest, _split((0, 2), (), (1, 3), protocol="random")) == []
    assert source_stem("/a/x__Noise-5.5dB__codec.flac") == "x"


def test_statistics_of_more_than_training_rows_are_found() -> None:
    manifest = _rows("a", "b", "c", "d")
    split = Split("file", (Fold((0,), (1,), (2, 3)), Fold((2, 3), (1,), (0,))), True, "")
    assert check_leaks(manifest, split, statistics_rows={0: [0], 1: range(2, 4)}) == []
    leaks = check_leaks(manifest, split, statistics_rows=range(4))
    assert [(leak.fold, leak.parts[1], leak.rows) for leak in leaks] == [
        (0, "validation", (1,)),
        (0, "test", (2, 3)),
        (1, "validation", (1,)),
        (1, "test", (0,)),
    ]
    with pytest.raises(LeakError, match="fitted on 2 rows of test too"):
        refuse_leaks(manifest, split, statistics_rows={0: (0, 2, 3)})


def test_the_message_names_the_first_rows_and_is_short() -> None:
    manifest = _rows(*(f"clip{n}" for n in range(200)), speaker="one", audio_hash="")
    rows = tuple(range(200))
    folds = tuple(Fold(rows[:100], (), rows[100:]) for _ in range(50))
    with pytest.raises(LeakError, match="leaks in 50 of 50 folds") as caught:
        refuse_leaks(manifest, Split("grouped_kfold", folds, True, ""))
    assert "and 45 more" in str(caught.value)
    assert len(str(caught.value)) < 2000


def test_of_identical_clips_the_first_is_kept_and_contradictions_go() -> None:
    manifest = _rows("a", "b", "c", "d", "e", "f", "g")
    labels = ["sad", "sad", "sad", "angry", "happy", "sad", "sad"]
    hashes = ["1", "2", "1", "2", "3", "", ""]
    manifest = Manifest(
        replace(row, emotion=emotion, audio_hash=h)
        for row, emotion, h in zip(manifest, labels, hashes, strict=True)
    )
    kept = drop_identical(manifest)
    assert [row.path for row in kept] == ["/d/a.wav", "/d/e.wav", "/d/f.wav", "/d/g.wav"]
    assert drop_identical(kept) == kept


def test_which_names_are_random() -> None:
    assert is_random("random")
    assert is_random("stratified_random")
    assert is_random("published/project3_random")
    assert not is_random("randomised/grouped_kfold")
    assert not is_random("file")


def test_the_identical_pair_of_ravdess_is_found(real_manifest: Manifest) -> None:
    """Actor 07 has one clip under two names, as distributed."""
    rows = []
    for row in real_manifest:
        if row.corpus == "ravdess_speech" and row.speaker == "ravdess_07":
            rows.append(replace(row, audio_hash=audio_hash(read_audio(row.path, 16000))))
    manifest = Manifest(rows)
    kept = drop_identical(manifest)
    assert len(manifest) == 60
    assert [PurePath(row.path).stem for row in manifest if row not in kept.rows] == ["03-01-03-01-02-02-07"]
    pair = [n for n, row in enumerate(manifest) if "03-01-03-01-02-0" in row.path]
    rest = tuple(n for n in range(60) if n not in pair)
    (leak,) = check_leaks(manifest, _split((pair[0], *rest), (), (pair[1],), protocol="random"))
    assert leak.rows == tuple(pair)
