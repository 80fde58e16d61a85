"""Robustness: conditions do what they say, answers are paired and repeatable, a stopped run goes on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hearfelt.errors import HearfeltError, UnknownNameError
from hearfelt.evaluation.predictions import read_predictions
from hearfelt.studies import robustness
from hearfelt.studies._conditions import CONDITIONS, pick_conditions
from hearfelt.studies.robustness import run_robustness
from hearfelt.testing.bundles import write_tiny_bundle

RATE = 16000
FEW = ["babble-10dB", "telephone", "level*"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny"))


@pytest.fixture(scope="module")
def asked(
    bundle: str, tiny_corpora: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("robustness") / "out"
    return folder, run_robustness(bundle, str(folder), data=[str(tiny_corpora)], clips=20, conditions=FEW)


def voice(generator: np.random.Generator, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.2 * np.sin(2 * np.pi * 220 * time) * generator.uniform(0.5, 1, time.size)).astype(np.float32)


def changed(name: str, clip: np.ndarray, number: int = 0, seed: int = 0) -> np.ndarray:
    def other(generator: np.random.Generator) -> np.ndarray:
        return voice(generator, 0.7)

    sound, _ = CONDITIONS[name].apply(clip, number, seed, other, RATE)
    assert sound.dtype == np.float32
    assert np.isfinite(sound).all()
    return sound


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_conditions_repeat_themselves_and_leave_the_clip(name: str, generator: np.random.Generator) -> None:
    clip = voice(generator)
    before = clip.copy()
    first = changed(name, clip)
    assert (clip == before).all()
    assert (first == changed(name, clip)).all()
    if CONDITIONS[name].group in ("noise", "room"):
        assert (first != changed(name, clip, seed=1)).any()
        assert (first != changed(name, clip, number=1)).any()


@pytest.mark.parametrize("kind", ["babble", "white", "hum"])
def test_noise_has_the_ratio_and_is_the_same_at_every_level(
    kind: str, generator: np.random.Generator
) -> None:
    clip = voice(generator)
    noise = {snr: changed(f"{kind}-{snr}dB", clip) - clip for snr in (20, 0)}
    for snr, added in noise.items():
        ratio = 10 * np.log10(np.square(clip, dtype=float).sum() / np.square(added, dtype=float).sum())
        assert ratio == pytest.approx(snr, abs=0.05)
    assert np.corrcoef(noise[20], noise[0])[0, 1] > 0.99


def test_lengths_and_levels(generator: np.random.Generator) -> None:
    clip = voice(generator, 1.2)
    assert changed("level-20dB", clip) == pytest.approx(clip * 0.1)
    assert changed("speed-0.8", clip).size == pytest.approx(1.5 * RATE, abs=2)
    assert (changed("without-first-0.5s", clip) == clip[RATE // 2 :]).all()
    assert changed("without-first-1s", clip).size == 0.2 * RATE
    assert changed("without-first-1s", clip[: RATE // 2]).size == 0.2 * RATE, "something is always left"
    assert changed("without-first-1s", clip[:100]).size == 100
    assert (changed("only-first-1s", clip) == clip[:RATE]).all()
    assert changed("clipped-20pc", clip).max() < clip.max()
    spectrum = np.abs(np.fft.rfft(changed("8kHz", generator.standard_normal(RATE).astype(np.float32) * 0.1)))
    assert spectrum[5000:].max() < 0.01 * spectrum[:3000].mean()


def test_codecs_are_really_encoded(generator: np.random.Generator) -> None:
    clip = voice(generator, 3.0)
    sizes = {name: CONDITIONS[name].apply(clip, 0, 0, lambda g: clip, RATE)[1] for name in CONDITIONS}
    assert {name for name, size in sizes.items() if size} == {
        n for n in CONDITIONS if CONDITIONS[n].group == "codec"
    }
    assert sizes["mp3-8k"] < sizes["mp3-16k"] < sizes["mp3-32k"]
    assert 8 * sizes["opus-6k"] / 3 < 16000


def test_results_are_a_contract(asked: tuple[Path, dict[str, Any]]) -> None:
    folder, results = asked
    assert json.loads((folder / "robustness.json").read_text()) == results
    entries = {entry["name"]: entry for entry in results["conditions"]}
    assert list(entries) == ["clean", "babble-10dB", "telephone", "level-20dB", "level+20dB"]
    assert entries["clean"]["difference"]["value"] == 0
    assert entries["clean"]["share"]["value"] == 1
    for entry in entries.values():
        assert entry["difference"]["value"] == pytest.approx(
            entry["uar"]["value"] - entries["clean"]["uar"]["value"]
        )
    assert not results["complete"]
    assert results["clips"] == 20
    page = (folder / "robustness.html").read_text()
    assert "http://" not in page
    assert "https://" not in page
    assert "Not unheard voices" in page


def test_level_costs_nothing_where_the_model_levels(asked: tuple[Path, dict[str, Any]]) -> None:
    folder, results = asked
    clean = read_predictions(folder / "conditions" / "clean.csv")
    soft = read_predictions(folder / "conditions" / "level-20dB.csv")
    assert (clean.prediction == soft.prediction).all()
    floors = {floor["name"]: floor for floor in results["floors"]}
    assert floors["level"]["met"] is True
    assert floors["babble"]["met"] is not None


def test_the_same_seed_gives_the_same_answers(
    asked: tuple[Path, dict[str, Any]], bundle: str, tiny_corpora: Path, tmp_path: Path
) -> None:
    again = str(tmp_path / "again")
    run_robustness(bundle, again, data=[str(tiny_corpora)], clips=20, conditions=["babble-10dB"], threads=2)
    name = "conditions/babble-10dB.csv"
    first, second = (read_predictions(place / name) for place in (tmp_path / "again", asked[0]))
    assert first.keys == second.keys
    assert (first.prediction == second.prediction).all()
    assert first.probabilities == pytest.approx(second.probabilities, abs=1e-5)


def test_what_is_done_is_not_asked_again(
    asked: tuple[Path, dict[str, Any]],
    bundle: str,
    tiny_corpora: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder, data = str(tmp_path / "out"), [str(tiny_corpora)]
    real, names = robustness._ask, []

    def stopped(ask: Any, condition: Any, *rest: Any) -> Any:
        names.append(condition.name)
        if len(names) == 2:
            raise KeyboardInterrupt
        return real(ask, condition, *rest)

    monkeypatch.setattr(robustness, "_ask", stopped)
    with pytest.raises(KeyboardInterrupt):
        run_robustness(bundle, folder, data=data, clips=20, conditions=FEW)
    told: list[tuple[int, int]] = []
    results = run_robustness(
        bundle,
        folder,
        data=data,
        clips=20,
        conditions=FEW,
        tell=lambda what, a, b: told.append((a, b)) if what == "clips" else None,
    )
    assert names.count("clean") == 1
    assert names.count("babble-10dB") == 2
    assert told[0] == (20, 100)
    assert told[-1] == (100, 100)

    def plain(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{key: value for key, value in entry.items() if key != "seconds"} for entry in entries]

    assert plain(results["conditions"]) == plain(asked[1]["conditions"])
    with pytest.raises(HearfeltError, match=r"begun otherwise: seed was 0, now 5\. Name another folder"):
        run_robustness(bundle, folder, data=data, clips=20, seed=5)


def test_a_run_is_asked_about_its_unheard_speakers(tiny_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    results = run_robustness(str(tiny_run), str(out), conditions=["telephone"], fold=1)
    clean = read_predictions(out / "conditions" / "clean.csv")
    own = read_predictions(tiny_run / "folds" / "1" / "predictions.csv")
    assert sorted(clean.path) == sorted(own.path)
    assert results["heard"] == {"known": True, "speakers": 0, "of": len(set(own.speaker))}
    answers = dict(zip(own.path, own.prediction, strict=True))
    same = [answers[path] == answer for path, answer in zip(clean.path, clean.prediction, strict=True)]
    assert np.mean(same) > 0.9, "the exported fold answers as the trained one did"
    with pytest.raises(HearfeltError, match="no trained fold 7"):
        run_robustness(str(tiny_run), str(tmp_path / "other"), fold=7)


def test_mistakes(bundle: str, tiny_corpora: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'telephone'"):
        pick_conditions(["telefone"])
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(HearfeltError, match="has no plan of this command"):
        run_robustness(bundle, str(tmp_path), data=[str(tiny_corpora)], clips=4)
    with pytest.raises(HearfeltError, match=r"There is no python:no\.such"):
        run_robustness("python:no.such", str(tmp_path / "x"), data=[str(tiny_corpora)])
