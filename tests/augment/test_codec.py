import numpy as np
import pytest

from hearfelt.augment.codec import mu_law


@pytest.mark.parametrize("hertz", [50.0, 100.0, 6000.0])
def test_telephone_removes_what_lies_outside_its_band(run, tone, level_at, hertz):
    # A tone inside the band keeps the quantiser busy.
    out = run("codec", tone(hertz, level=0.3) + tone(1000.0, level=0.3), {"kind": "telephone"})
    assert level_at(out, hertz) < 20 * np.log10(0.3) - 20
    assert level_at(out, 1000.0) == pytest.approx(20 * np.log10(0.3), abs=0.5)


@pytest.mark.parametrize("hertz", [400.0, 1000.0, 3000.0])
def test_telephone_keeps_its_band(run, tone, level_at, hertz):
    assert level_at(run("codec", tone(hertz), {"kind": "telephone"}), hertz) == pytest.approx(-6.02, abs=0.5)


def test_narrowband_ends_at_four_kilohertz(run, tone, level_at):
    assert level_at(run("codec", tone(5000.0), {"kind": "narrowband"}), 5000.0) < -46
    assert level_at(run("codec", tone(100.0), {"kind": "narrowband"}), 100.0) == pytest.approx(-6.02, abs=0.1)


def test_mu_law_has_255_values_and_the_ratio_of_eight_bits():
    ramp = np.linspace(-1, 1, 100001, dtype=np.float32)
    assert np.unique(mu_law(ramp)).size == 255
    for level in (1.0, 0.1):  # nearly the same at any level: what the logarithm is for
        error = mu_law(ramp * np.float32(level)) - ramp * np.float32(level)
        assert 10 * np.log10(np.mean((ramp * level) ** 2) / np.mean(error**2)) == pytest.approx(37.5, abs=2.5)


@pytest.mark.parametrize("kind", ["telephone", "narrowband", "opus", "mp3"])
def test_no_codec_delays(run, voice, kind):
    out = run("codec", voice, {"kind": kind, "kbps": 32.0}).astype(np.float64)
    lags = np.arange(-40, 41)
    middle = voice[4000:36000].astype(np.float64)
    match = [float(np.dot(middle, out[4000 + lag : 36000 + lag])) for lag in lags]
    assert abs(lags[int(np.argmax(match))]) <= 1


@pytest.mark.parametrize("kind", ["opus", "mp3"])
def test_fewer_bits_a_larger_error(run, voice, kind):
    errors = [
        np.mean((run("codec", voice, {"kind": kind, "kbps": kbps}) - voice) ** 2)
        for kbps in (8.0, 32.0, 128.0)
    ]
    assert errors[0] > errors[1] > errors[2]
