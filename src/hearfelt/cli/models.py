"""``hearfelt models``: list, describe and draw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="List, describe and draw the model architectures.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Name = Annotated[str, typer.Argument(help="An architecture: a name that `hearfelt models` lists.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="An option, such as widths=[64,120,200]; may be repeated.")
]
Bands = Annotated[
    int | None,
    typer.Option("--bands", min=1, help="Bands of the input; by default 64, or 77 of each stacked picture."),
]
Classes = Annotated[int, typer.Option("--classes", min=2, help="Classes of the output.")]


@app.callback()
def models(context: typer.Context) -> None:
    """List the model architectures (what a recipe's model.name may be) and the bundled models."""
    if context.invoked_subcommand is not None:
        return
    from hearfelt.errors import MissingExtraError
    from hearfelt.recognition.bundle import bundled_models

    typer.echo("Bundled models (hearfelt predict --model NAME):")
    names = bundled_models()
    for name in names:
        typer.echo(f"  {name:<22} {_bundled(name)}")
    if not names:
        typer.echo("  (none in this installation)")
    typer.echo("Architectures (model.name of a recipe; hearfelt models describe NAME says more):")
    try:
        from hearfelt.models._registry import get_model, list_models

        for name in list_models():
            typer.echo(f"  {name:<22} {get_model(name).summary}")
    except MissingExtraError as error:
        typer.echo(f"  {error}")


def _bundled(name: str) -> str:
    """A bundled model in a line: answers, size, what it was trained on, the first sentence of its licence."""
    from hearfelt.recognition.bundle import GRAPH_FILE, find_bundle, read_specification

    folder = find_bundle(name)
    made = read_specification(folder)
    size = (folder / GRAPH_FILE).stat().st_size / 1e6
    corpora = ", ".join(made.training_corpora) or "nothing that is said"
    licence = made.licence.split(". ")[0].removesuffix(".") or "no licence stated"
    return f"{len(made.labels)} emotions, {size:.1f} MB, trained on {corpora}. {licence}."


@app.command()
def describe(name: Name, settings: Settings = None, bands: Bands = None, classes: Classes = 8) -> None:
    """Say what an architecture is, which options it has, their defaults, and how many weights that makes."""
    import yaml

    from hearfelt.models._registry import create_model, get_model

    entry, options = get_model(name), _options(settings)
    bands = bands or _usual_bands(options)
    model = create_model(name, class_count=classes, mel_count=bands, options=options)
    typer.echo(f"{name}: {entry.summary}\n")
    typer.echo((entry.source or "").strip() + "\n")
    typer.echo("Options (model.options of a recipe), with what they are now:")
    config = entry.config.model_validate(options).model_dump(mode="json")
    for option, meaning in entry.meanings().items():
        value = yaml.safe_dump(config[option], default_flow_style=True).removesuffix("...\n").strip()
        typer.echo(f"  {option} = {value}\n      {meaning}")
    count = sum(parameter.numel() for parameter in model.parameters())
    typer.echo(f"\n{count:,} weights for {bands} bands and {classes} classes.")


@app.command()
def draw(
    name: Name,
    out: Annotated[Path | None, typer.Option("--out", help="An .svg or a .png; NAME.svg by default.")] = None,
    settings: Settings = None,
    frames: Annotated[int, typer.Option("--frames", min=1, max=100_000, help="Length of the input.")] = 300,
    bands: Bands = None,
    classes: Classes = 8,
) -> None:
    """Draw an architecture: layers as blocks with shapes and weights, traced on a real input."""
    from hearfelt.errors import HearfeltError
    from hearfelt.files import write_atomically
    from hearfelt.models._drawing import draw_model, to_png, to_svg

    out, options = out or Path(f"{name}.svg"), _options(settings)
    suffix = out.suffix.lower()
    if suffix not in (".svg", ".png"):
        raise HearfeltError(
            f"A drawing is an .svg or a .png, and {out} is neither. Name one of them with --out."
        )
    drawing = draw_model(
        name, options, class_count=classes, bands=bands or _usual_bands(options), frames=frames
    )
    write_atomically(out, to_svg(*drawing) if suffix == ".svg" else to_png(*drawing))
    typer.echo(f"Drawing: {out}")


def _options(settings: list[str] | None) -> dict[str, Any]:
    """Options of ``--set key=value``, values read as YAML."""
    import yaml

    from hearfelt.errors import RecipeError

    options = {}
    for setting in settings or ():
        key, found, value = setting.partition("=")
        key = key.strip().removeprefix("model.options.")
        if not found or not key:
            raise RecipeError(f"--set {setting} is no setting. Write option=value, such as dropout=0.3.")
        try:
            options[key] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise RecipeError(f"--set {setting}: the value is not YAML.") from error
    return options


def _usual_bands(options: dict[str, Any]) -> int:
    stacked = options.get("input_channels", 1)
    return 77 * stacked if isinstance(stacked, int) and stacked > 1 else 64
