"""``hearfelt export``."""

from __future__ import annotations

from typing import Annotated

import typer

from hearfelt.cli._extras import check_installed


def export(
    run: Annotated[str, typer.Argument(help="A finished run folder.")],
    out: Annotated[str, typer.Option(help="Bundle folder to write.")],
    fold: Annotated[
        list[int] | None,
        typer.Option(help="Fold to export; repeatable: several become one averaged model. All by default."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model; the recipe's by default.")] = None,
    half_precision: Annotated[
        bool, typer.Option("--half-precision", help="Store weights in 16 bits: half the size.")
    ] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="Store weights in 8 bits: a quarter of the size.")
    ] = False,
    licence: Annotated[str, typer.Option(help="Terms of the weights; by default those of the corpora.")] = "",
    metrics_from: Annotated[
        str | None, typer.Option(help="Run folder that measured this recipe on unheard speakers.")
    ] = None,
) -> None:
    """Turn a run into a bundle: one ONNX file from waveform to probabilities, its description and its card."""
    check_installed(("torch", "lightning", "onnx", "safetensors"), "train", "exporting")
    from hearfelt.training.export import export_run

    specification = export_run(
        run,
        out,
        folds=fold,
        name=name,
        half_precision=half_precision,
        int8=int8,
        licence=licence,
        metrics_from=metrics_from,
    )
    typer.echo(
        f"Wrote {out}: {specification.name}, {specification.parameters:,} weights, {len(specification.labels)} labels. "
        f"Try: hearfelt predict RECORDING --model {out}"
    )
