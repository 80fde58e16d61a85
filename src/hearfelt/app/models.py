"""``GET /v1/models``: what the models are, how well they do, and what they must not be used for."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from hearfelt.app._description import WARNINGS, describe
from hearfelt.app._openapi import REFUSALS, answers
from hearfelt.app._state import service_of

router = APIRouter()

_EXAMPLE = {
    "default": "default",
    "models": [
        {
            "name": "default",
            "labels": ["neutral", "happy", "sad"],
            "licence": "CC BY-NC-SA 4.0",
            "metrics": {"all": {"uar": 0.65}},
            "metrics_protocol": "speaker-independent, two folds",
            "specification": {"sample_rate": 16000, "window_seconds": 5.0, "hop_seconds": 4.0},
            "card": "# default ...",
            "warnings": [WARNINGS[0]],
        }
    ],
}


@router.get(
    "/v1/models",
    summary="The models of this service, with licence, measurements, card and warnings.",
    responses=answers("application/json", _EXAMPLE) | {401: REFUSALS[401]},
)
async def models(request: Request) -> dict[str, Any]:
    """The first model is the one that answers where none is asked for. `specification` is the bundle's `model.json`."""
    service = service_of(request)
    return {
        "default": service.default,
        "models": [
            describe(name, recognizer.folder, recognizer.specification, labels=recognizer.labels)
            for name, recognizer in service.models.items()
        ],
    }
