"""A run folder as training leaves it, made of numbers alone."""

import json
from pathlib import Path

import numpy as np
import pytest

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.emotions import EMOTIONS
from hearfelt.evaluation.predictions import Predictions, write_predictions
from hearfelt.evaluation.summary import summarize_run

FIVE = ("happy", "sad", "angry", "fearful", "disgust")


def _rows(root: Path) -> list[Row]:
    rows = []
    for corpus, people, classes, takes in (("ravdess_speech", 12, EMOTIONS, 3), ("aesdd", 5, FIVE, 6)):
        for person in range(1, people + 1):
            for emotion in classes:
                rows += [
                    Row(
                        path=str(root / corpus / f"{person:02d}-{emotion}-{take}.wav"),
                        corpus=corpus,
                        speaker=f"{corpus.split('_')[0]}_{person:02d}",
                        emotion=emotion,
                        sex="male" if person % 2 else "female",
                        language="en" if corpus != "aesdd" else "el",
                        duration=3.1,
                        sample_rate=16000,
                    )
                    for take in range(takes)
                ]
    return rows


def answers(rows: list[Row], rng: np.random.Generator, skill: float = 2.2) -> Predictions:
    """Overconfident logits; some speakers are harder, and neighbours in arousal are confused."""
    truth = np.array([EMOTIONS.index(row.emotion) for row in rows])
    confused = np.array([1, 0, 7, 5, 6, 3, 4, 2])
    hardness = {name: rng.uniform(0.5, 1.4) for name in sorted({row.speaker for row in rows})}
    logits = rng.normal(size=(len(rows), 8)) * 1.1
    strength = np.array([hardness[row.speaker] for row in rows])
    logits[np.arange(len(rows)), truth] += skill * strength
    logits[np.arange(len(rows)), confused[truth]] += 1.0
    logits *= 2.0
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return Predictions(
        labels=EMOTIONS,
        path=[row.path for row in rows],
        start=[row.start for row in rows],
        end=[row.end for row in rows],
        corpus=[row.corpus for row in rows],
        speaker=[row.speaker for row in rows],
        sex=[row.sex for row in rows],
        truth=truth,
        probabilities=p / p.sum(axis=1, keepdims=True),
        logits=logits,
    )


def build_run(root: Path, *, random: bool = False, folds: int = 3, finished: bool = True) -> Path:
    rng = np.random.default_rng(5)
    rows = _rows(Path("/data"))
    root.mkdir(parents=True, exist_ok=True)
    Manifest(rows).write(root / "manifest.csv")
    group = (
        rng.integers(0, folds + 2, len(rows))
        if random
        else np.array([(int(row.speaker[-2:]) - 1) % (folds + 2) for row in rows])
    )
    lines = ["path,start,end,fold,part"]
    for fold in range(folds):
        parts = np.where(
            group == fold, "test", np.where(group == (fold + 1) % (folds + 2), "validation", "train")
        )
        lines += [f"{row.path},0.0,,{fold},{part}" for row, part in zip(rows, parts, strict=True)]
        place = root / "folds" / str(fold)
        place.mkdir(parents=True)
        if finished:
            for name, part in (("predictions.csv", "test"), ("validation.csv", "validation")):
                chosen = [row for row, p in zip(rows, parts, strict=True) if p == part]
                write_predictions(place / name, answers(chosen, rng))
            (place / "done.json").write_text("{}")
        (place / "metrics.jsonl").write_text("".join(_epoch(e, fold, rng) for e in range(30)))
    (root / "split.csv").write_text("\n".join(lines) + "\n")
    protocol = "random" if random else "grouped_kfold"
    recipe = (
        "recipe_version: 1\nname: demo\ndescription: A small run made of numbers <for tests>\nseed: 7\n"
        "data:\n  corpora: [ravdess_speech, aesdd]\n  labels: {set: eight}\n"
        "front_end: {sample_rate: 16000, mel_count: 64}\naugmentation:\n- {name: noise, min_snr_db: 10.0}\n"
        "- {name: spec_augment}\nmodel: {name: residual_attention, options: {width: 32}}\n"
        f"protocol: {{name: {protocol}, folds: {folds}}}\n"
        "training: {epochs: 30, batch_size: 32, optimizer: adamw, learning_rate: 0.001}\n"
    )
    (root / "recipe.yaml").write_text(recipe)
    (root / "resolved.yaml").write_text(recipe)
    (root / "provenance.json").write_text(
        json.dumps(
            {
                "command": "hearfelt train recipes/demo.yaml --data ../corpora --out runs/demo --set seed=7",
                "seed": 7,
                "manifest_hash": "0f" * 32,
                "commit": "abc1234",
                "versions": {"hearfelt": "0.1.0", "numpy": "2.4.6", "torch": "2.13.0"},
                "machine": {"processor": "x86_64", "cores": 2},
                "created": "2026-11-21T09:00:00Z",
            }
        )
    )
    if finished:
        summarize_run(root, rng=np.random.default_rng(0), resamples=300)
    return root


def _epoch(epoch: int, fold: int, rng: np.random.Generator) -> str:
    line: dict[str, float] = {"epoch": epoch, "seconds": 21.5, "learning_rate": 1e-3 * (1 - epoch / 30)}
    for part, top, late in (("train", 0.93, 0.0), ("validation", 0.6 + 0.03 * fold, 0.012)):
        value = top - (top - 0.125) * np.exp(-epoch / 7) + rng.normal() * 0.015
        line |= {
            f"{part}_loss": 2.1 * np.exp(-epoch / 9) + 0.2 + late * epoch + (part != "train") * 0.4,
            f"{part}_uar": value,
            f"{part}_accuracy": value + 0.01,
            f"{part}_macro_precision": value - 0.02,
        }
    return json.dumps({key: float(value) for key, value in line.items()} | {"epoch": epoch}) + "\n"


@pytest.fixture(scope="session")
def make_run():
    return build_run


@pytest.fixture(scope="session")
def run(tmp_path_factory) -> Path:
    return build_run(tmp_path_factory.mktemp("run") / "demo")
