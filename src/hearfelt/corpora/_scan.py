"""Walk a folder, ask an adapter about every name, and build the manifest: done once, for all corpora."""

# Names stay as the system gives them, and strings sort and join fast over many thousand files:
# ruff: noqa: PTH100, PTH110, PTH111, PTH112, PTH116, PTH118, PTH120, PTH122, PTH208

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hearfelt.corpora._registry import get_adapter, get_corpus, list_corpora
from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.errors import CorpusError

if TYPE_CHECKING:
    import pandas as pd

    from hearfelt.corpora._registry import CorpusInfo

#: As `hearfelt.audio.decode.AUDIO_SUFFIXES` (a test keeps them equal), without importing a decoder for names.
AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif"})

_LEFT_BEHIND = frozenset(
    {"__macosx"}
)  # what macOS leaves in archives: not recordings, though named like them


@dataclass(frozen=True)
class ScanResult:
    """What a folder holds of one corpus.

    Attributes:
        name: the corpus.
        root: absolute path of the folder.
        manifest: one row a clip, sorted by path.
        strays: audio files that are not of the corpus, sorted.
        repeated: further copies of a clip, under the same name in another folder (some mirrors hold
            everything twice); the first by path is in the manifest.
        unreadable: folders that could not be listed.
        other_files: how many files are no audio by their suffix.
        remarks: what else the reader should know, one sentence each.
    """

    name: str
    root: str
    manifest: Manifest
    strays: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    other_files: int = 0
    remarks: list[str] = field(default_factory=list)

    def notes(self) -> list[str]:
        """What was left out, one sentence each, with examples; empty where nothing was."""
        said = list(self.remarks)
        for what, paths in (
            ("audio file(s) not of the corpus, ignored", self.strays),
            ("further copies under the same name, ignored", self.repeated),
            ("folder(s) could not be read", self.unreadable),
        ):
            if paths:
                said.append(f"{len(paths)} {what}: {name_examples(paths, self.root)}.")
        return said


@dataclass
class _Tree:
    audio: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    other_files: int = 0


def check_folder(root: str | os.PathLike[str]) -> str:
    """Absolute path of a folder.

    Raises:
        CorpusError: there is no such folder.
    """
    folder = os.path.abspath(os.path.expanduser(os.fspath(root)))
    if not os.path.isdir(folder):
        what = "is a file, not a folder" if os.path.exists(folder) else "does not exist"
        parent = os.path.dirname(folder)
        beside = sorted(entry for entry in _list(parent) if os.path.isdir(os.path.join(parent, entry)))
        hint = f" Folders beside it: {', '.join(beside[:12])}." if beside else ""
        raise CorpusError(f"{folder} {what}.{hint}")
    return folder


def _list(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def walk_audio(root: str) -> _Tree:
    """Every audio file below a folder by suffix, sorted; links are followed, each real folder once."""
    tree, seen = _Tree(), set()

    def failed(error: OSError) -> None:
        tree.unreadable.append(str(error.filename))

    for folder, names, files in os.walk(root, followlinks=True, onerror=failed):
        try:
            status = os.stat(folder)
        except OSError:
            names.clear()
            continue
        if (
            status.st_dev,
            status.st_ino,
        ) in seen:  # a link back up the tree, or a second way to the same folder
            names.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        names[:] = sorted(
            name for name in names if name.lower() not in _LEFT_BEHIND and not name.startswith(".")
        )
        for file in files:
            if os.path.splitext(file)[1].lower() in AUDIO_SUFFIXES and not file.startswith("."):
                tree.audio.append(os.path.join(folder, file))
            else:
                tree.other_files += 1
    tree.audio.sort()
    return tree


def scan(name: str, root: str | os.PathLike[str]) -> ScanResult:
    """Find the clips of a corpus below a folder, by their names alone.

    Args:
        name: a corpus of `list_corpora`.
        root: its folder, in any layout: nested or flat, any case, any of `AUDIO_SUFFIXES`; for ``folder``
            also a table, see `hearfelt.corpora.folder`.

    Raises:
        UnknownNameError: no such corpus.
        CorpusError: no such folder, no clip of the corpus in it, or the names are those of a look-alike.
    """
    adapter = get_adapter(name)
    info: CorpusInfo = adapter.INFO
    if hasattr(adapter, "scan_root"):  # a corpus without names of its own
        result: ScanResult = adapter.scan_root(root)
        return result
    folder = check_folder(root)
    tree = walk_audio(folder)
    _refuse_look_alikes(adapter, tree.audio, folder)
    rows, strays, repeated = read_names(tree.audio, adapter.parse, info)
    if not rows:
        raise CorpusError(_nothing_found(info, folder, tree))
    enrich: Callable[[list[Row], Path], list[Row]] | None = getattr(adapter, "enrich", None)
    if enrich is not None:  # facts that stand in a table beside the audio
        rows = enrich(rows, Path(folder))
    return ScanResult(info.name, folder, Manifest(rows), strays, repeated, tree.unreadable, tree.other_files)


def read_names(
    paths: Iterable[str], parse: Callable[[PurePath], Mapping[str, str] | None], info: CorpusInfo
) -> tuple[list[Row], list[str], list[str]]:
    """Rows, strays and repeated clips of a sorted list of paths."""
    rows, strays, repeated, seen = [], [], [], set()
    for text in paths:
        path = PurePath(text)
        columns = parse(path)
        if columns is None:
            strays.append(text)
            continue
        known: dict[str, Any] = {"corpus": info.name, "language": info.language, **columns}
        row = Row(path=text, **known)
        if info.clips:  # only where names are the corpus' own do equal names mean the same clip
            identity = (row.corpus, row.speaker, row.emotion, path.stem.lower())
            if identity in seen:
                repeated.append(text)
                continue
            seen.add(identity)
        rows.append(row)
    return rows, strays, repeated


def _refuse_look_alikes(adapter: ModuleType, paths: list[str], folder: str) -> None:
    """Two corpora name alike and mean different things: read by the wrong one, labels would be wrong."""
    for other_name in getattr(adapter, "LOOK_ALIKES", ()):
        other = get_adapter(other_name)
        verdicts = [
            (adapter.parse(PurePath(p)) is not None, other.parse(PurePath(p)) is not None) for p in paths
        ]
        both, ours, theirs = (verdicts.count(kind) for kind in ((True, True), (True, False), (False, True)))
        if both and theirs > 0.02 * (both + ours):
            title, other_title = adapter.INFO.title, other.INFO.title
            seen = (
                f"{folder} holds {len(paths)} audio files. {theirs} names are possible in {other_title} "
                f"and not in {title}, {ours} the other way round, {both} in both, with different meanings."
            )
            if ours > 0.02 * (both + theirs):
                raise CorpusError(f"{seen} Both seem to be in it: give the folder of one.")
            raise CorpusError(f"{seen} This is {other_title}: scan it as {other.INFO.name!r}.")


def _nothing_found(info: CorpusInfo, folder: str, tree: _Tree) -> str:
    if tree.audio:
        seen = f"{len(tree.audio)} audio files, such as {name_examples(tree.audio, folder)}"
    else:
        seen = f"no audio file ({', '.join(sorted(AUDIO_SUFFIXES))})"
    unreadable = f" {len(tree.unreadable)} folder(s) could not be read." if tree.unreadable else ""
    example = info.extra.get("example")
    expected = f" Expected names such as {example}." if example else ""
    fits = {
        name: sum(get_adapter(name).parse(PurePath(path)) is not None for path in tree.audio)
        for name in list_corpora()
        if name != info.name and get_corpus(name).clips
    }
    best = max(fits, key=lambda name: fits[name], default="")
    hint = f" {fits[best]} of the names are those of {best!r}." if best and fits[best] else ""
    return f"No clip of {info.title} in {folder}: it has {seen}.{unreadable}{expected}{hint}"


def name_examples(paths: list[str], root: str, count: int = 3) -> str:
    """A few paths relative to a folder, printable whatever bytes are in the names."""
    names = [os.path.relpath(path, root) for path in paths[:count]]
    shown = ", ".join(name.encode("utf-8", "backslashreplace").decode() for name in names)
    return shown + (" and others" if len(paths) > count else "")


def folder_key(name: str) -> str:
    """Folder names are compared in lower case, with ``-``, ``_`` and spaces alike."""
    return re.sub(r"[-_\s]+", "-", name.strip().lower())


def detect_corpora(root: str | os.PathLike[str]) -> dict[str, str]:
    """Find each corpus' own folder directly below a data root, by its folder names; or the root itself is one.

    A folder counts only where it holds at least one clip of the corpus.

    Returns:
        corpus name -> absolute folder, sorted by name; empty where there is none.

    Raises:
        CorpusError: no such root, or two folders for one corpus.
    """
    base = check_folder(root)
    folders = [entry for entry in sorted(_list(base)) if os.path.isdir(os.path.join(base, entry))]
    trees: dict[str, list[str]] = {}
    found: dict[str, str] = {}
    for name in list_corpora():
        adapter = get_adapter(name)
        keys = {folder_key(text) for text in adapter.INFO.folder_names}
        places: list[str] = []
        # a corpus' own folder is what many people give
        for entry in [*folders, "."]:
            key = folder_key(PurePath(base).name if entry == "." else entry)
            if key not in keys or (entry == "." and places):
                continue
            if entry not in trees:
                trees[entry] = walk_audio(os.path.join(base, entry)).audio
            if any(adapter.parse(PurePath(path)) is not None for path in trees[entry]):
                places.append(entry)
        if len(places) > 1:
            raise CorpusError(
                f"{base} has {len(places)} folders for {name}: {', '.join(places)}. Scan the one that you "
                f"mean by its own path (`hearfelt corpora scan {name} FOLDER`), or take the other out."
            )
        if places:
            found[name] = os.path.normpath(os.path.join(base, places[0]))
    return found


def scan_all(root: str | os.PathLike[str], names: Iterable[str] | None = None) -> dict[str, ScanResult]:
    """Scan the corpora below a data root, each in its own folder.

    Args:
        root: a folder with one folder a corpus.
        names: the corpora wanted; None takes all that are there.

    Raises:
        UnknownNameError: a name is not a corpus.
        CorpusError: nothing there, or a wanted corpus is not there.
    """
    found = detect_corpora(root)
    wanted = list(found) if names is None else [get_corpus(name).name for name in names]
    missing = [name for name in wanted if name not in found]
    if missing or not wanted:
        base = check_folder(root)
        known = "; ".join(f"{name}: {' or '.join(get_corpus(name).folder_names)}" for name in missing)
        raise CorpusError(
            f"{base} has no folder of {', '.join(missing) or 'any known corpus'}. Found: "
            f"{', '.join(found) or 'none'}; folders there: {', '.join(sorted(_list(base))[:20]) or 'none'}. "
            f"Folder names looked for: {known or 'those of `hearfelt corpora list --json`'}."
        )
    return {name: scan(name, found[name]) for name in dict.fromkeys(wanted)}


def scan_many(root: str | os.PathLike[str], names: Iterable[str] | None = None) -> Manifest:
    """One manifest of several corpora below one data root; see `scan_all` for arguments and errors."""
    combined = Manifest(())
    for result in scan_all(root, names).values():
        combined = combined + result.manifest
    return combined


def load_frame(name: str, root: str | os.PathLike[str]) -> pd.DataFrame:
    """A corpus as a pandas table with the manifest's columns: path, corpus, speaker, sex, ..., emotion, ...

    Raises:
        MissingExtraError: pandas is not installed.
        CorpusError: see `scan`.
    """
    return scan(name, root).manifest.to_frame()
