"""One file over HTTP with the standard library: streamed, resumable, tried again, and checked."""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import re
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

import hearfelt
from hearfelt.corpora._registry import Source
from hearfelt.errors import CorpusError
from hearfelt.files import write_atomically

Report = Callable[[int, int | None], None]
_T = TypeVar("_T")

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_SPARE_BYTES = 32 * 2**20  # what is left free on the disk


@dataclass(frozen=True)
class Patience:
    """How long to try.

    Attributes:
        timeout_seconds: without any byte.
        attempts: failures in a row without a new byte before giving up.
        backoff_seconds: pause after the first failure; doubles, up to a minute.
    """

    timeout_seconds: float = 30.0
    attempts: int = 6
    backoff_seconds: float = 1.0


class _Refused(Exception):  # noqa: N818 - never leaves this module
    """A try failed in a way that another may mend."""

    def __init__(self, message: str, wait_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if new not in ("http", "https") or (old == "https" and new != "https"):
            raise CorpusError(f"{req.full_url} sends us on to {newurl}, which is not as safe; not followed.")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def open_url(
    url: str, headers: dict[str, str], timeout_seconds: float, data: bytes | None = None
) -> http.client.HTTPResponse:
    """Open an http or https address; other schemes and unsafe redirects are refused."""
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise CorpusError(f"Only http and https addresses can be fetched, not {url!r}.")
    agent = {"User-Agent": f"hearfelt/{hearfelt.__version__}"}
    request = urllib.request.Request(url, data, {**agent, **headers})  # noqa: S310 - checked above
    opener = urllib.request.build_opener(_SafeRedirects)
    response: http.client.HTTPResponse = opener.open(request, timeout=timeout_seconds)
    return response


def read_url(
    url: str, patience: Patience, *, data: bytes | None = None, headers: dict[str, str] | None = None
) -> bytes:
    """A small answer (at most 64 MiB) as a whole, tried again on passing faults."""

    def attempt() -> bytes:
        with open_url(url, headers or {}, patience.timeout_seconds, data) as response:
            body = response.read(64 * 2**20 + 1)
            length = response.headers.get("Content-Length", "")
            if len(body) > 64 * 2**20:
                raise CorpusError(f"{url} answered with more than 64 MiB where a short list was expected.")
            if length.isdigit() and len(body) < int(length):
                raise _Refused(f"the connection ended after {len(body):,} of {length} bytes")
            return body

    return _patiently(url, attempt, lambda: 0, patience)


class Fetch:
    """The state of one download: `<name>.part` and, beside it, what the server said of the file."""

    def __init__(
        self,
        source: Source,
        folder: Path,
        patience: Patience,
        report: Report | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if not source.filename or Path(source.filename).name != source.filename or source.filename[0] == ".":
            raise CorpusError(f"{source.filename!r} is no plain file name; the source table is wrong.")
        self.source, self.patience, self.report = source, patience, report
        self.final = folder / source.filename
        self.part = folder / f"{source.filename}.part"
        self.state_path = folder / f"{source.filename}.part.json"
        self.headers = dict(headers or {})
        self.resumed = False

    def run(self) -> Path:
        """Get the complete file as `.part`, checked against size and published hash.

        Raises:
            CorpusError: with what went wrong and what to do.
        """
        self.final.parent.mkdir(parents=True, exist_ok=True)
        while True:
            self.resumed = False
            _patiently(self.source.url, self._attempt, self._have, self.patience)
            problem = self._check()
            if problem is None:
                self.state_path.unlink(missing_ok=True)
                return self.part
            self.discard()
            if not self.resumed:
                raise CorpusError(problem)
            # an old part may have been of another version: one clean try from the first byte

    def discard(self) -> None:
        """Remove what is there of the file."""
        self.part.unlink(missing_ok=True)
        self.state_path.unlink(missing_ok=True)

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _state(self) -> dict[str, Any]:
        try:
            state = json.loads(self.state_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) and state.get("url") == self.source.url else {}

    def _attempt(self) -> None:
        state, have = self._state(), self._have()
        headers = {"Accept-Encoding": "identity", **self.headers}
        if have and (state.get("validator") or (state and self.source.digest)):
            headers["Range"] = f"bytes={have}-"
            if state.get("validator"):
                headers["If-Range"] = state["validator"]  # a changed file comes whole, with status 200
        try:
            with open_url(self.source.url, headers, self.patience.timeout_seconds) as response:
                self._receive(response, have if "Range" in headers else 0)
        except urllib.error.HTTPError as error:
            if error.code == 416 and have:
                total = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", ""))
                if total and int(total[1]) == have:
                    return  # all of it is here already
                self.discard()
                raise _Refused("the part on disk is longer than the file") from error
            raise

    def _receive(self, response: http.client.HTTPResponse, asked: int) -> None:
        length = response.headers.get("Content-Length", "")
        total = int(length) if length.isdigit() else None
        start = 0
        if response.status == 206:
            match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", ""))
            if match is None or int(match[1]) != asked:
                self.discard()
                raise _Refused("the server sent another part than the one asked for")
            validator, etag = self._state().get("validator", ""), response.headers.get("ETag", "")
            if validator.startswith('"') and etag and etag != validator:
                self.discard()
                raise _Refused("the file changed on the server")
            start, total = asked, int(match[3]) if match[3] != "*" else None
        elif response.status != 200:
            raise _Refused(f"status {response.status}")
        expected = self.source.bytes
        if expected is not None and total is not None and total != expected:
            self.discard()
            raise CorpusError(
                f"{self.source.url} has {total:,} bytes, but {expected:,} are expected: the file was "
                "replaced, or a web "
                "page stands in its place. Nothing was kept. Look for a newer hearfelt, or open the address "
                "in a browser."
            )
        self._need_disk((total or expected or 0) - start)
        if start == 0:
            etag = response.headers.get("ETag", "")
            validator = (
                etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
            )
            self.part.unlink(missing_ok=True)  # before the state: an old part must never meet a new validator
            write_atomically(self.state_path, json.dumps({"url": self.source.url, "validator": validator}))
        else:
            self.resumed = True
        have = start
        with self.part.open("ab") as file:
            while True:
                chunk = response.read1(1 << 18)
                if not chunk:
                    break
                file.write(chunk)
                have += len(chunk)
                bound = expected if expected is not None else total
                if bound is not None and have > bound:
                    file.close()
                    self.discard()
                    raise CorpusError(
                        f"{self.source.url} sends more than the {bound:,} bytes it should have."
                    )
                if self.report is not None:
                    self.report(have, total or expected)
            file.flush()
            os.fsync(file.fileno())
        if total is not None and have < total:
            raise _Refused(f"the connection ended after {have:,} of {total:,} bytes")

    def _need_disk(self, count_bytes: int) -> None:
        free = shutil.disk_usage(self.part.parent).free
        if count_bytes + _SPARE_BYTES > free:
            raise CorpusError(
                f"{self.source.filename} needs {count_bytes:,} more bytes, but only {free:,} are free in "
                f"{self.part.parent}. Make room or choose another folder; what is there already is kept."
            )

    def _check(self) -> str | None:
        have, source = self._have(), self.source
        if source.bytes is not None and have != source.bytes:
            return (
                f"{source.filename} from {source.url} has {have:,} bytes, but {source.bytes:,} are expected. "
                "Nothing was kept; try again later."
            )
        if source.digest:
            actual = hash_file(self.part, source.algorithm)
            if actual != source.digest.lower():
                return (
                    f"{source.filename} from {source.url} is not the published file: its {source.algorithm} "
                    f"is {actual}, "
                    f"published is {source.digest}. Nothing was kept. Try again; if it happens twice, the "
                    "file was "
                    "replaced or something on the way changes it."
                )
        return None


def hash_file(path: Path, algorithm: str) -> str:
    """Hexadecimal hash of a file's content."""
    if algorithm not in ("md5", "sha256"):
        raise CorpusError(f"Hash {algorithm!r} is unknown; the source table may use md5 and sha256.")
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def _patiently(url: str, attempt: Callable[[], _T], have: Callable[[], int], patience: Patience) -> _T:
    """Try until it works, until it cannot work, or until patience ends; new bytes renew patience."""
    failures, before = 0, have()
    while True:
        wait_seconds = 0.0
        try:
            return attempt()
        except urllib.error.HTTPError as error:
            if error.code not in _TRANSIENT:
                raise _final(url, error.code) from error
            reason = f"status {error.code}"
            retry_after = error.headers.get("Retry-After", "")
            wait_seconds = float(min(int(retry_after), 60)) if retry_after.isdigit() else 0.0
        except _Refused as error:
            reason = str(error)
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLCertVerificationError):
                raise CorpusError(
                    f"{urlsplit(url).hostname} does not prove who it is ({error.reason.verify_message}); "
                    "nothing was "
                    "fetched. Check the computer's clock and certificates."
                ) from error
            reason = str(error.reason)
        except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
            reason = str(error) or type(error).__name__
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise CorpusError(
                f"{'The disk is full' if full else f'Cannot write ({error.strerror})'} after {have():,} "
                f"bytes of {url}. "
                f"{'Make room' if full else 'Mend that'} and run it again: it goes on from there."
            ) from error
        now = have()
        failures = 1 if now > before else failures + 1
        before = now
        if failures >= patience.attempts:
            kept = f" {now:,} bytes are kept; run it again to go on from there." if now else ""
            raise CorpusError(
                f"Cannot fetch {url}: {reason}, {failures} times in a row. Is there a network, and does the "
                "address "
                f"open in a browser?{kept}"
            )
        time.sleep(max(wait_seconds, min(60.0, patience.backoff_seconds * 2 ** (failures - 1))))


def _final(url: str, code: int) -> CorpusError:
    meaning = {
        401: "it wants a login",
        403: "it refuses access",
        404: "it is not there (any more)",
        410: "it was removed",
    }.get(code, "it will not send the file")
    return CorpusError(
        f"{url} answered {code}: {meaning}. Open the corpus' page in a browser to see whether it moved, and "
        "look for a "
        "newer hearfelt."
    )
