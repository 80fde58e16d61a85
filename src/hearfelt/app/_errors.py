"""What a request is refused with: a sentence and a status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse

from hearfelt.errors import HearfeltError


class RequestError(HearfeltError):
    """A request that is not answered as asked.

    Args:
        status: of HTTP.
        sentence: what happened, what was expected, what to do.
        headers: beside the usual ones.
    """

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers = dict(headers or {})


class BusyError(RequestError):
    """The queue is full, or the service is about to stop."""

    def __init__(self, status: int, sentence: str, retry_seconds: int) -> None:
        super().__init__(status, sentence, {"Retry-After": str(max(1, retry_seconds))})


def error_body(status: int, sentence: str) -> dict[str, Any]:
    """The object that every error is."""
    return {"error": sentence, "status": status}


def error_response(error: RequestError) -> JSONResponse:
    """The answer of a refused request."""
    return JSONResponse(error_body(error.status, str(error)), error.status, error.headers)
