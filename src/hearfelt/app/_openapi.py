"""What the routes say about themselves in ``/openapi.json``."""

from __future__ import annotations

from typing import Any

#: The body of requests with recordings.
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "WAV, FLAC, Ogg Vorbis, Opus, MP3 or AIFF. The part may be repeated.",
                        }
                    },
                }
            }
        },
    }
}

_SENTENCES = {
    401: "This service wants a token: send the header 'Authorization: Bearer TOKEN' with the one it was started with.",
    408: "The upload stood still or took longer than 60 s; 4,096 bytes came. Send it again over a better line, or in "
    "parts.",
    413: "The request is larger than the 50 MB that this service takes. Send fewer or shorter recordings, or compress "
    "them (FLAC, Opus).",
    415: "'notes.txt' is not audio that can be read (Format not recognised). WAV, FLAC, Ogg Vorbis, Opus, MP3 and AIFF "
    "can; convert others first, such as with: ffmpeg -i FILE out.wav",
    422: "'empty.wav' is not audio that can be read (it is empty). WAV, FLAC, Ogg Vorbis, Opus, MP3 and AIFF can; "
    "convert others first, such as with: ffmpeg -i FILE out.wav",
    429: "66 recordings are waiting already, as many as this service lets wait. Come again a little later.",
    503: "The service is about to stop; send the request again.",
}
_TITLES = {
    401: "The token is missing or wrong.",
    408: "The upload is too slow.",
    413: "Too large, too long or too many files.",
    415: "Not a form, or not audio.",
    422: "Audio that cannot be used, or a wrong option.",
    429: "The queue is full; `Retry-After` says when to come again.",
    503: "It took too long, or the service stops; `Retry-After` says when to come again.",
}

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": _TITLES[status],
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["error", "status"],
                    "properties": {"error": {"type": "string"}, "status": {"type": "integer"}},
                },
                "example": {"error": sentence, "status": status},
            }
        },
    }
    for status, sentence in _SENTENCES.items()
}


def answers(media_type: str, example: Any, *others: str) -> dict[int | str, dict[str, Any]]:
    """The good answer of a route: an example, and other types that it may have."""
    content: dict[str, Any] = {media_type: {"schema": {}, "example": example}}
    return {200: {"description": "Done.", "content": content | {other: {} for other in others}}}
