"""What each augmentation costs, as the table of docs/augmentation.md: python benchmarks/augmentation.py."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from hearfelt.augment import Augmentation, WaveformAugmentation, create_augmentation, list_augmentations

RATE, SECONDS, BANDS, FRAMES, ROWS = 16000, 3, 64, 186, 64
KINDS = {
    "noise": ("white", "pink", "brown", "hum", "babble"),
    "codec": ("telephone", "narrowband", "mu_law", "opus", "mp3"),
}
WHAT = {
    "clip": "cuts peaks at a percentile",
    "codec": "telephone band and rate, 8-bit mu-law, low bit rates",
    "crop": "keeps a random stretch",
    "equalize": "random tone control",
    "flip": "mirrors the picture",
    "frequency_warp": "longer or shorter vocal tract",
    "gain": "louder or quieter; with `limit`, overdriven",
    "mixup": "two clips at once, both labels (a batch of 64)",
    "noise": "background noise at a signal-to-noise ratio",
    "pitch": "higher or lower voice, same tempo",
    "resize": "one size for all pictures",
    "reverb": "a synthetic room",
    "rotate": "turns the picture",
    "shift": "earlier or later",
    "spec_augment": "hides stretches of frames and bands",
    "speed": "pitch and tempo together, as a tape",
    "tempo": "faster or slower, same pitch",
}


def variants(name: str) -> Iterator[tuple[str, Augmentation]]:
    """The augmentation, or one for each of its kinds."""
    for kind in KINDS.get(name, ("",)):
        yield kind, create_augmentation({"name": name, **({"kinds": [kind]} if kind else {})})


def once(augmentation: Any) -> Callable[[np.random.Generator], Any]:
    """A function that draws and applies."""
    generator = np.random.default_rng(0)
    clip = (0.1 * generator.standard_normal(SECONDS * RATE)).astype(np.float32)
    bands = generator.standard_normal((BANDS, FRAMES)).astype(np.float32)
    if isinstance(augmentation, WaveformAugmentation):
        return lambda draw: augmentation.apply(
            clip, augmentation.sample(draw, clip.size, RATE), RATE, clips=lambda _: clip
        )
    if augmentation.stage == "batch":
        batch = np.stack([bands] * ROWS)
        return lambda draw: augmentation.apply(batch, augmentation.sample(draw, ROWS))
    return lambda draw: augmentation.apply(bands, augmentation.sample(draw, BANDS, FRAMES))


def main(repeats: int = 200) -> None:
    """Print the table."""
    print("| name | stage | what it does | ms |\n|---|---|---|---|")
    for name in sorted(
        list_augmentations(), key=lambda name: (create_augmentation(name).stage != "waveform", name)
    ):
        costs = []
        for kind, augmentation in variants(name):
            run, times = once(augmentation), []
            for repeat in range(repeats if kind not in ("opus", "mp3") else repeats // 10):
                begin = time.process_time()
                run(np.random.default_rng(repeat))
                times.append(1000 * (time.process_time() - begin))
            costs.append(f"{kind} {np.median(times):.2f}".strip())
        print(f"| `{name}` | {augmentation.stage} | {WHAT.get(name, '')} | {', '.join(costs)} |")


if __name__ == "__main__":
    main()
