import numpy as np
import pytest

from hearfelt.augment.reverb import impulse_response

RATE = 16000


def room(rt60: float, direct_db: float, delay: float = 0.005, seed: int = 0) -> dict[str, float]:
    return {"rt60_seconds": rt60, "direct_db": direct_db, "delay_seconds": delay, "seed": seed}


@pytest.mark.parametrize("rt60", [0.1, 0.3, 0.6, 1.2])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_decays_in_the_time_asked_for(run, rt60, seed):
    click = np.zeros(2 * RATE, np.float32)
    click[0] = 1.0
    heard = run("reverb", click, room(rt60, -6.0, seed=seed)).astype(np.float64)
    tail = heard[round(0.006 * RATE) : round((0.005 + rt60) * RATE)]
    schroeder = 10 * np.log10(np.cumsum(tail[::-1] ** 2)[::-1] / np.sum(tail**2))  # backward integration
    inside = (schroeder < -5) & (schroeder > -25)  # T20
    slope = np.polyfit(np.flatnonzero(inside) / RATE, schroeder[inside], 1)[0]
    assert -60 / slope == pytest.approx(rt60, rel=0.15)


@pytest.mark.parametrize("direct_db", [-10.0, 0.0, 15.0])
def test_direct_to_reverberant_ratio_and_energy(direct_db):
    response = impulse_response(room(0.4, direct_db), RATE).astype(np.float64)
    assert 10 * np.log10(response[0] ** 2 / np.sum(response[1:] ** 2)) == pytest.approx(direct_db, abs=0.01)
    assert np.sum(response**2) == pytest.approx(1.0, rel=1e-4)


def test_the_direct_path_stays_where_it_was(run):
    click = np.zeros(RATE, np.float32)
    click[5000] = 1.0
    heard = run("reverb", click, room(0.5, 6.0))
    assert np.argmax(np.abs(heard)) == 5000
    assert np.abs(heard[:5000]).max() < 1e-5  # nothing before the sound
    assert heard.size == RATE


def test_it_is_a_convolution(run, voice):
    parameters = room(0.3, 0.0)
    expected = np.convolve(voice[:8000], impulse_response(parameters, RATE))[:8000]
    np.testing.assert_allclose(run("reverb", voice[:8000], parameters), expected, atol=1e-5)
