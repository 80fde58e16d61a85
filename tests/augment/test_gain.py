import numpy as np
import pytest


@pytest.mark.parametrize("gain_db", [-20.0, -3.0, 0.0, 6.0])
def test_gain_is_in_decibels(run, voice, gain_db):
    out = run("gain", voice, {"gain_db": gain_db})
    reached = 20 * np.log10(np.linalg.norm(out) / np.linalg.norm(voice))
    assert reached == pytest.approx(gain_db, abs=1e-3)


def test_limit_cuts_at_full_scale(run, tone):
    loud = run("gain", tone(200), {"gain_db": 20.0}, limit=True)
    assert loud.max() == 1.0 and loud.min() == -1.0
    assert run("gain", tone(200), {"gain_db": 20.0}).max() == pytest.approx(5.0, rel=1e-3)
