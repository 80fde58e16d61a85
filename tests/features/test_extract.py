"""Tables of descriptors: the numbers of a clip, in parallel as in line, and no bad file stops it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
from pydantic import ValidationError

from hearfelt.audio.decode import read_audio
from hearfelt.features.descriptors import USUAL
from hearfelt.features.extract import (
    GROUPS,
    ExtractConfig,
    Source,
    extract_clip,
    extract_many,
    measure_frames,
)
from hearfelt.features.mfcc import delta, mfcc
from hearfelt.testing.voices import make_speakers, utter


@pytest.fixture
def files(tmp_path: Path, generator: np.random.Generator) -> list[Source]:
    """Three voices, and between them a file that is no audio, one that is missing and one that is empty."""
    sources = []
    for number, speaker in enumerate(make_speakers(3, generator)):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, utter(speaker, "happy", generator, seconds=0.8).samples, 16000)
        sources.append(Source(str(path), facts={"speaker": speaker.name}))
    (tmp_path / "text.wav").write_text("no audio")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 16000)
    bad = [Source(str(tmp_path / name)) for name in ("text.wav", "missing.wav", "empty.wav")]
    return [sources[0], *bad, *sources[1:]]


@pytest.mark.parametrize("frames", [True, False])
def test_a_line_has_a_number_for_each_name(files: list[Source], frames: bool) -> None:
    config = ExtractConfig(descriptors=GROUPS, frames=frames)
    answer = extract_clip(files[0], config)
    assert answer["duration"] == pytest.approx(0.8)
    assert {len(line) for line in answer["lines"]} == {len(config.table_columns)}
    assert len(set(config.table_columns)) == len(config.table_columns)
    assert len(answer["lines"]) == (config.plain().frame_count(12800) if frames else 1)


def test_numbers_are_those_of_the_clip(files: list[Source]) -> None:
    config = ExtractConfig(descriptors=("mfcc", "rms", "mfcc_delta", "f0"), frames=True)
    lines = np.array(extract_clip(files[0], config)["lines"], dtype=float)
    table = dict(zip(config.table_columns, lines.T, strict=True))
    clip = read_audio(files[0].path)
    cepstra = mfcc(clip, config.cepstral()).astype(np.float64)
    assert np.allclose(table["mfcc_3"], cepstra[2], rtol=1e-5, atol=1e-4)
    assert np.allclose(table["mfcc_delta_3"], delta(cepstra[:13])[2], rtol=1e-3, atol=1e-3)
    frame = clip[256 * 10 : 256 * 10 + 512].astype(float)
    assert table["rms"][10] == pytest.approx(np.sqrt(np.mean(frame**2)), rel=1e-4)
    assert table["time_s"][10] == pytest.approx((256 * 10 + 256) / 16000)
    assert np.isnan(table["f0_hz"]).any() and np.nanmedian(table["f0_hz"]) > 60


def test_a_part_of_a_file_is_measured_as_that_part(files: list[Source]) -> None:
    config = ExtractConfig(descriptors=USUAL)
    part = extract_clip(Source(files[0].path, 0.2, 0.6), config)
    clip = read_audio(files[0].path)[3200:9600]
    columns = measure_frames(clip, config)
    assert part["duration"] == pytest.approx(0.4)
    assert part["lines"][0][0] == pytest.approx(columns["rms"].mean(), rel=1e-5)
    assert part["path"].endswith("#0.2-0.6")
    beyond = extract_clip(Source(files[0].path, 5.0, 6.0), config)
    assert "no sound from 5.0 s to 6.00 s" in beyond["error"]


def test_bad_files_stop_nothing_and_processes_change_nothing(files: list[Source]) -> None:
    config = ExtractConfig(descriptors=("rms", "f0"))
    alone = list(extract_many(files, config))
    assert [answer["path"] for answer in alone] == [source.key for source in files]
    assert ["error" in answer for answer in alone] == [False, True, True, True, False, False]
    assert list(extract_many(files, config, workers=2)) == alone


def test_silence_has_no_pitch_and_is_no_error(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silence.wav", np.zeros(8000), 16000)
    config = ExtractConfig(descriptors=("f0", "rms"))
    answer = extract_clip(Source(str(tmp_path / "silence.wav")), config)
    numbers = dict(zip(config.table_columns, answer["lines"][0], strict=True))
    assert numbers["f0_hz_mean"] is None and numbers["voiced_share"] == 0 and numbers["rms_mean"] == 0


def test_a_clip_of_every_corpus_is_measured(real_clips: Mapping[str, tuple[Path, ...]]) -> None:
    for corpus, paths in real_clips.items():
        answer = extract_clip(Source(str(paths[0])), ExtractConfig())
        assert "error" not in answer, corpus
        numbers = dict(zip(ExtractConfig().table_columns, answer["lines"][0], strict=True))
        assert 0.05 < numbers["voiced_share"] < 1 and 60 <= numbers["f0_hz_p50"] <= 600, corpus


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"descriptors": ("sentroid",)}, "no descriptor named 'sentroid'. Did you mean 'centroid'"),
        ({"split_hz": 9000}, "split_hz 9000.0 is not below half the sample rate"),
    ],
)
def test_impossible_settings_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        ExtractConfig(**options)
