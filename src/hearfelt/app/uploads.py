"""Uploads, read as they come: limits hold while they are read, and no path of a client is ever opened.

An upload stays in memory while it is small, then goes into a file without a name, which vanishes with the process
whatever happens to it.
"""

from __future__ import annotations

import asyncio
import io
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from types import TracebackType
from typing import IO, Any

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from hearfelt.app._errors import RequestError
from hearfelt.app.settings import ServiceSettings

#: Of an upload that stay in memory.
_MEMORY_BYTES = 1 << 20
_BEGINNING_BYTES = 16
_LONGEST_NAME = 120
_FIELD = "file"


@dataclass
class Upload:
    """A file of a request.

    Attributes:
        name: as the client calls it, without folders; only ever shown, never opened.
        file: its bytes.
        size: their number.
        beginning: the first of them.
    """

    name: str
    file: IO[bytes] = field(default_factory=io.BytesIO)
    size: int = 0
    beginning: bytes = b""

    def write(self, data: bytes) -> None:
        """Add to the end."""
        if len(self.beginning) < _BEGINNING_BYTES:
            self.beginning += data[:_BEGINNING_BYTES]
        if self.size <= _MEMORY_BYTES < self.size + len(data):
            disk: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
            _write_all(disk, self.file.getvalue())  # type: ignore[attr-defined]
            self.file = disk
        _write_all(self.file, data)
        self.size += len(data)


class Uploads(list[Upload]):
    """The files of a request; leaving the block gives their memory and disk back.

    Attributes:
        lent: a thread may still be reading them: they go when it is done with them, with the last reference.
    """

    lent = False

    def __enter__(self) -> Uploads:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.lent:
            for upload in self:
                upload.file.close()


class _Reader:
    """Callbacks of the multipart parser."""

    def __init__(self, boundary: bytes, max_files: int) -> None:
        self.uploads = Uploads()
        self.over = False
        self._max_files = max_files
        self._current: Upload | None = None
        self._name, self._value = b"", b""
        self._headers: dict[bytes, bytes] = {}
        self.parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._headers.clear,
                "on_header_field": self._on_name,
                "on_header_value": self._on_value,
                "on_header_end": self._on_header,
                "on_headers_finished": self._on_part,
                "on_part_data": self._on_data,
                "on_end": self._on_end,
            },
        )

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name, self._value = b"", b""

    def _on_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._current = None
        if options.get(b"name") == _FIELD.encode():
            if len(self.uploads) == self._max_files:
                raise RequestError(
                    413, f"A request may hold {self._max_files} files; divide yours into several requests."
                )
            self._current = Upload(safe_name(options.get(b"filename", b"")))
            self.uploads.append(self._current)

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._current is not None:
            self._current.write(data[start:end])

    def _on_end(self) -> None:
        self.over = True


async def read_uploads(request: Request, settings: ServiceSettings) -> Uploads:
    """Read the files of a multipart request.

    Raises:
        RequestError: too large (413), too slow (408), no multipart form (415), broken (400), without a file (422).
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise RequestError(
            415,
            f"The request is {kind.decode('latin-1')[:80] or 'of no type'}; a multipart form "
            f"(multipart/form-data) with the recording in a part named {_FIELD!r} was expected, as "
            f"`curl -F {_FIELD}=@recording.wav` sends it.",
        )
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > settings.max_bytes:
        raise _too_large(settings)
    try:
        reader = _Reader(boundary, settings.max_files)
    except FormParserError as error:
        raise RequestError(400, f"The request is no multipart form: {error}.") from error
    try:
        await _receive(request, reader, settings)
    except BaseException as error:
        reader.uploads.__exit__(None, None, None)
        if isinstance(error, FormParserError):
            raise RequestError(400, f"The request is no multipart form: {error}.") from error
        if isinstance(error, OSError):
            raise RequestError(
                503, f"The upload cannot be kept: {error.strerror}.", {"Retry-After": "30"}
            ) from error
        raise
    return reader.uploads


async def _receive(request: Request, reader: _Reader, settings: ServiceSettings) -> None:
    size = 0
    deadline = time.monotonic() + settings.upload_seconds
    more = True
    while more:
        left = min(settings.idle_seconds, deadline - time.monotonic())
        try:
            async with asyncio.timeout(left):
                message: Any = await request.receive()
        except TimeoutError as error:
            raise RequestError(
                408,
                f"The upload stood still or took longer than {settings.upload_seconds:g} s; {size:,} bytes came. Send "
                "it again over a better line, or in parts.",
                {"Connection": "close"},
            ) from error
        if message["type"] == "http.disconnect":
            raise VanishedError
        body, more = message.get("body", b""), message.get("more_body", False)
        size += len(body)
        if size > settings.max_bytes:
            raise _too_large(settings)
        reader.parser.write(body)
    if not reader.over:
        raise RequestError(400, "The upload ended in the middle of a part; send it again.")
    if not reader.uploads:
        raise RequestError(422, f"The form has no part named {_FIELD!r} with a recording in it.")


class VanishedError(Exception):
    """The client is gone: there is nobody to answer."""


def _too_large(settings: ServiceSettings) -> RequestError:
    return RequestError(
        413,
        f"The request is larger than the {settings.max_megabytes:g} MB that this service takes. Send fewer or shorter "
        "recordings, or compress them (FLAC, Opus).",
    )


def safe_name(given: bytes) -> str:
    r"""What a file is called in answers: the last part of its name, printable, not too long.

    >>> safe_name(b"../../etc/passwd"), safe_name(rb"C:\a\b.wav"), safe_name(b"a\x00\r\nb.wav"), safe_name(b"")
    ('passwd', 'b.wav', 'ab.wav', 'recording')
    """
    text = given.decode("utf-8", "replace").replace("\\", "/")
    name = "".join(character for character in text.rsplit("/", 1)[-1] if character.isprintable()).strip()
    path = PurePosixPath(name if name not in ("", ".", "..") else "recording")
    suffix = path.suffix[:12]
    return path.stem[: _LONGEST_NAME - len(suffix)] + suffix


def _write_all(file: IO[bytes], data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]
