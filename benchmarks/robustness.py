"""One fold's network on unheard speakers, clean and disturbed: python benchmarks/robustness.py runs/default.

The fold is exported alone and asked through the same `Recognizer` that users have; answers are the best class among
those of the clip's corpus. Every condition sees the same clips.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import hearfelt
from _measure import machine, show
from hearfelt.augment.codec import telephone
from hearfelt.augment.noise import add_at_snr, babble, coloured
from hearfelt.augment.reverb import impulse_response
from hearfelt.evaluation.confidence import bootstrap_intervals
from hearfelt.evaluation.metrics import confusion_matrix, unweighted_average_recall
from hearfelt.training.export import export_run
from hearfelt.training.run import open_run

Waveform = NDArray[np.float32]


def conditions(clips: list[Waveform]) -> dict[str, Callable[[Waveform, np.random.Generator], Waveform]]:
    """What is done to a clip, by name."""

    def other(generator: np.random.Generator) -> Waveform:
        return clips[int(generator.integers(len(clips)))]

    def rate_8k(clip: Waveform, _: np.random.Generator) -> Waveform:
        import soxr

        low = soxr.resample(clip, 16000, 8000)
        return np.asarray(soxr.resample(low, 8000, 16000), dtype=np.float32)

    def reverberant(clip: Waveform, generator: np.random.Generator) -> Waveform:
        response = impulse_response(
            {
                "rt60_seconds": 0.6,
                "delay_seconds": 0.005,
                "direct_db": 3.0,
                "seed": int(generator.integers(2**31)),
            },
            16000,
        )
        return np.convolve(clip, response)[: clip.size].astype(np.float32)

    return {
        "clean": lambda clip, _: clip,
        "level -20 dB": lambda clip, _: clip * np.float32(0.1),
        "level +20 dB, unclipped": lambda clip, _: clip * np.float32(10.0),
        "8 kHz": rate_8k,
        "telephone band": lambda clip, _: telephone(clip, 16000),
        "white noise, 20 dB": lambda clip, g: add_at_snr(clip, coloured(g, clip.size, 16000, 0.0), 20.0),
        "white noise, 10 dB": lambda clip, g: add_at_snr(clip, coloured(g, clip.size, 16000, 0.0), 10.0),
        "babble, 10 dB": lambda clip, g: add_at_snr(clip, babble(g, clip.size, 5, other), 10.0),
        "room, 0.6 s": reverberant,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("run", type=Path)
    arguments.add_argument("--fold", type=int, default=0)
    arguments.add_argument("--clips", type=int, default=1000)
    options = arguments.parse_args()
    run = open_run(options.run)
    labelled = run.clips()
    generator = np.random.default_rng(0)
    test = np.array(run.split.folds[options.fold].test)
    rows = np.sort(generator.choice(test, size=min(options.clips, len(test)), replace=False))
    clips: list[Waveform] = [labelled.waveforms[int(row)] for row in rows]
    truth, allowed = labelled.classes[rows], labelled.allowed[rows]
    speakers = np.array([run.manifest[int(row)].speaker for row in rows])
    groups = np.unique(speakers, return_inverse=True)[1]
    found = {}
    with tempfile.TemporaryDirectory() as place:
        export_run(run.folder, Path(place) / "bundle", folds=[options.fold])
        recognizer = hearfelt.load(Path(place) / "bundle", threads=2)
        for name, disturb in conditions(clips).items():
            disturbed = [disturb(clip, np.random.default_rng((1, i))) for i, clip in enumerate(clips)]
            answers = recognizer.batch(disturbed, 16000)
            given = [answer.to_dict()["probabilities"] for answer in answers]
            matrix = np.array([[each.get(label, 0.0) for label in labelled.labels] for each in given])
            best = np.where(allowed, matrix, -1.0).argmax(axis=1)
            uar = float(unweighted_average_recall(confusion_matrix(truth, best, len(labelled.labels))))
            interval = bootstrap_intervals(
                truth, best, len(labelled.labels), rng=np.random.default_rng(2), groups=groups
            )["uar"]
            found[name] = {
                "uar": round(uar, 4),
                "low": interval.low,
                "high": interval.high,
                "share_of_clean": round(uar / found["clean"]["uar"], 3) if found else 1.0,
                "no_speech": sum(not each for each in given),
            }
    result = {"machine": machine(), "run": str(options.run), "fold": options.fold, "clips": len(rows)}
    show(
        {**result, "conditions": found},
        "; ".join(f"{name}: {100 * entry['uar']:.1f} %" for name, entry in found.items()),
    )


if __name__ == "__main__":
    main()
