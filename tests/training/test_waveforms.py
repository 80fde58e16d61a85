"""The cache gives what `read_audio` gives, decodes once, and never hands out something broken."""

from __future__ import annotations

import errno
import json
import os
import re
import resource
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from hearfelt.audio.content import audio_hash
from hearfelt.audio.decode import AUDIO_SUFFIXES, read_audio
from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import AudioError, CorpusError
from hearfelt.training import waveforms as room
from hearfelt.training.waveforms import Waveforms, cache_folder, cache_waveforms

COUNT = 10


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Ten short noises of one corpus: other rates, one with two channels, one FLAC."""
    generator = np.random.default_rng(3)
    folder = tmp_path / "data"
    folder.mkdir()
    rows = []
    for number in range(COUNT):
        path = folder / f"{number}.{'flac' if number == 3 else 'wav'}"
        rate = (16000, 44100, 8000)[number % 3]
        shape = (rate // 10 + 37 * number, 2) if number == 4 else (rate // 10 + 37 * number,)
        soundfile.write(path, generator.uniform(-0.9, 0.9, shape), rate, subtype="PCM_16")
        rows.append(Row(str(path), "mine", f"speaker{number % 3}", "happy"))
    return Manifest(rows)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def entries(cache: Path) -> list[str]:
    """Names of what lies in the cache, locks aside."""
    return sorted(path.name for path in cache.iterdir() if path.suffix != ".lock")


def holds(waveforms: Waveforms) -> bool:
    """Whether every clip is what decoding its file gives, but for the rounding to 16 bits."""
    for row, clip in zip(waveforms.manifest, waveforms, strict=True):
        samples = read_audio(row.path, waveforms.sample_rate)
        if clip.dtype != np.float32 or clip.shape != samples.shape:
            return False
        if np.abs(clip - np.clip(samples, -1, 1)).max() > 1 / 32767 or row.audio_hash != audio_hash(samples):
            return False
    return True


# What it gives -----------------------------------------------------------------------------------------------


def test_clips_are_what_decoding_gives_and_are_decoded_once(manifest: Manifest, cache: Path) -> None:
    first = cache_waveforms(manifest, folder=cache)
    assert holds(first) and len(first) == first.report.clips == first.report.decoded == COUNT
    second = cache_waveforms(manifest, folder=cache)
    assert holds(second) and second.report.decoded == 0 and second.report.clips == COUNT
    assert [row.path for row in first.manifest] == [row.path for row in manifest]
    for index, row in enumerate(first.manifest):
        assert first.samples(index) == len(first[index])
        assert row.duration == len(first[index]) / 16000
    assert second.report.audio_seconds == pytest.approx(sum(row.duration or 0 for row in first.manifest))


@pytest.mark.parametrize("rate", [8000, 22050])
def test_another_rate_is_another_cache(manifest: Manifest, cache: Path, rate: int) -> None:
    cache_waveforms(manifest, folder=cache)
    other = cache_waveforms(manifest, folder=cache, sample_rate=rate)
    assert other.report.decoded == COUNT and holds(other) and len(entries(cache)) == 2


def test_dropped_rows_are_found_in_the_larger_cache(manifest: Manifest, cache: Path) -> None:
    cache_waveforms(manifest, folder=cache)
    fewer = cache_waveforms(manifest[3:8], folder=cache)
    assert fewer.report.decoded == 0 and len(fewer) == 5 and holds(fewer)
    assert len(entries(cache)) == 1


def test_order_and_place_of_files_do_not_matter(manifest: Manifest, cache: Path, tmp_path: Path) -> None:
    cache_waveforms(manifest, folder=cache)
    (tmp_path / "data").rename(tmp_path / "moved")
    moved = Manifest(
        replace(row, path=row.path.replace("/data/", "/moved/")) for row in reversed(list(manifest))
    )
    found = cache_waveforms(moved, folder=cache)
    assert found.report.decoded == 0 and holds(found)


def test_a_changed_file_gives_a_new_cache(manifest: Manifest, cache: Path) -> None:
    cache_waveforms(manifest, folder=cache)
    soundfile.write(manifest[0].path, np.full(500, 0.25), 16000)
    changed = cache_waveforms(manifest, folder=cache)
    assert changed.report.decoded == COUNT and holds(changed)
    np.testing.assert_allclose(changed[0], np.full(500, 0.25), atol=1 / 32767)


def test_corpora_are_cached_apart(manifest: Manifest, cache: Path) -> None:
    both = Manifest(replace(row, corpus="other" if n < 4 else "mine") for n, row in enumerate(manifest))
    cache_waveforms(both, folder=cache)
    changed = Manifest(row for row in both if row.path != both[0].path)
    assert cache_waveforms(changed, folder=cache).report.decoded == 0
    assert [name.split("-")[0] for name in entries(cache)] == ["mine", "other"]


def test_any_name_of_a_corpus_stays_in_the_cache(manifest: Manifest, cache: Path) -> None:
    for name in ("../up", "a/b", "*", "x" * 300, "ἄγγελος"):
        named = Manifest(replace(row, corpus=name) for row in manifest[:2])
        assert len(cache_waveforms(named, folder=cache)) == 2
    assert {path.name for path in cache.parent.iterdir()} == {"data", "cache"}


def test_copies_are_decoded_once_and_share_their_samples(manifest: Manifest, cache: Path) -> None:
    copy = Path(manifest[0].path).with_name("copy.wav")
    copy.write_bytes(Path(manifest[0].path).read_bytes())
    found = cache_waveforms(manifest + Manifest([replace(manifest[0], path=str(copy))]), folder=cache)
    assert found.report.decoded == COUNT and len(found) == COUNT + 1 and holds(found)
    assert found.manifest[0].audio_hash == found.manifest[COUNT].audio_hash


def test_loud_floats_are_cut_at_full_scale(cache: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "loud.wav", np.array([2.0, -3.0, 0.5, 1.0]), 16000, subtype="FLOAT")
    (clip,) = cache_waveforms(Manifest([Row(str(tmp_path / "loud.wav"), "c", "s", "sad")]), folder=cache)
    np.testing.assert_allclose(clip, [1, -1, 0.5, 1], atol=1 / 32767)


# Parts of files ----------------------------------------------------------------------------------------------


@pytest.fixture
def ramp(tmp_path: Path) -> Row:
    """A file of 16000 different samples."""
    samples = np.arange(-8000, 8000, dtype=np.int16)
    soundfile.write(tmp_path / "ramp.wav", samples, 16000, subtype="PCM_16")
    return Row(str(tmp_path / "ramp.wav"), "parts", "s", "sad")


def test_parts_are_exact_to_a_sample(ramp: Row, cache: Path) -> None:
    whole = cache_waveforms(Manifest([ramp]), folder=cache)[0]
    for first, last in ((0, 1), (1, 2), (123, 4567), (15_999, 16_000), (7777, None), (0, None), (5, 99_999)):
        part = replace(ramp, start=first / 16000, end=None if last is None else last / 16000)
        found = cache_waveforms(Manifest([part]), folder=cache)
        np.testing.assert_array_equal(found[0], whole[first:last])
        assert found.samples(0) == len(whole[first:last]) and found.report.decoded == 0
        assert found.manifest[0].duration == pytest.approx(len(whole[first:last]) / 16000)


def test_parts_side_by_side_are_the_whole(ramp: Row, cache: Path) -> None:
    cuts = [0.0, 0.1, 0.33333, 0.50001, 0.98765, 1.0]
    parts = Manifest(replace(ramp, start=a, end=b) for a, b in pairwise(cuts))
    found = cache_waveforms(parts, folder=cache)
    np.testing.assert_array_equal(
        np.concatenate(list(found)), cache_waveforms(Manifest([ramp]), folder=cache)[0]
    )


NAN = float("nan")


@pytest.mark.parametrize(
    ("start", "end"),
    [(1.0, None), (0.7, 0.5), (0.5, 0.5), (-0.5, None), (-0.5, 0.2), (2.0, 3.0), (NAN, None), (0.0, NAN),
     (float("inf"), None), (0.1, 0.1000001)],
)  # fmt: skip
def test_a_part_that_is_not_there_is_left_out_and_hides_nothing(
    ramp: Row, cache: Path, start: float, end: float | None
) -> None:
    good = replace(ramp, start=0.25, end=0.75)
    before = replace(manifest_row(cache.parent), corpus="parts")  # a neighbour in the cache
    found = cache_waveforms(Manifest([before, replace(ramp, start=start, end=end), good]), folder=cache)
    assert [row.key for row in found.manifest] == [before.key, good.key]
    ((part, reason),) = found.report.failures.items()
    assert part.startswith(ramp.path) and "the file has 1.00 s" in reason


def manifest_row(folder: Path) -> Row:
    soundfile.write(folder / "a.wav", np.full(9000, 0.5), 16000)
    return Row(str(folder / "a.wav"), "mine", "s", "sad")


# Files that cannot be used -----------------------------------------------------------------------------------


def test_what_cannot_be_read_is_reported_and_left_out(
    manifest: Manifest, cache: Path, tmp_path: Path
) -> None:
    bad = {name: tmp_path / "data" / f"{name}.wav" for name in ("text", "empty", "folder", "gone", "nul\0")}
    bad["text"].write_text("no audio")
    bad["empty"].write_bytes(b"")
    bad["folder"].mkdir()
    rows = Manifest([Row(str(path), "mine", "s", "sad") for path in bad.values()]) + manifest
    for decoded in (COUNT + 2, 0):  # what is no audio is remembered with what is
        found = cache_waveforms(rows, folder=cache)
        assert len(found) == COUNT and holds(found)
        assert found.report.decoded == decoded
        assert set(found.report.failures) == {str(path) for path in bad.values()}
        assert all(found.report.failures.values())
        assert "5 cannot be used" in found.report.describe()


def test_a_vanished_file_is_heard_again_when_it_is_back(manifest: Manifest, cache: Path) -> None:
    path = Path(manifest[0].path)
    away = path.rename(path.with_suffix(".away"))
    assert len(cache_waveforms(manifest, folder=cache)) == COUNT - 1
    away.rename(path)
    again = cache_waveforms(manifest, folder=cache)
    assert len(again) == COUNT and not again.report.failures and holds(again)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_nothing_to_read_is_an_error(cache: Path, tmp_path: Path, rows: int) -> None:
    (tmp_path / "0.wav").write_text("no audio")
    given = Manifest(Row(str(tmp_path / f"{number}.wav"), "mine", "s", "sad") for number in range(rows))
    with pytest.raises(CorpusError, match=f"None of the {rows} clips can be read"):
        cache_waveforms(given, folder=cache)


@pytest.mark.parametrize("fate", ["changes", "vanishes"])
def test_a_file_that_changes_while_it_is_read_is_an_error(
    manifest: Manifest, cache: Path, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    path = Path(manifest[5].path)

    def slow(source: str, rate: int) -> Any:
        if Path(source) == path and path.exists():
            if fate == "changes":
                soundfile.write(path, np.zeros(99), 16000)
            else:
                path.unlink()
        return read_audio(source, rate)

    monkeypatch.setattr(room, "read_audio", slow)
    with pytest.raises(CorpusError, match=f"{re.escape(str(path))} changed or went away while it was read"):
        cache_waveforms(manifest, folder=cache)
    assert entries(cache) == []
    monkeypatch.undo()
    found = cache_waveforms(manifest, folder=cache)
    assert holds(found) and len(found) == COUNT - (fate == "vanishes")


# Damage ------------------------------------------------------------------------------------------------------


def flip(name: str, share: float) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        path = folder / name
        data = bytearray(path.read_bytes())
        data[int(share * (len(data) - 1))] ^= 0x04
        path.write_bytes(data)

    return do


def truncate(name: str, keep: float) -> Callable[[Path], None]:
    return lambda folder: os.truncate(folder / name, int(keep * (folder / name).stat().st_size))


def replace_index(text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "index.json").write_text(text) and None


def edit_index(**changes: Any) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        index = json.loads((folder / "index.json").read_text())
        (folder / "index.json").write_text(json.dumps({**index, **changes}))

    return do


KEYS = f'"version": {room.FORMAT_VERSION}, "sample_rate": 16000, "samples": 0'
DAMAGE = {
    "first byte of the samples": flip("waveforms.i16", 0.0),
    "byte amid the samples": flip("waveforms.i16", 0.5),
    "last byte of the samples": flip("waveforms.i16", 1.0),
    "samples cut": truncate("waveforms.i16", 0.7),
    "samples empty": truncate("waveforms.i16", 0.0),
    "samples gone": lambda folder: (folder / "waveforms.i16").unlink(),
    "samples longer": lambda folder: (folder / "waveforms.i16").open("ab").write(b"\0\0") and None,
    **{f"byte of the index at {share}": flip("index.json", share) for share in (0.001, 0.11, 0.29, 0.43, 0.67, 0.99)},
    "index cut": truncate("index.json", 0.5),
    "index gone": lambda folder: (folder / "index.json").unlink(),
    **{
        f"index is {text[:20]}": replace_index(text)
        for text in ("", "nonsense", "null", "[]", "5", '["version", "clips"]', "[" * 9999, "\x00\xff",
                     f'{{{KEYS}}}', f'{{{KEYS}, "clips": 5, "unreadable": [], "crc32": 0}}')
    },
    "other version": edit_index(version=room.FORMAT_VERSION + 1),
    "other samples": edit_index(samples=1),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_cache_is_built_again(
    manifest: Manifest, cache: Path, damage: Callable[[Path], None]
) -> None:
    cache_waveforms(manifest, folder=cache)
    (folder,) = entries(cache)
    damage(cache / folder)
    again = cache_waveforms(manifest, folder=cache)
    assert again.report.decoded == COUNT and holds(again)
    assert cache_waveforms(manifest, folder=cache).report.decoded == 0
    assert entries(cache) == [folder]


def test_every_part_of_the_index_counts(manifest: Manifest, cache: Path) -> None:
    cache_waveforms(manifest[:2], folder=cache)
    (folder,) = cache.glob("mine-*")
    whole = (folder / "index.json").read_bytes()
    assert room._read_index(folder) is not None
    for place in range(0, len(whole), 3):
        flip("index.json", place / (len(whole) - 1))(folder)
        assert room._read_index(folder) is None or whole[place : place + 1] in b" ", place
        (folder / "index.json").write_bytes(whole)


# Other processes ---------------------------------------------------------------------------------------------

CHILD = """
import sys, time
from pathlib import Path
from hearfelt.corpora.manifest import read_manifest
from hearfelt.training import waveforms as room

manifest, cache, marks = map(Path, sys.argv[1:4])
read, replace, done = room.read_audio, Path.replace, []

def slow(path, rate):
    done.append(path)
    if {hang_decoding} and len(done) == 6:
        (marks / "hangs").touch()
        time.sleep(60)
    time.sleep({seconds})
    return read(path, rate)

def never(self, target):
    (marks / "hangs").touch()
    time.sleep(60)

room.read_audio = slow
if {hang_renaming}:
    Path.replace = never
print("ready", flush=True)
sys.stdin.readline()
found = room.cache_waveforms(read_manifest(manifest), folder=cache, threads=1)
print(found.report.decoded, *(row.audio_hash for row in found.manifest), flush=True)
"""


def start(tmp_path: Path, manifest: Manifest, cache: Path, **values: Any) -> subprocess.Popen[str]:
    manifest.write(tmp_path / "m.csv")
    code = CHILD
    for name, value in {"hang_decoding": False, "hang_renaming": False, "seconds": 0.0, **values}.items():
        code = code.replace(f"{{{name}}}", repr(value))
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "m.csv"), str(cache), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def test_two_processes_at_once_build_once(manifest: Manifest, cache: Path, tmp_path: Path) -> None:
    children = [start(tmp_path, manifest, cache, seconds=0.03) for _ in range(2)]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    answers = [child.communicate(timeout=30)[0].split() for child in children]
    assert sorted(int(answer[0]) for answer in answers) == [0, COUNT]
    truth = [audio_hash(read_audio(row.path)) for row in manifest]
    assert answers[0][1:] == answers[1][1:] == truth
    assert len(entries(cache)) == 1
    assert cache_waveforms(manifest, folder=cache).report.decoded == 0


@pytest.mark.parametrize("moment", ["hang_decoding", "hang_renaming"])
def test_a_process_killed_while_building_leaves_nothing_that_is_taken_for_whole(
    manifest: Manifest, cache: Path, tmp_path: Path, moment: str
) -> None:
    child = start(tmp_path, manifest, cache, **{moment: True})
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()
    deadline = time.monotonic() + 30
    while not (tmp_path / "hangs").exists():
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    (half,) = entries(cache)
    assert half.startswith(".mine-")
    found = cache_waveforms(manifest, folder=cache)  # the lock died with its holder
    assert found.report.decoded == COUNT and holds(found)
    assert len(entries(cache)) == 1 and not entries(cache)[0].startswith(".")  # the half one is swept away


def test_what_another_corpus_is_building_is_not_swept_away(manifest: Manifest, cache: Path) -> None:
    other = cache / ".mine-too-0123456789abcdef.xyz"
    other.mkdir(parents=True)
    cache_waveforms(manifest, folder=cache)
    assert other.is_dir()


# Places that cannot be written -------------------------------------------------------------------------------

SENTENCE = r"The waveform cache in .* cannot be written: .*Free some space, or name another folder"


@pytest.mark.parametrize("below", ["", "deep/er"])
def test_a_file_in_place_of_the_folder_is_one_sentence(
    manifest: Manifest, tmp_path: Path, below: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CorpusError, match=SENTENCE):
        cache_waveforms(manifest, folder=tmp_path / "file" / below)
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("size", [0, 5000, 12000])
def test_no_more_space_is_one_sentence_and_leaves_nothing_half(
    manifest: Manifest, cache: Path, size: int
) -> None:
    cache.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))  # the kernel itself refuses the next byte
    try:
        with pytest.raises(CorpusError, match=SENTENCE + ".*HEARFELT_CACHE"):
            cache_waveforms(manifest, folder=cache)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert entries(cache) == []
    assert holds(cache_waveforms(manifest, folder=cache))


def test_a_full_disk_at_the_index_leaves_nothing_half(
    manifest: Manifest, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(CorpusError, match="cannot be written: No space left on device"):
        cache_waveforms(manifest, folder=cache)
    assert entries(cache) == []


def test_an_interruption_leaves_nothing_half(
    manifest: Manifest, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "read_audio", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cache_waveforms(manifest, folder=cache)
    assert entries(cache) == []


def test_a_cache_that_is_there_needs_no_writing(
    manifest: Manifest, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache_waveforms(manifest, folder=cache)

    def refuse(*_: Any) -> None:
        raise AssertionError("locked")

    monkeypatch.setattr(room, "lock", refuse)
    assert holds(cache_waveforms(manifest, folder=cache))


# Progress and places -----------------------------------------------------------------------------------------


def test_progress_rises_to_the_total(manifest: Manifest, cache: Path) -> None:
    gone = Row(str(cache / "gone.wav"), "mine", "s", "sad")
    both = Manifest([gone, *(replace(row, corpus=f"c{n % 2}") for n, row in enumerate(manifest))])
    told: list[tuple[int, int]] = []
    cache_waveforms(both, folder=cache, progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {total for _, total in told} == {COUNT + 1} and told[-1][0] == COUNT + 1


def test_the_folder_is_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    monkeypatch.setenv("HEARFELT_CACHE", "/own")
    assert cache_folder() == Path("/own")
    monkeypatch.delenv("HEARFELT_CACHE")
    assert cache_folder() == Path("/x/hearfelt")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "hearfelt"


# Real recordings ---------------------------------------------------------------------------------------------


def test_hundreds_of_real_clips_are_what_decoding_gives(corpora_root: Path, cache: Path) -> None:
    rows = []
    for folder in sorted(
        path for path in corpora_root.iterdir() if path.is_dir() and path.name != "originals"
    ):
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
        step = max(1, len(files) // 30)
        rows += [Row(str(path), folder.name, "s", "sad") for path in files[::step][:30]]
    found = cache_waveforms(Manifest(rows), folder=cache)
    assert len(found) + len(found.report.failures) == len(rows) >= 200
    for path in found.report.failures:
        with pytest.raises(AudioError):
            read_audio(path)
    some = list(range(0, len(found), 7))
    for index in some:
        samples = np.clip(read_audio(found.manifest[index].path), -1, 1)
        assert np.abs(found[index] - samples).max() <= 1 / 32767
    again = cache_waveforms(found.manifest, folder=cache)
    assert again.report.decoded == 0 and again.manifest == found.manifest
