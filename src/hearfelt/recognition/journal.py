"""Answers on disk as they come, so that an interrupted run loses nothing and can go on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from hearfelt.errors import HearfeltError
from hearfelt.files import atomic_writer
from hearfelt.recognition.formats import Answer, Format, to_json

_VERSION = 1


class Journal:
    """``FILE.partial.jsonl`` beside the file to be written: a line of settings, then one line an answer.

    Each line reaches the operating system before the next file is begun with, so that not even kill -9 loses
    it. Only places are held in memory, not answers.

    Args:
        out: the file to be written in the end.
        settings: what the answers depend on (model, windows, ...); a journal of other settings is not
            continued.
        resume: go on with the journal of an interrupted run, if there is one.

    Raises:
        HearfeltError: there is a journal and ``resume`` was not asked for, its settings differ, or the
        folder cannot
            be written.
    """

    def __init__(self, out: str | os.PathLike[str], settings: Mapping[str, Any], *, resume: bool) -> None:
        self.out = Path(out)
        self.path = self.out.with_name(self.out.name + ".partial.jsonl")
        self._settings = {"journal": _VERSION, **settings}
        self._places: dict[str, int] = {}
        if self.out.is_dir():
            raise HearfeltError(f"Cannot write {self.out}: it is a folder. Name a file.")
        if self.path.exists() and not resume:
            raise HearfeltError(
                f"{self.path} keeps the answers of an interrupted run. Go on with --resume, or delete it to "
                "start over."
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise HearfeltError(f"Cannot write {self.path}: {error.strerror}.") from error
        try:
            self._load()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()  # which tries once more to write what did not fit
        except OSError:
            if error is None:
                raise

    def __contains__(self, path: str) -> bool:
        return path in self._places

    def kept(self) -> int:
        """How many answers going on would find: read again, as an interruption comes between any two steps."""
        self._places.clear()
        self._load()
        return len(self._places)

    def add(self, answer: Answer) -> None:
        """Keep an answer.

        Raises:
            HearfeltError: the disk is full.
        """
        line = (to_json(answer) + "\n").encode()
        try:
            place = self._file.seek(0, os.SEEK_END)
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise HearfeltError(
                f"Cannot write {self.path}: {error.strerror}. The answers so far are kept; go on with "
                "--resume."
            ) from error
        self._places[str(answer["path"])] = place

    def read(self, paths: Iterable[str]) -> Iterator[dict[str, Any]]:
        """The answers for these paths, in their order."""
        for path in paths:
            self._file.seek(self._places[path])
            yield json.loads(self._file.readline())

    def finish(
        self,
        paths: Iterable[str],
        form: Format,
        together: Callable[[Sequence[Answer]], Iterable[Answer]] | None = None,
    ) -> bool:
        """Write the file in one step and remove the journal.

        Args:
            paths: in the order of the file.
            form: how it is written.
            together: changes the answers once all are known; they are held in memory then.

        Returns:
            whether every answer is a recognition, none a failure.
        """
        good = True
        with atomic_writer(self.out) as file:
            file.write(form.begin().encode("utf-8", "surrogateescape"))
            answers: Iterable[Answer] = self.read(paths)
            for answer in answers if together is None else together(list(answers)):
                good = good and "error" not in answer
                file.write(form.answer(answer).encode("utf-8", "surrogateescape"))
            file.write(form.end().encode("utf-8"))
        self._file.close()
        self.path.unlink(missing_ok=True)
        return good

    def _load(self) -> None:
        """Find the answers of an earlier run; failures are tried again, a torn last line is cut off."""
        self._file.seek(0)
        place, sound = 0, 0
        for number, line in enumerate(self._file):
            try:
                value = json.loads(line) if line.endswith(b"\n") else None
            except ValueError:
                value = None
            if not isinstance(value, dict):
                break
            if number == 0:
                self._check(value)
            elif "error" not in value:
                self._places[str(value["path"])] = place
            place += len(line)
            sound = place
        self._file.truncate(sound)
        if not sound:
            self._file.write((to_json(self._settings) + "\n").encode())
            self._file.flush()

    def _check(self, found: Mapping[str, Any]) -> None:
        if found != self._settings:
            different = sorted(
                key for key in {*found, *self._settings} if found.get(key) != self._settings.get(key)
            )
            raise HearfeltError(
                f"{self.path} was begun with other settings ({', '.join(different)}); its answers cannot be "
                "mixed with these. Use the same settings, or delete it to start over."
            )
