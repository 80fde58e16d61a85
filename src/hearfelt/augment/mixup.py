"""Two clips at once, with both labels."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import Field

from hearfelt.augment._arrays import indices_like, like
from hearfelt.augment._base import Array, Augmentation, Parameters


class Mixup(Augmentation):
    """Convex combinations of the rows of a batch and of their labels (Zhang et al. 2018).

    Attributes:
        alpha: of the Beta(alpha, alpha) distribution that shares are drawn from; small values mix little.
        probability: of each row to be mixed.
    """

    stage = "batch"
    name: Literal["mixup"] = "mixup"
    alpha: float = Field(default=0.2, gt=0, le=100)

    def sample(self, generator: np.random.Generator, rows: int) -> Parameters:
        """Draw, for each row, the share of itself that is kept and the row that the rest comes from."""
        shares = generator.beta(self.alpha, self.alpha, rows)
        shares[generator.random(rows) >= self.probability] = 1.0
        return {
            "shares": [float(share) for share in shares],
            "partners": [int(row) for row in generator.permutation(rows)],
        }

    def apply(self, batch: Array, parameters: Parameters) -> Array:
        """Mix (batch, ...), waveforms, spectrograms or soft labels (batch, classes), numpy or torch.

        Rows padded to one length are as long, after mixing, as the longer of the two.

        >>> labels = np.eye(2)
        >>> Mixup().apply(labels, {"shares": [0.75, 1.0], "partners": [1, 0]})
        array([[0.75, 0.25],
               [0.  , 1.  ]])
        """
        partners = indices_like(np.array(parameters["partners"], dtype=np.int64), batch)
        shares = np.array(parameters["shares"], dtype=np.float64)
        kept = like(shares.reshape(-1, *(1 for _ in batch.shape[1:])), batch)
        mixed: Array = batch * kept + batch[partners] * (1 - kept)
        return mixed

    def apply_lengths(self, lengths: Array, parameters: Parameters) -> Array:
        """Valid samples or frames of each row after mixing, (batch,) of whole numbers.

        >>> Mixup().apply_lengths(np.array([5, 9]), {"shares": [0.75, 1.0], "partners": [1, 0]})
        array([9, 9])
        """
        partners = indices_like(np.array(parameters["partners"], dtype=np.int64), lengths)
        other = lengths[partners]
        mixed = indices_like(np.array(parameters["shares"]) < 1.0, lengths)
        # The larger of two without a function that numpy and torch name differently.
        longer: Array = lengths + (other - lengths) * ((other > lengths) & mixed)
        return longer
