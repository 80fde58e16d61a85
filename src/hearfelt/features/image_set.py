"""A data set of spectrogram pictures: numbered PNGs, their labels in two forms, a sheet to look at.

Drawing goes on where it was stopped, and a clip that cannot be read leaves a gap in the numbers and nothing else.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hearfelt.audio.decode import read_audio
from hearfelt.audio.spans import part
from hearfelt.errors import AudioError, HearfeltError, RecipeError, require
from hearfelt.features.images import ImageConfig, draw_image, encode_png
from hearfelt.files import read_json, write_atomically, write_json

SETTINGS_FILE = "images.json"
SHEET_FILE = "contact_sheet.png"
COLUMNS = ("file", "path", "corpus", "speaker", "emotion")

_SHEET_COLUMNS = 10
_SHEET_CELL = 96
#: Clips a task of a worker.
_CHUNK = 16
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Clip(Protocol):
    """What is drawn: a row of a manifest."""

    @property
    def path(self) -> str:
        """Of the recording."""

    @property
    def start(self) -> float:
        """Seconds into it."""

    @property
    def end(self) -> float | None:
        """Seconds into it, or None for its end."""

    @property
    def corpus(self) -> str:
        """Its corpus."""

    @property
    def speaker(self) -> str:
        """Who speaks."""

    @property
    def emotion(self) -> str:
        """Its label."""


@dataclass(frozen=True)
class ImageSetReport:
    """What was done.

    Attributes:
        drawn: pictures drawn now.
        kept: pictures that were there from before.
        failures: (recording, why no picture of it could be drawn).
    """

    drawn: int = 0
    kept: int = 0
    failures: tuple[tuple[str, str], ...] = field(default=())


def make_image_set(
    clips: Sequence[Clip],
    folder: str | os.PathLike[str],
    config: ImageConfig,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ImageSetReport:
    """Draw every clip, and write labels and a contact sheet.

    Pictures are called by the number of their clip, with as many digits for all, so that the order of names is the
    order of labels. ``labels.npy`` holds text (no objects), ``labels.csv`` says more, ``images.json`` how they were
    drawn.

    Args:
        clips: in order.
        folder: new, empty, or begun with the same clips and settings.
        config: how they are drawn.
        workers: processes; default: processors.
        progress: called with (clips done, clips in all).

    Raises:
        RecipeError: nothing to draw, or the folder holds other pictures.
        AudioError: no clip at all can be drawn.
        HearfeltError: it cannot be written.
    """
    if not clips:
        raise RecipeError("There are no clips to draw.")
    place = Path(folder)
    digits = max(4, len(str(len(clips) - 1)))
    names = [f"{number:0{digits}d}.png" for number in range(len(clips))]
    _begin(place, config, clips)
    waiting = [number for number, name in enumerate(names) if not (place / name).exists()]
    kept = len(clips) - len(waiting)
    failures: dict[int, str] = {}
    tasks = [
        [
            (n, clips[n].path, clips[n].start, clips[n].end, str(place / names[n]))
            for n in waiting[at : at + _CHUNK]
        ]
        for at in range(0, len(waiting), _CHUNK)
    ]
    done = kept
    for answers in _in_processes(tasks, config, min(workers or os.cpu_count() or 1, len(tasks))):
        failures.update({number: reason for number, reason in answers if reason})
        done += len(answers)
        if progress is not None:
            progress(done, len(clips))
    there = [number for number in range(len(clips)) if number not in failures]
    if not there:
        raise AudioError(f"None of the {len(clips)} clips can be drawn; the first: {failures[min(failures)]}")
    _write_labels(place, [(names[number], clips[number]) for number in there])
    write_atomically(place / SHEET_FILE, contact_sheet(place, [(names[n], clips[n].emotion) for n in there]))
    told = tuple((clips[number].path, reason) for number, reason in sorted(failures.items()))
    return ImageSetReport(len(there) - kept, kept, told)


def _begin(place: Path, config: ImageConfig, clips: Sequence[Clip]) -> None:
    """Write the settings, or check that they are those that the folder was begun with."""
    digest = hashlib.blake2b(digest_size=16)
    for clip in clips:
        digest.update(
            f"{Path(clip.path).name}\x1f{clip.start}\x1f{clip.end}\x1f{clip.emotion}\n".encode(
                "utf-8", "replace"
            )
        )
    wanted = {"settings": config.model_dump(mode="json"), "clips": len(clips), "hash": digest.hexdigest()}
    if (place / SETTINGS_FILE).exists():
        if read_json(place / SETTINGS_FILE, RecipeError) != wanted:
            raise RecipeError(
                f"{place} was begun with other clips or settings ({SETTINGS_FILE} says which). Name another folder "
                "with --out, or the same clips and settings to go on."
            )
        return
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise RecipeError(f"{place} exists and is not empty. Name another folder with --out.")
    write_json(place / SETTINGS_FILE, wanted)


def _in_processes(tasks: Sequence[Any], config: ImageConfig, workers: int) -> Iterable[list[tuple[int, str]]]:
    """Answers of all tasks, in whatever order; one process alone does it here."""
    if workers <= 1:
        yield from (_draw_chunk(task, config) for task in tasks)
        return
    remaining = iter(tasks)
    with _single_threads(), ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running: set[Future[list[tuple[int, str]]]] = set()
        try:
            running |= {pool.submit(_draw_chunk, task, config) for task in islice(remaining, 3 * workers)}
            while running:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {
                    pool.submit(_draw_chunk, task, config) for task in islice(remaining, len(finished))
                }
                for future in finished:
                    yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _single_threads() -> Iterator[None]:
    """Processes begun inside do their algebra in one thread each: threads of several processes wait for each other."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _draw_chunk(
    task: Sequence[tuple[int, str, float, float | None, str]], config: ImageConfig
) -> list[tuple[int, str]]:
    """Draw some clips; each number with why it failed, or an empty text."""
    answers = []
    for number, path, start, end, target in task:
        try:
            samples = read_audio(path, config.sample_rate)
            pixels = draw_image(part(samples, start, end, config.sample_rate), config)
            reason = ""
        except AudioError as error:
            reason = str(error)
        if not reason:
            write_atomically(target, encode_png(pixels))
        answers.append((number, reason))
    return answers


def _write_labels(place: Path, pictures: Sequence[tuple[str, Clip]]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([clip.emotion for _, clip in pictures], dtype=np.str_), allow_pickle=False)
    write_atomically(place / "labels.npy", buffer.getvalue())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, clip in pictures:
        writer.writerow([name, clip.path, clip.corpus, clip.speaker, clip.emotion])
    write_atomically(place / "labels.csv", text.getvalue().encode("utf-8", "surrogateescape"))


def contact_sheet(folder: Path, pictures: Sequence[tuple[str, str]]) -> bytes:
    """A PNG with some pictures of every emotion, a row each, evenly taken from all.

    Args:
        folder: where the pictures are.
        pictures: (file name, emotion).

    Raises:
        HearfeltError: a picture cannot be read.
    """
    image, draw, font = (
        require(f"PIL.{name}", "train", "a contact sheet") for name in ("Image", "ImageDraw", "ImageFont")
    )
    groups: dict[str, list[str]] = {}
    for name, emotion in pictures:
        groups.setdefault(emotion, []).append(name)
    cell, margin, title = _SHEET_CELL, 6, 20
    width = margin + _SHEET_COLUMNS * (cell + margin)
    sheet = image.new("RGB", (width, margin + len(groups) * (cell + title + margin)), "white")
    pen = draw.Draw(sheet)
    letters = font.load_default(14)
    for row, (emotion, names) in enumerate(sorted(groups.items())):
        top = margin + row * (cell + title + margin)
        pen.text((margin, top), f"{emotion} ({len(names)} pictures)", fill="black", font=letters)
        places = np.unique(np.linspace(0, len(names) - 1, min(_SHEET_COLUMNS, len(names))).astype(int))
        for column, place in enumerate(places):
            try:
                with image.open(folder / names[place]) as picture:
                    small = picture.convert("RGB").resize((cell, cell))
            except OSError as error:
                raise HearfeltError(
                    f"{folder / names[place]} cannot be read again: {error}. Delete it and go on."
                ) from error
            sheet.paste(small, (margin + column * (cell + margin), top + title))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()
