"""``hearfelt corpora``: download, scan, validate, describe and rename corpora."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearfelt.cli._clips import Data, Only, Targets, combine, read_clips, scan_corpora
from hearfelt.cli._progress import note, progress_bar
from hearfelt.cli._targets import check_target
from hearfelt.errors import HearfeltError

if TYPE_CHECKING:
    from hearfelt.corpora._scan import ScanResult

app = typer.Typer(
    help="Download, scan, validate, describe and rename corpora.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)

_MUST_DROP = 1

_Json = Annotated[bool, typer.Option("--json", help="JSON for machines.")]


@app.command("list")
def list_all(as_json: _Json = False) -> int:
    """List the known corpora."""
    from hearfelt.corpora._registry import get_corpus, list_corpora

    corpora = [get_corpus(name) for name in list_corpora()]
    if as_json:
        described = [
            {
                "name": info.name,
                "title": info.title,
                "language": info.language,
                "licence": info.licence,
                "url": info.url,
                "citation": info.citation,
                "speakers": info.speakers,
                "clips": dict(info.clips),
                "folder_names": list(info.folder_names),
                "download": bool(info.sources),
                "redistributable_weights": info.redistributable_weights,
                "extra": dict(info.extra),
            }
            for info in corpora
        ]
        typer.echo(json.dumps(described, indent=2, ensure_ascii=False))
        return 0
    typer.echo(
        f"{'name':<15} {'lang':<5} {'clips':>6} {'people':>6}  {'emotions':>8}  {'download':<9} licence"
    )
    for info in corpora:
        counts = [f"{sum(info.clips.values()) or '':>6} {info.speakers or '':>6}  {len(info.clips) or '':>8}"]
        how = "yes" if info.sources else "by hand" if info.clips else ""
        typer.echo(f"{info.name:<15} {info.language:<5} {counts[0]}  {how:<9} {info.licence}")
    return 0


@app.command()
def scan(
    name: Annotated[
        str | None, typer.Argument(help="A corpus of `list`, or folder for one of yours.")
    ] = None,
    root: Annotated[str | None, typer.Argument(help="Its folder (for folder also a .csv or .tsv).")] = None,
    data: Data = None,
    only: Only = None,
    out: Annotated[str | None, typer.Option(help="Write the manifest (CSV) here.")] = None,
    labels: Annotated[
        str | None, typer.Option(help="Map the emotions onto a label set, such as four or seven.")
    ] = None,
    corpus_name: Annotated[str, typer.Option(help="folder: what to call the corpus.")] = "",
    language: Annotated[str, typer.Option(help="folder: language code, such as de.")] = "",
    table: Annotated[str, typer.Option(help="folder: CSV or TSV in ROOT with one line a clip.")] = "",
    path_column: Annotated[str, typer.Option(help="folder: column of the paths.")] = "",
    emotion_column: Annotated[str, typer.Option(help="folder: column of the emotions.")] = "",
    speaker_column: Annotated[str, typer.Option(help="folder: column of the speakers.")] = "",
    sex_column: Annotated[str, typer.Option(help="folder: column of the sexes.")] = "",
    language_column: Annotated[str, typer.Option(help="folder: column of the languages.")] = "",
    intensity_column: Annotated[str, typer.Option(help="folder: column of the intensities.")] = "",
    statement_column: Annotated[str, typer.Option(help="folder: column of what is said.")] = "",
    start_column: Annotated[str, typer.Option(help="folder: column of starts, in seconds.")] = "",
    end_column: Annotated[str, typer.Option(help="folder: column of ends, in seconds.")] = "",
    emotion: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD=EMOTION", help="folder: your word for an emotion; WORD= leaves it out."),
    ] = None,
    speaker_pattern: Annotated[
        str, typer.Option(help="folder: regular expression for the path; group 1 is the speaker.")
    ] = "",
    as_json: _Json = False,
) -> int:
    """Find clips and write their manifest.

    Everything else starts from it. For example:

    \b
    hearfelt corpora scan emodb ~/corpora/emodb --out emodb.csv
    hearfelt corpora scan --data ~/corpora --out all.csv
    hearfelt corpora scan folder ~/mine --table labels.csv --emotion-column feeling --out mine.csv
    """  # noqa: D301 - \b keeps the lines apart
    from hearfelt.corpora.folder import FolderOptions
    from hearfelt.emotions import get_label_set

    columns = {
        "path": path_column,
        "emotion": emotion_column,
        "speaker": speaker_column,
        "sex": sex_column,
        "language": language_column,
        "intensity": intensity_column,
        "statement": statement_column,
        "start": start_column,
        "end": end_column,
    }
    options = FolderOptions(
        name=corpus_name,
        language=language,
        table=table,
        columns={field: column for field, column in columns.items() if column},
        emotions=_pairs(emotion or []),
        speaker_pattern=speaker_pattern,
    )
    if out is not None:
        check_target(out, inputs=(root or "", str(Path(root or "") / table)))
    results = scan_corpora(name, root, data, only, options)
    manifest = combine(results)
    if labels is not None:
        manifest = manifest.map_labels(get_label_set(labels))
    for result in results:
        for sentence in result.notes():
            note(f"{result.name}: {sentence}")
    if out is not None:
        manifest.write(out)
        note(f"{len(manifest):,} clips written to {out}.")
    if as_json:
        typer.echo(json.dumps([_describe(result) for result in results], indent=2))
    elif out is None:
        for result in results:
            counts = ", ".join(
                f"{word} {n}" for word, n in Counter(r.emotion for r in result.manifest).items()
            )
            people = len(result.manifest.counts("speaker"))
            typer.echo(f"{result.name}: {len(result.manifest)} clips of {people} speakers: {counts}")
        note("Nothing was written; --out FILE.csv writes the manifest.")
    return 0


def _pairs(texts: list[str]) -> dict[str, str]:
    wrong = [text for text in texts if "=" not in text]
    if wrong:
        raise HearfeltError(f"--emotion takes WORD=EMOTION, such as --emotion wut=angry, not {wrong[0]!r}.")
    return {word: emotion for word, _, emotion in (text.partition("=") for text in texts)}


def _describe(result: ScanResult) -> dict[str, Any]:
    printable = [path.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for path in result.strays]
    return {
        "corpus": result.name,
        "root": result.root,
        "clips": len(result.manifest),
        "emotions": dict(result.manifest.counts("emotion")),
        "speakers": len(result.manifest.counts("speaker")),
        "strays": printable,
        "repeated": len(result.repeated),
        "unreadable_folders": result.unreadable,
        "other_files": result.other_files,
        "notes": result.notes(),
    }


@app.command()
def validate(
    targets: Targets = None,
    data: Data = None,
    only: Only = None,
    drop: Annotated[
        str | None, typer.Option(metavar="OUT.csv", help="Write the clean manifest here.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Decoders at work.")] = 2,
    as_json: _Json = False,
) -> int:
    """Read all audio and say what is wrong.

    Exit status: 0 all clips can be used, 1 some must be dropped (whether or not --drop wrote the others).
    """
    from hearfelt.corpora.validate import validate as check

    if drop is not None:
        check_target(drop, inputs=targets or ())
    manifest = read_clips(targets, data, only)
    with progress_bar() as tell:
        report = check(manifest, threads=threads, progress=lambda done, total: tell("Reading", done, total))
    typer.echo(json.dumps(report.to_json(), indent=2, allow_nan=False) if as_json else report.summary())
    if drop is not None:
        report.clean.write(drop)
        note(f"{len(report.clean):,} clips written to {drop}; {report.must_drop} left out.")
    elif report.must_drop:
        note("--drop OUT.csv writes the manifest without them.")
    return _MUST_DROP if report.must_drop else 0


@app.command()
def stats(
    targets: Targets = None,
    data: Data = None,
    only: Only = None,
    html: Annotated[str | None, typer.Option(help="Also write one page with pictures here.")] = None,
    durations: Annotated[bool, typer.Option(help="Read the files' headers for durations.")] = True,
    as_json: _Json = False,
) -> int:
    """Count clips, speakers and hours.

    By corpus, emotion, speaker, sex and language; with --html also as pictures.
    """
    from hearfelt.corpora.stats import describe, with_durations, write_page

    if html is not None:
        check_target(html, inputs=targets or ())
    manifest = read_clips(targets, data, only)
    if durations:
        with progress_bar() as tell:
            manifest = with_durations(
                manifest, progress=lambda done, total: tell("Reading headers", done, total)
            )
    counted = describe(manifest)
    text = json.dumps(counted.to_json(), indent=2, allow_nan=False) if as_json else counted.to_text().rstrip()
    typer.echo(text)
    if html is not None:
        write_page(manifest, html)
        note(f"Written: {html}")
    return 0


@app.command()
def rename(
    targets: Targets = None,
    data: Data = None,
    only: Only = None,
    out: Annotated[str, typer.Option(help="Folder for the renamed corpora.")] = "renamed",
    mode: Annotated[str, typer.Option(help="copy, symlink or hardlink.")] = "copy",
) -> int:
    """Copy or link into RAVDESS-style names.

    The third field is the emotion: 01-08 as in RAVDESS, 09 boredom. Corpus unified reads the
    folder back. Run again to go on after an interruption.
    """
    from hearfelt.corpora.rename import MODES
    from hearfelt.corpora.rename import rename as place
    from hearfelt.errors import UnknownNameError

    if mode not in MODES:
        raise UnknownNameError("mode", mode, MODES)
    manifest = read_clips(targets, data, only)
    with progress_bar() as tell:
        result = place(manifest, out, mode=MODES[mode], progress=lambda done, n: tell("Renaming", done, n))
    there = f" ({result.already_there:,} were there already)" if result.already_there else ""
    note(f"{len(result.names):,} clips in {out}{there}; <corpus>/names.csv lists old and new names.")
    return 0


@app.command()
def download(
    name: Annotated[str, typer.Argument(help="A corpus of `list`.")],
    out: Annotated[str, typer.Option(help="Folder that holds corpora, one folder each.")] = "corpora",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be fetched.")] = False,
) -> int:
    """Fetch a corpus from its official source.

    Where there is no direct download, the steps by hand are printed.
    What was interrupted goes on where it stopped.
    """
    from hearfelt.corpora.download import describe_sources
    from hearfelt.corpora.download import download as fetch

    if dry_run:
        typer.echo(describe_sources(name))
        return 0
    with progress_bar() as tell:
        folder = fetch(name, out, progress=lambda done, total: tell("Downloading (bytes)", done, total))
    typer.echo(folder)
    return 0
