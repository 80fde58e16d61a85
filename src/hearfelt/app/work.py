"""Threads that recognise, a bounded queue before them, and short recordings of several requests in one run.

What waits is taken together where it is short: the graph does several clips in one run with less work than one by
one, and a thread is woken once for all of them. Nothing ever waits for company.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import IO, Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from hearfelt.app._errors import BusyError, RequestError
from hearfelt.audio.decode import read_blocks
from hearfelt.errors import BundleError
from hearfelt.recognition.recognizer import Recognizer
from hearfelt.recognition.results import Failure, Recognition

T = TypeVar("T")

#: Recordings that a thread takes at a time.
_MOST_TOGETHER = 8
#: Of longer recordings the windows are not mixed with those of others.
_SHORT_SECONDS = 40.0
#: Sound that a thread gathers before it recognises it.
_GATHERED_SECONDS = 60.0
_BLOCK_SECONDS = 10.0


class CancelledWorkError(Exception):
    """Nobody waits for this work any more."""


@dataclass(eq=False)
class Work(Generic[T]):
    """Something to be done in a thread.

    Attributes:
        does: the work, unless it is a clip.
        clip: a recording to be recognised, possibly together with others.
        done: what is waited for, in the event loop.
        cancelled: set where nobody waits any more.
    """

    does: Callable[[Work[T]], T] | None
    clip: Clip | None
    done: asyncio.Future[T]
    cancelled: threading.Event = field(default_factory=threading.Event)

    def check(self, *_: object) -> None:
        """Leave the work where nobody waits for it.

        Raises:
            CancelledWorkError: nobody does.
        """
        if self.cancelled.is_set():
            raise CancelledWorkError


@dataclass(frozen=True)
class Clip:
    """A recording to be recognised."""

    recognizer: Recognizer
    name: str
    file: IO[bytes]
    most_seconds: float


class Workshop:
    """Threads and their queue. Its methods belong to one event loop.

    Args:
        threads: number of them.
        queue: works that may wait beside those that are done right now.
    """

    def __init__(self, threads: int, queue: int) -> None:
        self._most = threads + queue
        self._threads_count = threads
        self._waiting: deque[Work[Any]] = deque()
        self._urgent: deque[Work[Any]] = deque()
        self._inside = 0
        self._over = False
        self._condition = threading.Condition()
        self._threads = [
            threading.Thread(target=self._loop, name=f"work-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """Works that no thread has begun."""
        return len(self._waiting) + len(self._urgent)

    @property
    def running(self) -> int:
        """Works that threads are busy with."""
        return self._inside

    def check_room(self, count: int = 1) -> None:
        """Refuse where so many works more would not fit.

        Raises:
            BusyError: the queue is full.
        """
        if len(self._waiting) + self._inside + count > self._most:
            raise BusyError(
                429,
                f"{self.waiting} recordings are waiting already, as many as this service lets wait. Come again a "
                "little later.",
                retry_seconds=1 + self.waiting // (20 * self._threads_count),
            )

    def recognize(self, clips: list[Clip]) -> list[Work[Recognition]]:
        """Begin to recognise recordings; all of them are taken, or none.

        Raises:
            BusyError: the queue is full.
        """
        self.check_room(len(clips))
        loop = asyncio.get_running_loop()
        works = [Work[Recognition](None, clip, loop.create_future()) for clip in clips]
        with self._condition:
            self._waiting.extend(works)
            self._condition.notify(len(works))
        return works

    def call(self, does: Callable[[Work[T]], T], *, urgent: bool = False) -> Work[T]:
        """Begin something else; what is urgent passes by the queue and its limit (it has limits of its own).

        Raises:
            BusyError: the queue is full.
        """
        if not urgent:
            self.check_room()
        work = Work(does, None, asyncio.get_running_loop().create_future())
        with self._condition:
            (self._urgent if urgent else self._waiting).append(work)
            self._condition.notify()
        return work

    def cancel(self, work: Work[Any]) -> None:
        """Forget a work: one that waits is dropped, one in a thread leaves it at its next step."""
        work.cancelled.set()
        work.done.cancel()
        with self._condition:
            for queue in (self._waiting, self._urgent):
                if work in queue:
                    queue.remove(work)

    def close(self) -> None:
        """End the threads when nothing waits any more."""
        with self._condition:
            self._over = True
            self._condition.notify_all()

    def _loop(self) -> None:
        while works := self._take():
            try:
                if works[0].clip is None:
                    _call(works[0])
                else:
                    _recognize(works)
            finally:
                with self._condition:
                    self._inside -= len(works)
                del works  # uploads shall go now, not when the next ones come

    def _take(self) -> list[Work[Any]]:
        """The next work, with others that can be done together; an empty list at the end."""
        with self._condition:
            while not (self._urgent or self._waiting):
                if self._over:
                    return []
                self._condition.wait()
            if self._urgent:
                works = [self._urgent.popleft()]
            else:
                # A fair share: the other threads want something to do as well.
                most = min(_MOST_TOGETHER, -(-len(self._waiting) // self._threads_count))
                works = [self._waiting.popleft()]
                first = works[0].clip
                while first and self._waiting and len(works) < most:
                    clip = self._waiting[0].clip
                    if clip is None or clip.recognizer is not first.recognizer:
                        break
                    works.append(self._waiting.popleft())
            self._inside += len(works)
            return works


def _call(work: Work[Any]) -> None:
    try:
        work.check()
        result = cast(Callable[[Work[Any]], Any], work.does)(work)
    except BaseException as error:  # it is the waiting request's
        _finish([(work, error)])
    else:
        _finish([(work, result)])


def _recognize(works: list[Work[Recognition]]) -> None:
    """Decode all; recognise short ones together, long ones alone."""
    gathered: list[tuple[Work[Recognition], NDArray[np.float32]]] = []
    seconds = 0.0
    for work in works:
        clip = cast(Clip, work.clip)
        rate = clip.recognizer.specification.sample_rate
        try:
            blocks = sound_of(clip.file, rate, clip.most_seconds, work.check)
            head: list[NDArray[np.float32]] = []
            for block in blocks:
                head.append(block)
                if sum(part.size for part in head) > _SHORT_SECONDS * rate:
                    found = clip.recognizer(chain(head, blocks))
                    _finish([(work, replace(found, path=clip.name))])
                    break
            else:
                gathered.append((work, np.concatenate(head)))
        except BaseException as error:  # one that fails is no matter of the others
            _finish([(work, error)])
            continue
        seconds = sum(samples.size for _, samples in gathered) / rate
        if seconds > _GATHERED_SECONDS:
            _together(gathered)
            gathered = []
    _together(gathered)


def _together(gathered: list[tuple[Work[Recognition], NDArray[np.float32]]]) -> None:
    todo = [(work, samples) for work, samples in gathered if not work.cancelled.is_set()]
    if not todo:
        return
    recognizer = cast(Clip, todo[0][0].clip).recognizer
    try:
        found = recognizer.batch([samples for _, samples in todo], recognizer.specification.sample_rate)
    except BaseException as error:
        _finish([(work, error) for work, _ in todo])
        return
    _finish(
        [
            (
                work,
                BundleError(answer.error)
                if isinstance(answer, Failure)
                else replace(answer, path=cast(Clip, work.clip).name),
            )
            for (work, _), answer in zip(todo, found, strict=True)
        ]
    )


def sound_of(
    file: IO[bytes],
    sample_rate: int,
    most_seconds: float,
    check: Callable[[], None],
    channel: int | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Blocks of a recording, not more than is allowed, as long as somebody waits for them.

    Raises:
        AudioError: it cannot be read.
        RequestError: it is too long (413).
    """
    file.seek(0)
    samples = 0
    for block in read_blocks(file, sample_rate, _BLOCK_SECONDS, channel=channel):
        check()
        samples += block.size
        if samples > most_seconds * sample_rate:
            raise RequestError(
                413,
                f"The recording is longer than the {most_seconds:g} s that this service takes. Divide it, or use "
                "`hearfelt timeline` on the command line.",
            )
        yield block


def _finish(results: list[tuple[Work[Any], Any]]) -> None:
    """Hand results over to the event loop, all with one wake-up."""

    def tell() -> None:
        for work, result in results:
            if work.done.done():
                continue
            if isinstance(result, BaseException):
                work.done.set_exception(result)
            else:
                work.done.set_result(result)

    loop = results[0][0].done.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(tell)
