"""``/`` and ``/page/...``: the web page; ``/docs``: the routes for people, without anything from elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from hearfelt.app._errors import RequestError

router = APIRouter(include_in_schema=False)

_HERE = Path(__file__).parent
PAGE_FOLDER = _HERE / "page"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".opus": "audio/ogg",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
}


@router.api_route("/", methods=["GET", "HEAD"])
async def index(request: Request) -> Response:
    """The page."""
    return _file(request, PAGE_FOLDER, "index.html")


@router.api_route("/page/{name:path}", methods=["GET", "HEAD"])
async def page(request: Request, name: str) -> Response:
    """What belongs to it."""
    return _file(request, PAGE_FOLDER, name)


@router.api_route("/docs", methods=["GET", "HEAD"])
async def docs(request: Request) -> Response:
    """The routes, from the same description as ``/openapi.json``."""
    return HTMLResponse(_docs(json.dumps(request.app.openapi())), headers={"Cache-Control": "no-cache"})


@router.get("/docs.css")
async def style(request: Request) -> Response:
    """How `docs` looks."""
    return _file(request, _HERE, "docs.css")


def _file(request: Request, folder: Path, name: str) -> Response:
    """A file that the folder lists: names are compared with those that are there, never opened."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    path = found.get(name)
    if path is None or path.suffix not in _TYPES:
        raise RequestError(
            404,
            "The page is not part of this installation; the routes are described at /docs."
            if name == "index.html"
            else "There is no such file in the page.",
        )
    stat = path.stat()
    data, tag = _read(path, stat.st_mtime_ns, stat.st_size)
    # "no-cache": kept by the browser, asked for each time whether it is still the same.
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    asked = [item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")]
    if tag in asked:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=_TYPES[path.suffix], headers=headers)


@lru_cache(maxsize=64)
def _read(path: Path, changed: int, size: int) -> tuple[bytes, str]:
    data = path.read_bytes()
    return data, f'"{hashlib.blake2b(data, digest_size=12).hexdigest()}"'


@lru_cache(maxsize=2)
def _docs(schema: str) -> str:
    described: dict[str, Any] = json.loads(schema)
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport "
        'content="width=device-width, initial-scale=1"><title>hearfelt: the service</title>'
        '<link rel=stylesheet href="docs.css"></head><body><main>',
        f"<h1>hearfelt {escape(described['info']['version'])}</h1><p>{escape(described['info']['description'])}</p>"
        '<p>For programs: <a href="openapi.json">openapi.json</a>. The page: <a href="./">here</a>.</p>',
    ]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method != "head":
                parts.append(_operation(method, path, operation))
    return "".join([*parts, "</main></body></html>"])


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(item['name'])}</code><td>{_text(item.get('description', ''))}"
        f"<td>{escape(_values(item['schema']))}"
        for item in operation.get("parameters", ())
    )
    table = f"<table><tr><th>option<th>meaning<th>values{rows}</table>" if rows else ""
    answers = []
    for status, answer in operation["responses"].items():
        examples = [found["example"] for found in answer.get("content", {}).values() if "example" in found]
        shown = "".join(f"<pre>{escape(json.dumps(example, indent=1))}</pre>" for example in examples)
        answers.append(
            f"<details><summary>{escape(status)} {_text(answer['description'])}</summary>{shown}</details>"
        )
    upload = " -F file=@recording.wav" if "requestBody" in operation else ""
    return (
        f"<section><h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
        f"<p>{_text(operation.get('summary', ''))} {_text(operation.get('description', ''))}</p>"
        f"<pre>curl{upload} http://localhost:8000{escape(path)}</pre>{table}{''.join(answers)}</section>"
    )


def _text(said: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(said))


def _values(schema: dict[str, Any]) -> str:
    kinds = [schema, *schema.get("anyOf", ())]
    named = [value for kind in kinds for value in kind.get("enum", ())]
    text = ", ".join(map(str, named)) or " or ".join(
        kind["type"] for kind in kinds if kind.get("type", "null") != "null"
    )
    return text + (f"; {schema['default']} by default" if schema.get("default") is not None else "")
