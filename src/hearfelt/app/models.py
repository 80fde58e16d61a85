"""``GET /v1/models``: what the models are, how well they do, and what they must not be used for."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from hearfelt.app._openapi import REFUSALS, answers
from hearfelt.app._state import service_of
from hearfelt.recognition.bundle import CARD_FILE
from hearfelt.recognition.recognizer import Recognizer

router = APIRouter()

#: In plain words, for every model.
WARNINGS = (
    "The answers say how a voice sounds to a model that learned from actors. They do not say what a person feels.",
    "Do not use them to judge people: not for hiring, work, school, credit, insurance, police, borders, health or "
    "anything else that decides about somebody. In the European Union, recognising emotions at work and in education "
    "is forbidden (AI Act, article 5).",
    "Ask the people who are recorded before you use this, and tell them what it does.",
    "Most of what it learned is acted speech of adults in a few languages. Everyday speech, children, other languages, "
    "noise, song, and voices changed by illness are recognised worse.",
)
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
    return {"default": service.default, "models": [_describe(*item) for item in service.models.items()]}


def _describe(name: str, recognizer: Recognizer) -> dict[str, Any]:
    specification = recognizer.specification
    card = recognizer.folder / CARD_FILE
    return {
        "name": name,
        "labels": list(recognizer.labels),
        "licence": specification.licence,
        "metrics": specification.metrics,
        "metrics_protocol": specification.metrics_protocol,
        "specification": specification.model_dump(mode="json"),
        "card": card.read_text(encoding="utf-8", errors="replace") if card.is_file() else "",
        "warnings": list(WARNINGS),
    }
