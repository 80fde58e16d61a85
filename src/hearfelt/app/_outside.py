"""What surrounds every request: a number, a line in the log, a count, headers, the token, and who is let in."""

from __future__ import annotations

import hmac
import json
import logging
import secrets
import time
import traceback
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hearfelt.app._errors import BusyError, RequestError, error_response
from hearfelt.app._state import Service
from hearfelt.app.uploads import VanishedError

#: Status in logs and counters of a request whose client went away.
VANISHED = 499
_ROUTES = ("/v1/recognize", "/v1/timeline", "/v1/models", "/v1/stream")
_LOG = logging.getLogger("hearfelt.app")

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass
class Record:
    """What is written about a request; no names and no sound."""

    request: str = field(default_factory=lambda: secrets.token_hex(8))
    route: str = "other"
    method: str = ""
    status: int = 0
    bytes: int = 0
    audio_seconds: float = 0.0


class Outside:
    """The middleware around the routes."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the module."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        record = Record(method=scope.get("method", "WS"))
        scope.setdefault("state", {})["record"] = record
        began = time.perf_counter()
        self.service.in_flight += 1
        try:
            if scope["type"] == "http":
                await self._http(scope, receive, send, record)
            else:
                await self.app(scope, receive, send)
        except VanishedError:
            record.status = VANISHED
        finally:
            self.service.in_flight -= 1
            seconds = time.perf_counter() - began
            refused = scope["path"] if scope["path"] in _ROUTES else "other"  # before it came to its route
            record.route = str(getattr(scope.get("route"), "path", refused))
            self.service.metrics.answered(record.route, record.status, seconds, record.bytes)
            log("request", **vars(record), ms=round(1000 * seconds, 2))

    async def _http(self, scope: Scope, receive: Receive, send: Send, record: Record) -> None:
        begun = False

        async def counted() -> Message:
            message = await receive()
            record.bytes += len(message.get("body", b""))
            return message

        async def dressed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                record.status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-ID"] = record.request
                if self.service.draining.is_set():
                    headers["Connection"] = "close"
            await send(message)

        try:
            try:
                self._admit(scope)
            except RequestError as error:
                await error_response(error)(scope, counted, dressed)
                return
            await self.app(scope, counted, dressed)
        except VanishedError:
            raise
        except Exception as error:
            log_failure(error, record.request)
            if begun:
                raise VanishedError from error
            sentence = (
                f"Something went wrong inside the service; its log says what, at request {record.request}."
            )
            await error_response(RequestError(500, sentence))(scope, counted, dressed)

    def _admit(self, scope: Scope) -> None:
        if not scope["path"].startswith("/v1/"):
            return
        if self.service.draining.is_set():
            raise BusyError(503, "The service is about to stop; send the request again.", 5)
        if scope["method"] != "OPTIONS" and not knows_token(self.service.settings.token, bearer(scope)):
            raise RequestError(
                401,
                "This service wants a token: send the header 'Authorization: Bearer TOKEN' with the one it was started "
                "with.",
                {"WWW-Authenticate": "Bearer"},
            )


def bearer(scope: Scope) -> str | None:
    """The token in a request's header."""
    for name, value in scope["headers"]:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return str(value[7:].strip().decode("latin-1"))
    return None


def knows_token(wanted: str, shown: str | None) -> bool:
    """Whether a token is right, in a time that does not tell where it is wrong.

    >>> knows_token("", None), knows_token("secret", "secret"), knows_token("secret", None)
    (True, True, False)
    """
    return not wanted or hmac.compare_digest(wanted.encode(), (shown or "").encode())


def log(event: str, **fields: Any) -> None:
    """A line of JSON."""
    _LOG.info(json.dumps({"time": round(time.time(), 3), "event": event, **fields}))


def log_failure(error: BaseException, request: str) -> None:
    """What went wrong inside: kind and places, without the message, which might hold a name."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log(
        "failure",
        request=request,
        kind=type(error).__name__,
        cause=type(error.__cause__).__name__,
        places=places[-8:],
    )
