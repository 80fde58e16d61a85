"""Clips of a length have that length, and the matrix holds what the networks answered to them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import RecipeError
from hearfelt.studies._study import create_study
from hearfelt.studies.duration import _OfLength, answer_lengths, table_name
from hearfelt.training.waveforms import CacheReport, Waveforms

Done = tuple[Path, dict[str, Any]]
RATE = 100


@pytest.fixture(scope="module")
def done(make_study: Callable[..., Done]) -> Done:
    return make_study("duration", train_seconds=[0.3], test_seconds=[0.2, 1.0])


def test_every_network_answers_every_length(done: Done, answers: Any, page: Any) -> None:
    folder, results = done
    found = {(entry["cell"], entry["test_seconds"]): entry for entry in results["findings"]["matrix"]}
    assert set(found) == {(cell, length) for cell in ("whole", "0.3s") for length in (None, 0.2, 1.0)}
    for (cell, length), entry in found.items():
        table = answers(folder, cell, table_name("test", length))
        recalls = [(table.prediction[table.truth == k] == k).mean() for k in set(table.truth)]
        assert entry["test"]["value"] == pytest.approx(np.mean(recalls))
        other = found["whole", length]["test"]["value"]
        if cell == "whole":
            assert entry["difference"] is None
        else:
            assert entry["difference"]["value"] == pytest.approx(entry["test"]["value"] - other)
    for length, cell in results["findings"]["best_by_validation"].items():
        key = None if length == "whole" else float(length)
        best = max(found[name, key]["validation"]["value"] for name in ("whole", "0.3s"))
        assert found[cell, key]["validation"]["value"] == best
    assert "trained on" in page(folder)


def test_answers_differ_by_length_and_are_kept(done: Done, answers: Any) -> None:
    folder, _ = done
    short, long = (answers(folder, "whole", table_name("test", length)) for length in (0.2, 1.0))
    assert short.keys == long.keys
    assert not np.allclose(short.probabilities, long.probabilities)
    path = folder / "runs" / "whole" / "folds" / "0" / table_name("test", 0.2)
    stamp = path.stat().st_mtime_ns
    answer_lengths(folder / "runs" / "whole", [0.2, 1.0], join=True)
    assert path.stat().st_mtime_ns == stamp


@pytest.fixture
def clips() -> Waveforms:
    """Each clip a constant of its own, so that it is known where a sample comes from; 10 to 60 samples."""
    rows = [
        Row(f"{n}.wav", "c", f"s{n % 2}", "sad" if n < 4 else "happy", duration=0.1 + 0.1 * n)
        for n in range(6)
    ]
    samples = np.concatenate([np.full(10 + 10 * n, 100 + n, np.int16) for n in range(6)])
    ends = np.cumsum([10 + 10 * n for n in range(6)])
    views = [(samples, int(end - (10 + 10 * n)), int(end)) for n, end in enumerate(ends)]
    return Waveforms(Manifest(rows), RATE, views, CacheReport())


@pytest.mark.parametrize("seconds", [0.05, 0.25, 0.5, 3.0])
def test_joined_clips_have_the_length_and_are_of_one_speaker_and_emotion(
    clips: Waveforms, seconds: float
) -> None:
    part = [0, 1, 2, 4, 5]
    lengths = _OfLength(clips, clips.manifest, part, seconds, True)
    for row in part:
        clip = lengths[row]
        assert len(clip) == lengths.samples(row) == round(seconds * RATE)
        sources = {round(float(value) * 32767) - 100 for value in np.unique(clip)}
        assert sources <= set(part), "a clip of another part was joined"
        assert {(clips.manifest[s].speaker, clips.manifest[s].emotion) for s in sources} == {
            (clips.manifest[row].speaker, clips.manifest[row].emotion)
        }
        assert round(float(clip[0]) * 32767) - 100 == row


def test_without_joining_short_clips_stay_short(clips: Waveforms) -> None:
    lengths = _OfLength(clips, clips.manifest, range(6), 0.3, False)
    assert [len(lengths[row]) for row in range(6)] == [10, 20, 30, 30, 30, 30]
    assert [lengths.samples(row) for row in range(6)] == [10, 20, 30, 30, 30, 30]


@pytest.mark.parametrize("lengths", [[], [0.01], [1, 1]])
def test_lengths_that_are_none_are_refused(lengths: list[float]) -> None:
    with pytest.raises(RecipeError, match=r"different lengths of 0\.1 s"):
        create_study("duration", {"train_seconds": lengths})
