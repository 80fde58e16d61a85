"""``/healthz``, ``/readyz`` and ``/metrics``: for those who keep the service running."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from hearfelt.app._state import service_of
from hearfelt.app.metrics import exposition

router = APIRouter()


@router.api_route(
    "/healthz", methods=["GET", "HEAD"], summary="Whether the process lives.", operation_id="healthz"
)
async def healthz() -> dict[str, str]:
    """200 as long as there is an answer at all."""
    return {"status": "ok"}


@router.api_route(
    "/readyz",
    methods=["GET", "HEAD"],
    summary="Whether requests are taken.",
    operation_id="readyz",
    responses={503: {"description": "The service is about to stop."}},
)
async def readyz(request: Request) -> JSONResponse:
    """200 with loaded models; 503 from the moment that the service is told to stop."""
    draining = service_of(request).draining.is_set()
    return JSONResponse(
        {"ready": not draining, "models": list(service_of(request).models)}, 503 if draining else 200
    )


@router.get("/metrics", summary="Counters in the text format of Prometheus.", response_class=Response)
async def metrics(request: Request) -> Response:
    """All workers together: requests by route and status, durations, queue, seconds of sound."""
    service = service_of(request)
    service.gauges()
    text = exposition([service.metrics.to_json(), *service.workers_metrics()])
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")
