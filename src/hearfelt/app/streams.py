"""WebSocket ``/v1/stream``: sound in while it is made, events out.

The client says first, as text, what it will send; then come binary messages of bare mono samples. Events are
answered as soon as their windows are complete, and are those of the whole recording.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from hearfelt.app._errors import BusyError, RequestError, error_body, error_response
from hearfelt.app._outside import Record, bearer, knows_token, log_failure
from hearfelt.app._state import Service, service_of
from hearfelt.app.uploads import VanishedError
from hearfelt.audio.decode import MAX_SOURCE_RATE, MIN_SOURCE_RATE
from hearfelt.errors import HearfeltError
from hearfelt.recognition.results import Segment
from hearfelt.recognition.streaming import Stream

router = APIRouter()

#: Format -> numpy's name of it.
FORMATS = {"s16le": "<i2", "f32le": "<f4"}
#: Status -> close code of the WebSocket.
CLOSE_CODES = {
    401: 1008,
    403: 1008,
    408: 1008,
    413: 1009,
    415: 1003,
    422: 1003,
    429: 1013,
    500: 1011,
    503: 1012,
}
#: Silence on the line after which a connection is closed.
_IDLE_SECONDS = 60.0
_FIELDS = {"sample_rate", "format", "model", "unsure_below", "labels", "token"}


@router.websocket("/v1/stream")
async def stream(socket: WebSocket) -> None:
    """See the module and docs/serve.md."""
    service = service_of(socket)
    record: Record = socket.state.record
    try:
        _admit(socket, service)
    except RequestError as error:
        record.status = error.status
        await socket.send_denial_response(error_response(error))
        return
    await socket.accept()
    record.status = 101
    service.streams += 1
    try:
        await _Live(socket, service, record).run()
    except (WebSocketDisconnect, VanishedError):
        pass  # nobody is there to be told
    except Exception as error:
        await _fail(socket, record, error)
    finally:
        service.streams -= 1


def _admit(socket: WebSocket, service: Service) -> None:
    """Before anything is accepted: pages of other hosts, services that stop, wrong tokens, too many streams."""
    origin = socket.headers.get("origin")
    own = origin is None or urlsplit(origin).netloc == socket.headers.get("host")
    if not own and origin not in service.settings.cors_origins:
        raise RequestError(
            403,
            "A page of another host may not listen in; --cors-origin of the service names those that may.",
        )
    if service.draining.is_set():
        raise BusyError(503, "The service is about to stop; connect again.", 5)
    shown = bearer(socket.scope)
    if shown is not None and not knows_token(service.settings.token, shown):
        raise RequestError(401, "The token is wrong.", {"WWW-Authenticate": "Bearer"})
    if service.streams >= service.settings.streams:
        raise BusyError(
            429,
            f"{service.streams} streams are open, as many as this service takes. Come again a little later.",
            5,
        )


class _Live:
    """One connection."""

    def __init__(self, socket: WebSocket, service: Service, record: Record) -> None:
        self.socket, self.service, self.record = socket, service, record
        self.events = 0

    async def run(self) -> None:
        first = await self._message(self.service.settings.idle_seconds)
        stream, kind, rate = self._begin(first)
        await self.socket.send_json(
            {
                "type": "ready",
                "labels": list(stream.labels),
                "sample_rate": rate,
                "latency_seconds": round(stream.latency_seconds, 3),
                "warm_up_seconds": round(stream.warm_up_seconds, 3),
            }
        )
        reason = ""
        while not reason:
            message = await self._message(_IDLE_SECONDS)
            if message is None:
                reason = "draining"
            elif message.get("bytes") is not None:
                await self._send(await self._work(stream, _samples(message["bytes"], kind), rate))
            elif _object(message.get("text", "")) == {"end": True}:
                reason = "end"
            else:
                raise RequestError(
                    422, 'After the beginning, text is {"end": true}; sound comes as binary messages.'
                )
        await self._send(await self._work(stream, None, rate))
        await self.socket.send_json(
            {"type": "end", "reason": reason, "duration": round(stream.seconds, 6), "events": self.events}
        )
        self.service.metrics.heard(stream.seconds)
        self.record.audio_seconds = round(stream.seconds, 3)
        await self.socket.close(1000 if reason == "end" else 1012)

    async def _message(self, seconds: float) -> dict[str, Any] | None:
        """The next message; None where the service is about to stop."""
        came = asyncio.ensure_future(self.socket.receive())
        stopping = asyncio.ensure_future(self.service.draining.wait())
        try:
            await asyncio.wait({came, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if came.done():
                message = came.result()
                if message["type"] == "websocket.disconnect":
                    raise VanishedError
                self.record.bytes += len(message.get("bytes") or b"")
                return dict(message)
            if stopping.done():
                return None
            raise RequestError(408, f"Nothing came for {seconds:g} s; the connection is closed.")
        finally:
            came.cancel()
            stopping.cancel()

    def _begin(self, message: dict[str, Any] | None) -> tuple[Stream, str, int]:
        if message is None:
            raise BusyError(503, "The service is about to stop; connect again.", 5)
        if message.get("text") is None:
            raise RequestError(
                422,
                'Sound came before its description: send {"sample_rate": 48000, "format": "s16le"} as text first.',
            )
        asked = _object(message["text"])
        if bearer(self.socket.scope) is None:
            shown = asked.get("token")
            if not knows_token(self.service.settings.token, shown if isinstance(shown, str) else None):
                raise RequestError(
                    401, "This service wants a token: 'token' in the first message, or a Bearer header."
                )
        if unknown := asked.keys() - _FIELDS:
            raise RequestError(
                422,
                f"{sorted(unknown)[0]!r} is not known at the beginning of a stream; known: "
                f"{', '.join(sorted(_FIELDS))}.",
            )
        rate, kind = asked.get("sample_rate"), asked.get("format", "s16le")
        if (
            isinstance(rate, bool)
            or not isinstance(rate, (int, float))
            or not MIN_SOURCE_RATE <= rate <= MAX_SOURCE_RATE
        ):
            raise RequestError(
                422,
                f"sample_rate is {rate!r}; a number of hertz, {MIN_SOURCE_RATE} to {MAX_SOURCE_RATE}, was expected.",
            )
        if kind not in FORMATS:
            raise RequestError(422, f"format is {kind!r}; it can be {' or '.join(FORMATS)} (mono).")
        labels, unsure, model = asked.get("labels"), asked.get("unsure_below", 0.0), asked.get("model")
        if not (
            (labels is None or (isinstance(labels, list) and all(isinstance(label, str) for label in labels)))
            and isinstance(unsure, (int, float))
            and (model is None or isinstance(model, str))
        ):
            raise RequestError(422, "labels is a list of names, unsure_below a number, model a name.")
        return self.service.recognizer(model, float(unsure), labels).stream(), kind, round(rate)

    async def _work(self, stream: Stream, samples: Any, rate: int) -> list[Segment]:
        """Feed, or flush where samples are None, in a thread."""
        work = self.service.workshop.call(
            lambda _: stream.flush() if samples is None else stream.feed(samples, rate), urgent=True
        )
        async with asyncio.timeout(self.service.settings.timeout_seconds):
            return await work.done

    async def _send(self, segments: Sequence[Segment]) -> None:
        for segment in segments:
            self.events += 1
            self.service.metrics.events += 1
            async with asyncio.timeout(
                self.service.settings.idle_seconds
            ):  # one that does not read is not waited for
                await self.socket.send_json({"type": "event", **segment.to_dict()})


def _samples(data: bytes, kind: str) -> Any:
    size = np.dtype(FORMATS[kind]).itemsize
    if len(data) % size:
        raise RequestError(
            422, f"A message of {len(data)} bytes is no whole number of {kind} samples ({size} bytes each)."
        )
    return np.frombuffer(data, dtype=FORMATS[kind])


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(422, f"A text message is no JSON ({str(error)[:80]}).") from error
    if not isinstance(found, dict):
        raise RequestError(422, "A text message is a JSON object.")
    return found


async def _fail(socket: WebSocket, record: Record, error: Exception) -> None:
    """Tell what was wrong, then close."""
    if isinstance(error, RequestError):
        status, sentence = error.status, str(error)
    elif isinstance(error, TimeoutError):
        status, sentence = 503, "The work or the line was too slow; connect again."
    elif isinstance(error, HearfeltError):
        status, sentence = 422, str(error)
    else:
        log_failure(error, record.request)
        status, sentence = (
            500,
            f"Something went wrong inside the service; its log says what, at {record.request}.",
        )
    record.status = status
    try:
        async with asyncio.timeout(5):
            await socket.send_json({"type": "error", **error_body(status, sentence)})
            await socket.close(
                CLOSE_CODES.get(status, 1011), sentence.encode()[:120].decode("utf-8", "ignore")
            )
    except (WebSocketDisconnect, RuntimeError, TimeoutError):
        return
