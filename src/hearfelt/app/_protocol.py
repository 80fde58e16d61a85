"""uvicorn's HTTP protocol, with patience that ends: for headers, unwanted bodies, and answers that nobody reads."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST_HEADER_BYTES = 1 << 16
#: Of an upload that was refused; a client that still sends gets its answer within this, or not at all.
_MOST_REST_BYTES = 1 << 26


def impatient(seconds: float, most_connections: int) -> type[HttpToolsProtocol]:
    """A protocol class.

    Args:
        seconds: for a header to be complete from its first byte (or from the connection), for what is left of a
            refused upload, and for a client that does not read its answer.
        most_connections: at a time; more are closed at once.
    """

    class Impatient(HttpToolsProtocol):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._timers: dict[str, asyncio.TimerHandle] = {}
            self._header_bytes = 0
            self._rest_bytes = 0

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > most_connections:
                transport.abort()
                return
            self._arm("header")

        def connection_lost(self, exc: Exception | None) -> None:
            for name in tuple(self._timers):
                self._disarm(name)
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if not self.transport or self.transport.is_closing():  # what was still on its way
                return
            between = self.cycle is None or (self.cycle.response_complete and not self._in_body)
            if between and "header" not in self._timers:
                self._arm("header")
            super().data_received(data)
            if "rest" in self._timers:
                self._rest_bytes += len(data)
                if self._rest_bytes > _MOST_REST_BYTES:
                    self._give_up()
            if "header" in self._timers:
                self._header_bytes += len(data)
                if self._header_bytes > _MOST_HEADER_BYTES:
                    self._give_up()

        @property
        def _in_body(self) -> bool:
            return self.cycle is not None and self.cycle.more_body

        def on_headers_complete(self) -> None:
            self._disarm("header")
            self._header_bytes = 0
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            if self.cycle is not None:
                self.cycle.more_body = False  # also of a body that came after its answer
            self._disarm("rest")
            super().on_message_complete()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self._in_body and not self.transport.is_closing():
                self._rest_bytes = 0
                self._arm(
                    "rest"
                )  # it is read and thrown away, so that the answer reaches a client that still sends

        def pause_writing(self) -> None:
            super().pause_writing()
            self._arm("answer")

        def resume_writing(self) -> None:
            super().resume_writing()
            self._disarm("answer")

        def _arm(self, name: str) -> None:
            self._disarm(name)
            self._timers[name] = self.loop.call_later(seconds, self._give_up)

        def _disarm(self, name: str) -> None:
            if timer := self._timers.pop(name, None):
                timer.cancel()

        def _give_up(self) -> None:
            if self.transport is not None:
                self.transport.abort()

    return Impatient
