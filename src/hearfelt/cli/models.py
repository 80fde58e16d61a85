"""``hearfelt models``."""

from __future__ import annotations

import typer


def models() -> None:
    """List the model architectures (what a recipe's model.name may be) and the bundled models."""
    from hearfelt.errors import MissingExtraError
    from hearfelt.recognition.bundle import bundled_models

    typer.echo("Bundled models (hearfelt predict --model NAME):")
    for name in bundled_models() or ["(none in this installation)"]:
        typer.echo(f"  {name}")
    typer.echo("Architectures (model.name of a recipe):")
    try:
        from hearfelt.models._registry import get_model, list_models

        for name in list_models():
            typer.echo(f"  {name:<22} {get_model(name).summary}")
    except MissingExtraError as error:
        typer.echo(f"  {error}")
