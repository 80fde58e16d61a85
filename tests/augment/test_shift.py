import numpy as np
import pytest

CLIP = np.arange(1, 11, dtype=np.float32)


@pytest.mark.parametrize(
    ("move", "wrap", "expected"),
    [
        (3, False, [0, 0, 0, 1, 2, 3, 4, 5, 6, 7]),
        (-3, False, [4, 5, 6, 7, 8, 9, 10, 0, 0, 0]),
        (3, True, [8, 9, 10, 1, 2, 3, 4, 5, 6, 7]),
        (0, False, range(1, 11)),
    ],
)
def test_a_clip_moves(run, move, wrap, expected):
    assert np.array_equal(
        run("shift", CLIP, {"samples": move}, wrap=wrap), np.array(list(expected), np.float32)
    )


def test_moves_stay_within_the_bound_and_inside_the_clip():
    from hearfelt.augment.shift import Shift

    generator = np.random.default_rng(0)
    moves = [Shift(max_seconds=0.1).sample(generator, 16000, 16000)["samples"] for _ in range(500)]
    assert -1600 <= min(moves) < -1500 and 1500 < max(moves) <= 1600
    assert all(abs(Shift(max_seconds=9).sample(generator, 5, 16000)["samples"]) < 5 for _ in range(100))
