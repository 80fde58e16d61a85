"""``POST /v1/recognize``: recordings in, emotions out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from hearfelt.app._openapi import FORM, REFUSALS, answers
from hearfelt.app._state import Service, listed, refusal, service_of
from hearfelt.app.uploads import Upload, Uploads, read_uploads
from hearfelt.app.work import Clip
from hearfelt.recognition.formats import to_json
from hearfelt.recognition.results import Recognition

router = APIRouter()

_EXAMPLE = {
    "path": "talk.wav",
    "duration": 3.2,
    "emotion": "happy",
    "confidence": 0.81,
    "probabilities": {"neutral": 0.05, "happy": 0.81, "sad": 0.14},
    "segments": [
        {
            "start": 0.0,
            "end": 3.2,
            "emotion": "happy",
            "confidence": 0.81,
            "probabilities": {"neutral": 0.05, "happy": 0.81, "sad": 0.14},
        }
    ],
}

Model = Annotated[str | None, Query(description="A name of /v1/models; the first of them by default.")]
UnsureBelow = Annotated[
    float, Query(ge=0, le=1, description="Answer `unsure` where the best probability is lower.")
]
Labels = Annotated[
    str | None, Query(description="Only consider these, separated by commas.", examples=["happy,sad,angry"])
]


@router.post(
    "/v1/recognize",
    summary="Recognise the emotions in one or several recordings.",
    response_class=Response,
    openapi_extra=FORM,
    responses=answers("application/json", _EXAMPLE) | REFUSALS,
)
async def recognize(
    request: Request, model: Model = None, unsure_below: UnsureBelow = 0.0, labels: Labels = None
) -> Response:
    """The object that `hearfelt predict --format json` writes for a file.

    Several parts named `file` are answered with a list in their order; one that cannot be read is
    `{"path": ..., "error": "one sentence", "status": 422}` in it, and the others are answered all the same.
    """
    service = service_of(request)
    recognizer = service.recognizer(model, unsure_below, listed(labels))
    with await receive(request, service) as uploads:
        works = service.workshop.recognize(
            [Clip(recognizer, item.name, item.file, service.settings.max_seconds) for item in uploads]
        )
        uploads.lent = True  # a thread may still read them where nobody waits any more
        found = await service.results(request, works)
        uploads.lent = False
        parts = [_answer(item, upload, request) for item, upload in zip(found, uploads, strict=True)]
    if len(parts) > 1:
        text = "[" + ",\n".join(map(to_json, parts)) + "]"
    elif isinstance(found[0], BaseException):
        raise refusal(found[0], uploads[0].name, uploads[0].beginning)
    else:
        text = to_json(parts[0])
    return Response(text, media_type="application/json")


async def receive(request: Request, service: Service) -> Uploads:
    """Read a request's uploads, if there is room for them."""
    service.check_uploads()
    service.uploads += 1
    try:
        return await read_uploads(request, service.settings)
    finally:
        service.uploads -= 1


def heard(request: Request, seconds: float) -> None:
    """Count sound that was recognised."""
    service_of(request).metrics.heard(seconds)
    request.state.record.audio_seconds = round(request.state.record.audio_seconds + seconds, 3)


def _answer(found: Recognition | BaseException, upload: Upload, request: Request) -> dict[str, Any]:
    if isinstance(found, Recognition):
        heard(request, found.duration)
        return found.to_dict()
    error = refusal(found, upload.name, upload.beginning)
    return {"path": upload.name, "error": str(error), "status": error.status}
