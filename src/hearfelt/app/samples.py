"""``GET /samples``: the bundled recordings, for the page to try; they are free (CC0) and need no token."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response

from hearfelt.app._errors import RequestError
from hearfelt.audio.decode import AUDIO_SUFFIXES

router = APIRouter(include_in_schema=False)

SAMPLES_FOLDER = Path(__file__).resolve().parent.parent / "assets" / "samples"


@router.get("/samples")
async def samples() -> list[str]:
    """Their names."""
    return sorted(_files())


@router.get("/samples/{name}")
async def sample(name: str) -> Response:
    """One of them: names are compared with those that are there, never opened."""
    path = _files().get(name)
    if path is None:
        raise RequestError(404, "There is no such sample; /samples lists them.")
    return Response(path.read_bytes(), media_type="audio/ogg" if path.suffix == ".opus" else "audio/wav")


def _files() -> dict[str, Path]:
    found = SAMPLES_FOLDER.iterdir() if SAMPLES_FOLDER.is_dir() else ()
    return {path.name: path for path in found if path.suffix in AUDIO_SUFFIXES}
