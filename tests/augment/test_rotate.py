import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from hearfelt.augment.rotate import Rotate

PICTURE = np.random.default_rng(0).standard_normal((21, 34))


@pytest.mark.parametrize(
    ("fill", "mode"), [("reflect", "reflect"), ("edge", "nearest"), ("zero", "grid-constant")]
)
@pytest.mark.parametrize("degrees", [0.0, 7.0, -33.0, 91.0, 171.0])
@pytest.mark.parametrize(("interpolation", "order"), [("bilinear", 1), ("nearest", 0)])
def test_it_is_scipys_interpolation_at_turned_places(fill, mode, degrees, interpolation, order):
    angle = np.deg2rad(degrees)
    down, across = np.mgrid[:21, :34] - np.array([10.0, 16.5])[:, None, None]
    places = [
        np.cos(angle) * down + np.sin(angle) * across + 10,
        np.cos(angle) * across - np.sin(angle) * down + 16.5,
    ]
    expected = map_coordinates(PICTURE, places, order=order, mode=mode)
    out = Rotate(fill=fill, interpolation=interpolation).apply(PICTURE, {"degrees": degrees})
    same = np.isclose(out, expected, atol=1e-9)
    assert same.mean() > 0.999


def test_a_quarter_turn_is_counter_clockwise():
    square = np.arange(25.0).reshape(5, 5)
    np.testing.assert_allclose(Rotate().apply(square, {"degrees": 90.0}), np.rot90(square), atol=1e-9)


def test_angles_stay_within_the_bound():
    generator = np.random.default_rng(0)
    angles = [Rotate(max_degrees=72.0).sample(generator, 4, 4)["degrees"] for _ in range(300)]
    assert -72 <= min(angles) < -68 and 68 < max(angles) <= 72
