"""``hearfelt timeline``."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hearfelt.cli._progress import note, progress_bar
from hearfelt.errors import HearfeltError
from hearfelt.files import write_atomically

if TYPE_CHECKING:
    from hearfelt.recognition.recognizer import Recognizer
    from hearfelt.recognition.results import Failure
    from hearfelt.recognition.timeline import Timeline, TimelineSettings
    from hearfelt.recognition.timelines._base import TimelineWriter
    from hearfelt.recognition.turns import Turn

_SOME_FAILED = 1


def timeline(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Files, folders (with all below), patterns, or - for stdin."),
    ],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="json, jsonl, csv, srt, vtt, textgrid, eaf, rttm, audacity, html (a page) or png (a picture).",
        ),
    ] = "json",
    out: Annotated[
        str | None,
        typer.Option(
            help="Write here instead of to stdout: a file, or a folder where the format holds one recording "
            "and there are several."
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(help="A bundle's folder, or the name of a bundled model.")
    ] = "default",
    channels: Annotated[str, typer.Option(help="mix, or split: hear each channel for itself.")] = "mix",
    segments: Annotated[
        str | None,
        typer.Option(help="Hear these instead of what sounds like speech: RTTM, TextGrid, SRT, VTT or CSV."),
    ] = None,
    smoothing: Annotated[str, typer.Option(help="viterbi, hysteresis or none.")] = "viterbi",
    stay_seconds: Annotated[
        float, typer.Option(help="How long an emotion lasts on average; longer makes fewer segments.")
    ] = 2.0,
    margin: Annotated[
        float, typer.Option(help="Hysteresis: by how much another emotion must be more probable.")
    ] = 0.15,
    speech_threshold: Annotated[
        float, typer.Option(help="Voice activity: score at which speech begins, 0 to 1.")
    ] = 0.5,
    min_speech_seconds: Annotated[float, typer.Option(help="Less speech in a stretch is none.")] = 0.2,
    min_gap_seconds: Annotated[float, typer.Option(help="Shorter pauses are part of the speech.")] = 0.4,
    window_seconds: Annotated[float | None, typer.Option(help="Windows that speech is cut into.")] = None,
    hop_seconds: Annotated[float | None, typer.Option(help="Step between windows.")] = None,
    threads: Annotated[int | None, typer.Option(help="Worker threads; by default one a processor.")] = None,
    unsure_below: Annotated[
        float, typer.Option(help="Answer 'unsure' where the best probability is lower.")
    ] = 0.0,
    labels: Annotated[str | None, typer.Option(help="Only consider these, such as happy,sad,angry.")] = None,
    audio: Annotated[
        str, typer.Option(help="html: embed the sound, link to it, none, or auto (embed up to 15 minutes).")
    ] = "auto",
) -> int:
    """Find the speech in long recordings, and which emotion is in it when.

    Exit status: 0 all recognised, 1 some file failed, 2 the request was wrong.
    """
    from hearfelt.audio.speech_segments import SpeechSettings
    from hearfelt.cli._loading import load_recognizer
    from hearfelt.cli._targets import check_target
    from hearfelt.recognition.inputs import find_recordings
    from hearfelt.recognition.timeline import TimelineSettings
    from hearfelt.recognition.timelines._registry import create_writer

    options = {"audio": audio} if form == "html" else {}
    writer = create_writer(form, **options)
    speech = SpeechSettings(
        on=speech_threshold,
        off=0.6 * speech_threshold,
        min_speech_seconds=min_speech_seconds,
        min_gap_seconds=min_gap_seconds,
    )
    settings = TimelineSettings(smoothing, stay_seconds, margin, speech)
    if channels not in ("mix", "split"):
        raise HearfeltError(f"--channels is mix or split, not {channels!r}.")
    found = list(find_recordings(paths))
    several = len(found) > 1
    if several and segments is not None and not segments.lower().endswith(".rttm"):
        raise HearfeltError(
            f"--segments {segments} belongs to one recording, and {len(found)} were given; RTTM alone names its "
            "recordings."
        )
    if out is None and (writer.binary or form == "html"):
        raise HearfeltError(
            f"--format {form} needs --out: {'a folder for the files' if several else 'the file to write'}."
        )
    if several and not writer.joins and (out is None or Path(out).is_file()):
        raise HearfeltError(
            f"A file of --format {form} holds one recording, and {len(found)} were given: name a folder with --out."
        )
    one_file = writer.joins or not (several or (out is not None and Path(out).is_dir()))
    targets = [out] if one_file or out is None else _targets(found, Path(out), writer.suffix)
    for target in targets:
        if target is not None:
            check_target(target, inputs=[item for item in found if isinstance(item, str)])
    recognizer = load_recognizer(
        model,
        threads=threads,
        window_seconds=window_seconds,
        hop_seconds=hop_seconds,
        unsure_below=unsure_below,
        labels=labels,
    )
    with progress_bar() as tell:
        job = _Job(recognizer, channels, segments, settings, writer.overview, tell)
        if segments is not None and not several and isinstance(found[0], str):
            job.turns(found[0])  # what is wrong with it is told before the work, as a wrong request
        if out is None:
            good = _write_all(job, found, writer, None, _write)
        elif one_file:
            good = _to_file(job, found, writer, out)
        else:
            done = [
                _to_file(job, [item], create_writer(form, **options), str(target))
                for item, target in zip(found, targets, strict=True)
            ]
            good = all(done)
    return 0 if good else _SOME_FAILED


@dataclass(frozen=True)
class _Job:
    """What is done with each recording."""

    recognizer: Recognizer
    channels: str
    segments: str | None
    settings: TimelineSettings
    overview: bool
    tell: Callable[[str, int, int], None]

    def turns(self, path: str) -> list[Turn] | None:
        from hearfelt.recognition.turns import read_turns

        return None if self.segments is None else read_turns(self.segments, path)

    def one(self, item: str | Failure) -> Timeline | Failure:
        from hearfelt.recognition.inputs import STANDARD_INPUT
        from hearfelt.recognition.results import Failure
        from hearfelt.recognition.timeline import timeline

        if isinstance(item, Failure):
            return item
        source = io.BytesIO(sys.stdin.buffer.read()) if item == STANDARD_INPUT else item
        try:
            found = timeline(
                self.recognizer,
                source,
                channels=self.channels,
                turns=self.turns(item),
                settings=self.settings,
                overview=self.overview,
                progress=lambda done, total: self.tell(f"{Path(item).name} (s)", done, total),
            )
        except HearfeltError as error:
            return Failure(item, str(error))
        return replace(found, path=item)


def _write_all(
    job: _Job,
    found: Sequence[str | Failure],
    writer: TimelineWriter,
    target: str | None,
    write: Callable[[str | bytes], None],
) -> bool:
    from hearfelt.recognition.results import Failure

    good = True
    write(writer.begin(job.recognizer.labels))
    for item in found:
        answer = job.one(item)
        if isinstance(answer, Failure):
            good = False
            note(f"{answer.path}: {answer.error}")
            write(writer.failure(answer.path, answer.error))
        else:
            write(writer.render(answer, target))
    write(writer.end())
    return good


def _to_file(job: _Job, found: Sequence[str | Failure], writer: TimelineWriter, target: str) -> bool:
    """Write a file in one step; none where nothing could be read and the format has no place for that."""
    parts: list[bytes] = []
    good = _write_all(
        job,
        found,
        writer,
        target,
        lambda part: parts.append(
            part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")
        ),
    )
    if good or writer.joins:
        write_atomically(target, b"".join(parts))
    return good


def _targets(found: Sequence[str | Failure], folder: Path, suffix: str) -> list[str]:
    """A file in the folder for each recording; equal names are numbered."""
    taken: dict[str, int] = {}
    targets = []
    for item in found:
        stem = Path(item if isinstance(item, str) else item.path).stem.strip("-") or "recording"
        taken[stem.lower()] = number = taken.get(stem.lower(), 0) + 1
        targets.append(str(folder / f"{stem}{f'_{number}' if number > 1 else ''}{suffix}"))
    return targets


def _write(text: str | bytes) -> None:
    from hearfelt.cli.predict import _write as write_text

    if isinstance(text, str):
        write_text(text)
