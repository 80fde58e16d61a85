"""The model card that travels with a bundle: what it was trained on, how good it is, what it must not be used for."""

from __future__ import annotations

from hearfelt.corpora._registry import get_corpus, list_corpora
from hearfelt.models.specification import Specification

_LIMITS = """\
## What it cannot do

- It was trained on acted speech. Acted emotion is louder and clearer than that of daily life; expect it to be less
  sure and more often wrong on ordinary conversation.
- It hears how something is said, never what is felt. An emotion in a voice is not the emotion of a person.
- Children, old voices, illness, strong noise, several people at once, and languages far from those above are outside
  what it has heard.

## Unfit uses

Hiring, policing, border control, credit, insurance, schooling, medicine and diagnosis, lie detection, surveillance at
work, or any decision about a person. In the European Union, emotion recognition at work and in education is prohibited
(Regulation (EU) 2024/1689, Article 5).
"""


def model_card(specification: Specification, size_bytes: int) -> str:
    """Markdown for people, from the specification alone."""
    s = specification
    lines = [
        f"# {s.name}",
        "",
        f"Waveform in, probabilities of {len(s.labels)} emotions out: {', '.join(s.labels)}.",
        f"{s.architecture.get('name', 'network')}, {s.architecture.get('members', 1)} member(s), "
        f"{s.parameters:,} weights, {size_bytes / 1e6:.1f} MB, {s.sample_rate} Hz mono.",
        "",
        "## Training data and licences",
        "",
        "| corpus | clips | language | licence |",
        "|---|---|---|---|",
    ]
    known = set(list_corpora())
    for corpus, clips in s.training_corpora.items():
        language, licence = ("", "the user's own")
        if corpus in known:
            language, licence = get_corpus(corpus).language, get_corpus(corpus).licence
        lines.append(f"| {corpus} | {clips} | {language} | {licence} |")
    lines += ["", s.licence or "No licence of the weights was stated.", ""]
    notices = [get_corpus(corpus).extra.get("notice", "") for corpus in s.training_corpora if corpus in known]
    if any(notices):
        lines += ["Notices, to be kept with the weights:", ""]
        lines += [f"- {notice}" for notice in notices if notice] + [""]
    lines += ["## How good it is", ""]
    if s.metrics:
        lines += [s.metrics_protocol, ""]
        lines += _whose_figures(s)
        lines += ["| test rows | UAR | accuracy | macro F1 |", "|---|---|---|---|"]
        for corpus, values in s.metrics.items():
            cells = " | ".join(
                f"{100 * values[key]:.1f} %" if key in values else ""
                for key in ("uar", "accuracy", "macro_f1")
            )
            lines.append(f"| {corpus} | {cells} |")
    else:
        lines.append(f"Not known: {s.metrics_protocol or 'no test rows'}.")
    if s.held_out_speakers:
        names = ", ".join(s.held_out_speakers[:30]) + (", ..." if len(s.held_out_speakers) > 30 else "")
        lines += ["", f"Speakers never trained on ({len(s.held_out_speakers)}): {names}."]
    lines += [
        "",
        f"Calibration: temperature {s.calibration.temperature:.3f}, fitted on {s.calibration.fitted_on or 'nothing'}.",
        "",
        _LIMITS,
        "## Provenance",
        "",
        f"hearfelt {s.provenance.hearfelt_version}, recipe `{s.provenance.recipe_name}`, seed "
        f"{', '.join(map(str, s.provenance.seeds))}, commit `{s.provenance.commit[:12]}`, "
        f"manifest `{s.provenance.manifest_hash[:16]}`. Made again by:",
        "",
        f"    {s.provenance.command}",
        "",
    ]
    return "\n".join(lines)


def _whose_figures(s: Specification) -> list[str]:
    """What the figures are of, where the model is an average."""
    folds, members = s.provenance.folds, s.provenance.members
    if members == 1 or not folds:
        return []
    each = "members, each alone"
    if members > len(folds):
        each = f"averages of {members // len(folds)} networks, fold by fold, each"
    if len(folds) == 1:
        words = (
            f"This model is the average of the {members} networks of fold {folds[0]}. The figures are those of such "
            "averages, each on the test rows of its fold."
        )
    else:
        words = (
            f"The figures are those of the {each} on the speakers that it never heard; the average of all, which is "
            "what this model gives, has no such speakers left to be measured on."
        )
    return [words, ""]
