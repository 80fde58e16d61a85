"""Which clips an epoch sees, in which order: decided by a seed and the epoch alone, so that it can be resumed."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
from numpy.typing import NDArray

from hearfelt.corpora.manifest import Manifest
from hearfelt.training.recipe import SamplingPart


def sampling_weights(rows: Manifest, config: SamplingPart) -> NDArray[np.float64]:
    """Probability of each row under balanced sampling; classes within a corpus share alike.

    Returns:
        (rows,) summing to one.
    """
    classes: dict[str, Counter[str]] = defaultdict(Counter)
    speakers: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        classes[row.corpus][row.emotion] += 1
        speakers[row.corpus].add(row.speaker)
    share = {
        corpus: min(counts.total(), config.max_corpus_clips) ** config.corpus_power
        * min(1.0, len(speakers[corpus]) / config.min_speakers) ** 0.5
        for corpus, counts in classes.items()
    }
    weights = np.array(
        [share[row.corpus] / len(classes[row.corpus]) / classes[row.corpus][row.emotion] for row in rows]
    )
    normalized: NDArray[np.float64] = weights / weights.sum()
    return normalized


def epoch_order(rows: Manifest, config: SamplingPart, generator: np.random.Generator) -> NDArray[np.int64]:
    """Row numbers of one epoch, in order; repeats are possible where sampling is balanced."""
    count = config.clips_per_epoch or len(rows)
    if config.name == "balanced":
        return generator.choice(len(rows), size=count, p=sampling_weights(rows, config))
    order = [generator.permutation(len(rows)) for _ in range(-(-count // len(rows)))]
    return np.concatenate(order)[:count]
