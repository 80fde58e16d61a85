"""Read every recording of a manifest and say what is wrong with it, and what has to go.

Must be dropped: unreadable, empty and silent recordings; identical audio under several names (all but the
first, or all of them where the labels contradict each other). Worth knowing: clipped recordings; files of
another rate, channel count or format than most of their corpus; clips that the official corpus has and this
copy lacks.
"""

from __future__ import annotations

import math
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from hearfelt.corpora._inspect import CLIP_LEVEL, CLIP_SHARE, SILENCE_PEAK, Look, inspect_rows
from hearfelt.corpora._registry import get_corpus, list_corpora
from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import CorpusError

#: Version of the JSON; raised where a field changes its meaning or goes.
SCHEMA_VERSION = 1

#: Kinds of findings -> what to do about them; the first five are reasons to drop clips.
ADVICE: Mapping[str, str] = {
    "unreadable": "cannot be decoded; dropped",
    "empty": "no samples; dropped",
    "silent": "no sound above -60 dB; dropped",
    "contradictory": "identical audio with different emotions: no label can be trusted; all dropped",
    "identical": "identical audio under several names, which a split could part; all but the first dropped",
    "clipped": "cut off at full scale; kept, but loud emotions may be learned from the damage",
    "odd_rate": "another sample rate than most of the corpus; kept, resampled when read",
    "odd_channels": "another number of channels than most of the corpus; kept, mixed to mono when read",
    "odd_format": "another format than most of the corpus or than the suffix says; kept, content decides",
    "missing": "fewer clips than the official corpus; download again, or go on with what is there",
}
DROPPED = frozenset({"unreadable", "empty", "silent", "contradictory", "identical"})

_CHANNELS = {1: "mono", 2: "stereo"}
_CONTAINERS = {  # suffix -> what libsndfile calls the content
    ".wav": {"WAV", "WAVEX", "RF64"},
    ".flac": {"FLAC"},
    ".ogg": {"OGG"},
    ".opus": {"OGG"},
    ".mp3": {"MP3"},
    ".aiff": {"AIFF"},
    ".aif": {"AIFF"},
}


@dataclass(frozen=True)
class Finding:
    """One thing found in one corpus.

    Attributes:
        kind: a key of `ADVICE`.
        corpus: adapter name.
        detail: one sentence with the numbers.
        rows: the clips concerned.
        dropped: those of them that have to go.
    """

    kind: str
    corpus: str
    detail: str
    rows: tuple[Row, ...] = ()
    dropped: tuple[Row, ...] = ()


@dataclass(frozen=True)
class ValidationReport:
    """What was found, and the manifest without what has to go.

    Attributes:
        manifest: all rows, with duration, sample_rate and audio_hash filled in where they could be read.
        clean: the rows to keep, in order.
        findings: by corpus, then by the order of `ADVICE`.
        formats: corpus -> the most frequent format, in words.
    """

    manifest: Manifest
    clean: Manifest
    findings: tuple[Finding, ...]
    formats: Mapping[str, str]

    @property
    def must_drop(self) -> int:
        """How many rows have to go."""
        return len(self.manifest) - len(self.clean)

    def to_json(self) -> dict[str, Any]:
        """For machines; docs/corpora.md describes each field."""
        corpora: dict[str, Any] = {}
        for name in self.manifest.counts("corpus"):
            rows = [row for row in self.manifest if row.corpus == name]
            corpora[name] = {
                "clips": len(rows),
                "keep": sum(row.corpus == name for row in self.clean),
                "seconds": round(sum(row.duration or 0.0 for row in rows), 3),
                "format": self.formats.get(name, ""),
                "missing": _missing(name, rows),
            }
        return {
            "schema": "hearfelt.validation",
            "version": SCHEMA_VERSION,
            "clips": len(self.manifest),
            "keep": len(self.clean),
            "drop": self.must_drop,
            "corpora": corpora,
            "findings": [
                {
                    "kind": finding.kind,
                    "corpus": finding.corpus,
                    "detail": finding.detail,
                    "clips": [_clip(row) for row in finding.rows],
                    "dropped": [_clip(row) for row in finding.dropped],
                }
                for finding in self.findings
            ],
        }

    def summary(self, examples: int = 4) -> str:
        """For people: what was found, in which files, and what to do about it."""
        lines: list[str] = []
        for name in self.manifest.counts("corpus"):
            lines += self._summarise(name, examples)
        total = len(self.manifest)
        if self.must_drop:
            lines.append(f"{self.must_drop} of {total} clips must be dropped; {len(self.clean)} can be used.")
        else:
            lines.append(f"All {total} clips can be used.")
        return "\n".join(lines)

    def _summarise(self, name: str, examples: int) -> Iterator[str]:
        rows = [row for row in self.manifest if row.corpus == name]
        hours = sum(row.duration or 0.0 for row in rows) / 3600
        drop = len(rows) - sum(row.corpus == name for row in self.clean)
        verdict = f"{drop} must be dropped" if drop else "all can be used"
        usual = self.formats.get(name) or "unreadable"
        yield f"{name}: {len(rows)} clips, {hours:.2f} h, mostly {usual}; {verdict}"
        base = os.path.commonpath([str(PurePath(row.path).parent) for row in rows])
        for kind, advice in ADVICE.items():
            found = [finding for finding in self.findings if (finding.kind, finding.corpus) == (kind, name)]
            if not found:
                continue
            count = sum(len(finding.rows) for finding in found)
            yield f"  {kind} ({count} clips): {advice}" if count else f"  {kind}: {advice}"
            for finding in found[:examples]:
                shown = [_show(row, base) for row in finding.rows[:examples]]
                more = f" and {len(finding.rows) - examples} more" if len(finding.rows) > examples else ""
                files = f"{', '.join(shown)}{more}: " if shown else ""
                yield f"    {files}{finding.detail}"
            if len(found) > examples:
                yield f"    and {len(found) - examples} more like these (--json lists all)"
        yield ""


def validate(
    manifest: Manifest, *, threads: int = 2, progress: Callable[[int, int], None] | None = None
) -> ValidationReport:
    """Read all audio of a manifest and check it.

    Args:
        manifest: of one or several corpora.
        threads: decoders at work.
        progress: called with (files read, files in all).

    Raises:
        CorpusError: the manifest is empty.
    """
    if not len(manifest):
        raise CorpusError("There is nothing to validate: the manifest has no rows.")
    looks = inspect_rows(manifest.rows, threads=threads, progress=progress)
    rows = [  # all new objects, so that a row that is listed twice is two
        replace(row)
        if look.problem
        else replace(row, duration=look.duration, sample_rate=look.sample_rate, audio_hash=look.audio_hash)
        for row, look in zip(manifest, looks, strict=True)
    ]
    by_corpus: dict[str, list[tuple[Row, Look]]] = defaultdict(list)
    for row, look in zip(rows, looks, strict=True):
        by_corpus[row.corpus].append((row, look))
    findings: list[Finding] = []
    formats = {}
    for name, seen in by_corpus.items():
        findings += _damaged(name, seen)
        formats[name], odd = _odd(name, [(row, look) for row, look in seen if look.container])
        findings += odd
        missing = _missing(name, [row for row, _ in seen])
        if missing:
            words = ", ".join(f"{emotion} {count}" for emotion, count in missing.items())
            official = sum(get_corpus(name).clips.values())
            detail = f"{sum(missing.values())} of {official} clips are missing: {words}."
            findings.append(Finding("missing", name, detail))
    gone = {id(row) for finding in findings for row in finding.dropped}
    findings += _copies(row for row in rows if id(row) not in gone)
    gone |= {id(row) for finding in findings for row in finding.dropped}
    order, kinds = list(by_corpus), list(ADVICE)
    findings.sort(key=lambda finding: (order.index(finding.corpus), kinds.index(finding.kind)))
    clean = Manifest(row for row in rows if id(row) not in gone)
    return ValidationReport(Manifest(rows), clean, tuple(findings), formats)


def _damaged(name: str, seen: Sequence[tuple[Row, Look]]) -> Iterator[Finding]:
    for row, look in seen:
        if look.problem:
            yield Finding("empty" if look.empty else "unreadable", name, look.problem, (row,), (row,))
        elif look.peak < SILENCE_PEAK:
            level = f"{20 * math.log10(look.peak):.0f} dB" if look.peak > 1e-6 else "below -120 dB"
            yield Finding("silent", name, f"the highest peak is {level}.", (row,), (row,))
    clipped = [(row, look) for row, look in seen if look.clipped >= CLIP_SHARE]
    if clipped:
        worst = max(look.clipped for _, look in clipped)
        limit = f"{CLIP_SHARE:.1%} or more of the samples at {CLIP_LEVEL:.0%} of full scale"
        rows = tuple(row for row, _ in sorted(clipped, key=lambda item: -item[1].clipped))
        yield Finding("clipped", name, f"{limit}; the worst has {worst:.1%}.", rows)


def _odd(name: str, seen: Sequence[tuple[Row, Look]]) -> tuple[str, list[Finding]]:
    """The corpus' usual format in words, and what differs from it."""
    if not seen:
        return "", []
    findings = []
    usual = []
    aspects: tuple[tuple[str, Callable[[Look], str]], ...] = (
        ("odd_format", lambda look: f"{look.container}/{look.subtype}"),
        ("odd_rate", lambda look: f"{look.sample_rate} Hz"),
        ("odd_channels", lambda look: _CHANNELS.get(look.channels, f"{look.channels} channels")),
    )
    for kind, aspect in aspects:
        groups: dict[str, list[Row]] = defaultdict(list)
        for row, look in seen:
            groups[aspect(look)].append(row)
        ranked = sorted(groups, key=lambda value: (-len(groups[value]), value))
        usual.append(ranked[0])
        for value in ranked[1:]:
            detail = f"{value}; {len(groups[ranked[0]])} others are {ranked[0]}."
            findings.append(Finding(kind, name, detail, tuple(groups[value])))
    lying: dict[str, list[Row]] = defaultdict(list)
    for row, look in seen:
        suffix = PurePath(row.path).suffix.lower()
        if look.container not in _CONTAINERS.get(suffix, {look.container}):
            lying[f"{look.container} data under the suffix {suffix}"].append(row)
    findings += [Finding("odd_format", name, f"{detail}.", tuple(rows)) for detail, rows in lying.items()]
    return ", ".join(usual), findings


def _copies(rows: Iterable[Row]) -> Iterator[Finding]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.audio_hash].append(row)
    for same in groups.values():
        if len(same) < 2:
            continue
        emotions = Counter(row.emotion for row in same)
        if len(emotions) > 1:
            detail = f"one recording, labelled {' and '.join(emotions)}."
            yield Finding("contradictory", same[0].corpus, detail, tuple(same), tuple(same))
        else:
            others = " (of different speakers)" if len({row.speaker for row in same}) > 1 else ""
            detail = f"one recording of {same[0].emotion} under {len(same)} names{others}."
            yield Finding("identical", same[0].corpus, detail, tuple(same), tuple(same[1:]))


def _missing(name: str, rows: Iterable[Row]) -> dict[str, int]:
    """Emotion -> how many official clips are not there; nothing where there is no official count."""
    official = get_corpus(name).clips if name in list_corpora() else {}
    there = Counter(row.emotion for row in rows)
    return {emotion: count - there[emotion] for emotion, count in official.items() if count > there[emotion]}


def _clip(row: Row) -> dict[str, Any]:
    clip: dict[str, Any] = {"path": row.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")}
    return clip if not row.start and row.end is None else {**clip, "start": row.start, "end": row.end}


def _show(row: Row, base: str) -> str:
    name = os.path.relpath(row.path, base).encode("utf-8", "backslashreplace").decode()
    return name if not row.start and row.end is None else f"{name} [{row.start}-{row.end} s]"
