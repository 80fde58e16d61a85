"""How much of what a model recognises is left under noise, in rooms, over telephones and codecs.

The same clips are asked about under every condition, so that differences to the clean ones are paired. What is written
is stated in docs/robustness.md.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import hearfelt
from hearfelt.errors import HearfeltError
from hearfelt.evaluation.confidence import (
    no_interval_because,
    percentile_interval,
    resampled_confusions,
)
from hearfelt.evaluation.metrics import confusion_matrix, unweighted_average_recall
from hearfelt.evaluation.predictions import Predictions, read_predictions, write_predictions
from hearfelt.files import read_json, write_json
from hearfelt.studies._answers import Answers, difference, measure
from hearfelt.studies._asking import Asked, answered, ask_in_blocks
from hearfelt.studies._conditions import CLEAN, CONDITIONS, Condition, pick_conditions
from hearfelt.studies._folder import alone
from hearfelt.studies._listened import Listened, find_model

if TYPE_CHECKING:
    from hearfelt.training.waveforms import Waveforms

ROBUSTNESS_VERSION = 1
CLIPS = 1000
_AT_ONCE = 32  # clips that are disturbed and asked about together
#: What is to be kept: name -> (conditions, share of the clean UAR that at least, points that it may differ at most).
FLOORS: dict[str, tuple[tuple[str, ...], float | None, float | None]] = {
    "level": (("level-20dB", "level+20dB"), None, 0.005),
    "babble": (("babble-10dB",), 0.8, None),
    "telephone": (("telephone",), 0.8, None),
}
Tell = Callable[[str, int, int], None]
Note = Callable[[str], None]


def run_robustness(
    model: str,
    folder: str = "robustness",
    *,
    data: Sequence[str] = (),
    clips: int = CLIPS,
    conditions: Sequence[str] = (),
    fold: int = 0,
    seed: int = 0,
    threads: int = 1,
    command: str = "",
    tell: Tell | None = None,
    note: Note | None = None,
) -> dict[str, Any]:
    """Ask a model about the same clips under every condition, or go on where that was stopped.

    Args:
        model: a run folder, a bundle's folder or name, or ``python:module.function``.
        folder: of the answers; conditions that are done there are not asked again.
        data: folders with corpora and manifests; a run has its own clips.
        clips: at most so many, drawn by chance.
        conditions: names or patterns such as ``babble-*``; all where there are none. The clean one is always in.
        fold: of a run, whose test clips are asked about.
        seed: of the draw of clips and of all noise.
        threads: of the model.
        command: that makes it again.
        tell: called with (what, clips done, clips in all).
        note: gets sentences for people.

    Returns:
        the content of ``robustness.json``.

    Raises:
        HearfeltError: anything wrong with model, data or options; or the folder is of another model or other clips.
    """
    from hearfelt.studies._robustness_page import write_page
    from hearfelt.training.waveforms import cache_waveforms

    if clips < 2:
        raise HearfeltError(f"{clips} clip was asked for; two at least are needed.")
    wanted = pick_conditions(conditions)
    say, path = note or (lambda _: None), Path(folder)
    listened = find_model(model, data, fold)
    for sentence in listened.left_out:
        say(f"Left out: {sentence}.")
    chosen = _draw(listened, clips, seed)
    waves = cache_waveforms(
        chosen, sample_rate=listened.sample_rate, progress=lambda a, b: (tell or _silent)("decoding", a, b)
    )
    plan = {
        "version": ROBUSTNESS_VERSION,
        "model": listened.facts,
        "seed": seed,
        "clips": len(waves),
        "clips_hash": _hash(waves),
    }
    _begin(path, plan)
    with alone(path):
        _ask_all(path, wanted, listened, waves, seed, threads, tell or _silent)
        results = _assemble(path, listened, waves, plan, command)
        write_json(path / "robustness.json", results)
        write_page(path / "robustness.html", results)
    return results


def _silent(*_: Any) -> None:
    """Tell nobody."""


def _draw(listened: Listened, clips: int, seed: int) -> Any:
    rows = listened.rows
    if len(rows) <= clips:
        return rows
    taken = np.sort(np.random.default_rng(seed).choice(len(rows), size=clips, replace=False))
    return type(rows)(rows[int(row)] for row in taken)


def _hash(waves: Waveforms) -> str:
    text = "\n".join(f"{row.audio_hash} {row.emotion} {row.speaker}" for row in waves.manifest)
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _begin(path: Path, plan: dict[str, Any]) -> None:
    """Make the folder, or see that it is of the same model and clips."""
    known = path / "plan.json"
    if known.is_file():
        before = read_json(known)
        different = [key for key in plan if before.get(key) != plan[key]]
        if different:
            raise HearfeltError(
                f"{path} was begun otherwise: {different[0].replace('_', ' ')} was {before.get(different[0])}, now "
                f"{plan[different[0]]}. Name another folder with --out."
            )
        return
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise HearfeltError(f"{path} exists and has no plan of this command. Name another folder with --out.")
    write_json(known, plan)


def _files(path: Path, condition: str) -> tuple[Path, Path]:
    """Answers to a condition and, written last, what else is known of it."""
    return path / "conditions" / f"{condition}.csv", path / "conditions" / f"{condition}.json"


def _ask_all(
    path: Path,
    conditions: Sequence[Condition],
    listened: Listened,
    waves: Waveforms,
    seed: int,
    threads: int,
    tell: Tell,
) -> None:
    waiting = [condition for condition in conditions if not _files(path, condition.name)[1].is_file()]
    if not waiting:
        return
    total, before = len(conditions) * len(waves), (len(conditions) - len(waiting)) * len(waves)
    with listened.asked(threads) as ask:
        for number, condition in enumerate(waiting):
            begun = before + number * len(waves)
            tell("clips", begun, total)
            started = time.monotonic()
            table, facts = _ask(
                ask,
                condition,
                listened,
                waves,
                seed,
                lambda done, begun=begun: tell("clips", begun + done, total),  # type: ignore[misc]
            )
            answers, known = _files(path, condition.name)
            write_predictions(answers, table)
            write_json(known, {**facts, "seconds": round(time.monotonic() - started, 2)})


def _ask(
    ask: Asked,
    condition: Condition,
    listened: Listened,
    waves: Waveforms,
    seed: int,
    tell: Callable[[int], None],
) -> tuple[Predictions, dict[str, Any]]:
    """Answers to all clips under one condition; never more than a few clips are held."""
    rows = waves.manifest
    sets = [listened.classes[row.corpus] for row in rows]
    size, samples = 0, 0

    def disturbed(n: int) -> NDArray[np.float32]:
        nonlocal size, samples
        sound, used = condition.apply(waves[n], n, seed, _others(waves, n), listened.sample_rate)
        size, samples = size + used, samples + sound.size
        return np.ascontiguousarray(sound, dtype=np.float32)

    found: dict[int, dict[str, float]] = {}
    for block in ask_in_blocks(ask, range(len(rows)), sets, disturbed, listened.sample_rate, _AT_ONCE):
        found |= block
        tell(len(found))
    answers = [found[n] for n in range(len(rows))]
    facts: dict[str, Any] = {"no_answer": sum(not answer for answer in answers)}
    if size:
        facts["kbps"] = round(8e-3 * size / (samples / listened.sample_rate), 1)
    return answered(list(rows), sets, answers, listened.labels), facts


def _others(waves: Waveforms, mine: int) -> Callable[[np.random.Generator], NDArray[np.float32]]:
    """Gives clips that are not this one."""

    def other(generator: np.random.Generator) -> NDArray[np.float32]:
        place = int(generator.integers(len(waves) - 1))
        clip: NDArray[np.float32] = waves[place + (place >= mine)]
        return clip

    return other


def _assemble(
    path: Path, listened: Listened, waves: Waveforms, plan: dict[str, Any], command: str
) -> dict[str, Any]:
    clean = read_predictions(_files(path, CLEAN)[0])
    found = []
    for name, condition in CONDITIONS.items():
        answers, facts = _files(path, name)
        if facts.is_file():
            found.append(_scored(condition, read_predictions(answers), clean, read_json(facts)))
    return {
        "version": ROBUSTNESS_VERSION,
        "hearfelt": hearfelt.__version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "model": listened.facts,
        "heard": listened.heard,
        "seed": plan["seed"],
        "clips": len(waves),
        "speakers": len(set(clean.speaker)),
        "corpora": dict(sorted(waves.manifest.counts("corpus").items())),
        "labels": list(listened.labels),
        "sample_rate": listened.sample_rate,
        "left_out": list(listened.left_out),
        "complete": len(found) == len(CONDITIONS),
        "conditions": found,
        "floors": _floors(found),
    }


def _scored(condition: Condition, table: Predictions, clean: Predictions, facts: Any) -> dict[str, Any]:
    mine, base = Answers(table, (0,) * len(table)), Answers(clean, (0,) * len(clean))
    figures = measure(mine) or {}
    return {
        "name": condition.name,
        "group": condition.group,
        "series": condition.series,
        "title": condition.title,
        "level": condition.level,
        "uar": figures["uar"],
        "accuracy": figures["accuracy"],
        "interval_over": figures["interval_over"],
        "difference": difference(mine, base),
        "share": share_of_clean(table, clean),
        "corpora": {
            corpus: _uar(table[table.corpus == corpus], table.prediction[table.corpus == corpus])
            for corpus in sorted(set(table.corpus))
        },
        "no_answer": facts["no_answer"],
        "kbps": facts.get("kbps"),
        "seconds": facts["seconds"],
    }


def _uar(table: Predictions, answer: NDArray[np.int64]) -> float:
    return float(unweighted_average_recall(confusion_matrix(table.truth, answer, len(table.labels))))


def share_of_clean(table: Predictions, clean: Predictions) -> dict[str, Any]:
    """UAR divided by that of the clean clips, with an interval over speakers; both see the same resamples."""
    classes = len(table.labels)
    speakers = table.speaker.astype(str)
    groups = speakers if np.unique(speakers).size > 1 else None
    whole = _uar(clean, clean.prediction)
    if whole == 0:
        return {"value": None, "low": None, "high": None, "reason": "No clean clip was recognised."}
    value = _uar(table, table.prediction) / whole
    if reason := no_interval_because(table.truth, groups):
        return {"value": value, "low": None, "high": None, "reason": reason}
    first, second = resampled_confusions(
        table.truth,
        [table.prediction, clean.prediction],
        classes,
        rng=np.random.default_rng(0),
        groups=groups,
    )
    above, below = unweighted_average_recall(first), unweighted_average_recall(second)
    return {"value": value, **percentile_interval(above[below > 0] / below[below > 0]).to_json()}


def _floors(conditions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whether what has to be kept is kept; ``met`` is None where a condition was not asked."""
    known = {entry["name"]: entry for entry in conditions}
    found = []
    for name, (wanted, share, points) in FLOORS.items():
        there = [known[condition] for condition in wanted if condition in known]
        met: bool | None = None
        if len(there) == len(wanted):
            if share is not None:
                met = all((entry["share"]["value"] or 0.0) >= share for entry in there)
            if points is not None:
                met = all(abs(entry["difference"]["value"]) <= points for entry in there)
        found.append({"name": name, "conditions": list(wanted), "share": share, "points": points, "met": met})
    return found
