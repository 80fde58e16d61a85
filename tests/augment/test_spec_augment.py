import numpy as np
import pytest

from hearfelt.augment.spec_augment import SpecAugment


@pytest.mark.parametrize(("bands", "frames"), [(64, 186), (64, 20), (20, 3)])
def test_it_masks_at_most_what_was_asked(bands, frames):
    masks = SpecAugment(
        time_masks=2,
        max_time_frames=15,
        max_time_share=0.25,
        frequency_masks=3,
        max_frequency_bands=6,
        fill="zero",
    )
    generator = np.random.default_rng(0)
    most_frames = most_bands = 0
    for _ in range(200):
        out = masks.apply(np.ones((bands, frames)), masks.sample(generator, bands, frames))
        hidden_frames, hidden_bands = int((out == 0).all(axis=0).sum()), int((out == 0).all(axis=1).sum())
        assert (out == 0).sum() == hidden_frames * bands + hidden_bands * (frames - hidden_frames)
        most_frames, most_bands = max(most_frames, hidden_frames), max(most_bands, hidden_bands)
    limit = 2 * min(15, int(0.25 * frames))
    assert most_frames <= limit and most_bands <= min(bands, 18)
    assert most_frames >= limit / 2  # and does use its room


def test_every_place_and_width_is_reached():
    masks = SpecAugment(time_masks=1, max_time_frames=3, max_time_share=1.0, frequency_masks=0)
    generator = np.random.default_rng(0)
    seen = {tuple(masks.sample(generator, 4, 6)["time"][0]) for _ in range(2000)}
    expected = {(first, first + width) for width in range(4) for first in range(6 - width + 1)}
    assert seen == expected


@pytest.mark.parametrize("fill", ["mean", "zero"])
def test_masks_are_filled_with_the_mean_of_the_clip_or_zero(fill):
    spectrogram = np.random.default_rng(0).normal(5.0, 1.0, (8, 10))
    out = SpecAugment(fill=fill).apply(spectrogram, {"time": [[2, 4]], "frequency": [[7, 8]]})
    expected = spectrogram.mean() if fill == "mean" else 0.0
    assert np.allclose(out[:, 2:4], expected) and np.allclose(out[7], expected)
    assert np.array_equal(out[:7, 4:], spectrogram[:7, 4:])
