"""What adapting to a voice without labels gives and costs, from the answers of finished runs; nothing is trained.

    python benchmarks/speaker_normalize.py runs/default runs/leave_corpora_out

The first run has unheard speakers of known corpora, the second corpora that were never heard. Methods are compared,
and the constants were chosen, on the first and every other speaker of the second; the last tables are of the rest.
Unlabelled clips are drawn at random from each test speaker; the correction is applied to the speaker's other clips, and
for the harm to the clips themselves. An answer is the best of the classes that the corpus has, and so are the
probabilities that methods see, but for the tables that say "all labels".
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from _measure import show
from hearfelt.evaluation.calibration import fit_temperature
from hearfelt.evaluation.metrics import MEASURES
from hearfelt.evaluation.predictions import read_predictions
from hearfelt.files import write_atomically
from hearfelt.recognition.balance import class_weights
from hearfelt.recognition.speaker_normalize import FEWEST, LIMIT, STRENGTH, lean

Floats = NDArray[np.float64]
#: (clips, classes) of log-probabilities to where they lean, and what each class is divided by afterwards.
Method = Callable[[Floats], tuple[Floats, Floats | float]]
Pick = Callable[["Voice", np.random.Generator], "NDArray[np.int64] | None"]


RESAMPLES = 2000


@dataclass(frozen=True)
class Voice:
    """One test speaker in one corpus: log-probabilities (clips, classes), and the true classes."""

    corpus: str
    logs: Floats
    truth: NDArray[np.int64]


def voices(run: Path, *, closed: bool = True) -> list[Voice]:
    """Every test speaker of a run, calibrated as an export of the fold would be."""
    found = []
    for fold in sorted(run.glob("folds/*/predictions.csv")):
        table, kept = read_predictions(fold), read_predictions(fold.parent / "validation.csv")
        if table.logits is None or kept.logits is None:
            raise SystemExit(f"{fold} has no logits.")
        logits = table.logits / fit_temperature(kept.logits, kept.truth).temperature
        for corpus in sorted(set(table.corpus)):
            of = table.corpus == corpus
            classes = np.unique(table.truth[of]) if closed else np.arange(len(table.labels))
            for speaker in sorted(set(table.speaker[of])):
                rows = of & (table.speaker == speaker)
                chosen = logits[rows][:, classes]
                chosen = chosen - chosen.max(axis=1, keepdims=True)
                logs = chosen - np.log(np.exp(chosen).sum(axis=1, keepdims=True))
                found.append(Voice(corpus, logs, np.searchsorted(classes, table.truth[rows])))
    return found


def methods() -> dict[str, Method]:
    """Everything that was tried, by name."""

    def of(strength: float, limit: float = 1e9) -> Method:
        return lambda logs: (lean(np.exp(logs), strength=strength, limit=limit), 1.0)

    def balanced(strength: float) -> Method:
        return lambda logs: (
            -np.log(class_weights(np.exp(logs))) * len(logs) / (len(logs) + strength),
            1.0,
        )

    def standardized(strength: float) -> Method:
        def method(logs: Floats) -> tuple[Floats, Floats]:
            squares = logs.var(axis=0)
            shared = len(logs) * squares + strength * squares.mean()
            return lean(np.exp(logs), strength=strength, limit=1e9), np.sqrt(
                shared / (len(logs) + strength) + 1e-6
            )

        return method

    return (
        {f"mean log-probability, strength {k}": of(k) for k in (0, 5, 10, 20)}
        | {f"the same, strength 5, limit {limit}": of(5, limit) for limit in (0.5, 1.0, 1.5, 2.0)}
        | {f"balanced shares, strength {k}": balanced(k) for k in (0, 5, 10)}
        | {f"mean and deviation, strength {k}": standardized(k) for k in (0, 10)}
    )


def some(count: int | None) -> Pick:
    """Clips drawn at random, all where the count is None; None where fewer than five others would be left."""

    def pick(voice: Voice, generator: np.random.Generator) -> NDArray[np.int64] | None:
        if count is None:
            return np.arange(len(voice.truth))
        return (
            generator.choice(len(voice.truth), count, replace=False)
            if len(voice.truth) >= count + 5
            else None
        )

    return pick


def of_emotions(emotions: int, count: int = 10) -> Pick:
    """Clips of one or two emotions alone, as a folder of one mood has."""

    def pick(voice: Voice, generator: np.random.Generator) -> NDArray[np.int64] | None:
        classes = np.unique(voice.truth)
        chosen = generator.choice(classes, min(emotions, len(classes)), replace=False)
        rows = np.flatnonzero(np.isin(voice.truth, chosen))
        return generator.choice(rows, min(count, len(rows)), replace=False) if len(rows) >= FEWEST else None

    return pick


def measure(
    group: Sequence[Voice], method: Method, pick: Pick, draws: int, *, others: bool, accuracy: bool = False
) -> dict[str, Any]:
    """Mean over corpora before and after, in points, and the interval of the change over speakers."""
    counts: dict[str, list[Floats]] = defaultdict(list)
    for number, voice in enumerate(group):
        classes = voice.logs.shape[1]
        both = np.zeros((2, classes, classes))
        for draw in range(draws):
            rows = pick(voice, np.random.default_rng((draw, number)))
            if rows is None:
                continue
            bias, divisor = method(voice.logs[rows])
            asked = np.setdiff1d(np.arange(len(voice.truth)), rows) if others else rows
            logs, truth = voice.logs[asked], voice.truth[asked]
            for place, shown in enumerate((logs, (logs - bias) / divisor)):
                np.add.at(both[place], (truth, shown.argmax(axis=1)), 1)
        if both.any():
            counts[voice.corpus].append(both)
    scored = MEASURES["accuracy" if accuracy else "uar"]
    generator = np.random.default_rng(7)
    values, drawn, corpora = np.zeros(2), np.zeros((RESAMPLES, 2)), {}
    for corpus, voiced in counts.items():
        each = np.stack(voiced)
        found = 100 * scored(each.sum(axis=0))
        weights = generator.multinomial(len(each), np.full(len(each), 1 / len(each)), size=RESAMPLES)
        values += found / len(counts)
        drawn += 100 * scored(np.tensordot(weights.astype(float), each, axes=1)) / len(counts)
        corpora[corpus] = [round(float(value), 1) for value in found]
    low, high = np.percentile(drawn[:, 1] - drawn[:, 0], [2.5, 97.5])
    return {
        "before": round(float(values[0]), 1),
        "after": round(float(values[1]), 1),
        "change": round(float(values[1] - values[0]), 1),
        "interval": [round(float(low), 1), round(float(high), 1)],
        "speakers": sum(map(len, counts.values())),
        "corpora": corpora,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("known", type=Path, help="run with unheard speakers of known corpora")
    arguments.add_argument("unheard", type=Path, help="run that tests on corpora it never heard")
    arguments.add_argument("--draws", type=int, default=10)
    arguments.add_argument("--json", type=Path, help="also write the result here")
    options = arguments.parse_args()
    known = voices(options.known)
    strangers = voices(options.unheard)
    place: dict[str, int] = defaultdict(int)
    halves: tuple[list[Voice], list[Voice]] = ([], [])
    for voice in strangers:
        halves[place[voice.corpus] % 2].append(voice)
        place[voice.corpus] += 1
    compared = {}
    for name, method in methods().items():
        compared[name] = {
            which: {
                "10 clips, others": measure(group, method, some(10), 6, others=True)["change"],
                "all clips": measure(group, method, some(None), 1, others=False)["change"],
                "10 clips of one emotion, themselves": measure(
                    group, method, of_emotions(1), 6, others=False, accuracy=True
                )["change"],
            }
            for which, group in (("known corpora", known), ("never heard, half", halves[0]))
        }

    def chosen(logs: Floats) -> tuple[Floats, float]:
        return lean(np.exp(logs)), 1.0

    plan: dict[str, tuple[Pick, bool, bool]] = {
        f"{count} clips, the others": (some(count), True, False) for count in (5, 10, 20)
    } | {
        "all clips, themselves": (some(None), False, False),
        "10 mixed clips, themselves (accuracy)": (some(10), False, True),
        "10 clips of two emotions, themselves (accuracy)": (of_emotions(2), False, True),
        "10 clips of one emotion, themselves (accuracy)": (of_emotions(1), False, True),
        "10 clips of one emotion, the others": (of_emotions(1), True, False),
    }
    groups = {
        "known corpora": known,
        "never heard, other half": halves[1],
        "known corpora, all labels": voices(options.known, closed=False),
        "never heard, all speakers, all labels": voices(options.unheard, closed=False),
    }
    found = {
        which: {
            name: measure(
                group, chosen, pick, 1 if name.startswith("all") else options.draws, others=o, accuracy=a
            )
            for name, (pick, o, a) in plan.items()
        }
        for which, group in groups.items()
    }
    result = {
        "known": options.known.name,
        "unheard": options.unheard.name,
        "strength": STRENGTH,
        "limit": LIMIT,
        "draws": options.draws,
        "compared": compared,
        "chosen": found,
    }
    if options.json:
        write_atomically(options.json, json.dumps(result, indent=1) + "\n")
    show(
        result,
        "; ".join(f"{which}: {each['10 clips, the others']['change']:+.1f}" for which, each in found.items()),
    )


if __name__ == "__main__":
    main()
