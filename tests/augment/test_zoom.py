from __future__ import annotations

import numpy as np
import pytest
import torch

from hearfelt.augment.zoom import Zoom

NOTHING = {"time_factor": 1.0, "time_shift": 0.0, "frequency_factor": 1.0, "frequency_shift": 0.0}


@pytest.mark.parametrize("fill", ["edge", "wrap"])
def test_no_factor_and_no_move_change_nothing(fill, generator):
    picture = generator.standard_normal((13, 17))
    np.testing.assert_array_equal(Zoom(fill=fill).apply(picture, NOTHING), picture)


def test_whole_moves_are_those_of_the_pixels(generator):
    picture = generator.standard_normal((5, 9))
    moved = Zoom(fill="wrap").apply(picture, {**NOTHING, "time_shift": 2.0, "frequency_shift": -1.0})
    np.testing.assert_allclose(moved, np.roll(picture, (-1, 2), (0, 1)), atol=1e-6)
    edge = Zoom().apply(picture, {**NOTHING, "time_shift": 2.0})
    np.testing.assert_allclose(edge[:, 2:], picture[:, :-2], atol=1e-6)
    np.testing.assert_allclose(edge[:, :2], picture[:, :1].repeat(2, 1), atol=1e-6)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.3, 2.0])
def test_distances_from_the_centre_grow_by_the_factor(factor):
    ramp = np.arange(101.0)[None] - 50
    stretched = Zoom().apply(ramp, {**NOTHING, "time_factor": factor})[0]
    inside = np.abs(ramp[0] / factor) <= 50
    np.testing.assert_allclose(stretched[inside], (ramp[0] / factor)[inside], atol=1e-4)


@pytest.mark.parametrize("fill", ["edge", "wrap"])
def test_rows_of_the_matrix_sum_to_one(fill):
    for factor, shift in ((1.2, 3.4), (0.7, -20.0), (2.0, 0.5)):
        matrix = Zoom(fill=fill).matrix(30, factor, shift)
        np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-6)
        assert matrix.min() >= 0


def test_draws_stay_in_their_ranges(generator):
    zoom = Zoom(
        max_time_stretch=0.25, max_time_shift=0.1, max_frequency_stretch=0.05, max_frequency_shift=0.02
    )
    draws = [zoom.sample(generator, 50, 200) for _ in range(300)]
    factors = np.array([draw["time_factor"] for draw in draws])
    assert factors.min() >= 1 / 1.25 and factors.max() <= 1.25
    assert abs(np.log(factors).mean()) < 0.03
    assert max(abs(draw["time_shift"]) for draw in draws) <= 20
    assert max(abs(draw["frequency_shift"]) for draw in draws) <= 1


def test_every_channel_moves_alike_and_torch_equals_numpy(generator):
    picture = generator.standard_normal((3, 11, 13)).astype(np.float32)
    zoom = Zoom(max_frequency_stretch=0.2, max_frequency_shift=0.1)
    draw = zoom.sample(generator, 11, 13)
    together = zoom.apply(picture, draw)
    for channel in range(3):
        np.testing.assert_allclose(together[channel], zoom.apply(picture[channel], draw), atol=1e-6)
    np.testing.assert_allclose(zoom.apply(torch.from_numpy(picture), draw).numpy(), together, atol=1e-5)
