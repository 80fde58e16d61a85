"""Is there any speech here?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def has_speech(samples: NDArray[np.float32], sample_rate: int) -> bool:
    """Whether a clip may hold speech; in doubt, yes."""
    if samples.size < sample_rate * 0.1:
        return False
    return bool(np.ptp(samples) > 1e-6)
