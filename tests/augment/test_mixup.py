import numpy as np
import pytest
import torch

from hearfelt.augment import augment_batch
from hearfelt.augment.mixup import Mixup


def test_labels_sum_to_one_and_say_what_is_in_the_clip():
    generator = np.random.default_rng(0)
    rows = 40
    batch = np.eye(rows, dtype=np.float32)  # row i holds clip i only, so the mix shows what it is made of
    mixed, labels, _ = augment_batch(
        batch, np.eye(rows, dtype=np.float32), [Mixup(probability=1.0)], generator
    )
    np.testing.assert_allclose(labels.sum(axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(mixed, labels, atol=1e-6)
    assert labels.min() >= 0.0 and (labels > 0).sum(axis=1).max() == 2


def test_shares_follow_the_beta_distribution():
    shares = np.array(Mixup(alpha=0.4, probability=1.0).sample(np.random.default_rng(0), 20000)["shares"])
    assert shares.mean() == pytest.approx(0.5, abs=0.02)
    assert shares.var() == pytest.approx(1 / (4 * (2 * 0.4 + 1)), rel=0.03)


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_the_share_of_mixed_rows_is_the_probability(probability):
    shares = np.array(Mixup(probability=probability).sample(np.random.default_rng(0), 5000)["shares"])
    assert np.mean(shares < 1.0) == pytest.approx(probability, abs=0.03)


def test_partners_are_a_permutation():
    assert sorted(Mixup().sample(np.random.default_rng(0), 33)["partners"]) == list(range(33))


def test_torch_gives_the_same_and_lengths_grow_to_the_longer():
    generator = np.random.default_rng(0)
    batch, labels = generator.standard_normal((5, 3, 7)).astype(np.float32), np.eye(5, dtype=np.float32)
    lengths = np.array([7, 2, 5, 3, 1])
    draws = Mixup(probability=0.6).sample(generator, 5)
    mixup = Mixup()
    np.testing.assert_allclose(
        mixup.apply(torch.from_numpy(batch), draws).numpy(), mixup.apply(batch, draws), atol=1e-6
    )
    grown = mixup.apply_lengths(lengths, draws)
    assert np.array_equal(mixup.apply_lengths(torch.from_numpy(lengths), draws).numpy(), grown)
    for row, (share, partner) in enumerate(zip(draws["shares"], draws["partners"], strict=True)):
        assert grown[row] == (max(lengths[row], lengths[partner]) if share < 1 else lengths[row])
    assert mixup.apply(torch.from_numpy(labels), draws).dtype == torch.float32
