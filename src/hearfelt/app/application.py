"""The application: routes, what surrounds them, and how errors are answered."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

import hearfelt
from hearfelt.app import health, models, pages, recognize, samples, streams, timelines
from hearfelt.app._errors import RequestError, error_body, error_response
from hearfelt.app._outside import Outside
from hearfelt.app._state import Service
from hearfelt.errors import HearfeltError

_DESCRIPTION = (
    "Speech emotion recognition: recordings in, emotions over time out. The answers say how a voice sounds to a model, "
    "not what a person feels, and must not be used to judge people. Errors are objects with one sentence: "
    '{"error": "...", "status": 422}. Live sound goes through the WebSocket /v1/stream.'
)


def create_app(service: Service) -> FastAPI:
    """The ASGI application of a worker.

    Args:
        service: its models, threads and counters.
    """
    app = FastAPI(
        title="hearfelt",
        version=hearfelt.__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    for room in (recognize, timelines, models, streams, health, samples, pages):
        app.include_router(room.router)
    app.add_exception_handler(RequestError, _request_error)
    app.add_exception_handler(HearfeltError, _wrong_option)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_middleware(Outside, service=service)
    if service.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(service.settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Content-Disposition", "Retry-After", "X-Request-ID"],
        )
    return app


async def _request_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestError):
        raise error
    return error_response(error)


async def _wrong_option(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse(error_body(422, str(error)), 422)


async def _validation(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = [f"{fault['loc'][-1]}: {fault['msg']}" for fault in error.errors()]
    return JSONResponse(error_body(422, f"The request has a wrong option: {'; '.join(faults)}."), 422)


async def _http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    sentences = {
        404: "There is no such route; /docs lists them.",
        405: "This route is not asked that way; see /docs.",
    }
    return JSONResponse(
        error_body(error.status_code, sentences.get(error.status_code, str(error.detail))),
        error.status_code,
        error.headers,
    )
