"""A run: from a recipe and a data folder to a run folder with every fold trained, scored and reported."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hearfelt.corpora._scan import detect_corpora, scan_many
from hearfelt.corpora.manifest import Manifest, read_manifest
from hearfelt.errors import CorpusError, RecipeError
from hearfelt.files import read_json, write_atomically, write_json
from hearfelt.protocols._registry import make_split
from hearfelt.protocols.leaks import check_leaks, drop_identical, refuse_leaks
from hearfelt.protocols.split import Split, read_split
from hearfelt.training._folds import run_folds
from hearfelt.training._provenance import provenance
from hearfelt.training.picture_set import open_store, read_data, settle_pictures
from hearfelt.training.pictures import Pictures
from hearfelt.training.recipe import DataPart, Recipe, check_recipe, dump_recipe, load_recipe
from hearfelt.training.subset import keep_corpora, limit_training
from hearfelt.training.waveforms import Waveforms

if TYPE_CHECKING:
    from hearfelt.training.batches import LabelledClips

Progress = Callable[[int, int], None]
Note = Callable[[str], None]

#: Files of a run folder in the order that they are written in; one with the last is complete.
_FILES = ("recipe.yaml", "manifest.csv", "split.csv", "provenance.json", "resolved.yaml")


@dataclass(frozen=True)
class Run:
    """A run folder, opened.

    Attributes:
        folder: where it is.
        recipe: resolved.
        manifest: rows used, labels mapped.
        split: folds over these rows.
    """

    folder: Path
    recipe: Recipe
    manifest: Manifest
    split: Split

    @property
    def folds(self) -> tuple[int, ...]:
        """Numbers of the folds that the recipe asks for."""
        return self.recipe.protocol.folds_to_run(len(self.split.folds))

    def fold_folder(self, fold: int) -> Path:
        """Where a fold's files are."""
        return self.folder / "folds" / str(fold)

    def is_done(self) -> bool:
        """Whether every fold is trained."""
        return self.done == self.folds

    @property
    def done(self) -> tuple[int, ...]:
        """Those of `folds` that are trained."""
        return tuple(fold for fold in self.folds if (self.fold_folder(fold) / "done.json").exists())

    @cached_property
    def members(self) -> tuple[Run, ...]:
        """The runs that an ensemble averages; of any other run itself."""
        numbers = [int(entry.name) for entry in self.folder.glob("members/*") if entry.name.isdigit()]
        return tuple(open_run(self.folder / "members" / str(number)) for number in sorted(numbers)) or (self,)

    def weights(self, fold: int) -> tuple[Path, ...]:
        """Where the selected weights of a fold are, of every member; files that exist."""
        places = [member.fold_folder(fold) / "best.safetensors" for member in self.members]
        return tuple(place for place in places if place.exists())

    def classes(self) -> dict[str, tuple[str, ...]]:
        """Corpus -> labels that its clips may be answered with, in order."""
        labels = self.recipe.data.labels.resolve().labels
        found: dict[str, set[str]] = {}
        for row in self.manifest:
            found.setdefault(row.corpus, set()).add(row.emotion)
        masked = self.recipe.training.mask_labels_by_corpus
        return {
            corpus: tuple(label for label in labels if label in names or not masked)
            for corpus, names in sorted(found.items())
        }

    def clips(self) -> LabelledClips:
        """The waveforms with their classes.

        Raises:
            CorpusError: recordings have gone or changed since the run began.
        """
        from hearfelt.training.batches import LabelledClips

        waveforms = open_store(self.manifest, self.recipe)
        before = [row.audio_hash for row in self.manifest]
        if [row.audio_hash for row in waveforms.manifest] != before:
            raise CorpusError(
                f"The recordings of {self.folder} have changed since it began: {len(waveforms)} of {len(before)} clips "
                "can be read, or some sound different. Start a new run."
            )
        labels = self.recipe.data.labels.resolve().labels
        return LabelledClips(waveforms, labels, mask_by_corpus=self.recipe.training.mask_labels_by_corpus)


def open_run(folder: str | os.PathLike[str]) -> Run:
    """Open a run folder that `prepare_run` made.

    Raises:
        RecipeError: not a run folder, or damaged.
    """
    path = Path(folder)
    missing = [name for name in ("resolved.yaml", "manifest.csv", "split.csv") if not (path / name).exists()]
    if missing:
        raise RecipeError(
            f"{path} is not a run folder: it lacks {', '.join(missing)}. `hearfelt train` makes one."
        )
    recipe = load_recipe(path / "resolved.yaml")
    manifest = read_manifest(path / "manifest.csv", classes=recipe.data.labels.resolve().labels)
    facts = read_json(path / "provenance.json", RecipeError).get("split", {})
    split = replace(
        read_split(
            path / "split.csv",
            manifest,
            protocol=recipe.protocol.label,
            partial=recipe.data.max_training_clips is not None,
        ),
        description=facts.get("description", ""),
        speaker_independent=facts.get("speaker_independent", False),
    )
    return Run(path, recipe, manifest, split)


Place = str | os.PathLike[str]


def gather_rows(recipe: Recipe, data: Place | Sequence[Place] | None) -> Manifest:
    """Rows of the recipe's corpora or manifests, labels mapped, strays of other labels left out.

    Args:
        recipe: its ``data`` part says what.
        data: folders with the corpora below them and manifests, which go before the recipe's own; by default
            ``$HEARFELT_DATA``.

    Raises:
        CorpusError: the recipe names no data and none is given, nothing is there, or a class has no clips.
    """
    config = recipe.data
    manifest = find_rows(config, data).map_labels(config.labels.resolve())
    if config.min_class_clips:
        counts: dict[tuple[str, str], int] = {}
        for row in manifest:
            counts[row.corpus, row.emotion] = counts.get((row.corpus, row.emotion), 0) + 1
        manifest = manifest.where(lambda row: counts[row.corpus, row.emotion] >= config.min_class_clips)
    return manifest


def find_rows(config: DataPart, data: Place | Sequence[Place] | None) -> Manifest:
    """Rows of corpora or manifests with the emotions that they were given; see `gather_rows`.

    Raises:
        CorpusError: no data is named, or nothing is there.
    """
    named = os.environ.get("HEARFELT_DATA") if data is None else data
    places = [named] if isinstance(named, str | os.PathLike) else list(named or ())
    if config.images:
        manifest, _ = read_data(config)
    elif any(Path(place).is_file() for place in places) or (places and len(places) > 1):
        manifest = _combine(places, config.corpora)
    elif config.manifests:
        manifest = Manifest(())
        for name in config.manifests:
            manifest = manifest + read_manifest(name)
    elif not config.corpora:
        place = Path(places[0]) if places else None
        where = "" if place is None else f" in {place}" if place.is_dir() else f", and there is no {place}"
        raise CorpusError(
            f"The recipe does not say what to train on{where}: give data.corpora, or make a manifest "
            "(`hearfelt corpora scan`) and give it with --data MANIFEST.csv or as data.manifests."
        )
    elif not places:
        raise CorpusError(
            f"Where are the corpora {', '.join(config.corpora)}? Give --data FOLDER (one folder a corpus below it) or "
            "--data MANIFEST.csv, or set HEARFELT_DATA."
        )
    else:
        manifest = scan_many(places[0], config.corpora)
    return manifest


def _combine(places: Sequence[Place], corpora: Sequence[str]) -> Manifest:
    """Rows of manifests and of folders, of these corpora only where any are named."""
    manifest = Manifest(())
    for place in places:
        if Path(place).is_file():
            manifest = manifest + read_manifest(place)
        else:
            there = [name for name in detect_corpora(place) if not corpora or name in corpora]
            manifest = manifest + scan_many(place, there or None)
    found = manifest.counts("corpus")
    if missing := [name for name in corpora if name not in found]:
        raise CorpusError(
            f"The recipe names {', '.join(missing)}, of which {', '.join(map(str, places))} have no clip; they have "
            f"{', '.join(sorted(found)) or 'nothing'}. Change data.corpora, or give --data for the missing ones too."
        )
    return manifest.where(lambda row: not corpora or row.corpus in corpora)


def prepare_run(
    recipe: Recipe,
    folder: str | os.PathLike[str],
    *,
    data: Place | Sequence[Place] | None = None,
    source: str = "",
    command: str = "",
    progress: Progress | None = None,
    note: Note | None = None,
    resume: bool = False,
) -> tuple[Run, Waveforms | Pictures]:
    """Make a run folder: rows, split, leak check, provenance. Nothing is trained yet.

    Args:
        recipe: what to do.
        folder: new or empty.
        data: see `gather_rows`.
        source: text of the recipe as given.
        command: that makes it again.
        progress: of the waveform cache, (clips done, clips in all).
        note: gets sentences for people.
        resume: take a folder whose preparation was interrupted.

    Raises:
        HearfeltError: anything wrong with recipe, data or division, leaks above all.
    """
    path, say = Path(folder), note or (lambda _: None)
    _check_free(path, resume)
    recipe = settle_pictures(recipe, progress=progress, note=say)
    check_recipe(recipe)
    if recipe.training.start_from is not None:
        from hearfelt.training.start import open_start

        open_start(recipe.training.start_from)  # before there is a folder that would go on with a wrong name
    rows = gather_rows(recipe, data)
    waveforms = open_store(rows, recipe, progress)
    if not recipe.data.images:
        say(f"Waveforms: {waveforms.report.describe()}.")
    for name, reason in list(waveforms.report.failures.items())[:5]:
        say(f"Left out: {name}: {reason}")
    manifest = waveforms.manifest
    if recipe.data.drop_identical:
        kept = drop_identical(manifest)
        if len(kept) < len(manifest):
            say(f"Left out: {len(manifest) - len(kept)} clips with the same audio as another.")
        manifest = kept
    split = make_split(manifest, recipe.protocol)
    if recipe.data.only:
        manifest, split = keep_corpora(manifest, split, recipe.data.only)
    if recipe.data.max_training_clips is not None:
        split = limit_training(manifest, split, recipe.data.max_training_clips, recipe.seed)
    _check_leaks(recipe, manifest, split, say)
    say(split.describe())
    run = Run(path, recipe, manifest, split)
    write_run(run, provenance(recipe, manifest, split, command), source=source)
    return run, waveforms


def write_run(run: Run, facts: dict[str, Any], *, source: str = "") -> None:
    """Write what `open_run` reads into the run's folder: recipe, rows, split, ``facts`` as provenance."""
    write_atomically(run.folder / "recipe.yaml", source or dump_recipe(run.recipe))
    run.manifest.write(run.folder / "manifest.csv")
    run.split.write(run.folder / "split.csv", run.manifest)
    write_json(run.folder / "provenance.json", facts)
    write_atomically(
        run.folder / "resolved.yaml", dump_recipe(run.recipe)
    )  # last: a folder with it is complete


def _check_leaks(recipe: Recipe, manifest: Manifest, split: Split, say: Note) -> None:
    """Refuse leaks; identical pictures alone are told and left where a published division has them."""
    published = recipe.data.images and recipe.protocol.label == "published/project3_random"
    if not published or recipe.data.drop_identical:
        refuse_leaks(manifest, split)
        return
    for leak in check_leaks(manifest, split):
        say(f"Left as published: {leak.message}")


def _check_free(path: Path, resume: bool) -> None:
    if not path.exists():
        return
    names = [entry.name for entry in path.iterdir()] if path.is_dir() else [path.name]
    ours = path.is_dir() and all(name in _FILES or name.endswith(".part") for name in names)
    if not names or (ours and resume):
        return
    advice = "Resume it with --resume, or name" if "recipe.yaml" in names and not resume else "Name"
    raise RecipeError(f"{path} exists and is not empty. {advice} another folder with --out.")


def train(
    recipe: Recipe,
    folder: str | os.PathLike[str],
    *,
    data: Place | Sequence[Place] | None = None,
    resume: bool = False,
    jobs: int | None = None,
    source: str = "",
    command: str = "",
    progress: Callable[[str, int, int], None] | None = None,
    note: Note | None = None,
) -> dict[str, Any]:
    """Do all of it: prepare or resume, train the folds side by side, score, report.

    Args:
        recipe: ignored where a run is resumed: its own is taken.
        folder: of the run.
        data: see `gather_rows`.
        resume: go on with what is in the folder; finished folds are not run again.
        jobs: folds at a time; by default as many as there are processors for their threads.
        source: text of the recipe as given.
        command: that makes it again.
        progress: called with (what, done, total).
        note: gets sentences for people.

    Returns:
        the content of ``metrics.json``; without test rows (protocol ``all``) an empty dictionary.

    Raises:
        HearfeltError: see `prepare_run`; or a fold failed.
    """
    tell = progress or (lambda *_: None)
    if resume and (Path(folder) / "resolved.yaml").exists():
        run = open_run(folder)
        if note and run.recipe != recipe:
            note(f"{folder} goes on with the recipe that it began with, which is not the one given now.")
    else:
        run, _ = prepare_run(
            recipe,
            folder,
            data=data,
            source=source,
            command=command,
            progress=lambda done, total: tell("decoding", done, total),
            note=note,
            resume=resume,
        )
    if jobs is None and _has_gpu():
        jobs = 1  # one training keeps a GPU busy, and several would share its memory
    run_folds(run.folder, run.folds, threads=run.recipe.training.threads, jobs=jobs, progress=tell)
    return finish_run(run)


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def finish_run(run: Run) -> dict[str, Any]:
    """Score all folds together and write ``metrics.json`` and ``report.html``; again, where they are there."""
    from hearfelt.evaluation.report import write_report
    from hearfelt.evaluation.summary import summarize_run

    metrics: dict[str, Any] = {}
    if any((run.fold_folder(fold) / "predictions.csv").exists() for fold in run.folds):
        metrics = summarize_run(run.folder, rng=np.random.default_rng(run.recipe.seed))
    write_report(run.folder, read_clip=None if run.recipe.data.images else _read_clip)
    return metrics


def _read_clip(path: str, start: float, end: float | None) -> tuple[Any, int]:
    from hearfelt.audio.decode import read_audio
    from hearfelt.audio.spans import part

    samples = read_audio(path, 16000)
    return part(samples, start, end, 16000), 16000
