from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import CorpusError, RecipeError
from hearfelt.features.colours import put_on
from hearfelt.features.images import encode_png, read_png
from hearfelt.features.picture import PictureConfig
from hearfelt.training.pictures import cache_pictures, settle_colours

CONFIG = PictureConfig(height=8, width=6)


@pytest.fixture
def manifest(tmp_path, generator):
    rows = []
    for number in range(5):
        path = tmp_path / f"{number}.png"
        path.write_bytes(encode_png(put_on(generator.random((8, 6)), "magma")))
        rows.append(Row(str(path), "c", "unknown", "sad", statement=str(number)))
    return Manifest(rows)


def test_pictures_come_back_in_order_and_are_decoded_once(manifest, tmp_path):
    seen = []
    first = cache_pictures(
        manifest, CONFIG, folder=tmp_path / "cache", progress=lambda *done: seen.append(done)
    )
    assert first.report.decoded == 5 and seen[-1] == (5, 5)
    again = cache_pictures(manifest, CONFIG, folder=tmp_path / "cache")
    assert again.report.decoded == 0 and len(again) == 5
    for number, row in enumerate(manifest):
        expected = read_png(row.path).reshape(-1)
        np.testing.assert_array_equal(again[number], expected)
        assert again.samples(number) == again.sample_rate == expected.size
    assert again[0].dtype == np.float32
    assert len({row.audio_hash for row in again.manifest}) == 5


def test_a_changed_picture_or_size_is_another_cache_and_a_damaged_one_is_built_again(
    manifest, tmp_path, generator
):
    cache = tmp_path / "cache"
    cache_pictures(manifest, CONFIG, folder=cache)
    larger = PictureConfig(height=16, width=6, resize=True)
    assert cache_pictures(manifest, larger, folder=cache).pixels.shape == (5, 16, 6, 3)
    (tmp_path / "2.png").write_bytes(encode_png(put_on(generator.random((8, 6)), "magma")))
    assert cache_pictures(manifest, CONFIG, folder=cache).report.decoded == 5
    for file in cache.glob("*/pictures.u8"):
        file.write_bytes(bytes(len(file.read_bytes())))
    assert cache_pictures(manifest, CONFIG, folder=cache).report.decoded == 5


def test_pictures_that_cannot_be_used_stop_everything_with_their_names(manifest, tmp_path):
    with pytest.raises(CorpusError, match=r"5 of 5 pictures .* 8 x 6 .* 77 x 77"):
        cache_pictures(manifest, PictureConfig(), folder=tmp_path / "cache")
    (tmp_path / "3.png").write_bytes(b"GIF89a")
    with pytest.raises(CorpusError, match=r"1 of 5 .*3\.png is not a PNG"):
        cache_pictures(manifest, CONFIG, folder=tmp_path / "cache")
    (tmp_path / "3.png").unlink()
    with pytest.raises(CorpusError, match=r"1 of 5 .*3\.png cannot be opened"):
        cache_pictures(manifest, CONFIG, folder=tmp_path / "cache")
    assert not [path for path in (tmp_path / "cache").iterdir() if path.is_dir()]


def test_colours_are_settled(manifest, tmp_path):
    pictures = cache_pictures(manifest, CONFIG, folder=tmp_path / "cache")
    config, sentence = settle_colours(CONFIG, pictures)
    assert (config.colours, config.colour_map) == ("undo", "magma") and "magma" in sentence
    wrong = CONFIG.model_copy(update={"colours": "undo", "colour_map": "jet"})
    with pytest.raises(RecipeError, match="jet"):
        settle_colours(wrong, pictures)
    asked = CONFIG.model_copy(update={"colours": "rgb"})
    assert settle_colours(asked, pictures)[0] == asked
    noise = np.random.default_rng(0).integers(0, 256, (8, 6, 3), dtype=np.uint8)
    for row in manifest:
        Path(row.path).write_bytes(encode_png(noise))
    strange = cache_pictures(manifest, CONFIG, folder=tmp_path / "cache")
    assert settle_colours(CONFIG, strange)[0].colours == "rgb"
