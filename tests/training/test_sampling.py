"""An epoch sees what the recipe says: each clip once, or classes and corpora in their shares."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.training.recipe import SamplingPart
from hearfelt.training.sampling import epoch_order, sampling_weights


def rows(corpus: str, counts: dict[str, int], speakers: int = 8) -> list[Row]:
    return [
        Row(f"/{corpus}/{emotion}{number}.wav", corpus, f"{corpus}_{number % speakers}", emotion)
        for emotion, count in counts.items()
        for number in range(count)
    ]


#: Two corpora of 500 and 2000 clips, both with unequal classes.
MIXED = Manifest(
    rows("small", {"happy": 400, "sad": 90, "angry": 10}) + rows("large", {"happy": 300, "neutral": 1700})
)


def sampling(**fields: Any) -> SamplingPart:
    return SamplingPart.model_validate(fields)


def corpus_shares(manifest: Manifest, config: SamplingPart) -> dict[str, float]:
    shares: Counter[str] = Counter()
    for row, weight in zip(manifest, sampling_weights(manifest, config), strict=True):
        shares[row.corpus] += weight
    return dict(shares)


def test_shuffle_is_each_clip_once(generator: np.random.Generator) -> None:
    order = epoch_order(MIXED, sampling(), generator)
    assert sorted(order) == list(range(len(MIXED)))
    assert list(order) != sorted(order)


@pytest.mark.parametrize("count", [2, 700, 2500, 6000])
def test_shuffle_of_another_length_is_as_even_as_can_be(generator: np.random.Generator, count: int) -> None:
    order = epoch_order(MIXED, sampling(clips_per_epoch=count), generator)
    times = np.bincount(order, minlength=len(MIXED))
    assert len(order) == count
    assert times.max() - times.min() <= 1


def test_balanced_classes_have_equal_shares_within_a_corpus(generator: np.random.Generator) -> None:
    order = epoch_order(MIXED, sampling(name="balanced", clips_per_epoch=40_000), generator)
    drawn = Counter((MIXED[int(row)].corpus, MIXED[int(row)].emotion) for row in order)
    for corpus in ("small", "large"):
        counts = np.array([count for (name, _), count in drawn.items() if name == corpus])
        # multinomial with equal chances: five standard deviations
        expected = counts.sum() / len(counts)
        assert np.abs(counts - expected).max() < 5 * np.sqrt(expected), drawn


def test_within_a_class_every_clip_has_the_same_chance() -> None:
    weights = sampling_weights(MIXED, sampling(name="balanced"))
    chances = {(row.corpus, row.emotion): set() for row in MIXED}  # type: ignore[var-annotated]
    for row, weight in zip(MIXED, weights, strict=True):
        chances[row.corpus, row.emotion].add(round(weight, 15))
    assert all(len(values) == 1 for values in chances.values())
    assert weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(("power", "ratio"), [(0.0, 1.0), (0.5, 2.0), (1.0, 4.0)])
def test_corpora_count_by_a_power_of_their_size(power: float, ratio: float) -> None:
    shares = corpus_shares(MIXED, sampling(name="balanced", corpus_power=power, max_corpus_clips=10_000))
    assert shares["large"] / shares["small"] == pytest.approx(ratio)


def test_clips_beyond_the_most_do_not_count() -> None:
    shares = corpus_shares(MIXED, sampling(name="balanced", corpus_power=1, max_corpus_clips=1000))
    assert shares["large"] / shares["small"] == pytest.approx(2)


def test_corpora_of_few_speakers_count_less() -> None:
    counts = {"happy": 64, "sad": 64}
    both = Manifest(rows("many", counts, speakers=16) + rows("few", counts, speakers=2))
    shares = corpus_shares(both, sampling(name="balanced", min_speakers=8))
    assert shares["few"] / shares["many"] == pytest.approx((2 / 8) ** 0.5)
    shares = corpus_shares(both, sampling(name="balanced", min_speakers=1))
    assert shares["few"] / shares["many"] == pytest.approx(1)


@pytest.mark.parametrize("name", ["shuffle", "balanced"])
def test_the_generator_decides_alone(name: str) -> None:
    def order(seed: int) -> list[int]:
        drawn = epoch_order(MIXED, sampling(name=name, clips_per_epoch=300), np.random.default_rng(seed))
        return [int(row) for row in drawn]

    assert order(1) == order(1)
    assert order(1) != order(2)


def test_balanced_takes_as_many_as_there_are_rows_by_default(generator: np.random.Generator) -> None:
    assert len(epoch_order(MIXED, sampling(name="balanced"), generator)) == len(MIXED)
