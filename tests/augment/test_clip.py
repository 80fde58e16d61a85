import numpy as np
import pytest


@pytest.mark.parametrize("percentile", [80.0, 95.0, 99.0])
def test_the_share_below_the_limit_is_the_percentile(run, percentile):
    noise = np.random.default_rng(0).standard_normal(20000).astype(np.float32)
    out = run("clip", noise, {"percentile": percentile})
    limit = np.abs(out).max()
    assert np.mean(np.abs(out) >= limit) == pytest.approx(1 - percentile / 100, abs=1e-3)
    small = np.abs(noise) < limit
    assert np.array_equal(out[small], noise[small])


def test_a_clip_that_is_mostly_silence_is_not_silenced(run):
    clip = np.zeros(10000, np.float32)
    clip[:200] = 0.5
    assert np.abs(run("clip", clip, {"percentile": 90.0})).max() > 0.02


def test_a_hundred_percent_is_identity(run, voice):
    assert np.array_equal(run("clip", voice, {"percentile": 100.0}), voice)
