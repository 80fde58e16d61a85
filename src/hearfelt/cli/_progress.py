"""Progress and notes on standard error: a bar with time left on a terminal, nothing but notes elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hearfelt.recognition.journal import Journal


def note(sentence: str) -> None:
    """Tell a person something beside the data."""
    sys.stderr.write(sentence.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A function (what, done, total) that draws bars where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield tell


@contextmanager
def interruptible(how: str) -> Iterator[Callable[[str, int, int], None]]:
    """A `progress_bar`; who interrupts what is done under it is told how it goes on."""
    with progress_bar() as progress:
        try:
            yield progress
        except KeyboardInterrupt:
            note(f"Interrupted; {how}")
            raise


@contextmanager
def kept_in(journal: Journal, total: int, things: str) -> Iterator[Callable[[str, int, int], None]]:
    """A `progress_bar`; who interrupts what is done under it is told how much the journal keeps, and how it goes on.

    Raises:
        InterruptedWorkError: in place of the interruption.
    """
    from hearfelt.cli._main import InterruptedWorkError

    try:
        with progress_bar() as progress:
            yield progress
    except KeyboardInterrupt as interruption:
        raise InterruptedWorkError(
            f"interrupted: {journal.kept():,} of {total:,} {things} are kept in {journal.path}; go on with --resume"
        ) from interruption
