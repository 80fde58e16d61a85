"""A recording in few columns: nothing loud is lost, places are kept, memory is bounded."""

import numpy as np
import pytest

from hearfelt.features.overview import OverviewBuilder

RATE = 16000


def built(samples, block=9999, **options):
    builder = OverviewBuilder(RATE, **options)
    for start in range(0, samples.size, block):
        builder.add(samples[start : start + block].astype(np.float32))
    return builder.finish()


@pytest.mark.parametrize("seconds", [0.001, 0.3, 5.0, 47.3])
def test_columns_cover_the_recording(generator, seconds) -> None:
    samples = generator.uniform(-1, 1, round(seconds * RATE))
    overview = built(samples, columns=50)
    columns = overview.low.size
    assert columns <= 101
    assert overview.high.size == columns
    assert overview.decibels.shape == (64, columns)
    assert overview.duration == pytest.approx(seconds, abs=1 / RATE)
    assert (columns - 1) * overview.column_seconds < seconds <= columns * overview.column_seconds + 1e-9


def test_a_click_is_seen_at_its_place(generator) -> None:
    samples = 0.01 * generator.standard_normal(40 * RATE)
    samples[round(23.4 * RATE)] = 0.9
    samples[round(31.2 * RATE)] = -0.8
    overview = built(samples, columns=100)
    assert overview.high.max() == pytest.approx(0.9)
    assert int(overview.high.argmax()) == int(23.4 / overview.column_seconds)
    assert int(overview.low.argmin()) == int(31.2 / overview.column_seconds)


def test_a_tone_is_in_its_band_and_time() -> None:
    samples = np.zeros(20 * RATE)
    place = slice(10 * RATE, 15 * RATE)
    samples[place] = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(5 * RATE) / RATE)
    overview = built(samples, columns=40)
    band, column = np.unravel_index(overview.decibels.argmax(), overview.decibels.shape)
    assert abs(overview.hertz[band] - 1000) < 60
    assert 10 <= column * overview.column_seconds <= 15
    assert overview.decibels[:, 0].max() < -60


def test_blocks_do_not_matter(generator) -> None:
    samples = generator.uniform(-1, 1, 33 * RATE)
    first, second = built(samples, 777, columns=60), built(samples, 100_000, columns=60)
    np.testing.assert_allclose(first.decibels, second.decibels, atol=1e-3)
    assert np.array_equal(first.low, second.low)
    assert first.column_seconds == second.column_seconds
