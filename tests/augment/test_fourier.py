import numpy as np

from hearfelt.augment._fourier import filter_by, quick_length


def test_lengths_are_smooth_even_and_close():
    for samples in [*range(1, 300), 47999, 48001, 99991, 2**20 + 1]:
        length = quick_length(samples)
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        assert rest == 1 and length % 2 == 0
        assert samples <= length <= max(2, 1.5 * samples)


def test_a_response_of_one_is_identity():
    clip = np.random.default_rng(0).standard_normal(101).astype(np.float32)
    np.testing.assert_allclose(filter_by(clip, np.ones(65, np.float32), 128), clip, atol=1e-6)
