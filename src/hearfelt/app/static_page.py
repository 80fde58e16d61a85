"""The page that needs no server: a folder of files that recognises in the browser. `hearfelt page` writes it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import hearfelt
from hearfelt.app._description import describe
from hearfelt.app.web_runtime import Progress, web_runtime
from hearfelt.audio.decode import AUDIO_SUFFIXES, read_audio
from hearfelt.errors import HearfeltError
from hearfelt.files import read_json
from hearfelt.recognition.bundle import CARD_FILE, GRAPH_FILE, SPECIFICATION_FILE, read_bundle

PAGE_FOLDER = Path(__file__).parent / "page"
SAMPLES_FOLDER = Path(__file__).resolve().parent.parent / "assets" / "samples"
#: Says what the folder is, how to run it, and which files of it are ours.
CONFIG = "browser.json"
_MADE_BY = "hearfelt page"
_SERVICE_WORKER = "service_worker.js"
_LARGE_BYTES = 1_000_000
_LEFT_OUT = {"README.md", _SERVICE_WORKER, "index.html", "engine_server.js"}
_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
_ENGINE = re.compile(r'(<meta name="hearfelt-engine" content=")server(")')
_HEAD = re.compile(r"<head[^>]*>\s*(<meta charset=[^>]*>)?", re.IGNORECASE)


@dataclass(frozen=True)
class StaticPage:
    """What was written.

    Attributes:
        folder: that holds it.
        files: paths in it, sorted.
        bytes: of all of them.
        version: changes when any of them changes.
    """

    folder: Path
    files: tuple[str, ...]
    bytes: int
    version: str


def write_static_page(
    out: str | os.PathLike[str],
    *,
    model: str | os.PathLike[str] = "default",
    runtime: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> StaticPage:
    """Put the page, the model, its runtime and the sample recordings into a folder for any static server.

    A folder that this made before is brought up to date; files in it that are not ours stay. Everything is made
    beside it first, so that an error or an interruption leaves it as it was.

    Args:
        out: the folder; made where it is missing.
        model: a bundle's folder, or the name of a bundled model.
        runtime: as in `hearfelt.app.web_runtime.web_runtime`.
        progress: as there.

    Raises:
        HearfeltError: the folder holds something else or cannot be written, or the runtime cannot be had.
        BundleError: the model is missing or damaged.
    """
    folder = Path(out).expanduser().absolute()
    before = _ours_before(folder)
    bundle = read_bundle(model)
    contents = {f"page/{name}": content for name, content in _page_files().items()}
    contents["index.html"] = _index()
    contents |= {
        f"runtime/{name}": content for name, content in web_runtime(runtime, progress=progress).items()
    }
    contents[f"model/{GRAPH_FILE}"] = bundle.graph
    for name in (SPECIFICATION_FILE, CARD_FILE):
        if (bundle.folder / name).is_file():
            contents[f"model/{name}"] = (bundle.folder / name).read_bytes()
    samples = _samples()
    contents |= {f"samples/{name}": content for name, content in samples.items()}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(contents.items())}
    version = hashlib.sha256(json.dumps([hearfelt.__version__, hashes]).encode()).hexdigest()[:16]
    config = {
        "made_by": _MADE_BY,
        "hearfelt": hearfelt.__version__,
        "version": version,
        "models": [describe(bundle.specification.name, bundle.folder, bundle.specification)],
        "samples": [name for name in samples if name.endswith(".wav")],
        "bytes": {"model": len(bundle.graph), "runtime": len(contents["runtime/ort.wasm"])},
        "files": sorted([*contents, CONFIG, _SERVICE_WORKER]),
    }
    contents[CONFIG] = json.dumps(config, indent=1, ensure_ascii=False).encode()
    large = {name: len(content) >= _LARGE_BYTES for name, content in sorted(contents.items())}
    contents[_SERVICE_WORKER] = (
        f"const VERSION = {json.dumps(version)};\nconst FILES = {json.dumps(large, indent=1)};\n\n"
        f"{(PAGE_FOLDER / _SERVICE_WORKER).read_text(encoding='utf-8')}"
    ).encode()
    _place(contents, folder, before)
    return StaticPage(folder, tuple(sorted(contents)), sum(map(len, contents.values())), version)


def _ours_before(folder: Path) -> list[str]:
    """Files that an earlier call left in a folder; refuses folders that hold something else."""
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise HearfeltError(f"Cannot write the page into {folder}: it is a file. Name a folder.")
    if not any(folder.iterdir()):
        return []
    config = read_json(folder / CONFIG) if (folder / CONFIG).is_file() else None
    if not isinstance(config, dict) or config.get("made_by") != _MADE_BY:
        raise HearfeltError(
            f"{folder} holds something else, and nothing was written there. Name a new or an empty folder, or one that "
            "`hearfelt page` made before."
        )
    names = config.get("files")
    # The list is only believed of names that this would write itself.
    safe = re.compile(r"(?:(?:page|runtime|model|samples)/)?[\w.-]+(?:/[\w.-]+){0,2}")
    return [
        name
        for name in (names if isinstance(names, list) else [])
        if isinstance(name, str) and safe.fullmatch(name) and ".." not in name.split("/")
    ]


def _page_files() -> dict[str, bytes]:
    return {
        path.relative_to(PAGE_FOLDER).as_posix(): path.read_bytes()
        for path in sorted(PAGE_FOLDER.rglob("*"))
        if path.is_file() and path.relative_to(PAGE_FOLDER).as_posix() not in _LEFT_OUT
    }


def _index() -> bytes:
    path = PAGE_FOLDER / "index.html"
    if not path.is_file():
        raise HearfeltError(f"This installation has no page ({path} is missing). Install hearfelt again.")
    text, named = _ENGINE.subn(r"\1browser\2", path.read_text(encoding="utf-8"))
    head = _HEAD.search(text)
    if named != 1 or head is None:
        raise HearfeltError(f"{path} is damaged: it names no engine. Install hearfelt again.")
    added = (
        f'\n    <meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '\n    <link rel="manifest" href="page/manifest.webmanifest">'
    )
    return (text[: head.end()] + added + text[head.end() :]).encode()


def _samples() -> dict[str, bytes]:
    """The bundled recordings as WAV, which every browser decodes, and where they are from."""
    import soundfile

    found: dict[str, bytes] = {}
    for path in sorted(SAMPLES_FOLDER.iterdir()) if SAMPLES_FOLDER.is_dir() else ():
        if path.suffix in AUDIO_SUFFIXES:
            buffer = io.BytesIO()
            soundfile.write(buffer, read_audio(path), 16000, format="WAV", subtype="PCM_16")
            found[f"{path.stem}.wav"] = buffer.getvalue()
        elif path.name == "README.md":
            found[path.name] = path.read_bytes()
    return found


def _place(contents: dict[str, bytes], folder: Path, before: list[str]) -> None:
    """Write all files beside the folder, then move them in; the page and its service worker come last."""
    staging: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
        for name, content in contents.items():
            (staging / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).write_bytes(content)
        last = ("index.html", CONFIG, _SERVICE_WORKER)
        for name in [*(name for name in contents if name not in last), *last]:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).replace(folder / name)
        for name in before:
            if name not in contents:
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise HearfeltError(
            f"Cannot write the page into {folder}: {error.strerror or error}. Mend that and run it again."
        ) from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
