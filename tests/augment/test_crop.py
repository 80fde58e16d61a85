import numpy as np

from hearfelt.augment.crop import Crop

RATE = 16000


def test_a_crop_is_a_stretch_of_the_clip_within_its_bounds():
    crop = Crop(min_share=0.3, max_share=0.6, min_seconds=0.1)
    clip = np.arange(16000, dtype=np.float32)
    generator = np.random.default_rng(0)
    starts, lengths = [], []
    for _ in range(300):
        out = crop.apply(clip, crop.sample(generator, clip.size, RATE), RATE)
        assert np.array_equal(out, np.arange(out[0], out[0] + out.size))
        starts.append(out[0])
        lengths.append(out.size)
    assert 4800 <= min(lengths) < 5200 and 9200 < max(lengths) <= 9600
    assert min(starts) < 500 and max(starts) > 9500


def test_a_crop_is_no_shorter_than_asked_unless_the_clip_is():
    crop = Crop(min_share=0.01, max_share=0.01, min_seconds=0.5)
    for samples, expected in ((16000, 8000), (100, 100)):
        assert crop.sample(np.random.default_rng(0), samples, RATE)["samples"] == expected
