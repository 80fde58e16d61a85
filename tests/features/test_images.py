from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from hearfelt.errors import AudioError, CorpusError
from hearfelt.features.images import (
    ImageConfig,
    draw_image,
    encode_png,
    fit_duration,
    read_png,
    resize_plane,
    spectrogram,
)


def test_mel_decibels_are_librosas(generator):
    librosa = pytest.importorskip("librosa")
    clip = (generator.standard_normal(16000) * np.linspace(0.001, 1, 16000)).astype(np.float32)
    config = ImageConfig()
    powers = librosa.feature.melspectrogram(
        y=clip, sr=16000, n_fft=1024, hop_length=256, n_mels=128, fmin=0, fmax=8000, center=False
    )
    theirs = librosa.power_to_db(powers, ref=np.max, top_db=80)
    np.testing.assert_allclose(spectrogram(clip, config) * 80 - 80, theirs, atol=0.01)


@pytest.mark.parametrize("kind", ["mel", "linear", "log_amplitude"])
def test_a_tone_is_a_line_at_its_height(kind):
    tone = np.sin(2 * np.pi * 2000 * np.arange(16000) / 16000).astype(np.float32)
    pixels = draw_image(tone, ImageConfig(kind=kind, height=80, width=40, colours="grey"))[..., 0]
    rows = pixels.argmax(axis=0)
    mel = lambda hertz: 15 + np.log(hertz / 1000) / (np.log(6.4) / 27)  # noqa: E731
    share = mel(2000) / mel(8000) if kind == "mel" else 2000 / 8000
    assert np.abs(rows - (1 - share) * 80).max() <= 1.5
    assert pixels.max() >= 40


def test_level_does_not_show_and_silence_is_drawn(generator):
    clip = generator.standard_normal(8000).astype(np.float32)
    np.testing.assert_array_equal(draw_image(clip, ImageConfig()), draw_image(clip / 8, ImageConfig()))
    silent = draw_image(np.zeros(8000, np.float32), ImageConfig(colours="grey"))
    assert silent.shape == (77, 77, 1) and not silent.any()
    with pytest.raises(AudioError, match="no samples"):
        draw_image(np.zeros(0, np.float32), ImageConfig())


def test_duration_policies():
    def size(samples: int, duration: str) -> int:
        config = ImageConfig(duration=duration, seconds=None if duration in ("stretch", "keep") else 1.0)
        return fit_duration(np.ones(samples, np.float32), config).size

    assert [size(8000, name) for name in ("stretch", "crop", "pad", "crop_pad")] == [8000, 8000, 16000, 16000]
    assert [size(24000, name) for name in ("stretch", "crop", "pad", "crop_pad")] == [
        24000,
        16000,
        24000,
        16000,
    ]
    ramp = np.arange(24000, dtype=np.float32)
    middle = fit_duration(ramp, ImageConfig(duration="crop", seconds=1.0))
    assert middle[0] == 4000 and middle[-1] == 19999
    kept = draw_image(np.ones(16000, np.float32), ImageConfig(duration="keep"))
    assert kept.shape == (77, ImageConfig().front_end().frame_count(16000), 3)


def test_wrong_settings_are_refused():
    for wrong in ({"duration": "crop"}, {"seconds": 3.0}, {"colours": "magna"}, {"max_hz": 9000.0}):
        with pytest.raises(ValidationError):
            ImageConfig.model_validate(wrong)


def test_resizing_keeps_the_mean_and_straight_lines(generator):
    plane = generator.random((30, 50))
    assert resize_plane(plane, 7, 11).mean() == pytest.approx(plane.mean())
    ramp = np.linspace(0, 1, 40)[None].repeat(4, 0)
    assert np.abs(np.diff(resize_plane(ramp, 4, 10)[0], 2)).max() < 1e-12
    np.testing.assert_array_equal(resize_plane(plane, 30, 50), plane)


@pytest.mark.parametrize("channels", [1, 3])
def test_written_pictures_are_read_back(channels, generator, tmp_path):
    pixels = generator.integers(0, 256, (9, 14, channels), dtype=np.uint8)
    path = tmp_path / "a.png"
    path.write_bytes(encode_png(pixels))
    np.testing.assert_array_equal(read_png(path, height=9, width=14, channels=channels), pixels)
    np.testing.assert_array_equal(read_png(path.read_bytes()), pixels)


def as_png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_modes_of_strangers_are_understood(generator):
    rgb = generator.integers(0, 256, (8, 8, 3), dtype=np.uint8)
    opaque = np.dstack([rgb, np.full((8, 8), 255, np.uint8)])
    np.testing.assert_array_equal(read_png(as_png(Image.fromarray(opaque, "RGBA"))), rgb)
    clear = np.dstack([rgb, np.zeros((8, 8), np.uint8)])
    assert (read_png(as_png(Image.fromarray(clear, "RGBA"))) == 255).all()
    few = rgb // 128 * 128
    palette = Image.fromarray(few).convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    np.testing.assert_array_equal(read_png(as_png(palette)), few)
    grey = Image.fromarray(rgb[..., 0])
    assert read_png(as_png(grey), channels=3).shape == (8, 8, 3)
    assert read_png(as_png(grey.convert("RGB")), channels=1).shape == (8, 8, 1)


def test_wrong_pictures_get_one_clear_error(generator, tmp_path):
    pixels = generator.integers(0, 256, (9, 14, 3), dtype=np.uint8)
    with pytest.raises(CorpusError, match=r"9 x 14 .* 77 x 77"):
        read_png(encode_png(pixels), height=77, width=77)
    assert read_png(encode_png(pixels), height=77, width=77, resize=True).shape == (77, 77, 3)
    with pytest.raises(CorpusError, match="coloured"):
        read_png(encode_png(pixels), channels=1)
    with pytest.raises(CorpusError, match="not a PNG"):
        read_png(b"\xff\xd8\xff\xe0 JPEG")
    with pytest.raises(CorpusError, match="damaged"):
        read_png(encode_png(pixels)[:60])
    with pytest.raises(CorpusError, match="Cannot read"):
        read_png(tmp_path / "none.png")
    with pytest.raises(CorpusError, match="mode I;16"):
        read_png(as_png(Image.fromarray(np.zeros((4, 4), np.uint16))))
