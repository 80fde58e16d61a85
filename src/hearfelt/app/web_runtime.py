"""onnxruntime-web's two files, fetched once from the npm registry, pinned and checked, or taken from where they are."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hearfelt.errors import CorpusError, HearfeltError
from hearfelt.files import lock, write_atomically

VERSION = "1.30.0"
PACKAGE_URL = f"https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-{VERSION}.tgz"
_PACKAGE_BYTES = 33_106_585
_PACKAGE_SHA256 = "d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71"


@dataclass(frozen=True)
class RuntimeFile:
    """One file of the runtime.

    Attributes:
        name: in the package's folder ``dist``.
        target: in the page's folder ``runtime``; ``.js`` because few servers know ``.mjs``.
        bytes: its size.
        sha256: of its content.
    """

    name: str
    target: str
    bytes: int
    sha256: str


#: The smallest build that runs every operator of ours: WebAssembly with SIMD, without WebGPU.
FILES = (
    RuntimeFile(
        "ort.wasm.bundle.min.mjs",
        "ort.js",
        73_054,
        "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    ),
    RuntimeFile(
        "ort-wasm-simd-threaded.wasm",
        "ort.wasm",
        14_239_897,
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    ),
)

Progress = Callable[[str, int, int], None]


def web_runtime(
    given: str | os.PathLike[str] | None = None, *, url: str = PACKAGE_URL, progress: Progress | None = None
) -> dict[str, bytes]:
    """The files, from the cache, from what was given, or from the registry, which fills the cache.

    Args:
        given: the package (``onnxruntime-web-{VERSION}.tgz``), or a folder with it unpacked, such as
            ``node_modules/onnxruntime-web``; nothing is fetched then.
        url: of the package, a mirror for instance; its content has to be the same.
        progress: called with (what, bytes there, bytes in all).

    Returns:
        target name -> content.

    Raises:
        HearfeltError: the files cannot be fetched or read, or are not those of this version.
    """
    if given is not None:
        return _from_given(Path(given).expanduser())
    cache = _cache_folder()
    found = _from_cache(cache)
    if found is not None:
        return found
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with lock(cache, wait=True):
            found = _from_cache(cache)  # another process may just have fetched it
            if found is None:
                found = _fetch(cache, url, progress)
                for file in FILES:
                    write_atomically(cache / file.name, found[file.target])
    except OSError as error:
        raise HearfeltError(
            f"Cannot write {error.filename or cache}: {error.strerror}. Name another folder for caches with the "
            "environment variable HEARFELT_CACHE."
        ) from error
    return found


def _cache_folder() -> Path:
    from hearfelt.training.waveforms import cache_folder

    return cache_folder() / f"onnxruntime-web-{VERSION}"


def _from_cache(cache: Path) -> dict[str, bytes] | None:
    try:
        return _from_folders([cache])
    except HearfeltError:  # damaged, or not to be read: fetched again
        return None


def _fetch(cache: Path, url: str, progress: Progress | None) -> dict[str, bytes]:
    from hearfelt.corpora._http import Fetch, Patience
    from hearfelt.corpora._registry import Source

    def report(done: int, total: int | None) -> None:
        if progress is not None:
            progress("onnxruntime-web", done, total or _PACKAGE_BYTES)

    name = f"onnxruntime-web-{VERSION}.tgz"
    source = Source(url, name, "sha256", _PACKAGE_SHA256, _PACKAGE_BYTES)
    try:
        package = Fetch(source, cache, Patience(attempts=4), report).run()
    except CorpusError as error:
        raise HearfeltError(
            f"{error} The page needs onnxruntime-web {VERSION}. Without a network, get {PACKAGE_URL} on another "
            "machine and name the file with --runtime."
        ) from error
    found = _from_package(package)
    package.unlink(missing_ok=True)
    return found


def _from_given(path: Path) -> dict[str, bytes]:
    if path.is_dir():
        found = _from_folders([path, path / "dist", path / "package" / "dist"])
        if found is None:
            raise HearfeltError(
                f"{path} does not hold {' and '.join(file.name for file in FILES)}. Name the package "
                f"onnxruntime-web {VERSION} (a .tgz), or the folder that it was unpacked into."
            )
        return found
    if not path.is_file():
        raise HearfeltError(
            f"There is no {path}. Get {PACKAGE_URL}, or leave --runtime away to have it fetched."
        )
    return _from_package(path)


def _from_folders(folders: list[Path]) -> dict[str, bytes] | None:
    """Content of the files in the first folder that has them all."""
    for folder in folders:
        if all((folder / file.name).is_file() for file in FILES):
            try:
                return {
                    file.target: _checked(file, (folder / file.name).read_bytes(), folder / file.name)
                    for file in FILES
                }
            except OSError as error:
                raise HearfeltError(f"Cannot read {error.filename}: {error.strerror}.") from error
    return None


def _from_package(path: Path) -> dict[str, bytes]:
    """Read the files that are wanted and nothing else; nothing is unpacked onto the disk."""
    wanted = {f"package/dist/{file.name}": file for file in FILES}
    found: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in _members(archive):
                file = wanted.get(member.name)
                if file is None or not member.isfile():
                    continue
                stream = archive.extractfile(member)
                content = stream.read(file.bytes + 1) if stream else b""
                found[file.target] = _checked(file, content, path)
                if len(found) == len(wanted):
                    return found
    except (tarfile.TarError, EOFError, OSError) as error:
        raise HearfeltError(
            f"{path} is not the package onnxruntime-web {VERSION}: it cannot be unpacked ({error}). Fetch "
            f"{PACKAGE_URL} again."
        ) from error
    missing = ", ".join(file.name for file in FILES if file.target not in found)
    raise HearfeltError(f"{path} is not the package onnxruntime-web {VERSION}: it has no {missing}.")


def _members(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while (member := archive.next()) is not None:
        yield member


def _checked(file: RuntimeFile, content: bytes, place: Path) -> bytes:
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        raise HearfeltError(
            f"{file.name} in {place} is not that of onnxruntime-web {VERSION}: its SHA-256 is {digest[:12]}…, "
            f"{file.sha256[:12]}… was expected. Remove it, or name the package of this version."
        )
    return content
