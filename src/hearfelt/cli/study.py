"""``hearfelt study``: many trainings, one comparison."""

from __future__ import annotations

import os
import shlex
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hearfelt.cli._extras import check_installed
from hearfelt.cli._options import Data, Settings, listed
from hearfelt.cli._progress import interruptible, note

app = typer.Typer(
    help="Compare many trainings: search, augmentation, transfer, duration, architectures, recipes.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
)

_Recipe = Annotated[str, typer.Argument(help="The recipe that all trainings begin with.")]
_Out = Annotated[str | None, typer.Option(help="Study folder; studies/<kind>-<name>-<time> by default.")]
_Processes = Annotated[
    int | None, typer.Option(help="Trainings at a time, one thread each; as many as processors by default.")
]
_Dry = Annotated[bool, typer.Option("--dry-run", help="Print the plan and what it will cost; train nothing.")]
_Folder = Annotated[str, typer.Argument(help="A study folder.")]


@app.command()
def search(
    recipe: _Recipe,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FIELD=VALUES",
            help="A field: log:1e-4:1e-2, 0.1:0.6, 1:8 (whole numbers), 0:1:0.25 (a step) or [adam, sgd]; repeatable.",
        ),
    ] = None,
    space: Annotated[
        str | None, typer.Option(help="YAML with a field and its values a line, instead.")
    ] = None,
    trials: Annotated[int, typer.Option(help="How many are begun.")] = 20,
    sampler: Annotated[str, typer.Option(help="tpe, random or grid.")] = "tpe",
    pruner: Annotated[str, typer.Option(help="Stops bad trials: median, hyperband or none.")] = "median",
    settings: Settings = None,
    data: Data = None,
    out: _Out = None,
    processes: _Processes = None,
    dry_run: _Dry = False,
) -> None:
    """Search over any field of a recipe with Optuna; the chosen recipe is written out."""
    from hearfelt.studies._space import parse_space, parse_vary
    from hearfelt.training._settings import read_recipe_file

    given = {**(read_recipe_file(Path(space)) if space else {}), **parse_vary(vary or [])}
    options = {"space": parse_space(given), "trials": trials, "sampler": sampler, "pruner": pruner}
    _study("search", recipe, options, settings, data, out, processes, dry_run)


@app.command()
def augmentation(
    recipe: _Recipe,
    level: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=LEVELS",
            help="An augmentation and its levels, such as noise=[30, 20, 10] or reverb=[{}]; repeatable. By default "
            "noise, pitch and speed at three levels each.",
        ),
    ] = None,
    probability: Annotated[float, typer.Option(help="That a clip is changed.")] = 0.5,
    combinations: Annotated[str, typer.Option(help="Of the best levels: all, greedy or none.")] = "all",
    settings: Settings = None,
    data: Data = None,
    out: _Out = None,
    processes: _Processes = None,
    dry_run: _Dry = False,
) -> None:
    """Train every augmentation at every level and their combinations; rank them against none."""
    options: dict[str, Any] = {"probability": probability, "combinations": combinations}
    if level:
        options["levels"] = _pairs(level, "--level")
    _study("augmentation", recipe, options, settings, data, out, processes, dry_run)


@app.command()
def transfer(
    recipe: _Recipe,
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="song_to_speech, speech_to_song, english_to_german, english_to_greek; all by default."
        ),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="For a task of your own: a corpus that is trained on first; repeatable."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(help="Or a run, a bundle or the name of a bundled model that is there already."),
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option(help="The corpus that it is for, as manifests name it; repeatable.")
    ] = None,
    clips: Annotated[
        str, typer.Option(help="Numbers of training clips a fold, with commas; `all` is all that there are.")
    ] = "50,100,200,400,all",
    methods: Annotated[str, typer.Option(help="With commas.")] = "scratch,frozen,gradual,full",
    settings: Settings = None,
    data: Data = None,
    out: _Out = None,
    processes: _Processes = None,
    dry_run: _Dry = False,
) -> None:
    """Say whether training elsewhere first helps: frozen, gradually unfrozen, fine-tuned; over the number of clips."""
    options: dict[str, Any] = {
        "clips": [None if part.strip() == "all" else _whole(part, "--clips") for part in clips.split(",")],
        "methods": [part.strip() for part in methods.split(",")],
    }
    if target or source or start:
        start_place = os.path.abspath(start) if start and Path(start).exists() else start or ""  # noqa: PTH100
        options["tasks"] = {"own": {"source": source or [], "target": target or [], "start": start_place}}
    elif task:
        options["tasks"] = task
    _study("transfer", recipe, options, settings, data, out, processes, dry_run)


@app.command()
def duration(
    recipe: _Recipe,
    train_seconds: Annotated[str, typer.Option(help="Lengths to train on, with commas.")] = "0.5,1,2,3,5",
    test_seconds: Annotated[str, typer.Option(help="Lengths to test on, with commas.")] = "0.5,1,2,3,5",
    join: Annotated[
        bool,
        typer.Option(
            help="Join shorter clips with others of the same speaker and emotion, or leave them short."
        ),
    ] = True,
    settings: Settings = None,
    data: Data = None,
    out: _Out = None,
    processes: _Processes = None,
    dry_run: _Dry = False,
) -> None:
    """Train and test over crops and joined clips of several lengths: a matrix of both."""
    options = {
        "train_seconds": [_number(part, "--train-seconds") for part in train_seconds.split(",")],
        "test_seconds": [_number(part, "--test-seconds") for part in test_seconds.split(",")],
        "join": join,
    }
    _study("duration", recipe, options, settings, data, out, processes, dry_run)


@app.command()
def architectures(
    recipe: _Recipe,
    models: Annotated[
        str, typer.Option(help="Names or patterns of `hearfelt models`, with commas; all by default.")
    ] = "",
    baseline: Annotated[
        str, typer.Option(help="What the others are compared with; the recipe's by default.")
    ] = "",
    own_recipes: Annotated[
        bool,
        typer.Option(help="Take an architecture's own <model>.yaml beside the recipe, where there is one."),
    ] = True,
    settings: Settings = None,
    data: Data = None,
    out: _Out = None,
    processes: _Processes = None,
    dry_run: _Dry = False,
) -> None:
    """Train every architecture on the same folds; compare UAR, size, latency and training time."""
    options = {"models": listed(models), "baseline": baseline, "own_recipes": own_recipes}
    _study("architectures", recipe, options, settings, data, out, processes, dry_run)


@app.command()
def recipes(
    recipe: Annotated[list[str], typer.Argument(help="Recipes; the others are compared with the first.")],
    variant: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:A.B=C",
            help="Train each recipe with a field changed, too; repeatable, several fields under one name as well.",
        ),
    ] = None,
    plain: Annotated[bool, typer.Option(help="Train each recipe as it is.")] = True,
    settings: Settings = None,
    data: Data = None,
    out: _Out = None,
    processes: _Processes = None,
    dry_run: _Dry = False,
) -> None:
    """Train whole recipes on the same folds, as they are and in variants; compare UAR, each corpus and time."""
    from hearfelt.errors import RecipeError

    variants: dict[str, list[str]] = {}
    for text in variant or []:
        name, colon, change = text.partition(":")
        if not colon or "=" not in change:
            raise RecipeError(
                f"--variant {text!r} was expected as NAME:A.B=C, such as wide:model.options.width=64."
            )
        variants.setdefault(name.strip(), []).append(change)
    options = {"recipes": recipe[1:], "variants": variants, "plain": plain}
    _study("recipes", recipe[0], options, settings, data, out, processes, dry_run)


@app.command()
def resume(folder: _Folder, processes: _Processes = None) -> None:
    """Go on with a study that was stopped; finished folds are not run again, failed cells are tried again."""
    _check()
    _run(Path(folder), processes)


@app.command()
def report(folder: _Folder) -> None:
    """Write results.json and report.html of a study again, of what is trained so far."""
    from hearfelt.studies._results import write_results

    _say(write_results(Path(folder)), Path(folder))


def _check() -> None:
    check_installed(("torch", "lightning", "safetensors", "tensorboard"), "train", "a study")


def _study(
    kind: str,
    recipe: str,
    options: dict[str, Any],
    settings: list[str] | None,
    data: list[str] | None,
    out: str | None,
    processes: int | None,
    dry_run: bool,
) -> None:
    _check()
    from hearfelt.studies._cells import Base
    from hearfelt.studies._folder import begin_study
    from hearfelt.studies._study import create_study
    from hearfelt.training._settings import read_recipe_file

    places = data or ([os.environ["HEARFELT_DATA"]] if os.environ.get("HEARFELT_DATA") else [])
    absolute = tuple(os.path.abspath(place) for place in places)  # noqa: PTH100 - links stay as they are
    content = read_recipe_file(Path(recipe))
    base = Base(content, tuple(settings or ()), absolute, str(Path(recipe).absolute().parent))
    name, study = base.recipe.name, create_study(kind, options)
    folder = Path(out or f"studies/{kind}-{name}-{datetime.now():%Y%m%d-%H%M%S}")
    if dry_run:
        _plan(study, base, folder, _slots(processes))
        return
    begin_study(folder, study, base, command=shlex.join(["hearfelt", *sys.argv[1:]]))
    _run(folder, processes)


def _plan(study: Any, base: Any, folder: Path, processes: int) -> None:
    from hearfelt.studies._cost import describe, estimate, in_words

    cells = study.preview(base, folder / "runs")
    costs = estimate(cells, base, folder / "runs")
    width = max(len(cell.title) for cell in cells)
    for cell, cost in zip(cells, costs, strict=True):
        typer.echo(
            f"{cell.title:<{width}}  {cost.folds:>3} folds  {cost.steps:>7} steps  {in_words(cost.seconds):>8}"
        )
    typer.echo(f"{describe(costs, processes)}. A rough figure: steps are timed on this machine as it is now.")


def _slots(processes: int | None) -> int:
    from hearfelt.errors import HearfeltError

    if processes is not None and processes < 1:
        raise HearfeltError(f"--processes is {processes}; at least one training has to run at a time.")
    return processes or os.cpu_count() or 1


def _run(folder: Path, processes: int | None) -> None:
    from hearfelt.studies._folder import work_on

    again = shlex.join(["hearfelt", "study", "resume", str(folder)])
    with interruptible(f"go on with: {again}") as progress:
        results = work_on(folder, processes=_slots(processes), tell=progress, note=note)
    _say(results, folder)


def _say(results: dict[str, Any], folder: Path) -> None:
    titles = {entry["name"]: entry["title"] for entry in results["cells"]}
    for chosen in results["chosen"]:
        typer.echo(f"Chosen: {titles[chosen['cell']]}: {_figures(chosen)}")
    failed = [entry["name"] for entry in results["cells"] if entry["state"] == "failed"]
    if failed:
        note(f"Failed: {', '.join(failed)}; the report says why.")
    typer.echo(f"Report: {folder / 'report.html'}")


def _figures(chosen: dict[str, Any]) -> str:
    from hearfelt.evaluation._figures import with_interval

    validation, test, difference = chosen["validation"], chosen["test"], chosen["difference"]["test"]
    words = f"validation UAR {with_interval(validation and validation['uar'])} %"
    if test:
        words += f", test UAR {with_interval(test['uar'])} %"
    if difference:
        words += f", {100 * difference['value']:+.1f} points against the baseline"
    return words


def _pairs(texts: list[str], option: str) -> dict[str, Any]:
    """``name=[...]`` texts."""
    import yaml

    from hearfelt.errors import RecipeError

    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            levels = yaml.safe_load(value) if equals else [{}]
        except yaml.YAMLError as error:
            raise RecipeError(f"{option} {text!r} is not YAML: {' '.join(str(error).split())}") from error
        found[name.strip()] = levels if isinstance(levels, list) else [levels]
    return found


def _number(text: str, option: str) -> float:
    from hearfelt.errors import RecipeError

    try:
        return float(text)
    except ValueError as error:
        raise RecipeError(f"{option} has {text.strip()!r}; numbers with commas were expected.") from error


def _whole(text: str, option: str) -> int:
    from hearfelt.errors import RecipeError

    if not text.strip().isdecimal():
        raise RecipeError(
            f"{option} has {text.strip()!r}; whole numbers with commas, or `all`, were expected."
        )
    return int(text)
