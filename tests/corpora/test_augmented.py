"""Augmented data sets: the level asked for is the level written, nothing is written twice, leaks stay visible."""

import numpy as np
import pytest

from hearfelt.audio.decode import read_audio
from hearfelt.corpora._scan import scan_many
from hearfelt.corpora.augmented import level, variant, write_augmented
from hearfelt.corpora.manifest import Manifest, read_manifest
from hearfelt.errors import CorpusError, RecipeError
from hearfelt.protocols.leaks import check_leaks
from hearfelt.protocols.split import Fold, Split


@pytest.fixture(scope="module")
def clips(tiny_corpora) -> Manifest:
    return Manifest(scan_many(tiny_corpora)[:6])


def test_the_noise_that_was_asked_for_is_in_the_file(clips, tmp_path) -> None:
    result = write_augmented(Manifest(clips[:2]), tmp_path, [level("noise=10")])
    assert not result.failed
    for old, new in zip(clips[:2], result.manifest, strict=True):
        assert new.path.endswith("__noise10.flac") and (new.emotion, new.speaker) == (
            old.emotion,
            old.speaker,
        )
        before, after = read_audio(old.path), read_audio(new.path)
        scale = (before @ after) / (before @ before)  # a louder peak than a file holds is brought down
        noise = after - scale * before
        found = 10 * np.log10(np.mean((scale * before) ** 2) / np.mean(noise**2))
        assert found == pytest.approx(10, abs=0.3)


def test_speed_changes_the_length_and_pitch_does_not(clips, tmp_path) -> None:
    one = Manifest(clips[:1])
    result = write_augmented(one, tmp_path, [level("speed=1.25"), level("pitch=+2")])
    before = read_audio(one[0].path).size / 16000
    durations = {row.path.rpartition("__")[2]: row.duration for row in result.manifest}
    assert durations["speed1.25.flac"] == pytest.approx(before / 1.25, abs=1e-3)
    assert durations["pitch+2.flac"] == pytest.approx(before, abs=1e-3)


def test_again_writes_nothing_and_gives_the_same_manifest(clips, tmp_path) -> None:
    variants = [level("noise=5"), variant("room", [{"name": "reverb", "probability": 1}])]
    first = write_augmented(clips, tmp_path, variants, copies=2)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.flac")}
    assert len(first.manifest) == len(times) == len(clips) * 2 * 2 and first.already_there == 0
    lost = next(iter(times))
    lost.unlink()
    again = write_augmented(clips, tmp_path, variants, copies=2, threads=1)
    assert again.already_there == len(times) - 1
    assert again.manifest == first.manifest  # the lost file, too: its audio hash is in its row
    assert {path: path.stat().st_mtime_ns for path in times if path != lost} == {
        path: time for path, time in times.items() if path != lost
    }
    assert read_manifest(tmp_path / "manifest.csv") == first.manifest


def test_copies_differ(clips, tmp_path) -> None:
    result = write_augmented(Manifest(clips[:1]), tmp_path, [level("noise=5")], copies=3)
    assert len({row.audio_hash for row in result.manifest}) == 3


def test_a_copy_on_the_other_side_is_a_leak(clips, tmp_path) -> None:
    result = write_augmented(Manifest(clips[:2]), tmp_path, [level("noise=10")], keep_originals=True)
    assert len(result.manifest) == 4
    split = Split("random", (Fold(train=(0, 3), validation=(), test=(1, 2)),), False, "")
    assert "augmented" in {leak.kind for leak in check_leaks(result.manifest, split)}


def test_a_bad_clip_does_not_stop_the_others(clips, tmp_path) -> None:
    from dataclasses import replace

    broken = tmp_path / "broken.wav"
    broken.write_text("not audio")
    rows = Manifest([*clips[:2], replace(clips[0], path=str(broken))])
    result = write_augmented(rows, tmp_path / "out", [level("speed=0.9")])
    assert len(result.manifest) == 2 and [path for path, _ in result.failed] == [str(broken)]
    assert "not audio" in result.failed[0][1]


@pytest.mark.parametrize("text", ["noise", "noise=loud", "echo=3", "speed=0", "pitch=99"])
def test_wrong_levels(text) -> None:
    with pytest.raises(RecipeError):
        level(text)


def test_wrong_variants(clips, tmp_path) -> None:
    with pytest.raises(RecipeError, match="spec_augment"):
        variant("a", ["spec_augment"])
    with pytest.raises(RecipeError, match="file names"):
        variant("../a", ["noise"])
    with pytest.raises(CorpusError, match="twice"):
        write_augmented(clips, tmp_path, [level("noise=5"), level("noise=5.0")])
    with pytest.raises(CorpusError, match="0 variants"):
        write_augmented(clips, tmp_path, [])
