"""``hearfelt train``."""

from __future__ import annotations

import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearfelt.cli._extras import check_installed
from hearfelt.cli._options import Data
from hearfelt.cli._progress import note, progress_bar

if TYPE_CHECKING:
    from hearfelt.training.recipe import Recipe


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe (YAML), such as recipes/four_block.yaml.")],
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="A.B=C", help="Change a field of the recipe; repeatable."),
    ] = None,
    data: Data = None,
    out: Annotated[str | None, typer.Option(help="Run folder; runs/<name>-<time> by default.")] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on in --out where it stopped; finished folds are not run again."),
    ] = False,
    jobs: Annotated[
        int | None, typer.Option(help="Folds trained at a time; as many as processors by default.")
    ] = None,
    images: Annotated[
        str | None,
        typer.Option(help="Folder of spectrogram pictures (PNG), for a recipe that takes pictures."),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Their labels, .npy or .csv; by default those in the folder.")
    ] = None,
    order: Annotated[
        str | None, typer.Option(help="How the pictures are counted: auto, sorted (by name) or numeric.")
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="What labels that are numbers stand for, from 0: angry,fear,happy,sad.")
    ] = None,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Make the run folder (rows, split, leak check) and stop.")
    ] = False,
) -> None:
    """Train and test a model from a recipe; the run folder holds everything, report.html above all."""
    from hearfelt.errors import RecipeError
    from hearfelt.training.recipe import load_recipe
    from hearfelt.training.run import prepare_run
    from hearfelt.training.run import train as train_run

    parsed = load_recipe(recipe, settings or ())
    pictures = {"images": images, "image_labels": labels, "image_order": order}
    parsed = _with_pictures(
        parsed, {key: value for key, value in pictures.items() if value is not None}, classes
    )
    check_installed(("torch", "lightning", "safetensors", "tensorboard"), "train", "training")
    if resume and out is None:
        raise RecipeError("--resume needs --out RUN, the run folder to go on with.")
    if jobs is not None and jobs < 1:
        raise RecipeError(f"--jobs is {jobs}; at least one fold has to be trained at a time.")
    if resume and out is not None and not (Path(out) / "resolved.yaml").exists():
        note(f"There is no run to go on with in {out} yet; this is its beginning.")
    folder = Path(out or f"runs/{parsed.name}-{datetime.now():%Y%m%d-%H%M%S}")
    command = shlex.join(["hearfelt", *sys.argv[1:]])
    source = Path(recipe).read_text(encoding="utf-8")
    with progress_bar() as progress:
        if prepare_only:
            prepare_run(
                parsed,
                folder,
                data=data or None,
                source=source,
                command=command,
                progress=lambda done, total: progress("decoding", done, total),
                note=note,
            )
            note(f"Prepared {folder}; `hearfelt train {recipe} --out {folder} --resume` trains it.")
            return
        try:
            metrics = train_run(
                parsed,
                folder,
                data=data or None,
                resume=resume,
                jobs=jobs,
                source=source,
                command=command,
                progress=progress,
                note=note,
            )
        except KeyboardInterrupt:
            given = [f"--set={setting}" for setting in settings or ()] + [
                f"--data={place}" for place in data or ()
            ]
            pairs = {"images": images, "labels": labels, "order": order, "classes": classes}
            given += [f"--{name}={value}" for name, value in pairs.items() if value is not None]
            again = shlex.join(["hearfelt", "train", recipe, *given, "--out", str(folder), "--resume"])
            note(f"Interrupted; go on with: {again}")
            raise
    say(metrics, folder)


def _with_pictures(recipe: Recipe, given: dict[str, Any], classes: str | None) -> Recipe:
    """The recipe with the options about pictures in its data part."""
    from pydantic import ValidationError

    from hearfelt.errors import RecipeError

    if classes is not None:
        given["image_classes"] = [name.strip() for name in classes.split(",")]
    if not given:
        return recipe
    try:
        data = type(recipe.data).model_validate({**recipe.data.model_dump(), **given})
    except ValidationError as error:
        raise RecipeError(
            f"--order is {given.get('image_order')!r}; it is auto, sorted or numeric."
        ) from error
    if not data.images:
        raise RecipeError("--labels, --order and --classes belong to --images FOLDER, which is missing.")
    return recipe.model_copy(update={"data": data})


def say(metrics: dict[str, Any], folder: Path) -> None:
    """Print what a run scored, and where its report is."""
    if metrics:
        for name, entry in {"all test clips": metrics["all"], **metrics["per_corpus"]}.items():
            uar, accuracy = _with_interval(entry["uar"]), _with_interval(entry["accuracy"])
            typer.echo(f"{name}: UAR {uar}, accuracy {accuracy}, {entry['n']} answers")
    typer.echo(f"Report: {folder / 'report.html'}")


def _with_interval(entry: dict[str, Any]) -> str:
    """The value and its 95 % interval over speakers, or over clips where there is one speaker."""
    text = f"{100 * entry['value']:.1f} %"
    for kind in ("speakers", "clips"):
        interval = entry[kind]
        if interval["low"] is not None:
            return f"{text} [{100 * interval['low']:.1f}, {100 * interval['high']:.1f}]"
    return text
