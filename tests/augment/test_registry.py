"""What holds for every augmentation, and for chains of them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import BaseModel, ValidationError

from hearfelt.augment import (
    Augmentation,
    AugmentationConfig,
    augment_batch,
    augment_spectrogram,
    augment_waveform,
    create_augmentation,
    list_augmentations,
    replay_waveform,
)
from hearfelt.errors import RecipeError

RATE = 16000
NEW_LENGTH = {"speed", "tempo", "crop"}
#: Every kind of those that have kinds.
VARIANTS: list[dict[str, Any]] = [
    *({"name": name} for name in list_augmentations("waveform") if name not in ("noise", "codec")),
    *({"name": "noise", "kinds": [kind]} for kind in ("white", "pink", "brown", "hum", "babble")),
    *({"name": "codec", "kinds": [kind]} for kind in ("telephone", "narrowband", "mu_law", "opus", "mp3")),
    {"name": "gain", "min_gain_db": 20, "max_gain_db": 40, "limit": True},
    {"name": "shift", "wrap": True},
]


def variant_name(variant: dict[str, Any]) -> str:
    return "-".join(str(value) for value in variant.values())


def other_clip(generator: np.random.Generator) -> np.ndarray:
    return generator.standard_normal(700, dtype=np.float32)


@pytest.mark.parametrize("variant", VARIANTS, ids=variant_name)
class TestEveryWaveformAugmentation:
    @pytest.mark.parametrize("samples", [1, 2, 37, 500, 16001])
    @pytest.mark.parametrize("content", ["noise", "silence", "impulse", "loud"])
    def test_gives_finite_float32_and_leaves_its_input_alone(self, variant, samples, content):
        generator = np.random.default_rng(samples)
        waveform = np.zeros(samples, dtype=np.float32)
        if content == "impulse":
            waveform[samples // 2] = 1.0
        elif content != "silence":
            waveform = generator.standard_normal(samples, dtype=np.float32) * (
                100.0 if content == "loud" else 0.1
            )
        waveform = waveform.astype(np.float32)
        before = waveform.copy()
        waveform.flags.writeable = False
        augmentation = create_augmentation(variant)
        parameters = augmentation.sample(generator, samples, RATE)
        out = augmentation.apply(waveform, parameters, RATE, other_clip)
        assert out.dtype == np.float32 and out.ndim == 1 and out.size >= 1
        assert np.isfinite(out).all()
        assert not np.shares_memory(out, waveform) and np.array_equal(waveform, before)
        if variant["name"] not in NEW_LENGTH:
            assert out.size == samples
        if content == "silence" and variant.get("kinds") not in (["opus"], ["mp3"]):
            assert not out.any()

    def test_replays_from_json(self, variant, voice):
        augmentation = create_augmentation(variant)
        parameters = augmentation.sample(np.random.default_rng(3), voice.size, RATE)
        again = json.loads(json.dumps(parameters, allow_nan=False))
        assert again == parameters
        first = augmentation.apply(voice, parameters, RATE, other_clip)
        assert np.array_equal(first, augmentation.apply(voice, again, RATE, other_clip))

    def test_draws_come_from_the_generator_alone(self, variant, voice):
        augmentation = create_augmentation(variant)
        draws = [augmentation.sample(np.random.default_rng(seed), voice.size, RATE) for seed in (5, 5, 6)]
        assert draws[0] == draws[1] != draws[2]

    @pytest.mark.parametrize("sample_rate", [8000, 22050, 44100])
    def test_works_at_other_rates(self, variant, sample_rate):
        waveform = np.random.default_rng(0).standard_normal(sample_rate // 2, dtype=np.float32) * np.float32(
            0.1
        )
        augmentation = create_augmentation(variant)
        parameters = augmentation.sample(np.random.default_rng(1), waveform.size, sample_rate)
        assert np.isfinite(augmentation.apply(waveform, parameters, sample_rate, other_clip)).all()

    def test_does_something_to_a_voice(self, variant, voice):
        augmentation = create_augmentation(variant)
        parameters = augmentation.sample(np.random.default_rng(0), voice.size, RATE)
        out = augmentation.apply(voice, parameters, RATE, other_clip)
        assert out.size != voice.size or not np.allclose(out, voice, atol=1e-5)


@pytest.mark.parametrize("name", list_augmentations("spectrogram"))
class TestEverySpectrogramAugmentation:
    @pytest.mark.parametrize("shape", [(64, 186), (1, 1), (5, 2), (3, 32, 40), (1, 700)])
    def test_numpy_and_torch_give_the_same_and_leave_their_input_alone(self, name, shape):
        spectrogram = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
        before = spectrogram.copy()
        augmentation = create_augmentation({"name": name, "probability": 1.0})
        parameters = augmentation.sample(np.random.default_rng(1), *shape[-2:])
        assert json.loads(json.dumps(parameters)) == parameters
        out = augmentation.apply(spectrogram, parameters)
        tensor = torch.from_numpy(spectrogram.copy())
        out_torch = augmentation.apply(tensor, parameters)
        assert out.dtype == np.float32 and np.isfinite(out).all()
        assert out_torch.dtype == torch.float32
        np.testing.assert_allclose(out_torch.numpy(), out, atol=1e-5)
        assert np.array_equal(spectrogram, before) and np.array_equal(tensor.numpy(), before)
        assert not np.shares_memory(out, spectrogram)
        if name != "resize":
            assert out.shape == shape

    def test_leading_axes_are_treated_alike(self, name):
        picture = np.random.default_rng(0).standard_normal((3, 32, 40)).astype(np.float32)
        augmentation = create_augmentation({"name": name, "probability": 1.0})
        if name == "spec_augment":
            augmentation = augmentation.model_copy(update={"fill": "zero"})  # else the mean is all channels'
        parameters = augmentation.sample(np.random.default_rng(1), 32, 40)
        together = augmentation.apply(picture, parameters)
        apart = np.stack([augmentation.apply(channel, parameters) for channel in picture])
        np.testing.assert_allclose(together, apart, atol=1e-6)

    def test_keeps_the_type(self, name):
        augmentation = create_augmentation({"name": name, "probability": 1.0})
        tensor = torch.randn(16, 20, generator=torch.Generator().manual_seed(0)).to(torch.bfloat16)
        parameters = augmentation.sample(np.random.default_rng(1), 16, 20)
        assert augmentation.apply(tensor, parameters).dtype == torch.bfloat16


def test_every_member_has_one_file_one_class_one_name():
    assert list_augmentations() == sorted(list_augmentations())
    stages = [list_augmentations(stage) for stage in ("waveform", "spectrogram", "batch")]
    assert sorted(name for names in stages for name in names) == list_augmentations()
    assert {"noise", "gain", "speed", "equalize", "reverb", "spec_augment", "mixup"} <= set(
        list_augmentations()
    )


@pytest.mark.parametrize("name", list_augmentations())
def test_survives_a_recipe(name):
    class Recipe(BaseModel):
        augmentation: list[AugmentationConfig]

    made = create_augmentation(name)
    recipe = Recipe.model_validate({"augmentation": [{"name": name}]})
    assert recipe.augmentation == [made]
    assert Recipe.model_validate_json(recipe.model_dump_json()).augmentation == [made]
    with pytest.raises(ValidationError):
        Recipe.model_validate({"augmentation": [{"name": name, "no_such_option": 1}]})
    with pytest.raises(ValidationError):
        made.probability = 0.1  # frozen


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"name": "nois"}, ["'nois'", "'noise'", "spec_augment"]),
        ({}, ["''", "noise"]),
        ({"name": "noise", "min_snr": 3}, ["'min_snr'", "'min_snr_db'", "probability"]),
        ({"name": "noise", "probability": 1.5}, ["probability", "1.5", "less than or equal to 1"]),
        ({"name": "noise", "min_snr_db": 9, "max_snr_db": 3}, ["min_snr_db 9.0 is above max_snr_db 3.0"]),
        ({"name": "noise", "kinds": ["pinkish"]}, ["kinds.0", "pinkish", "'pink'"]),
        ({"name": "gain", "min_gain_db": float("nan")}, ["min_gain_db", "finite"]),
    ],
)
def test_mistakes_are_one_sentence(config, words):
    with pytest.raises(RecipeError) as caught:
        create_augmentation(config)
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert "\n" not in str(caught.value)


CHAIN = [
    {"name": "noise"},
    {"name": "speed"},
    {"name": "reverb"},
    {"name": "equalize"},
    {"name": "spec_augment"},
]


def chain(probability: float) -> list[Augmentation]:
    return [create_augmentation({**config, "probability": probability}) for config in CHAIN]


def test_probability_zero_is_identity(voice):
    generator = np.random.default_rng(0)
    assert np.array_equal(augment_waveform(voice, chain(0.0), generator, RATE), voice)
    spectrogram = np.random.default_rng(1).standard_normal((3, 64, 50))
    assert np.array_equal(augment_spectrogram(spectrogram, chain(0.0), generator), spectrogram)


def test_the_share_of_clips_is_the_probability():
    generator = np.random.default_rng(0)
    chain = [create_augmentation({"name": "gain", "probability": probability}) for probability in (0.2, 0.7)]
    seen = [0, 0]
    for _ in range(2000):
        record: list[dict[str, Any]] = []
        augment_waveform(np.ones(4, np.float32), chain, generator, RATE, record=record)
        for step in record:
            seen[step["config"]["probability"] == 0.7] += 1
    # Four standard deviations of a binomial.
    assert abs(seen[0] / 2000 - 0.2) < 4 * np.sqrt(0.2 * 0.8 / 2000)
    assert abs(seen[1] / 2000 - 0.7) < 4 * np.sqrt(0.7 * 0.3 / 2000)


def test_same_seed_same_chain_and_record_replays_it(voice):
    runs, records = [], []
    for seed in (1, 1, 2):
        record: list[dict[str, Any]] = []
        runs.append(augment_waveform(voice, chain(0.7), np.random.default_rng(seed), RATE, record=record))
        records.append(json.loads(json.dumps(record)))
    assert np.array_equal(runs[0], runs[1])
    assert records[0] == records[1] != records[2] and records[0]
    assert np.array_equal(replay_waveform(voice, records[0], RATE), runs[0])


def test_rows_of_a_batch_have_their_own_draws_and_padding_is_left_alone():
    batch = np.random.default_rng(0).standard_normal((6, 32, 100)).astype(np.float32)
    masks = [create_augmentation({"name": "spec_augment", "fill": "zero"})]
    lengths = np.array([100, 80, 60, 40, 20, 1])
    out = augment_spectrogram(batch, masks, np.random.default_rng(0), lengths=lengths)
    for row, before, length in zip(out, batch, lengths, strict=True):
        assert np.array_equal(row[:, length:], before[:, length:])
    same = np.repeat(batch[:1], 6, axis=0)
    different = augment_spectrogram(same, masks, np.random.default_rng(0))
    assert len({row.tobytes() for row in different}) == 6
    tensor = augment_spectrogram(
        torch.from_numpy(batch), masks, np.random.default_rng(0), lengths=torch.from_numpy(lengths)
    )
    assert np.array_equal(tensor.numpy(), out)


def test_a_batch_can_change_its_size():
    batch = torch.zeros(4, 3, 20, 30)
    resize = [create_augmentation({"name": "resize", "bands": 8, "frames": 9})]
    assert augment_spectrogram(batch, resize, np.random.default_rng(0)).shape == (4, 3, 8, 9)
    with pytest.raises(RecipeError, match="Leave 'resize' out"):
        augment_spectrogram(batch, resize, np.random.default_rng(0), lengths=[30, 20, 30, 30])


def test_stages_leave_each_other_alone(voice):
    both = [create_augmentation("mixup"), create_augmentation("spec_augment")]
    assert np.array_equal(augment_waveform(voice, both, np.random.default_rng(0), RATE), voice)
    batch, labels = np.ones((2, 8)), np.eye(2)
    waveforms = [create_augmentation({"name": "gain", "probability": 1})]
    same, same_labels, lengths = augment_batch(batch, labels, waveforms, np.random.default_rng(0))
    assert np.array_equal(same, batch) and np.array_equal(same_labels, labels) and lengths is None
