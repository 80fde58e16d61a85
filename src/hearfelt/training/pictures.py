"""The picture cache: every PNG decoded once to 8-bit pixels, one memory-mapped file a data set.

The folder is named by the content of its files and the size asked for. To the training a picture is a row of values, as
a waveform is; a picture counts as a second.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import CorpusError, RecipeError
from hearfelt.features.colours import detect_colours
from hearfelt.features.images import read_png
from hearfelt.features.picture import PictureConfig
from hearfelt.files import lock
from hearfelt.training.waveforms import CacheReport, cache_folder

#: Raised when the layout changes, or when `read_png` gives other pixels than before.
FORMAT_VERSION = 1
Progress = Callable[[int, int], None]

_SHOWN = 3
#: Pictures that are looked at for their colour map, evenly spaced.
_LOOKED_AT = 64


class Pictures(Sequence[NDArray[np.float32]]):
    """The pictures of a manifest's rows; stands where `hearfelt.training.waveforms.Waveforms` does.

    Attributes:
        manifest: the rows, with ``audio_hash`` of the pixels filled in.
        pixels: (pictures, height, width, channels) uint8, memory-mapped.
        sample_rate: values of a picture, so that it counts as a second.
        report: what caching did.
    """

    def __init__(self, manifest: Manifest, pixels: NDArray[np.uint8], report: CacheReport) -> None:
        self.manifest, self.pixels, self.report = manifest, pixels, report
        self.sample_rate = int(np.prod(pixels.shape[1:]))

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: Any) -> Any:
        return self.pixels[index].reshape(-1).astype(np.float32)

    def samples(self, index: int) -> int:
        """Values of a picture; all have as many."""
        del index
        return self.sample_rate


def cache_pictures(
    manifest: Manifest,
    config: PictureConfig,
    *,
    folder: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Pictures:
    """Decode what is not cached yet and open it.

    Args:
        manifest: one row a picture.
        config: size, channels, and whether other sizes are resized.
        folder: where caches live; below `cache_folder` by default.
        threads: decoders; default: processors, 4 at most.
        progress: called with (pictures done, pictures in all) while decoding.

    Raises:
        CorpusError: a picture is missing, damaged, no PNG or of another size (all of them are needed, as file and label
            belong together by number), or the cache cannot be written.
    """
    if not len(manifest):
        raise CorpusError("The manifest has no pictures.")
    start = time.monotonic()
    root = Path(folder) if folder is not None else cache_folder() / "pictures"
    workers = threads or min(4, os.cpu_count() or 1)
    digest = hashlib.blake2b(digest_size=12)
    face = (config.height, config.width, config.channels, config.resize)
    digest.update(f"{FORMAT_VERSION} {face}".encode())
    for content in _contents(manifest, workers):
        digest.update(content)
    target = root / digest.hexdigest()
    decoded = 0
    try:
        root.mkdir(parents=True, exist_ok=True)
        if (found := _open(target)) is None:
            with lock(root / f".{target.name}.lock", wait=True):
                if (found := _open(target)) is None:
                    _build(target, manifest, config, workers, progress)
                    decoded = len(manifest)
                    found = _open(target)
    except OSError as error:
        raise CorpusError(
            f"The picture cache in {root} cannot be written: {error.strerror or error}. Free some space, or name "
            "another folder with the environment variable HEARFELT_CACHE."
        ) from error
    if found is None:
        raise CorpusError(
            f"The picture cache {target} was written and does not read back; is the disk sound?"
        )
    pixels, hashes = found
    rows = [replace(row, audio_hash=value) for row, value in zip(manifest, hashes, strict=True)]
    report = CacheReport(len(rows), decoded, time.monotonic() - start)
    return Pictures(Manifest(rows), pixels, report)


def _contents(manifest: Manifest, workers: int) -> list[bytes]:
    """A hash of the bytes of every file, in order."""

    def content(path: str) -> bytes | str:
        try:
            return hashlib.blake2b(Path(path).read_bytes(), digest_size=16).digest()
        except (OSError, ValueError) as error:
            return f"{path} cannot be opened: {getattr(error, 'strerror', None) or error}"

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(content, [row.path for row in manifest]))
    _refuse([value for value in found if isinstance(value, str)], len(found))
    return [value for value in found if isinstance(value, bytes)]


def _build(
    target: Path, manifest: Manifest, config: PictureConfig, workers: int, progress: Progress | None
) -> None:
    def decode(path: str) -> NDArray[np.uint8] | str:
        try:
            return read_png(
                path,
                height=config.height,
                width=config.width,
                channels=config.channels,
                resize=config.resize,
            )
        except CorpusError as error:
            return str(error)

    shutil.rmtree(target, ignore_errors=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    failures: list[str] = []
    hashes: list[str] = []
    checksum = 0
    try:
        paths = [row.path for row in manifest]
        with (temporary / "pictures.u8").open("wb") as file, ThreadPoolExecutor(workers) as pool:
            for begin in range(0, len(paths), 256):
                for pixels in pool.map(decode, paths[begin : begin + 256]):
                    if isinstance(pixels, str):
                        failures.append(pixels)
                        continue
                    data = pixels.tobytes()
                    file.write(data)
                    checksum = zlib.crc32(data, checksum)
                    hashes.append(hashlib.blake2b(data, digest_size=16).hexdigest())
                if progress is not None:
                    progress(min(begin + 256, len(paths)), len(paths))
            _refuse(failures, len(paths))
            file.flush()
            os.fsync(file.fileno())
        shape = [len(paths), config.height, config.width, config.channels]
        index = {"version": FORMAT_VERSION, "shape": shape, "crc32": checksum, "hashes": hashes}
        (temporary / "index.json").write_text(json.dumps(index))
        temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _refuse(failures: Sequence[str], count: int) -> None:
    if not failures:
        return
    shown = " ".join(failures[:_SHOWN])
    more = f" (and {len(failures) - _SHOWN} more)" if len(failures) > _SHOWN else ""
    raise CorpusError(f"{len(failures)} of {count} pictures cannot be used: {shown}{more}")


def _open(target: Path) -> tuple[NDArray[np.uint8], list[str]] | None:
    """An undamaged cache, or None."""
    try:
        index = json.loads((target / "index.json").read_text())
        shape = tuple(index["shape"])
        pixels = np.memmap(target / "pictures.u8", dtype=np.uint8, mode="r", shape=shape)
        sound = index["version"] == FORMAT_VERSION and zlib.crc32(pixels.data) == index["crc32"]
        return (pixels, index["hashes"]) if sound and len(index["hashes"]) == shape[0] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def settle_colours(config: PictureConfig, pictures: Pictures) -> tuple[PictureConfig, str]:
    """What ``colours: auto`` comes to for these pictures, and a sentence that says it.

    Raises:
        RecipeError: ``undo`` of a map that the pictures do not show.
    """
    step = max(1, len(pictures) // _LOOKED_AT)
    sample = pictures.pixels[::step]
    if config.colours == "auto":
        if config.channels == 1:
            return config.model_copy(update={"colours": "grey"}), "The pictures are grey."
        name = detect_colours(sample)
        if name is None:
            return config.model_copy(
                update={"colours": "rgb"}
            ), "The pictures show no common colour map; red, green and blue go in as they are."
        return (
            config.model_copy(update={"colours": "undo", "colour_map": name}),
            f"The pictures are drawn with the colour map {name}, which is undone: one value a pixel.",
        )
    if config.colours == "undo" and config.channels == 3:
        found = detect_colours(sample, (config.colour_map,))
        if found is None:
            raise RecipeError(
                f"front_end.colour_map is {config.colour_map!r}, and the pictures are not drawn with it. Use "
                "front_end.colours auto."
            )
    return config, f"The colours go in as {config.colours}."
