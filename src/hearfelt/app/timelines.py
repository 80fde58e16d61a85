"""``POST /v1/timeline``: a recording in, its emotions over time out, in each format of ``hearfelt timeline``."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from pathlib import PurePath
from typing import Annotated, Any, Literal
from urllib.parse import quote

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from hearfelt.app._errors import RequestError
from hearfelt.app._openapi import FORM, REFUSALS, answers
from hearfelt.app._state import listed, refusal, service_of
from hearfelt.app.recognize import Labels, Model, UnsureBelow, heard, receive
from hearfelt.app.uploads import Upload
from hearfelt.app.work import Work, sound_of
from hearfelt.audio.decode import channel_count
from hearfelt.recognition.formats import to_json
from hearfelt.recognition.recognizer import Recognizer
from hearfelt.recognition.timeline import Timeline, TimelineSettings, timeline
from hearfelt.recognition.timelines._registry import create_writer

router = APIRouter()

Format = Literal["json", "jsonl", "csv", "srt", "vtt", "textgrid", "eaf", "rttm", "audacity", "html", "png"]

#: Format -> type of the answer.
MEDIA_TYPES = {
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "textgrid": "text/plain; charset=utf-8",
    "eaf": "application/xml",
    "rttm": "text/plain; charset=utf-8",
    "audacity": "text/plain; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "png": "image/png",
}
_SHARES = {"neutral": 0.1, "happy": 0.2, "sad": 0.7}
_EXAMPLE = [
    {
        "path": "talk.wav",
        "duration": 61.5,
        "sample_rate": 16000,
        "channels": 1,
        "labels": ["neutral", "happy", "sad"],
        "settings": {"model": "default", "smoothing": "viterbi", "stay_seconds": 2.0},
        "segments": [
            {
                "start": 0.42,
                "end": 7.5,
                "channel": None,
                "speaker": None,
                "emotion": "sad",
                "confidence": 0.7,
                "probabilities": _SHARES,
            }
        ],
    }
]
_MOST_CHANNELS = 8
#: The page of a recording has its script and style in it, and nothing else may be done by it.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "media-src data: blob:; sandbox allow-scripts allow-modals allow-downloads"
)
_DRAWING = threading.Lock()  # matplotlib is no friend of threads


@router.post(
    "/v1/timeline",
    summary="Find the speech in a recording, and its emotions over time.",
    response_class=Response,
    openapi_extra=FORM,
    responses=answers("application/json", _EXAMPLE, "text/csv", "text/vtt", "text/html", "image/png")
    | REFUSALS,
)
async def timelines(
    request: Request,
    form: Annotated[Format, Query(alias="format", description="Of the answer.")] = "json",
    model: Model = None,
    unsure_below: UnsureBelow = 0.0,
    labels: Labels = None,
    channels: Annotated[
        Literal["mix", "split"], Query(description="`split`: hear each channel for itself.")
    ] = "mix",
    smoothing: Annotated[
        Literal["viterbi", "hysteresis", "none"], Query(description="How windows become segments.")
    ] = "viterbi",
    stay_seconds: Annotated[
        float, Query(gt=0, le=3600, description="How long an emotion lasts on average.")
    ] = 2.0,
    margin: Annotated[
        float, Query(ge=0, le=1, description="Hysteresis: by how much another emotion must be more probable.")
    ] = 0.15,
    windows: Annotated[
        bool, Query(description="`json`, `jsonl`: add `windows`, what the model heard before smoothing.")
    ] = False,
    audio: Annotated[
        Literal["embed", "none"], Query(description="`embed`: the page (html) holds the sound as well.")
    ] = "none",
) -> Response:
    """What `hearfelt timeline --format ...` writes for a file, as a download."""
    service = service_of(request)
    recognizer = service.recognizer(model, unsure_below, listed(labels))
    settings = TimelineSettings(smoothing, stay_seconds, margin)
    with await receive(request, service) as uploads:
        if len(uploads) > 1:
            raise RequestError(
                422, f"A timeline is of one recording, and {len(uploads)} came. Send them one by one."
            )
        upload = uploads[0]

        def work(work: Work[tuple[bytes, float]]) -> tuple[bytes, float]:
            found = _hear(work, recognizer, upload, settings, channels, service.settings.max_seconds, form)
            return _written(found, form, upload, audio, windows), found.duration

        uploads.lent = True
        (found,) = await service.results(request, [service.workshop.call(work)])
        uploads.lent = False
    if isinstance(found, BaseException):
        raise refusal(found, upload.name, upload.beginning)
    content, seconds = found
    heard(request, seconds)
    return Response(content, media_type=MEDIA_TYPES[form], headers=_headers(upload.name, form))


def _hear(
    work: Work[Any],
    recognizer: Recognizer,
    upload: Upload,
    settings: TimelineSettings,
    channels: str,
    most_seconds: float,
    form: str,
) -> Timeline:
    """The recording is decoded once: its length is bounded."""
    rate = recognizer.specification.sample_rate
    upload.file.seek(0)
    count = channel_count(upload.file) if channels == "split" else 1
    if count > _MOST_CHANNELS:
        raise RequestError(
            422, f"The recording has {count} channels; up to {_MOST_CHANNELS} can be split here."
        )
    columns = [
        np.concatenate(
            list(
                sound_of(upload.file, rate, most_seconds, work.check, number if channels == "split" else None)
            )
        )
        for number in range(count)
    ]
    found = timeline(
        recognizer,
        columns[0] if channels == "mix" else np.stack(columns, axis=1),
        rate,
        channels=channels,
        settings=settings,
        overview=create_writer(form).overview,
        progress=work.check,
    )
    return replace(found, path=upload.name)


def _written(found: Timeline, form: str, upload: Upload, audio: str, windows: bool) -> bytes:
    # No writer gets to look for a file by the name that a client gave.
    options: dict[str, object] = {}
    if form == "html":
        options = {"audio": "none"} if audio == "none" else {"audio": "embed", "sound": upload.file}
    elif form == "eaf":
        options = {"media": False}
    writer = create_writer(form, **options)
    if windows and form in ("json", "jsonl"):
        text = to_json(found.to_dict() | {"windows": [window.to_dict() for window in found.windows]})
        return f"[\n{text}\n]\n".encode() if form == "json" else f"{text}\n".encode()
    with _DRAWING if form == "png" else nullcontext():
        body = writer.render(found)
    if isinstance(body, bytes):
        return body
    return (writer.begin(found.labels) + body + writer.end()).encode("utf-8")


def _headers(name: str, form: str) -> dict[str, str]:
    """A name for the download, in letters that every header allows, and as it is."""
    full = PurePath(name).stem + create_writer(form).suffix
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in full)
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(full, safe='')}"
    }
    return headers | ({"Content-Security-Policy": _PAGE_POLICY} if form == "html" else {})
