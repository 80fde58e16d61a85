"""What clips a command works on: a manifest, a corpus and its folder, or a folder of corpora."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hearfelt.cli._progress import note
from hearfelt.errors import CorpusError

if TYPE_CHECKING:
    from hearfelt.corpora._scan import ScanResult
    from hearfelt.corpora.folder import FolderOptions
    from hearfelt.corpora.manifest import Manifest

Targets = Annotated[
    list[str] | None,
    typer.Argument(metavar="MANIFEST.csv | NAME ROOT", help="A manifest, or a corpus and its folder."),
]
Data = Annotated[str | None, typer.Option(help="A folder with one folder a corpus: all that are found.")]
Only = Annotated[list[str] | None, typer.Option(help="With --data: this corpus only; may be repeated.")]


def read_clips(targets: list[str] | None, data: str | None, only: list[str] | None) -> Manifest:
    """The clips of a manifest, NAME ROOT, or --data."""
    from hearfelt.corpora.folder import FolderOptions
    from hearfelt.corpora.manifest import read_manifest

    targets = targets or []
    if data is None and len(targets) == 1:
        return read_manifest(targets[0])
    if len(targets) > 2 or (data is None and len(targets) != 2):
        raise CorpusError("Say what to work on: a manifest, or NAME ROOT, or --data ROOT.")
    name, root = targets if len(targets) == 2 else (targets[0] if targets else None, None)
    results = scan_corpora(name, root, data, only, FolderOptions())
    for result in results:
        for sentence in result.notes():
            note(f"{result.name}: {sentence}")
    return combine(results)


def scan_corpora(
    name: str | None, root: str | None, data: str | None, only: list[str] | None, options: FolderOptions
) -> list[ScanResult]:
    """Scan one corpus, or all below a folder."""
    from hearfelt.corpora._scan import scan, scan_all
    from hearfelt.corpora.folder import FolderOptions, scan_root

    if data is not None:
        if name is not None:
            raise CorpusError("Give either NAME ROOT or --data ROOT (with --only NAME for some of them).")
        return list(scan_all(data, only).values())
    if name is None or root is None:
        raise CorpusError(
            "Say what to scan: NAME ROOT, such as `hearfelt corpora scan emodb ~/corpora/emodb`, or --data "
            "ROOT "
            "for every known corpus below ROOT. `hearfelt corpora list` names the corpora."
        )
    if name == "folder":
        return [scan_root(root, options)]
    if options != FolderOptions():
        raise CorpusError(f"Columns, words and patterns are for corpus folder; {name} has names of its own.")
    return [scan(name, root)]


def combine(results: list[ScanResult]) -> Manifest:
    """One manifest of several corpora."""
    from hearfelt.corpora.manifest import Manifest

    manifest = Manifest(())
    for result in results:
        manifest = manifest + result.manifest
    return manifest
