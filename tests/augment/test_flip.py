import numpy as np

from hearfelt.augment.flip import Flip


def test_time_and_frequency_are_mirrored():
    picture = np.arange(6.0).reshape(2, 3)
    assert Flip(axis="time").apply(picture, {"axis": "time"}).tolist() == [[2, 1, 0], [5, 4, 3]]
    assert Flip(axis="frequency").apply(picture, {"axis": "frequency"}).tolist() == [[3, 4, 5], [0, 1, 2]]
