import numpy as np
import pytest
import torch

from hearfelt.augment.resize import Resize
from hearfelt.errors import RecipeError


@pytest.mark.parametrize("mode", ["bilinear", "nearest-exact"])
@pytest.mark.parametrize("size", [(128, 256), (20, 30), (1, 1), (33, 47)])
def test_it_is_torchs_interpolate(mode, size):
    picture = np.random.default_rng(0).standard_normal((3, 33, 47)).astype(np.float32)
    resize = Resize(bands=size[0], frames=size[1], interpolation=mode.removesuffix("-exact"))
    options = {} if mode == "nearest-exact" else {"align_corners": False}
    expected = torch.nn.functional.interpolate(torch.from_numpy(picture)[None], size, mode=mode, **options)[0]
    np.testing.assert_allclose(
        resize.apply(picture, {"bands": size[0], "frames": size[1]}), expected, atol=1e-5
    )


def test_it_is_for_all_clips_or_none():
    from hearfelt.augment import create_augmentation

    with pytest.raises(RecipeError, match="a batch needs one size"):
        create_augmentation({"name": "resize", "probability": 0.5})


def test_whole_numbers_are_refused():
    with pytest.raises(TypeError, match="floating"):
        Resize().apply(np.zeros((4, 4), np.uint8), {"bands": 8, "frames": 8})
