"""Each kind of damage is found, what must go goes, and nothing else does."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.audio.content import audio_hash
from hearfelt.audio.decode import read_audio
from hearfelt.corpora import scan
from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.corpora.validate import ADVICE, DROPPED, validate
from hearfelt.errors import CorpusError

RATE = 16000


@pytest.fixture
def voice(generator):
    """Samples of another recording each time."""

    def make(seconds: float = 0.5, level: float = 0.1):
        return level * generator.standard_normal(round(seconds * RATE)).clip(-3, 3).astype(np.float32)

    return make


class Folder:
    """Writes recordings and their rows."""

    def __init__(self, root: Path) -> None:
        self.root, self.rows = root, []

    def add(self, name: str, samples=None, emotion: str = "sad", **options) -> Row:
        path = self.root / name
        if isinstance(samples, bytes):
            path.write_bytes(samples)
        elif samples is not None:
            soundfile.write(path, samples, **{"samplerate": RATE, "subtype": "PCM_16", **options})
        self.rows.append(Row(str(path), "mine", f"mine_{len(self.rows)}", emotion))
        return self.rows[-1]

    def validate(self):
        return validate(Manifest(self.rows))


@pytest.fixture
def folder(tmp_path, voice) -> Folder:
    made = Folder(tmp_path)
    for index in range(4):
        made.add(f"good{index}.wav", voice())
    return made


def kinds(report) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for finding in report.findings:
        found.setdefault(finding.kind, []).extend(Path(row.path).name for row in finding.rows)
    return found


def left(report) -> list[str]:
    return [Path(row.path).name for row in report.clean if not row.path.rpartition("/")[2].startswith("good")]


def test_a_clean_corpus(folder) -> None:
    report = folder.validate()
    assert (report.findings, report.must_drop) == ((), 0)
    assert report.summary().endswith("All 4 clips can be used.")
    for row in report.clean:
        assert (row.duration, row.sample_rate) == (0.5, RATE)
        assert row.audio_hash == audio_hash(read_audio(row.path))


def test_unreadable_and_empty(folder, tmp_path, voice) -> None:
    folder.add("text.wav", b"this is no recording, however long it may go on" * 9)
    folder.add("nothing.wav", b"")
    folder.add("gone.wav")
    folder.add("header.wav", np.zeros(0, np.float32))
    (tmp_path / "folder.wav").mkdir()
    folder.add("folder.wav")
    folder.add("nan.wav", np.full(RATE, np.nan, np.float32), subtype="FLOAT")
    # AESDD's `s05 (3).wav`: 36 bytes of header
    folder.add("aesdd.wav", (tmp_path / "good0.wav").read_bytes()[:36])
    report = folder.validate()
    assert sorted(kinds(report)["unreadable"]) == ["folder.wav", "gone.wav", "nan.wav", "text.wav"]
    assert sorted(kinds(report)["empty"]) == ["aesdd.wav", "header.wav", "nothing.wav"]
    assert report.must_drop == 7 and left(report) == []
    assert all(finding.detail for finding in report.findings)


def test_silence_is_not_quiet_speech(folder, voice) -> None:
    folder.add("zero.wav", np.zeros(RATE, np.float32))
    folder.add("zero2.wav", np.zeros(RATE, np.float32))  # two silent clips are no copies of one another
    folder.add("hiss.wav", voice(level=1e-4))
    folder.add("quiet.wav", voice(level=3e-3))
    report = folder.validate()
    assert kinds(report) == {"silent": ["zero.wav", "zero2.wav", "hiss.wav"]}
    assert left(report) == ["quiet.wav"]


def test_one_peak_is_not_clipping(folder, voice, generator) -> None:
    normalised = generator.standard_normal(RATE)
    folder.add("normalised.wav", normalised / np.abs(normalised).max())
    folder.add("clipped.wav", voice(1.0, level=0.8).clip(-1, 1))
    report = folder.validate()
    assert kinds(report) == {"clipped": ["clipped.wav"]}
    assert report.must_drop == 0


def test_odd_rate_channels_and_format_are_kept(folder, voice) -> None:
    folder.add("stereo.wav", np.stack([voice(), voice()], axis=1))
    folder.add("fast.wav", voice(3.0), samplerate=96000)
    folder.add("float.wav", voice(), subtype="FLOAT")
    folder.add("aiff.wav", voice(), format="AIFF")
    report = folder.validate()
    assert {kind: sorted(set(names)) for kind, names in kinds(report).items()} == {
        "odd_rate": ["fast.wav"],
        "odd_channels": ["stereo.wav"],
        "odd_format": ["aiff.wav", "float.wav"],
    }
    assert any("AIFF data under the suffix .wav" in finding.detail for finding in report.findings)
    assert report.formats == {"mine": "WAV/PCM_16, 16000 Hz, mono"}
    assert report.must_drop == 0


def test_copies(folder, voice) -> None:
    first = folder.add("b first.wav", voice()).path
    folder.add("a second.flac", soundfile.read(first, dtype="int16")[0])
    folder.add("third.wav", soundfile.read(first)[0], subtype="FLOAT")
    report = folder.validate()
    finding = next(finding for finding in report.findings if finding.kind == "identical")
    assert left(report) == ["b first.wav"]  # the first of the manifest, not of the alphabet
    assert "sad under 3 names (of different speakers)" in finding.detail


def test_contradictory_labels_take_all_of_them(folder, voice) -> None:
    samples = voice()
    for name, emotion in (("1.wav", "happy"), ("2.wav", "neutral"), ("3.wav", "happy")):
        folder.add(name, samples, emotion)
    report = folder.validate()
    assert kinds(report) == {"contradictory": ["1.wav", "2.wav", "3.wav"]}
    assert left(report) == []
    assert "labelled happy and neutral" in report.summary()


def test_copies_are_found_across_corpora(folder, voice) -> None:
    samples = voice()
    folder.add("1.wav", samples)
    folder.add("2.wav", samples)
    one, two = folder.rows[-2:]
    report = validate(Manifest([one, Row(two.path, "other", "other_1", "sad")]))
    assert [row.corpus for row in report.clean] == ["mine"]


def test_parts_of_a_recording(tmp_path, voice) -> None:
    samples = np.concatenate([voice(1.0), np.zeros(RATE, np.float32), voice(1.0)])
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    rows = [
        Row(str(tmp_path / "a.wav"), "m", "m_1", "sad", start=start, end=end)
        for start, end in ((0, 1), (1, 2), (2, None), (5, 6), (0, 1.0))
    ]
    report = validate(Manifest(rows))
    assert [finding.kind for finding in report.findings] == ["empty", "silent", "identical"]
    assert [(row.start, row.end, row.duration) for row in report.clean] == [(0, 1, 1.0), (2, None, 1.0)]


def test_missing_is_counted_against_the_official_corpus(tmp_path, voice) -> None:
    for name in ("03a01Fa", "03a01Na"):
        soundfile.write(tmp_path / f"{name}.wav", voice(), RATE)
    report = validate(scan("emodb", tmp_path).manifest)
    finding = report.findings[0]
    assert (
        finding.kind == "missing" and "533 of 535 clips are missing: angry 127, boredom 81" in finding.detail
    )
    assert report.to_json()["corpora"]["emodb"]["missing"]["happy"] == 70
    assert report.must_drop == 0  # what is there can be used


def test_json_is_json_and_complete(folder, voice) -> None:
    silent = folder.add("silent.wav", np.zeros(RATE, np.float32))
    named = Path(silent.path).rename(folder.root / "silent \udcff.wav")  # a name that is not UTF-8
    folder.rows[-1] = Row(str(named), "mine", "mine_x", "sad")
    folder.add("copy.wav", soundfile.read(folder.rows[0].path)[0])
    answer = json.loads(json.dumps(folder.validate().to_json(), allow_nan=False).encode("utf-8"))
    assert (answer["schema"], answer["version"]) == ("hearfelt.validation", 1)
    assert (answer["clips"], answer["keep"], answer["drop"]) == (6, 4, 2)
    assert answer["corpora"]["mine"]["clips"] == 6
    kinds = {finding["kind"]: finding for finding in answer["findings"]}
    assert set(kinds) == {"silent", "identical"}
    assert [Path(clip["path"]).name for clip in kinds["identical"]["dropped"]] == ["copy.wav"]
    assert set(ADVICE) > DROPPED


def test_threads_and_progress_change_nothing(folder, tmp_path, voice) -> None:
    shutil.copy(folder.rows[1].path, tmp_path / "copy.wav")
    folder.add("copy.wav")
    calls = []
    many = validate(
        Manifest(folder.rows), threads=4, progress=lambda done, total: calls.append((done, total))
    )
    assert many == validate(Manifest(folder.rows), threads=1)
    assert calls == [(done, 5) for done in range(1, 6)]


def test_an_empty_manifest_is_an_error() -> None:
    with pytest.raises(CorpusError, match="nothing to validate"):
        validate(Manifest([]))


def test_the_originals_oddities(corpora_root: Path) -> None:
    """Files byte for byte as distributed: what is odd about them is found."""
    originals = corpora_root / "originals"
    if not originals.is_dir():
        pytest.skip("the originals are not there")
    tess = validate(scan("tess", originals / "tess").manifest)
    assert {(Path(row.path).name, finding.kind) for finding in tess.findings for row in finding.rows} >= {
        ("YAF_germ_angry.wav", "odd_format"),
        ("OAF_food_fear.wav", "odd_rate"),
    }
    aesdd = validate(scan("aesdd", originals / "aesdd").manifest)
    assert kinds(aesdd)["empty"] == ["s05 (3).wav"] and aesdd.must_drop == 1
    crema = validate(scan("crema_d", originals / "crema-d").manifest)
    assert kinds(crema)["contradictory"] == ["1006_TIE_HAP_XX.wav", "1006_TIE_NEU_XX.wav"]
    assert kinds(crema)["silent"] == ["1076_MTI_SAD_XX.wav"]


def test_the_real_oddities(corpora_root: Path) -> None:
    """Real corpora, only the clips that the descriptions call identical, and one innocent neighbour each."""
    wanted = {
        "ravdess_speech": (
            "ravdess-speech",
            ["03-01-03-01-02-01-07", "03-01-03-01-02-02-07", "03-01-03-01-01-01-07"],
        ),
        "crema_d": ("crema-d", ["1013_WSI_SAD_XX", "1013_WSI_DIS_XX", "1076_MTI_SAD_XX", "1001_DFA_HAP_XX"]),
    }
    expected = {"ravdess_speech": {"identical": 1}, "crema_d": {"contradictory": 2, "silent": 1}}
    for name, (place, stems) in wanted.items():
        if not (corpora_root / place).is_dir():
            pytest.skip(f"{name} is not among the real corpora")
        rows = scan(name, corpora_root / place).manifest.where(lambda row, s=stems: Path(row.path).stem in s)
        report = validate(rows)
        assert {f.kind: len(f.dropped) for f in report.findings if f.dropped} == expected[name]
