"""A batch is a function of (seed, fold, epoch, number) and of nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import RecipeError
from hearfelt.training.batches import Batch, EvaluationBatches, LabelledClips, TrainingBatches
from hearfelt.training.recipe import Recipe, load_recipe
from hearfelt.training.waveforms import CacheReport, Waveforms

RATE = 1000
LABELS = ("neutral", "happy", "sad")
CROP_SECONDS = 0.2
#: (corpus, emotion) of each clip; `second` has no neutral.
CLASSES = [("first", LABELS[n % 3]) for n in range(12)] + [("second", LABELS[1 + n % 2]) for n in range(9)]


def make_clips(*, mask: bool = False) -> LabelledClips:
    """Clip n is a ramp from 1000 n, 150 to 650 samples long, so that any stretch tells where it is from."""
    lengths = np.random.default_rng(0).integers(150, 650, len(CLASSES))
    views = [
        (np.arange(1000 * n, 1000 * n + length, dtype=np.int16), 0, int(length))
        for n, length in enumerate(lengths)
    ]
    rows = [
        Row(f"/{n}.wav", corpus, f"{corpus}_{n % 3}", emotion) for n, (corpus, emotion) in enumerate(CLASSES)
    ]
    return LabelledClips(Waveforms(Manifest(rows), RATE, views, CacheReport()), LABELS, mask_by_corpus=mask)


CLIPS = make_clips()
ROWS = tuple(range(2, len(CLASSES)))


def recipe(*augmentation: dict[str, Any], **training: Any) -> Recipe:
    training = {"batch_size": 4, "crop_seconds": CROP_SECONDS, **training}
    return load_recipe({"name": "t", "training": training, "augmentation": list(augmentation)})


def batches(
    source: Recipe | None = None, *, fold: int = 0, epoch: int = 0, rows: Any = ROWS
) -> TrainingBatches:
    return TrainingBatches(CLIPS, rows, source or recipe(), fold=fold, epoch=epoch)


NOISY = recipe(
    {"name": "speed", "probability": 1.0},
    {"name": "noise", "probability": 1.0, "kinds": ["white", "babble"], "min_voices": 1, "max_voices": 2},
)


def equal(a: Batch, b: Batch) -> bool:
    return all(x.shape == y.shape and torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_a_batch_does_not_depend_on_who_asks_and_when() -> None:
    forwards = [batches(NOISY)[number] for number in range(len(batches(NOISY)))]
    one = batches(NOISY)
    backwards = [one[number] for number in reversed(range(len(one)))][::-1]
    np.random.seed(5)  # noqa: NPY002 - global randomness must not matter
    torch.manual_seed(5)
    loaded = list(DataLoader(batches(NOISY), batch_size=None, num_workers=2))
    for other in (backwards, loaded):
        assert len(other) == len(forwards)
        assert all(map(equal, forwards, other))


@pytest.mark.parametrize("changed", ["fold", "epoch", "seed"])
def test_another_fold_epoch_or_seed_is_another_batch(changed: str) -> None:
    first = batches(NOISY)[0]
    seeded = NOISY.model_copy(update={"seed": 1})
    other = (batches(seeded) if changed == "seed" else batches(NOISY, **{changed: 1}))[0]
    assert not torch.equal(first.rows, other.rows)


def test_the_same_clip_is_heard_differently_in_another_epoch() -> None:
    only = recipe({"name": "noise", "probability": 1.0}, crop_seconds=None)
    heard = [batches(only, epoch=epoch, rows=(0, 1))[0] for epoch in range(3)]
    waves = [batch.waveform[batch.rows.tolist().index(0)][:150] for batch in heard]
    assert not torch.allclose(waves[0], waves[1]) and not torch.allclose(waves[1], waves[2])


def test_a_clip_that_is_drawn_twice_is_heard_twice_differently() -> None:
    noisy = recipe({"name": "noise", "probability": 1.0}, crop_seconds=None, sampling={"clips_per_epoch": 4})
    (batch,) = iterate(batches(noisy, rows=(0, 1)))
    first, second = (place for place, row in enumerate(batch.rows.tolist()) if row == 0)
    assert not torch.allclose(batch.waveform[first], batch.waveform[second])


def test_an_epoch_of_shuffled_batches_is_each_training_clip_once() -> None:
    seen = Counter(row for batch in iterate(batches()) for row in batch.rows.tolist())
    assert set(seen) <= set(ROWS) and set(seen.values()) == {1}
    assert len(seen) == len(ROWS)


def iterate(source: Any) -> list[Batch]:
    return [source[number] for number in range(len(source))]


@pytest.mark.parametrize("size", [2, 3, 6, 18, 19, 40])
def test_no_batch_of_one_and_no_clip_lost_beside_it(size: int) -> None:
    sizes = [len(batch.rows) for batch in iterate(batches(recipe(batch_size=size)))]  # of 19 clips
    assert min(sizes) > 1
    assert max(sizes) <= size
    assert len(ROWS) - sum(sizes) == (1 if len(ROWS) % size == 1 else 0)


def test_a_batch_beyond_the_epoch_is_an_index_error() -> None:
    for source in (batches(), EvaluationBatches(CLIPS, ROWS)):
        for number in (-1, len(source)):
            with pytest.raises(IndexError):
                source[number]


def test_clips_per_epoch_is_obeyed() -> None:
    sizes = [len(batch.rows) for batch in iterate(batches(recipe(sampling={"clips_per_epoch": 10})))]
    assert sizes == [4, 4, 2]


def test_crops_are_stretches_of_their_clip_at_random_places() -> None:
    places = []
    for epoch in range(8):
        for batch in iterate(batches(epoch=epoch)):
            for wave, length, row in zip(
                batch.waveform, batch.lengths.tolist(), batch.rows.tolist(), strict=True
            ):
                whole = CLIPS.waveforms[row]
                assert length == min(len(whole), round(CROP_SECONDS * RATE))
                start = round(float(wave[0]) * 32767) - 1000 * row
                np.testing.assert_array_equal(wave[:length], whole[start : start + length])
                assert not wave[length:].any()
                if len(whole) > length:
                    places.append(start / (len(whole) - length))
    assert min(places) < 0.1 and max(places) > 0.9 and 0.4 < np.mean(places) < 0.6


def test_without_crop_clips_are_whole() -> None:
    for batch in iterate(batches(recipe(crop_seconds=None))):
        for wave, length, row in zip(
            batch.waveform, batch.lengths.tolist(), batch.rows.tolist(), strict=True
        ):
            np.testing.assert_array_equal(wave[:length], CLIPS.waveforms[row])


def test_speed_still_gives_the_length_of_the_crop() -> None:
    faster = recipe({"name": "speed", "probability": 1.0, "min_factor": 1.2, "max_factor": 1.25})
    for batch in iterate(batches(faster)):
        for length, row in zip(batch.lengths.tolist(), batch.rows.tolist(), strict=True):
            assert length == min(200, length) and length >= min(200, 0.79 * CLIPS.waveforms.samples(row))


def test_babble_is_made_of_training_clips_only(monkeypatch: pytest.MonkeyPatch) -> None:
    touched: set[int] = set()
    read = Waveforms.__getitem__

    def spy(self: Waveforms, index: Any) -> Any:
        touched.add(int(index))
        return read(self, index)

    monkeypatch.setattr(Waveforms, "__getitem__", spy)
    babble = recipe(
        {"name": "noise", "probability": 1.0, "kinds": ["babble"]}, sampling={"clips_per_epoch": 100}
    )
    rows = (4, 5, 6, 7)
    iterate(batches(babble, rows=rows))
    assert touched == set(rows)


def test_targets_are_one_hot_in_label_order() -> None:
    batch = batches()[0]
    for row, target in zip(batch.rows.tolist(), batch.targets, strict=True):
        assert target.tolist() == [float(label == CLASSES[row][1]) for label in LABELS]
    assert batch.targets.dtype == torch.float32 and batch.lengths.dtype == torch.int64
    assert int(batch.number) == 0 and int(batches()[2].number) == 2


def test_masks_are_the_classes_of_the_corpus() -> None:
    masked = make_clips(mask=True)
    for row, (corpus, _) in enumerate(CLASSES):
        assert masked.allowed[row].tolist() == [corpus == "first", True, True]
    batch = masked.batch([0, 15], [masked.waveforms[0], masked.waveforms[15]], 3)
    assert batch.allowed.tolist() == [[True, True, True], [False, True, True]]
    assert CLIPS.allowed.all()


@pytest.mark.parametrize("size", [1, 4, 32])
def test_evaluation_covers_each_row_once_sorted_by_length(size: int) -> None:
    rows = [5, 1, 20, 7, 3, 11]
    found = iterate(EvaluationBatches(CLIPS, rows, batch_size=size))
    order = [row for batch in found for row in batch.rows.tolist()]
    assert sorted(order) == sorted(rows)
    lengths = [length for batch in found for length in batch.lengths.tolist()]
    assert lengths == sorted(lengths)
    for batch in found:
        for wave, length, row in zip(
            batch.waveform, batch.lengths.tolist(), batch.rows.tolist(), strict=True
        ):
            np.testing.assert_array_equal(wave[:length], CLIPS.waveforms[row])
            assert not wave[length:].any()


def test_evaluation_cuts_what_is_too_long() -> None:
    for batch in iterate(EvaluationBatches(CLIPS, ROWS, max_seconds=0.3)):
        whole = [CLIPS.waveforms.samples(row) for row in batch.rows.tolist()]
        assert batch.lengths.tolist() == [min(300, samples) for samples in whole]


def test_joined_clips_are_of_the_same_speaker_and_class(tiny_corpora: Any, tiny_recipe: Any) -> None:
    from hearfelt.training.run import gather_rows
    from hearfelt.training.waveforms import cache_waveforms

    settings = ("training.join_clips=true", "training.crop_seconds=2", "augmentation=[]")
    recipe = tiny_recipe(*settings)
    waveforms = cache_waveforms(gather_rows(recipe, tiny_corpora))
    clips = LabelledClips(waveforms, ("happy", "sad", "angry"), mask_by_corpus=False)
    batches = TrainingBatches(clips, range(len(waveforms)), recipe, fold=0, epoch=0)
    batch = batches[0]
    assert batch.lengths.tolist() == [32000] * len(batch.rows)
    rows = waveforms.manifest
    for row, joined in zip(batch.rows.tolist(), batch.waveform.numpy(), strict=True):
        alike = [
            waveforms[other]
            for other in range(len(rows))
            if (rows[other].speaker, rows[other].emotion) == (rows[row].speaker, rows[row].emotion)
        ]
        # every 50 ms of it is found in one of them
        piece = joined[8000:8800]
        assert any(
            np.isclose(np.lib.stride_tricks.sliding_window_view(clip, 800)[:, :40], piece[:40]).all(1).any()
            or np.isclose(np.lib.stride_tricks.sliding_window_view(clip, 40), piece[-40:]).all(1).any()
            for clip in alike
        )
    with pytest.raises(RecipeError, match="which is null"):
        tiny_recipe("training.join_clips=true", "training.crop_seconds=null")
