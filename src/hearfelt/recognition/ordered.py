"""Work in threads, answers in the order of the questions, never more in flight than asked."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def processors() -> int:
    """That this process may use.

    >>> processors() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_ordered(function: Callable[[T], R], items: Iterable[T], threads: int, ahead: int) -> Iterator[R]:
    """``map(function, items)`` with threads.

    Args:
        function: called in a worker thread; in the caller's where ``threads`` is 1 or there is but one item.
        items: taken as they are needed.
        threads: number of workers.
        ahead: items that may be taken beyond the one whose answer is waited for.

    When the iterator is closed early, items that were not begun are dropped and running ones waited for.

    >>> list(map_ordered(abs, [-1, 2, -3], threads=2, ahead=4))
    [1, 2, 3]
    """
    source = iter(items)
    first = list(islice(source, 1 if threads == 1 else 2))
    if len(first) < 2:
        yield from map(function, first)
        if threads == 1:
            yield from map(function, source)
        return
    waiting: deque[Future[R]] = deque()
    executor = ThreadPoolExecutor(threads, thread_name_prefix="hearfelt")
    try:
        waiting.extend(executor.submit(function, item) for item in first)
        for item in source:
            waiting.append(executor.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def grouped(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of ``size`` items, the last perhaps shorter.

    >>> list(grouped("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    source = iter(items)
    while group := list(islice(source, size)):
        yield group
