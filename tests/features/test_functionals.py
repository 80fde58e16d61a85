"""Functionals are what numpy and arithmetic say they are; gaps in the pitch are left out."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from hearfelt.features.descriptors import DescriptorsConfig, measure
from hearfelt.features.functionals import FUNCTIONALS, FunctionalsConfig, functionals, over_time, summarize
from hearfelt.features.mfcc import MfccConfig


def test_they_are_what_they_are_called(generator: np.random.Generator) -> None:
    rows = generator.normal(size=(5, 40))
    mean, std, p10, p50, p90, span, slope = over_time(rows, 0.01)
    assert np.allclose(mean, rows.mean(axis=1)) and np.allclose(std, rows.std(axis=1))
    assert np.allclose([p10, p50, p90], np.percentile(rows, [10, 50, 90], axis=1))
    assert np.allclose(span, rows.max(axis=1) - rows.min(axis=1))
    assert np.allclose(slope, np.polyfit(np.arange(40) * 0.01, rows.T, 1)[0])


def test_one_frame_has_no_slope_and_no_deviation() -> None:
    found = dict(zip(FUNCTIONALS, over_time(np.array([[3.0]]), 0.01)[:, 0], strict=True))
    assert found == {"mean": 3, "std": 0, "p10": 3, "p50": 3, "p90": 3, "range": 0, "slope_per_s": 0}


def test_a_table_row_names_unit_and_functional(generator: np.random.Generator) -> None:
    columns = measure(generator.normal(0, 0.1, 16000), DescriptorsConfig(level="none"))
    found = summarize(columns, 0.016)
    assert list(found) == [f"{column}_{name}" for column in columns for name in FUNCTIONALS]
    assert found["spectral_centroid_hz_p50"] == pytest.approx(np.median(columns["spectral_centroid_hz"]))


def test_frames_without_voice_are_left_out() -> None:
    f0 = np.array([np.nan, 100.0, 110.0, np.nan, 130.0, np.nan])
    found = summarize({"f0_hz": f0, "rms": np.ones(6)}, hop_seconds=0.1)
    assert found["voiced_share"] == 0.5
    assert found["f0_hz_mean"] == pytest.approx(340 / 3) and found["f0_hz_range"] == 30
    assert found["f0_hz_slope_per_s"] == pytest.approx(100)  # over the true times, gaps and all
    silent = summarize({"f0_hz": np.full(4, np.nan)}, hop_seconds=0.1)
    assert silent["voiced_share"] == 0 and np.isnan(silent["f0_hz_mean"])


def test_the_front_end_is_one_frame_of_all_of_them(generator: np.random.Generator) -> None:
    clip = generator.normal(0, 0.1, 16000)
    config = FunctionalsConfig(normalization="none", mfcc=None)
    rows = functionals(clip, config)
    assert rows.shape == (config.band_count, 1) == (49, 1) and config.frame_count(99999) == 1
    measured = measure(clip, config.descriptors)
    assert rows[0, 0] == pytest.approx(measured["rms"].mean(), rel=1e-5)
    assert rows[3, 0] == pytest.approx(measured["spectral_centroid_hz"].mean() / 1000, rel=1e-5)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"normalization": "clip"}, "functionals have none: take corpus or none"),
        ({"mfcc": MfccConfig()}, "mfcc.normalization has to be none"),
        ({"sample_rate": 8000}, "descriptors.sample_rate 16000 differs from 8000"),
    ],
)
def test_impossible_settings_are_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        FunctionalsConfig(**options)
