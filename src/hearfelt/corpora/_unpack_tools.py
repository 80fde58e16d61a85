"""7z and rar by an installed program: its listing is checked, then it runs watched in an empty folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hearfelt.corpora._unpackers import Job
from hearfelt.errors import CorpusError

_INSTALL = {
    "7z": "pip install 'hearfelt[archives]' (brings py7zr), or the program 7z (Debian and Ubuntu: apt "
    "install 7zip; "
    "macOS: brew install sevenzip; Windows: https://www.7-zip.org)",
    "rar": "one of the programs unrar, bsdtar or 7z (Debian and Ubuntu: apt install libarchive-tools, or "
    "unrar from "
    "non-free; macOS: brew install libarchive or sevenzip; Windows: https://www.7-zip.org)",
}


_DAMAGE = re.compile(r"crc|checksum|data error|unexpected end|headers error|truncated|corrupt", re.IGNORECASE)


@dataclass(frozen=True)
class Listed:
    """One entry as the program lists it."""

    name: str
    bytes: int
    plain: bool


@dataclass(frozen=True)
class Tool:
    """How to call one program: arguments after its name, and how to read its listing."""

    program: str
    listing: tuple[str, ...]
    extract: tuple[str, ...]
    parse: Callable[[str], list[Listed]]


def _blocks(text: str, separator: str, first: str) -> list[dict[str, str]]:
    blocks: list[dict[str, str]] = []
    for line in text.splitlines():
        key, found, value = line.partition(separator)
        if not found:
            continue
        if key.strip() == first:
            blocks.append({})
        if blocks:
            blocks[-1].setdefault(key.strip(), value)
    return blocks


def _parse_7z(text: str) -> list[Listed]:
    entries = []
    for block in _blocks(text, " = ", "Path"):
        mode = block.get("Attributes", "").split()[-1:] or [""]
        link = block.get("Symbolic Link", "").strip() or block.get("Hard Link", "").strip()
        plain = not link and not (len(mode[0]) == 10 and mode[0][0] not in "-d")
        entries.append(Listed(block["Path"], _number(block.get("Size", "")), plain))
    return entries


def _parse_unrar(text: str) -> list[Listed]:
    return [
        Listed(block["Name"], _number(block.get("Size", "")), block.get("Type", "") in ("File", "Directory"))
        for block in _blocks(text, ": ", "Name")
    ]


def _parse_bsdtar(text: str) -> list[Listed]:
    entries = []
    for line in text.splitlines():
        cells = line.split(None, 8)  # mode links owner group size month day time name
        if len(cells) < 9:
            entries.append(Listed(line, 0, False))
        else:
            entries.append(
                Listed(cells[8], _number(cells[4]), cells[0][0] in "-d" and " link to " not in cells[8])
            )
    return entries


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


_BSDTAR = Tool("bsdtar", ("-tvf", "{archive}"), ("-xf", "{archive}", "-C", "{folder}"), _parse_bsdtar)
_UNRAR = Tool(
    "unrar",
    ("lt", "-p-", "--", "{archive}"),
    ("x", "-p-", "-o+", "-idq", "--", "{archive}", "{folder}/"),
    _parse_unrar,
)


def _seven(program: str) -> Tool:
    return Tool(
        program,
        ("l", "-slt", "-ba", "-pnone", "--", "{archive}"),
        ("x", "-y", "-bd", "-pnone", "-o{folder}", "--", "{archive}"),
        _parse_7z,
    )


TOOLS = {
    "7z": (_seven("7zz"), _seven("7z"), _seven("7za"), _BSDTAR),
    # bsdtar last: it does not look at the checksum of a rar entry that is stored uncompressed
    "rar": (_UNRAR, _seven("7zz"), _seven("7z"), _BSDTAR),
}


def unpack_with_tool(job: Job, kind: str) -> None:
    """Unpack with the first installed program that manages it.

    Raises:
        CorpusError: none is installed, none can read it, or the archive is not safe.
    """
    failures = []
    for tool in TOOLS[kind]:
        program = shutil.which(tool.program)
        if program is None:
            continue
        code, listing, errors = _run(program, tool.listing, job)
        if code != 0:
            failures.append(f"{tool.program}: {_last_line(errors or listing)}")
            if _DAMAGE.search(errors + listing):
                break  # a laxer program would only hide it
            continue
        entries = tool.parse(listing)
        _check(job, entries)
        code, output, errors = _run(program, tool.extract, job, watch=True)
        if code == 0 and all((job.staging / entry.name).exists() for entry in entries):
            if job.progress is not None:
                size = job.source.stat().st_size
                job.progress(size, size)
            return
        failures.append(f"{tool.program}: {_last_line(errors or output)}")
        if _DAMAGE.search(errors + output):
            break
        shutil.rmtree(job.staging)
        job.staging.mkdir()
    if failures:
        raise CorpusError(
            f"{job.source} is damaged, encrypted, or of a kind that the installed programs cannot read "
            f"({'; '.join(failures)}). Nothing was unpacked."
        )
    raise CorpusError(
        f"{job.source} is a {kind} archive, and nothing here can unpack it. Install {_INSTALL[kind]}."
    )


def _check(job: Job, entries: list[Listed]) -> None:
    job.entries = 0
    total = sum(entry.bytes for entry in entries)
    job.expect(total)
    for entry in entries:
        job.place(entry.name)
        if not entry.plain:
            raise CorpusError(
                f"{job.source} is not safe: {entry.name[:80]!r} is a device, a pipe or a link, not a plain "
                "file. "
                "Nothing was unpacked."
            )
    job.need_disk(total)


def _run(program: str, arguments: tuple[str, ...], job: Job, *, watch: bool = False) -> tuple[int, str, str]:
    """Run without a shell, a terminal or input; while it extracts, stop it once it passes the size limit."""
    filled = [part.format(archive=job.source.absolute(), folder=job.staging) for part in arguments]
    with subprocess.Popen(
        [program, *filled],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        start_new_session=True,  # no terminal to ask for a password on
    ) as process:
        pause_seconds, started = 0.5, time.monotonic()
        try:
            while True:
                try:
                    output, errors = process.communicate(timeout=pause_seconds)
                    return process.returncode, output, errors
                except subprocess.TimeoutExpired:
                    if watch and _size(job.staging) > job.limits.max_bytes:
                        raise CorpusError(
                            f"{job.source} unpacks to more than {job.limits.max_bytes:,} bytes, the limit. "
                            "Nothing was kept."
                        ) from None
                    pause_seconds = min(5.0, 0.5 + (time.monotonic() - started) / 10)
        finally:
            if process.poll() is None:
                process.kill()


def _size(folder: Path) -> int:
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += Path(place, name).lstat().st_size
            except OSError:  # being renamed by the program
                continue
    return total


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "no message"
