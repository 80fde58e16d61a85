"""Tables and sentences of the report, each from the run folder to HTML or text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from hearfelt.evaluation._html import Raw, details, table
from hearfelt.evaluation._run_folder import RunFolder

_NO_BREAK = "\u00a0"
MEASURE_NAMES = {
    "uar": "UAR (macro recall)",
    "accuracy": "Accuracy (WA)",
    "macro_precision": "Macro precision",
    "macro_f1": "Macro F1",
    "mcc": "Matthews correlation",
}


def percent(value: float | None) -> str:
    """A share with one decimal.

    >>> percent(0.6123).split()
    ['61.2', '%']
    """
    return "–" if value is None else f"{100 * value:.1f}{_NO_BREAK}%"


def whole_percent(value: float) -> str:
    """A share without decimals.

    >>> whole_percent(0.986).split()
    ['99', '%']
    """
    return f"{100 * value:.0f}{_NO_BREAK}%"


def shown(measure: str, value: float) -> str:
    """A measure as its readers write it: shares in percent, a correlation as a number."""
    return f"{value:.3f}" if measure == "mcc" else percent(value)


def interval(block: Mapping[str, Any], measure: str = "") -> str:
    """Both ends, or in two words why there are none."""
    if block.get("low") is None:
        reason = str(block.get("reason", ""))
        few = [words for words in ("one speaker", "one class", "one clip") if words in reason]
        return f"none: {few[0]}" if few else "none"
    if measure == "mcc":
        return f"{block['low']:.3f} to {block['high']:.3f}"
    return f"{100 * block['low']:.1f} to {100 * block['high']:.1f}{_NO_BREAK}%"


def folds(run: RunFolder) -> str:
    """``5 folds``, or ``1 of 6 folds`` where others are not tested."""
    count = len(run.metrics["per_fold"]["folds"])
    return (
        f"{count} of {len(run.parts)} folds" if count < len(run.parts) else f"{count} fold{'s' * (count > 1)}"
    )


def versions(run: RunFolder) -> dict[str, str]:
    """Library -> version, hearfelt and Python among them."""
    given = run.provenance
    found = {name: given[name] for name in ("hearfelt", "python") if given.get(name)}
    for key in ("libraries", "versions"):
        if isinstance(given.get(key), Mapping):
            found |= given[key]
    return {str(name): str(version) for name, version in found.items()}


def recipe_facts(run: RunFolder) -> list[tuple[str, Any]]:
    """What the recipe says, in the order a reader asks."""
    labels = run.metrics.get("labels") or _labels(run)
    augmentation = run.recipe.get("augmentation") or []
    training = run.recipe.get("training") if isinstance(run.recipe.get("training"), Mapping) else {}
    found = run.recipe.get("front_end")
    front_end = found if isinstance(found, Mapping) else {}
    return [
        ("Corpora", _corpora_in_words(run)),
        ("Classes", ", ".join(map(str, labels))),
        (
            "Model",
            " ".join([run.text("model", "name"), _settings(run.recipe.get("model"), "options")]).strip(),
        ),
        (
            "Front end",
            _pick(
                front_end,
                height="pictures {} high",
                width="{} wide",
                colours="colours: {}",
                colour_map="of {}",
            )
            if front_end.get("name") == "picture"
            else _pick(
                front_end, mel_count="{} mel bands", sample_rate="{} Hz", normalization="normalised: {}"
            ),
        ),
        ("Augmentation", ", ".join(_name(entry) for entry in augmentation) if run.recipe else ""),
        (
            "Training",
            _pick(
                training,
                epochs="at most {} epochs",
                batch_size="batches of {}",
                optimizer="{}",
                learning_rate="learning rate {}",
                crop_seconds="crops of {} s",
            ),
        ),
        ("Protocol", run.text("split", "protocol", of="provenance") or run.text("protocol", "name")),
        ("Seed", run.text("seed")),
    ]


def _corpora_in_words(run: RunFolder) -> str:
    counts = run.corpora()
    if len(counts) > 4:
        return f"{len(counts)} corpora, {sum(counts.values()):,} clips; see the table"
    return ", ".join(f"{name} ({count:,} clips)" for name, count in counts.items())


def _labels(run: RunFolder) -> list[str]:
    return sorted({row.get("emotion", "") for row in run.rows} - {""})


def _name(entry: Any) -> str:
    return str(entry.get("name", entry) if isinstance(entry, Mapping) else entry)


def _settings(part: Any, key: str) -> str:
    options = part.get(key) if isinstance(part, Mapping) else None
    return (
        f"({', '.join(f'{k} {v}' for k, v in options.items())})"
        if isinstance(options, Mapping) and options
        else ""
    )


def _pick(part: Any, **shown: str) -> str:
    return ", ".join(
        text.format(part[key]) for key, text in shown.items() if part and part.get(key) not in (None, "")
    )


def provenance_facts(run: RunFolder) -> list[tuple[str, Any]]:
    """Where the run came from."""
    machine = run.provenance.get("machine")
    if isinstance(machine, Mapping):
        machine = ", ".join(f"{key} {value}" for key, value in machine.items())
    return [
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions(run).items())),
        ("Commit", run.text("commit", of="provenance")),
        (
            "Average of",
            "; ".join(
                f"{member.get('recipe')}, seed {member.get('seed')}, commit {str(member.get('commit'))[:12]}: "
                f"{member.get('command')}"
                for member in run.provenance.get("members") or ()
            ),
        ),
        ("Manifest hash", run.text("manifest_hash", of="provenance")),
        ("Machine", machine),
        ("Threads", run.text("threads", of="provenance")),
        ("Made", run.text("created", of="provenance")),
        ("Run folder", run.path.resolve().name),
    ]


def corpora(run: RunFolder) -> str:
    """Clips and speakers of each corpus, by class."""
    if not run.rows:
        return ""
    labels = run.metrics.get("labels") or _labels(run)
    rows: list[list[Any]] = []
    for name, count in run.corpora().items():
        own = [row for row in run.rows if (row.get("corpus") or "") == name]
        classes = Counter(row.get("emotion", "") for row in own)
        hours = sum(float(row["duration"]) for row in own if row.get("duration")) / 3600
        people = len({row.get("speaker") for row in own})
        rows.append(
            [name, count, people, f"{hours:.2f}" if hours else None, *(classes[k] or None for k in labels)]
        )
    return table(
        "Clips of each corpus, and of each class", ["corpus", "clips", "speakers", "hours", *labels], rows
    )


def measures(run: RunFolder) -> str:
    """Every measure with both intervals and the mean over folds."""
    whole, per_fold = run.metrics["all"], run.metrics["per_fold"]
    level = f"{100 * run.metrics['level']:.0f} %"
    rows = []
    for key, name in MEASURE_NAMES.items():
        block, deviation = whole[key], per_fold["deviation"][key]
        spread = shown(key, per_fold["mean"][key])
        if deviation is not None:
            spread += f" ± {deviation:.3f}" if key == "mcc" else f" ± {100 * deviation:.1f}"
        ends = [interval(block[what], key) for what in ("speakers", "clips")]
        rows.append([name, shown(key, block["value"]), *ends, spread])
    header = [
        "measure",
        "all test clips",
        f"{level} over speakers",
        f"{level} over clips",
        "mean ± deviation of folds",
    ]
    return table(
        f"All {whole['n']:,} test answers; intervals by {run.metrics['resamples']:,} bootstrap resamples",
        header,
        rows,
    )


def per_fold(run: RunFolder) -> str:
    """A line a fold."""
    lines = run.metrics["per_fold"]["folds"]
    if len(lines) < 2:
        return ""
    rows = [
        [f"fold {r['fold']}", r["n"], r["speakers"], *(shown(key, r[key]) for key in MEASURE_NAMES)]
        for r in lines
    ]
    return details(
        "Every fold",
        table("Every fold on its own", ["fold", "clips", "speakers", *MEASURE_NAMES.values()], rows),
    )


def groups(run: RunFolder) -> str:
    """Per corpus and per sex."""
    text = []
    for key, title, first in (("per_corpus", "By corpus", "corpus"), ("per_sex", "By sex", "sex")):
        blocks = run.metrics[key]
        closed = any("closed_set" in block for block in blocks.values())
        rows = []
        for name, block in blocks.items():
            row = [
                name,
                block["n"],
                block["speakers"],
                percent(block["uar"]["value"]),
                interval(block["uar"]["speakers"]),
            ]
            row += [percent(block[measure]["value"]) for measure in ("accuracy", "macro_f1")]
            if closed:
                own = block.get("closed_set")
                row.append(f"{percent(own['uar'])} ({len(own['labels'])} classes)" if own else None)
            rows.append(row)
        header = [first, "clips", "speakers", "UAR", "UAR over speakers", "accuracy", "macro F1"]
        text.append(table(title, [*header, *(["UAR, own classes only"] if closed else [])], rows))
    return "".join(text)


def per_class(run: RunFolder) -> str:
    """Precision, recall, F1 and support."""
    rows = [
        [
            label,
            r["support"],
            percent(r["recall"]),
            interval(r["recall_speakers"]),
            percent(r["precision"]),
            percent(r["f1"]),
        ]
        for label, r in run.metrics["per_class"].items()
    ]
    return table("Every class", ["class", "clips", "recall", "recall over speakers", "precision", "F1"], rows)


def per_speaker(run: RunFolder) -> str:
    """Every speaker, best first."""
    people = sorted(run.metrics["per_speaker"].items(), key=lambda item: (-item[1]["uar"], item[0]))
    rows = [
        [name, r["corpus"], r["sex"], r["n"], percent(r["uar"]), percent(r["accuracy"])] for name, r in people
    ]
    return table(
        "Every speaker, best first",
        ["speaker", "corpus", "sex", "clips", "UAR", "accuracy"],
        rows,
        text_columns=3,
    )


def confusion(run: RunFolder) -> str:
    """Counts, with row percent."""
    labels, matrix = run.metrics["labels"], run.metrics["confusion"]["matrix"]
    rows = []
    for label, counts in zip(labels, matrix, strict=True):
        total = sum(counts)
        shares = [Raw(f"{n} <small>{whole_percent(n / total)}</small>") if n else None for n in counts]
        rows.append([f"{label} ({total})", *shares])
    return table("Rows: the truth. Columns: what was heard. Counts and row percent", ["truth", *labels], rows)


def confusion_in_words(run: RunFolder) -> str:
    """The best class and the commonest confusions."""
    labels = run.metrics["labels"]
    counts = np.array(run.metrics["confusion"]["matrix"], dtype=np.float64)
    support = counts.sum(axis=1)
    share = np.divide(counts, support[:, None], out=np.zeros_like(counts), where=support[:, None] > 0)
    best = int(np.diag(share).argmax())
    off = share - np.diag(np.diag(share))
    worst = [divmod(int(k), len(labels)) for k in np.argsort(-off, axis=None, kind="stable")[:3]]
    pairs = [f"{labels[i]} as {labels[j]} ({whole_percent(off[i, j])})" for i, j in worst if off[i, j] > 0]
    text = f"Heard best: {labels[best]} ({whole_percent(share[best, best])} of its clips)."
    return text + (f" Most often confused: {', '.join(pairs)}." if pairs else "")


def _best(lines: list[dict[str, Any]]) -> dict[str, Any] | None:
    scored = [line for line in lines if isinstance(line.get("validation_uar"), int | float)]
    return max(scored, key=lambda line: line["validation_uar"]) if scored else None


def best_epochs(run: RunFolder) -> str:
    """Epochs, time and best validation UAR of every fold."""
    rows: list[list[Any]] = []
    for fold, lines in run.curves.items():
        best = _best(lines)
        seconds = sum(float(line.get("seconds") or 0) for line in lines)
        shown = [best["epoch"], percent(best["validation_uar"])] if best else [None, None]
        rows.append([f"fold {fold}", len(lines), *shown, f"{seconds / 60:.1f}" if seconds else None])
    return table(
        "Epochs count from 0", ["fold", "epochs", "best epoch", "its validation UAR", "minutes"], rows
    )


def curves_in_words(run: RunFolder) -> str:
    """What the curves come to."""
    best = [found["validation_uar"] for lines in run.curves.values() if (found := _best(lines))]
    return f"Best validation UAR from {percent(min(best))} to {percent(max(best))}." if best else ""


def calibration(run: RunFolder) -> str:
    """Calibration figures before and after."""
    block = run.metrics["calibration"]
    names = {
        "ece": "Expected calibration error, 15 equal bins",
        "ece_adaptive": "Expected calibration error, equally full bins",
        "brier": "Brier score",
        "nll": "Negative log-likelihood",
        "aurc": "Area under the risk-coverage curve",
    }
    rows = [
        [name, f"{block['before'][key]:.3f}", f"{block['after'][key]:.3f}" if block["after"] else None]
        for key, name in names.items()
    ]
    return table("Lower is better in every line", ["figure", "as trained", "calibrated"], rows)
