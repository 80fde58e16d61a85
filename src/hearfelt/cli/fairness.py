"""``hearfelt fairness``: who is recognised how well, from the answers of a run or of any table."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hearfelt.cli._targets import check_target

if TYPE_CHECKING:
    from hearfelt.evaluation.predictions import Predictions


def fairness(
    answers: Annotated[
        str, typer.Argument(metavar="RUN|PREDICTIONS.csv", help="A run folder, or a table of answers.")
    ],
    manifest: Annotated[
        str | None,
        typer.Option(help="CSV with more columns of the same clips; a run has its own.", metavar="M.csv"),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            help="A column that makes groups; repeatable. Sex, age, language, corpus and intensity by default."
        ),
    ] = None,
    out: Annotated[str | None, typer.Option(help="Page to write.", metavar="PAGE.html")] = None,
    json: Annotated[str | None, typer.Option(help="Figures to write.", metavar="F.json")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples behind the intervals.")] = 0,
) -> None:
    """Say who is recognised how well, and where the gaps come from: groups, raters, confidence.

    Gaps between groups are taken within each corpus and then averaged; intervals are over speakers.
    """
    import numpy as np

    import hearfelt
    from hearfelt.errors import HearfeltError
    from hearfelt.evaluation.fairness import COLUMNS, join_manifest
    from hearfelt.evaluation.fairness import fairness as look
    from hearfelt.files import write_json

    for target in (out, json):
        if target is not None:
            check_target(target, inputs=[answers, manifest] if manifest else [answers])
    table, calibrated, temperatures, own = _read(Path(answers))
    source = manifest or own
    columns: dict[str, Any] = {}
    votes = None
    if source is not None:
        columns, votes = join_manifest(table, source)
    columns["age"] = columns.get("age", _ages(table))
    wanted = list(by or COLUMNS)
    missing = [name for name in by or () if name not in {*columns, "sex", "corpus"}]
    if missing:
        there = ", ".join(sorted({*columns, "sex", "corpus"}))
        raise HearfeltError(
            f"There is no column {missing[0]!r}; there are {there}. Give --manifest M.csv for others."
        )
    results = look(
        table,
        columns,
        by=wanted,
        votes=votes,
        calibrated=calibrated,
        rng=np.random.default_rng(seed),
    )
    command = shlex.join(["hearfelt", *sys.argv[1:]])
    results = {
        "version": results["version"],
        "hearfelt": hearfelt.__version__,
        "source": Path(answers).name,
        "command": command,
        "seed": seed,
        "temperatures": temperatures,
        **results,
    }
    if json is not None:
        write_json(json, results)
    if out is not None:
        from hearfelt.evaluation._fairness_page import write_page

        write_page(out, results, name=Path(answers).resolve().name, command=command)
    _say(results)
    if out is not None:
        typer.echo(f"Page: {out}")


def _read(place: Path) -> tuple[Predictions, Predictions | None, dict[str, float], Path | None]:
    """Answers, the same calibrated, temperatures by fold, and the manifest of a run."""
    from hearfelt.errors import HearfeltError
    from hearfelt.evaluation.predictions import join_predictions, read_predictions
    from hearfelt.evaluation.summary import calibrate_folds, read_fold_tables

    if not place.is_dir():
        return read_predictions(place), None, {}, None
    folds = {k: table for k, table in read_fold_tables(place, "predictions.csv").items() if len(table)}
    if not folds:
        raise HearfeltError(
            f"{place} has no folds/*/predictions.csv with answers. Give a run that was tested, or a table of answers."
        )
    calibrated, temperatures, _ = calibrate_folds(folds, read_fold_tables(place, "validation.csv"))
    own = place / "manifest.csv"
    shown = {str(fold): round(value, 4) for fold, value in temperatures.items()}
    return join_predictions(list(folds.values())), calibrated, shown, own if own.is_file() else None


def _ages(table: Predictions) -> list[str]:
    from hearfelt.corpora._ages import known_ages

    return known_ages(list(table.corpus), list(table.speaker), list(table.path))


def _say(results: Mapping[str, Any]) -> None:
    from hearfelt.evaluation._fairness_page import gap_in_words
    from hearfelt.evaluation._figures import percent, with_interval
    from hearfelt.evaluation.fairness import cause

    whole = results["all"]
    typer.echo(f"{whole['clips']} clips of {whole['speakers']} speakers: UAR {with_interval(whole['uar'])} %")
    for column in results["columns"]:
        typer.echo(f"\n{column['column']}" + ("" if column["groups"] else ": not known"))
        width = max((len(group["group"]) for group in column["groups"]), default=0)
        for group in column["groups"]:
            typer.echo(
                f"  {group['group']:<{width}}  UAR {with_interval(group['uar'])} %, {group['clips']} clips, "
                f"{group['speakers']} speakers, confidence minus accuracy "
                f"{100 * group['confidence_minus_accuracy']:+.1f} points"
            )
        if column["groups"] and not column["gaps"] and column["column"] != "corpus":
            typer.echo("  No corpus has two of these groups: they cannot be told from their corpora.")
        for gap in column["gaps"]:
            typer.echo(f"  {gap_in_words(gap)}")
            if words := cause(gap):
                typer.echo(f"    {words}")
    if raters := results["raters"]:
        typer.echo(f"\nraters ({', '.join(raters['corpora'])}, {raters['n']} clips)")
        for name, key in (("among their own classes", "own"), ("among all choices", "open")):
            block = raters[key]
            typer.echo(
                f"  UAR {name}: one rater {percent(block['rater']['uar']['value'])}, majority "
                f"{percent(block['majority']['uar']['value'])}, model {percent(block['model']['uar']['value'])} %"
            )
    typer.echo(
        "\nconfidence: calibration error among the corpus' own classes, and how much oftener the surer half is right"
    )
    blocks = {"all": results["trust"]["all"], **results["trust"]["corpora"]}
    width = max(map(len, blocks))
    for name, block in blocks.items():
        error = block["ece_own"]
        after = "" if error["after"] is None else f", calibrated {error['after']:.3f}"
        typer.echo(
            f"  {name:<{width}}  {error['before']:.3f}{after}; {with_interval(block['surer_half']['gain'])} points"
        )
