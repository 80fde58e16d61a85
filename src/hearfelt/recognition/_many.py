"""Many recordings: files of like length share batches, answers keep the order of the questions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain, islice
from operator import length_hint
from typing import Any, TypeVar

from hearfelt.errors import AudioError, BundleError
from hearfelt.recognition._engine import Engine, Piece, Row, buckets
from hearfelt.recognition.ordered import grouped, map_ordered

T = TypeVar("T")

#: Files that a worker takes at a time.
_CHUNK_FILES = 32
#: Recordings of more windows than this are not pooled with others: they fill batches of their own.
_POOLED_WINDOWS = 8
#: A worker holds about this much audio of short recordings.
_POOLED_SECONDS = 240.0


def stream(engine: Engine, pieces: Iterable[Piece], threads: int) -> list[Row]:
    """Rows of one recording, at memory that does not grow with its length."""
    rows: list[Row] = []
    for batch in map_ordered(engine.run, grouped(pieces, engine.batch_windows), threads, ahead=2 * threads):
        rows += batch
    return rows


def recognize_many(
    engine: Engine,
    sources: Iterable[Any],
    sample_rate: int | None,
    threads: int,
    answer: Callable[[Any, list[Row] | Exception], T],
) -> Generator[T]:
    """Recognise recordings with several threads.

    Args:
        engine: the model.
        sources: paths, file objects or samples.
        sample_rate: of samples.
        threads: number of workers; each decodes and recognises chunks of files.
        answer: makes an answer of a source and its rows, or of what went wrong with it.

    Yields:
        an answer a source, in order.
    """
    stop = threading.Event()
    count = length_hint(sources, _CHUNK_FILES * threads)
    inside = threads if count == 1 else 1  # a single recording has the threads for itself
    size = max(1, min(_CHUNK_FILES, -(-count // (2 * threads))))

    def work(chunk: Sequence[Any]) -> list[T]:
        found = _recognize_chunk(engine, chunk, sample_rate, inside, stop)
        return [answer(source, result) for source, result in zip(chunk, found, strict=True)]

    try:
        for answers in map_ordered(work, grouped(sources, size), threads, ahead=16 * threads):
            yield from answers
    finally:
        stop.set()  # a worker inside a long recording leaves it


def _recognize_chunk(
    engine: Engine, sources: Sequence[Any], sample_rate: int | None, threads: int, stop: threading.Event
) -> list[list[Row] | Exception]:
    results: list[list[Row] | Exception] = [[] for _ in sources]
    pool: list[tuple[int, Piece]] = []
    pooled = 0
    for number, source in enumerate(sources):
        try:
            pieces = _until(stop, engine.pieces(source, sample_rate))
            head = list(islice(pieces, _POOLED_WINDOWS + 1))
            if len(head) > _POOLED_WINDOWS:
                results[number] = stream(engine, chain(head, pieces), threads)
                continue
        except (AudioError, BundleError) as error:
            results[number] = error
            continue
        pool += [(number, piece) for piece in head]
        pooled += sum(piece.size for piece in head)
        if pooled > _POOLED_SECONDS * engine.rate:
            _run_pool(engine, pool, results)
            pool, pooled = [], 0
    _run_pool(engine, pool, results)
    return results


def _run_pool(engine: Engine, pool: list[tuple[int, Piece]], results: list[list[Row] | Exception]) -> None:
    """Recognise pooled windows; the rows of a recording are added in time order, a failure replaces them."""
    done: list[tuple[int, Row]] = []
    for bucket in buckets(pool, engine.batch_samples):
        try:
            rows = engine.run([piece for _, piece in bucket])
        except BundleError:
            rows = list(_one_by_one(engine, bucket, results))
        done += zip((number for number, _ in bucket), rows, strict=True)
    for number, row in sorted(done, key=lambda item: item[1].start):
        result = results[number]
        if isinstance(result, list):
            result.append(row)


def _one_by_one(
    engine: Engine, bucket: list[tuple[int, Piece]], results: list[list[Row] | Exception]
) -> Iterator[Row]:
    """Find the window that the graph cannot digest; the others shall not suffer."""
    for number, piece in bucket:
        try:
            yield from engine.run([piece])
        except BundleError as error:
            results[number] = error
            yield Row(piece.start, piece.end, None)


def _until(stop: threading.Event, pieces: Iterator[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        if stop.is_set():
            return
        yield piece
