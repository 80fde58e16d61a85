"""An augmented data set on disk: noise, pitch, speed at chosen levels, or anything that augmentation can do.

Every clip is written once a variant and copy, as FLAC at one rate, under the original's name with a mark that
`hearfelt.protocols.leaks` knows (``03-01__noise10.flac``): a copy can never stand on the other side of its original.
Training augments on the fly and does not need this; it is for tools that read files, and for ears.
"""

from __future__ import annotations

import io
import os
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hearfelt.audio.content import audio_hash
from hearfelt.audio.decode import read_audio
from hearfelt.audio.spans import part
from hearfelt.augment._base import Augmentation
from hearfelt.augment._registry import augment_waveform, create_augmentation
from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import CorpusError, HearfeltError, RecipeError
from hearfelt.files import write_atomically

#: The manifest of the augmented clips, in the output folder.
MANIFEST = "manifest.csv"
#: Shorthand levels: name -> the augmentation's configuration at exactly this level.
LEVELS: Mapping[str, Callable[[float], dict[str, object]]] = {
    "noise": lambda snr_db: {"name": "noise", "kinds": ["white"], "min_snr_db": snr_db, "max_snr_db": snr_db},
    "pitch": lambda steps: {"name": "pitch", "min_semitones": steps, "max_semitones": steps},
    "speed": lambda factor: {"name": "speed", "min_factor": factor, "max_factor": factor},
}
_NAME = re.compile(r"[a-z][a-z0-9.+-]*")
_AHEAD = 256  # clips that are handed to the workers at a time


@dataclass(frozen=True)
class Variant:
    """One way to change every clip.

    Attributes:
        mark: what file names get, without its underscores: ``noise10``.
        chain: applied in order.
    """

    mark: str
    chain: tuple[Augmentation, ...]


@dataclass(frozen=True)
class AugmentedResult:
    """What was done: the manifest of the new clips, how many were there already, and (path, reason) of failures."""

    manifest: Manifest
    already_there: int
    failed: tuple[tuple[str, str], ...]


def level(text: str) -> Variant:
    """A variant from shorthand: ``noise=10`` (white, dB signal to noise), ``pitch=-2`` (semitones), ``speed=1.1``.

    Raises:
        RecipeError: unknown shorthand, no number, or out of range.

    >>> level("pitch=+2").mark
    'pitch+2'
    """
    name, _, value = (part.strip() for part in text.partition("="))
    try:
        number = float(value)
        config = LEVELS[name](number)
    except (KeyError, ValueError) as error:
        raise RecipeError(
            f"{text!r} is no level. Levels are noise=DECIBELS, pitch=SEMITONES and speed=FACTOR, such as noise=10, "
            "pitch=-2, speed=1.1."
        ) from error
    sign = "+" if name == "pitch" and number > 0 else ""
    return Variant(f"{name}{sign}{number:g}", (create_augmentation({**config, "probability": 1}),))


def variant(name: str, configs: Sequence[Mapping[str, object] | str]) -> Variant:
    """A variant of one's own: augmentations as a recipe lists them, each with its own probability.

    Raises:
        RecipeError: the name is no part of a file name, an augmentation is wrong, or none works on waveforms.
    """
    if not _NAME.fullmatch(name):
        raise RecipeError(
            f"{name!r} becomes part of file names: small letters, digits, + - . only, a letter first."
        )
    chain = tuple(create_augmentation(config) for config in configs)
    others = [step.name for step in chain if step.stage != "waveform"]
    if others or not chain:
        raise RecipeError(
            f"Recordings can be written after augmentations of waveforms only; {', '.join(others) or 'none'} given."
        )
    return Variant(f"augmented{name}", chain)


def write_augmented(
    manifest: Manifest,
    out_dir: str | os.PathLike[str],
    variants: Sequence[Variant],
    *,
    copies: int = 1,
    seed: int = 0,
    sample_rate: int = 16000,
    keep_originals: bool = False,
    threads: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> AugmentedResult:
    """Write every clip once a variant and copy, and the manifest of what was written.

    A file appears whole or not at all and is never written again, so a stopped run is continued by the same call.
    What is drawn depends on seed, clip, variant and copy alone. A clip that cannot be read is reported and passed over.

    Args:
        manifest: clips; parts of files are cut out.
        out_dir: ``<corpus>/<speaker>/<name>__<mark>.flac`` below it; made where it is missing.
        variants: of `level` and `variant`.
        copies: of each clip and variant, numbered from 1 in the mark where there are several.
        seed: of all draws.
        sample_rate: of the files, in hertz.
        keep_originals: list the original clips in the manifest, too (they are not copied).
        threads: at work.
        progress: called with (files done, files in all).

    Raises:
        CorpusError: no clips, no variants, a mark twice, or two clips of one name.
        HearfeltError: the folder cannot be written or the disk is full.
    """
    out = Path(os.path.abspath(out_dir))  # noqa: PTH100 - resolve() would follow links
    marks = [item.mark for item in variants]
    if not len(manifest) or not variants or copies < 1 or len(set(marks)) < len(marks):
        raise CorpusError(
            f"{len(manifest)} clips, {len(variants)} variants ({', '.join(marks) or 'none'}), {copies} copies: at "
            "least one of each is needed, and no variant twice."
        )
    jobs = [
        _Job(row, item, copy, out / _target(row, item.mark, copy, copies))
        for row in manifest
        for item in variants
        for copy in range(1, copies + 1)
    ]
    if len({job.target for job in jobs}) < len(jobs):
        raise CorpusError(
            "Two clips of one speaker have the same file name; make the data set a corpus at a time."
        )
    by_corpus: dict[str, list[Row]] = {}
    for row in manifest:
        by_corpus.setdefault(row.corpus, []).append(row)
    rows: list[Row] = list(manifest) if keep_originals else []
    failed: list[tuple[str, str]] = []
    already = 0
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(jobs), _AHEAD):
            part = jobs[first : first + _AHEAD]
            found = pool.map(lambda job: _write(job, by_corpus[job.row.corpus], seed, sample_rate), part)
            for number, (job, (samples, new, problem)) in enumerate(
                zip(part, found, strict=True), start=first + 1
            ):
                already += not new
                if samples is None:
                    failed.append((job.row.path, problem))
                else:
                    rows.append(_row(job, samples, sample_rate))
                if progress:
                    progress(number, len(jobs))
    listed = Manifest(rows)
    if len(listed):
        listed.write(out / MANIFEST)
    return AugmentedResult(listed, already, tuple(dict.fromkeys(failed)))


@dataclass(frozen=True)
class _Job:
    row: Row
    variant: Variant
    copy: int
    target: Path


def _target(row: Row, mark: str, copy: int, copies: int) -> Path:
    part = f"_{row.start:g}" if row.start or row.end is not None else ""
    number = f"-{copy}" if copies > 1 else ""
    folders = [re.sub(r"[^\w.-]", "_", name) for name in (row.corpus, row.speaker)]
    return Path(*folders, f"{Path(row.path).stem}{part}__{mark}{number}.flac")


def _write(
    job: _Job, others: Sequence[Row], seed: int, sample_rate: int
) -> tuple[NDArray[np.float32] | None, bool, str]:
    """(samples of the file, whether it is new, problem)."""
    try:
        if job.target.is_file():
            return read_audio(job.target, sample_rate), False, ""
        clip = _read(job.row, sample_rate)
    except HearfeltError as error:
        return None, True, str(error)
    name = f"{job.row.path}|{job.row.start}|{job.variant.mark}|{job.copy}"
    generator = np.random.default_rng((seed, zlib.crc32(name.encode("utf-8", "surrogateescape"))))

    def another(draw: np.random.Generator) -> NDArray[np.float32]:
        for _ in range(10):
            try:
                return _read(others[int(draw.integers(len(others)))], sample_rate)
            except HearfeltError:
                continue  # a broken neighbour is reported when its own turn comes
        return clip

    changed = augment_waveform(clip, job.variant.chain, generator, sample_rate, clips=another)
    peak = float(np.abs(changed).max(initial=0.0))
    if peak > 1.0:  # a file of integers cannot hold it; softer is better than clipped
        changed = changed / peak
    write_atomically(job.target, _flac(changed, sample_rate))
    return read_audio(job.target, sample_rate), True, ""


def _read(row: Row, sample_rate: int) -> NDArray[np.float32]:
    return part(read_audio(row.path, sample_rate), row.start, row.end, sample_rate)


def _flac(samples: NDArray[np.float32], sample_rate: int) -> bytes:
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, samples, sample_rate, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def _row(job: _Job, samples: NDArray[np.float32], sample_rate: int) -> Row:
    at_16_khz = samples if sample_rate == 16000 else read_audio(job.target, 16000)
    return replace(
        job.row,
        path=str(job.target),
        start=0.0,
        end=None,
        duration=samples.size / sample_rate,
        sample_rate=sample_rate,
        audio_hash=audio_hash(at_16_khz),
    )
