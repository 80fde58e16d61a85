"""`report.html` of a run: what was trained, how well it hears, and how to repeat it, on one page.

The page asks for nothing from anywhere, follows the reader's light or dark theme, fits a phone and prints.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from hearfelt.errors import HearfeltError
from hearfelt.evaluation import _report_tables as tables
from hearfelt.evaluation import plots
from hearfelt.evaluation._canvas import emotion_color
from hearfelt.evaluation._html import details, escape, facts, paragraph, picture, report_page, section, table
from hearfelt.evaluation._run_folder import PARTS, RunFolder, read_run_folder
from hearfelt.evaluation.mistakes import audio_data_uri, worst_mistakes
from hearfelt.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: (path, start seconds, end seconds or None) -> (mono samples, sample rate).
ReadClip = Callable[[str, float, float | None], tuple[ArrayLike, int]]

PROTOCOLS: Mapping[str, str] = {
    "random": "Clips were divided by chance, whoever speaks in them.",
    "stratified_random": "Clips were divided by chance, class by class, whoever speaks in them.",
    "grouped_kfold": "Speakers were divided into folds; nobody who is tested was heard in training.",
    "leave_one_speaker_out": "Each speaker was tested by a model that never heard them.",
    "published": "The division is one that others published, so that figures can be compared.",
    "cross_corpus": "Some corpora were trained on, and others were tested on.",
    "all": "Everything was trained on; nothing was kept for a test.",
}


def write_report(
    run_dir: str | os.PathLike[str],
    *,
    read_clip: ReadClip | None = None,
    out: str | os.PathLike[str] | None = None,
    protocol: str = "",
    max_clips: int = 12,
) -> Path:
    """Write the report of a run folder, atomically. What is missing is left out and named at the end.

    Args:
        run_dir: the run folder; see docs/contracts.md.
        read_clip: reads the sound of the worst mistakes; without it they are listed and cannot be played.
        out: where to; ``report.html`` in the run folder by default.
        protocol: the protocol in plain words; by default what ``provenance.json`` says.
        max_clips: how many mistakes are playable.

    Returns:
        the path of the page.

    Raises:
        HearfeltError: no such folder, or the page cannot be written.
    """
    run = read_run_folder(run_dir)
    target = Path(out) if out is not None else run.path / "report.html"
    write_atomically(target, render_report(run, read_clip=read_clip, protocol=protocol, max_clips=max_clips))
    return target


def render_report(
    run: RunFolder, *, read_clip: ReadClip | None = None, protocol: str = "", max_clips: int = 12
) -> str:
    """The page as text; see `write_report`."""
    name = run.text("name") or run.path.resolve().name
    words = protocol or run.text("split", "sentence", of="provenance")
    words = words or PROTOCOLS.get(run.text("protocol", "name"), "")
    sections = [
        _data(run, words),
        _scores(run),
        _learning(run),
        _classes(run),
        _speakers(run),
        _confidence(run),
        _mistakes(run, read_clip, max_clips),
        _again(run),
        section("notes", "What is missing", *(paragraph(note) for note in run.notes)),
    ]
    links = [
        ("data", "Data and protocol"),
        ("scores", "Scores"),
        ("learning", "Learning"),
        ("classes", "Classes"),
        ("speakers", "Speakers"),
        ("confidence", "Confidence"),
        ("mistakes", "Mistakes"),
        ("again", "Make it again"),
    ]
    body = "".join(sections)
    corpora = ", ".join(run.corpora()) or "unknown data"
    division = run.text("split", "protocol", of="provenance") or run.text("protocol", "name") or "unknown"
    return report_page(
        f"{name}: report",
        _warning(run) + _headline(run) + body,
        kind="report of a run",
        heading=name,
        lead=run.text("description"),
        words=f"Trained on {corpora}, protocol {division}.",
        links=[(key, text) for key, text in links if f'id="{key}"' in body],
        made=(tables.versions(run).get("hearfelt", ""), run.text("created", of="provenance")),
    )


def _warning(run: RunFolder) -> str:
    name = run.text("protocol", "name")
    random = name in ("random", "stratified_random")
    if not random and not run.shared_speakers:
        return ""
    shared = ""
    if set(run.shared_speakers) == {"unknown"}:
        shared = "Who speaks is not known, so the same speakers are both in training and in the test. "
    elif run.shared_speakers:
        shared = f"{len(run.shared_speakers)} speakers are both in training and in the test. "
    cause = f"The protocol is {name.replace('_', ' ')}. " if random else ""
    return (
        '<div class="warn" role="note"><strong>Speakers are shared: '
        f"these numbers are not for unheard voices</strong><p>{escape(cause + shared)}"
        "The model knows the voices that it is tested on, so the figures are higher than for people it has "
        "never heard. For those, use a speaker-independent protocol such as <code>grouped_kfold</code>."
        "</p></div>"
    )


def _headline(run: RunFolder) -> str:
    whole = run.metrics.get("all")
    if not whole:
        return ""
    chance = 1 / len(run.metrics["labels"])
    uar = whole["uar"]
    speakers = tables.interval(uar["speakers"])
    low, high = (uar["speakers"].get(end) for end in ("low", "high"))
    if low is None:
        low, high = (uar["clips"].get(end) for end in ("low", "high"))
    span = f'<i style="left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%"></i>' if low is not None else ""
    level = f"{run.metrics['level']:.0%}".replace("%", " %")
    big = (
        '<div class="card big"><p class="name">UAR, the mean recall of the classes</p>'
        f'<p class="value">{tables.percent(uar["value"])}</p>'
        f'<div class="bar" aria-hidden="true">{span}<b style="left:{100 * uar["value"]:.2f}%"></b>'
        f'<u style="left:{100 * chance:.2f}%"></u></div>'
        f'<p class="range">{level} interval: {escape(speakers)} over speakers, '
        f"{escape(tables.interval(uar['clips']))} over clips. "
        f"Guessing reaches {tables.percent(chance)}.</p></div>"
    )
    small = []
    for key, name in (("accuracy", "Accuracy"), ("macro_f1", "Macro F1")):
        block = whole[key]
        small.append(
            (name, tables.percent(block["value"]), f"{tables.interval(block['speakers'])} over speakers")
        )
    small.append(
        ("Tested", f"{whole['clips']:,}", f"clips of {whole['speakers']} speakers, {tables.folds(run)}")
    )
    cards = "".join(
        f'<div class="card"><p class="name">{escape(name)}</p><p class="value">{escape(value)}</p>'
        f'<p class="range">{escape(note)}</p></div>'
        for name, value, note in small
    )
    return f'<div class="cards" role="group" aria-label="Headline figures">{big}{cards}</div>'


def _data(run: RunFolder, words: str) -> str:
    parts = [
        [
            f"fold {fold}",
            *(f"{clips:,} ({speakers})" if clips else None for clips, speakers in counts.values()),
        ]
        for fold, counts in run.parts.items()
    ]
    header = ["fold", *(f"{part} clips (speakers)" for part in PARTS)]
    listing = (
        table("Clips, and in brackets speakers, of each part of each fold", header, parts) if parts else ""
    )
    return section(
        "data",
        "What was trained on what",
        paragraph(words),
        facts(tables.recipe_facts(run)),
        tables.corpora(run),
        details(f"Parts of the {len(parts)} folds", listing) if len(parts) > 8 else listing,
    )


def _scores(run: RunFolder) -> str:
    if not run.metrics:
        return ""
    return section("scores", "Scores", tables.measures(run), tables.per_fold(run), tables.groups(run))


def _learning(run: RunFolder) -> str:
    if not run.curves:
        return ""
    alt = f"Learning curves of {len(run.curves)} folds. {tables.curves_in_words(run)}"
    return section(
        "learning",
        "Learning curves",
        paragraph("Thin lines are folds, thick lines their mean as far as every fold went.", "muted"),
        _both(lambda dark: plots.plot_learning_curves(run.curves, title="", dark=dark), alt),
        details("Best epoch of every fold", tables.best_epochs(run)),
    )


def _classes(run: RunFolder) -> str:
    if not run.metrics:
        return ""
    matrix, labels = run.metrics["confusion"]["matrix"], run.metrics["labels"]
    alt = f"Confusion matrix of {len(labels)} classes. {tables.confusion_in_words(run)}"
    return section(
        "classes",
        "Which emotion is heard as which",
        paragraph(tables.confusion_in_words(run), "muted"),
        _both(lambda dark: plots.plot_confusion(matrix, labels, title="", dark=dark), alt),
        details("The confusion matrix as a table", tables.confusion(run)),
        _both(
            lambda dark: plots.plot_classes(run.metrics["per_class"], dark=dark),
            "Recall, precision and F1 of every class. The table below has the figures.",
        ),
        tables.per_class(run),
    )


def _speakers(run: RunFolder) -> str:
    people = run.metrics.get("per_speaker")
    if not people:
        return ""
    values = sorted((row["uar"], name) for name, row in people.items())
    words = (
        f"{len(people)} speakers. UAR from {tables.percent(values[0][0])} ({values[0][1]}) to "
        f"{tables.percent(values[-1][0])} ({values[-1][1]}), half of them above "
        f"{tables.percent(float(np.median([value for value, _ in values])))}."
    )
    chance = 1 / len(run.metrics["labels"])
    return section(
        "speakers",
        "Every speaker",
        paragraph(words, "muted"),
        _both(
            lambda dark: plots.plot_speakers(people, chance=chance, title="", dark=dark),
            f"Bars of speakers. {words}",
        ),
        details("The speakers as a table", tables.per_speaker(run)),
    )


def _confidence(run: RunFolder) -> str:
    block = run.metrics.get("calibration")
    if not block:
        return ""
    before, after = block["before"], block["after"]
    curves = {"as trained": before["risk_coverage"]}
    words = f"As trained, confidence and accuracy differ by {100 * before['ece']:.1f} points on average (ECE)"
    if after:
        curves["calibrated"] = after["risk_coverage"]
        words += f"; with temperature {block['temperature']:.2f}, {100 * after['ece']:.1f}. "
        words += f"Fitted on {block['fitted_on']}."
    else:
        words += f". {block.get('reason', '')}"
    return section(
        "confidence",
        "Can the confidence be believed?",
        paragraph(words, "muted"),
        _both(
            lambda dark: plots.plot_reliability(
                before["reliability"], after["reliability"] if after else None, title="", dark=dark
            ),
            f"Reliability diagram. {words}",
        ),
        tables.calibration(run),
        _both(
            lambda dark: plots.plot_risk_coverage(curves, dark=dark),
            f"Risk-coverage curve. Mean risk over all coverages {before['aurc']:.3f} as trained.",
        ),
    )


def _mistakes(run: RunFolder, read_clip: ReadClip | None, max_clips: int) -> str:
    if run.answers is None:
        return ""
    answers = run.answers
    rows = worst_mistakes(answers, max_clips)
    if not rows.size:
        return section("mistakes", "Worst confident mistakes", paragraph("There is not one mistake."))
    items, unread = [], 0
    for row in rows:
        path, start, end = answers.keys[row]
        truth, heard = answers.labels[answers.truth[row]], answers.labels[answers.prediction[row]]
        sound = ""
        if read_clip is not None:
            try:
                sound = audio_data_uri(*read_clip(path, start, end))
            except (HearfeltError, OSError):
                unread += 1
        player = (
            f'<audio controls preload="metadata" src="{sound}" '
            f'aria-label="{escape(f"{truth}, heard as {heard}, {answers.speaker[row]}")}"></audio>'
            if sound
            else ""
        )
        given = answers.probabilities[row, answers.truth[row]]
        sure = tables.whole_percent(answers.confidence[row])
        known = [f"{tables.whole_percent(given)} for {truth}", answers.speaker[row], Path(path).name]
        items.append(
            f"<li><p>{_named(truth)}, heard as {_named(heard)} with {sure}</p>"
            f"<p class=muted>{escape(' · '.join(known))}</p>{player}</li>"
        )
    note = "The most confident of the wrong answers, at most three of one speaker"
    note += ", their loudest three seconds at a common level." if read_clip is not None else "."
    if read_clip is None or unread == len(rows):
        note += " They cannot be played here, because the recordings were not there when the page was made."
    elif unread:
        note += f" {unread} recordings could not be read."
    return section(
        "mistakes",
        "Worst confident mistakes",
        paragraph(note, "muted"),
        f'<ul class="clips">{"".join(items)}</ul>',
    )


def _named(label: str) -> str:
    dot = f'<span class="dot" style="background:{emotion_color(label)}" aria-hidden="true"></span>'
    return f"<strong>{dot}{escape(label)}</strong>"


def _again(run: RunFolder) -> str:
    command = run.text("command", of="provenance")
    content = [f'<pre class="wrap"><code>{escape(command)}</code></pre>' if command else ""]
    if not command:
        content = [paragraph("provenance.json does not say which command made this run.", "muted")]
    content.append(facts(tables.provenance_facts(run)))
    if run.recipe:
        import yaml

        text = yaml.safe_dump(run.recipe, sort_keys=False, allow_unicode=True)
        content.append(details("The whole recipe", f"<pre><code>{escape(text)}</code></pre>"))
    return section("again", "Make it again", *content)


def _both(draw: Callable[[bool], Figure], alt: str) -> str:
    light, dark = (plots.figure_to_data_uri(draw(dark)) for dark in (False, True))
    return picture(light, dark, alt)
