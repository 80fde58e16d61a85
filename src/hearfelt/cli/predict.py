"""``hearfelt predict``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearfelt.cli._progress import kept_in, note, progress_bar
from hearfelt.cli._targets import check_target
from hearfelt.errors import HearfeltError, UnknownNameError

if TYPE_CHECKING:
    from hearfelt.recognition.recognizer import Recognizer
    from hearfelt.recognition.results import Failure

_SOME_FAILED = 1
_Answer = Mapping[str, Any]
_Together = Callable[[Sequence[_Answer]], Iterable[_Answer]]


def predict(
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="Files, folders (with all below), patterns, or - for stdin."),
    ],
    model: Annotated[
        str, typer.Option(help="A bundle's folder, or the name of a bundled model.")
    ] = "default",
    form: Annotated[str, typer.Option("--format", help="table, json, jsonl or csv.")] = "table",
    out: Annotated[
        str | None, typer.Option(help="Write here, in one step at the end, instead of to stdout.")
    ] = None,
    window_seconds: Annotated[
        float | None, typer.Option(help="Windows that long recordings are cut into.")
    ] = None,
    hop_seconds: Annotated[float | None, typer.Option(help="Step between windows.")] = None,
    threads: Annotated[int | None, typer.Option(help="Worker threads; by default one a processor.")] = None,
    unsure_below: Annotated[
        float, typer.Option(help="Answer 'unsure' where the best probability is lower.")
    ] = 0.0,
    labels: Annotated[str | None, typer.Option(help="Only consider these, such as happy,sad,angry.")] = None,
    picture: Annotated[
        str | None, typer.Option(help="Also draw one recording over time into this PNG.")
    ] = None,
    balance: Annotated[
        bool,
        typer.Option(
            "--balance", help="The emotions are about equally frequent in these recordings: weigh them so."
        ),
    ] = False,
    speaker_normalize: Annotated[
        bool,
        typer.Option(
            "--speaker-normalize",
            help="Recordings of one voice, in mixed emotions: take off what is said of all of them. With --labels.",
        ),
    ] = False,
    speakers: Annotated[
        str | None,
        typer.Option(
            help="With --speaker-normalize: a CSV with path and speaker, or 'folders' for a folder a speaker."
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run of the same --out.")
    ] = False,
) -> int:
    """Recognise the emotions in recordings.

    Exit status: 0 all recognised, 1 some file failed, 2 the request was wrong.
    """
    from hearfelt.cli._loading import load_recognizer
    from hearfelt.recognition.formats import FORMATS, create_format
    from hearfelt.recognition.inputs import STANDARD_INPUT, find_recordings

    if form not in FORMATS:
        raise UnknownNameError("format", form, FORMATS)
    if resume and out is None:
        raise HearfeltError("--resume goes on with the answers kept beside --out FILE; give --out as well.")
    if balance and speaker_normalize:
        raise HearfeltError("--balance and --speaker-normalize both weigh the classes. Choose one.")
    if speakers is not None and not speaker_normalize:
        raise HearfeltError("--speakers says whose voice it is for --speaker-normalize; give that as well.")
    recognizer = load_recognizer(
        model,
        threads=threads,
        window_seconds=window_seconds,
        hop_seconds=hop_seconds,
        unsure_below=unsure_below,
        labels=labels,
    )
    found = list(find_recordings(paths, _suffixes(recognizer)))
    if picture is not None and (len(found) != 1 or found[0] == STANDARD_INPUT):
        raise HearfeltError(f"--picture draws one recording from a file; {len(found)} were given.")
    for target in (out, picture):
        if target is not None:
            check_target(target, inputs=(item for item in found if isinstance(item, str)))
    if picture is not None and Path(picture).suffix.lower() not in ("", ".png"):
        raise HearfeltError(f"--picture writes PNG, and {picture} is called something else. Name it .png.")
    widest = max((len(item if isinstance(item, str) else item.path) for item in found), default=0)
    colored = out is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    style = create_format(form, recognizer.labels, widest=widest, colored=colored)
    together = None
    if balance:
        together = _balance(recognizer, found)
    elif speaker_normalize:
        together = _speaker_normalize(recognizer, found, speakers, labels)
    write = _to_stdout if out is None else partial(_to_file, out=out, resume=resume)
    good = write(recognizer, found, style, together)
    if picture is not None and good and isinstance(found[0], str):
        _draw(recognizer, found[0], picture)
    return 0 if good else _SOME_FAILED


def _suffixes(recognizer: Recognizer) -> frozenset[str]:
    """What folders are searched for: recordings, or for a model of pictures PNGs."""
    from hearfelt.audio.decode import AUDIO_SUFFIXES

    pictures = recognizer.specification.front_end.takes == "picture"
    return frozenset({".png"}) if pictures else frozenset(AUDIO_SUFFIXES)


def _draw(recognizer: Recognizer, path: str, picture: str) -> None:
    from hearfelt.audio.decode import read_audio
    from hearfelt.cli._picture import draw

    rate = recognizer.specification.sample_rate
    segments = recognizer(path).to_dict()["segments"]
    draw(read_audio(path, rate), rate, segments, recognizer.labels, picture, Path(path).name)
    note(f"Picture: {picture}")


def _balance(recognizer: Recognizer, found: Sequence[str | Failure]) -> _Together:
    from hearfelt.recognition.balance import balance

    if len(found) < 2:
        raise HearfeltError(f"--balance needs several recordings, and there is {len(found)}. Leave it out.")
    return partial(balance, unsure_below=recognizer.unsure_below)


def _speaker_normalize(
    recognizer: Recognizer, found: Sequence[str | Failure], speakers: str | None, labels: str | None
) -> _Together:
    from hearfelt.cli._speakers import speakers_of
    from hearfelt.recognition.speaker_normalize import FEWEST, speaker_normalize

    if len(found) < FEWEST:
        raise HearfeltError(
            f"--speaker-normalize needs {FEWEST} or more recordings of a voice; {len(found)} were found. Leave it out."
        )
    names = None if speakers is None else speakers_of(found, speakers)
    if labels is None:
        note(
            "--speaker-normalize helps most where --labels names the emotions that these recordings have; without, it "
            "was measured to give less than half as much in strange rooms."
        )
    return partial(speaker_normalize, speakers=names, unsure_below=recognizer.unsure_below)


def _to_stdout(
    recognizer: Recognizer, found: Sequence[str | Failure], style: Any, together: _Together | None
) -> bool:
    good = True
    answers = _recognize(recognizer, found)
    # Answers that scroll on a terminal are progress enough.
    scrolls = together is None and sys.stdout.isatty()
    with nullcontext(_no_bar) if scrolls or len(found) < 2 else progress_bar() as tell:
        known = _told(answers, len(found), tell)
        shown = known if together is None else together(list(known))
        _write(style.begin())
        for answer in shown:
            good = good and "error" not in answer
            _write(style.answer(answer))
    _write(style.end())
    return good


def _told(answers: Iterable[_Answer], total: int, tell: Callable[[str, int, int], None]) -> Iterator[_Answer]:
    """Progress is told when the next answer is asked for, which is after this one was shown."""
    for done, answer in enumerate(answers, start=1):
        yield answer
        tell("recognising", done, total)


def _to_file(
    recognizer: Recognizer,
    found: Sequence[str | Failure],
    style: Any,
    together: _Together | None,
    out: str,
    resume: bool,
) -> bool:
    from hearfelt.recognition.journal import Journal

    paths = [item if isinstance(item, str) else item.path for item in found]
    settings = {
        "model": recognizer.specification.provenance.model_sha256 or str(recognizer.folder.resolve()),
        "window_seconds": recognizer.window_seconds,
        "hop_seconds": recognizer.hop_seconds,
        "unsure_below": recognizer.unsure_below,
        "labels": list(recognizer.labels),
    }
    with Journal(out, settings, resume=resume) as journal:
        todo = [item for item, path in zip(found, paths, strict=True) if path not in journal]
        if len(todo) < len(found):
            note(f"{len(found) - len(todo):,} of {len(found):,} answers were kept; going on.")
        with kept_in(journal, len(found), "answers") as tell:
            for done, answer in enumerate(_recognize(recognizer, todo), start=1):
                journal.add(answer)
                tell("recognising", done, len(todo))
            return journal.finish(paths, style, together)


def _recognize(recognizer: Recognizer, found: Sequence[str | Failure]) -> Iterator[dict[str, Any]]:
    """Answers in the order of what was found, as objects of the prediction JSON."""
    from hearfelt.recognition.inputs import STANDARD_INPUT

    sources = [
        sys.stdin.buffer if item == STANDARD_INPUT else item for item in found if isinstance(item, str)
    ]
    answers = recognizer.recognize_files(sources)
    with closing(answers):
        for item in found:
            if isinstance(item, str):
                yield replace(next(answers), path=item).to_dict()
            else:
                yield item.to_dict()


def _write(text: str) -> None:
    """To stdout as UTF-8 whatever the locale; file names that are no UTF-8 keep their bytes."""
    if buffer := getattr(sys.stdout, "buffer", None):
        buffer.write(text.encode("utf-8", "surrogateescape"))
        buffer.flush()
    else:  # something that stands for stdout in a program
        sys.stdout.write(text)


def _no_bar(what: str, done: int, total: int) -> None:
    """Draws nothing."""
