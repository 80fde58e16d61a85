"""``hearfelt augment``."""

from __future__ import annotations

from typing import Annotated

import typer

from hearfelt.cli._clips import Data, Only, Targets
from hearfelt.cli._progress import note, progress_bar
from hearfelt.errors import CorpusError

_SOME_FAILED = 1


def augment(
    targets: Targets = None,
    data: Data = None,
    only: Only = None,
    out: Annotated[
        str, typer.Option(help="Folder for the augmented clips and their manifest.csv.")
    ] = "augmented",
    level: Annotated[
        list[str] | None, typer.Option(help="noise=10 (dB), pitch=-2 (semitones) or speed=1.1; repeatable.")
    ] = None,
    chain: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME=YAML", help="Augmentations as in a recipe; repeatable."),
    ] = None,
    copies: Annotated[int, typer.Option(help="Of each clip and variant.")] = 1,
    seed: Annotated[int, typer.Option(help="Of what is drawn.")] = 0,
    keep_originals: Annotated[
        bool, typer.Option("--keep-originals", help="List the originals in the manifest, too.")
    ] = False,
) -> int:
    """Write augmented copies of every clip, as FLAC at 16 kHz, with a manifest.

    Training augments on the fly; this is for other tools, for pictures, and for ears.
    Run again to go on after an interruption. Exit status 1: some clip could not be read.
    """
    import yaml

    from hearfelt.cli._clips import read_clips
    from hearfelt.corpora import augmented

    variants = [augmented.level(text) for text in level or []]
    for text in chain or []:
        name, _, value = text.partition("=")
        try:
            configs = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise CorpusError(f"--with {text}: what follows the = is no YAML.") from error
        variants.append(augmented.variant(name, configs if isinstance(configs, list) else [configs]))
    manifest = read_clips(targets, data, only)
    with progress_bar() as tell:
        result = augmented.write_augmented(
            manifest,
            out,
            variants,
            copies=copies,
            seed=seed,
            keep_originals=keep_originals,
            progress=lambda done, n: tell("Augmenting", done, n),
        )
    for path, problem in result.failed:
        note(f"Left out {path}: {problem}")
    there = f" ({result.already_there:,} were there already)" if result.already_there else ""
    note(f"{len(result.manifest):,} clips in {out}/{augmented.MANIFEST}{there}.")
    return _SOME_FAILED if result.failed else 0
