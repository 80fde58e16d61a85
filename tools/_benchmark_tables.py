"""What is kept of ``hearfelt benchmark``, and its tables in docs/results.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from _tables import Figures, kept, rounded, with_ends


def of_benchmark(results: Mapping[str, Any]) -> dict[str, Any]:
    """Rows with their UAR as a whole, by corpus, and of people never heard; the matrix as it is."""
    keys = ("name", "title", "group", "protocol", "state", "folds", "heard", "unknown_classes")
    rows = [
        {
            **{key: row[key] for key in keys},
            "test": _figure(row["test"] or row["mean"]),
            "corpora": {corpus: _figure(found) for corpus, found in row["corpora"].items()},
            "unheard": _figure(row["unheard"]),
        }
        for row in results["rows"]
        if row["state"] != "missing"
    ]
    keys = ("command", "seeds", "seconds", "complete", "matrix", "leaks")
    return {**{key: results[key] for key in keys}, "rows": rows}


def _figure(found: Figures | None) -> dict[str, Any] | None:
    if not found:
        return None
    counts = {key: found[key] for key in ("n", "speakers", "corpora", "classes") if key in found}
    spread = (
        {"deviation": rounded(found["uar"]["deviation"])} if found["uar"].get("deviation") is not None else {}
    )
    return {**counts, "uar": {**kept(found["uar"]), **spread}}


def rows_table(found: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    """A line a row of the benchmark; of each model its UAR, and that on people whom it never heard."""
    lines: list[list[Any]] = [["row", "protocol"]]
    for one in found:
        lines[0] += [f"{one['title']}: UAR %", "of people that it never heard"]
    for row in found[0]["rows"]:
        line = [row["title"], row["protocol"]]
        for one in found:
            same = next((entry for entry in one["rows"] if entry["name"] == row["name"]), None)
            line += ["", ""] if same is None else [_uar(same["test"]), _not_heard(same)]
        lines.append(line)
    return lines


def _not_heard(row: Mapping[str, Any]) -> str:
    heard = row["heard"]
    if not heard["known"] or not heard["speakers"]:
        return _uar(row["test"])
    left = heard["of"] - heard["speakers"]
    return f"{_uar(row['unheard'])}, {left} of {heard['of']} people" if row["unheard"] else "nobody is left"


def corpora_table(one: Mapping[str, Any]) -> list[list[Any]]:
    """Each corpus of the rows that test several: classes, clips, people, UAR; of several seeds their deviation."""
    lines: list[list[Any]] = [[one["title"], "classes", "chance %", "clips", "people", "UAR %"]]
    if one["seeds"] > 1:
        lines[0].append(f"deviation of {one['seeds']} seeds")
    for row in one["rows"]:
        if row["group"] != "corpora":
            continue
        for corpus, found in row["corpora"].items():
            chance = f"{100 / found['classes']:.1f}"
            shown = [corpus, found["classes"], chance, found["n"], found["speakers"], _uar(found)]
            lines.append([*shown, *_spread(found)])
        mean = row["test"]
        lines.append([f"mean, {row['title'].lower()}", "", "", mean["n"], "", _uar(mean), *_spread(mean)])
    return lines


def matrix_table(one: Mapping[str, Any]) -> list[list[Any]]:
    """UAR by training corpus (rows) and tested corpus (columns), with the number of classes that both have."""
    matrix = one["matrix"]
    lines: list[list[Any]] = [["trained on", *matrix["test"]]]
    for name, values, classes in zip(matrix["train"], matrix["uar"], matrix["classes"], strict=True):
        cells = [
            "" if value is None else f"{100 * value:.0f} ({count})"
            for value, count in zip(values, classes, strict=True)
        ]
        lines.append([name, *cells])
    return lines


def _spread(found: Figures) -> list[str]:
    return [f"{100 * found['uar']['deviation']:.1f}"] if "deviation" in found["uar"] else []


def _uar(found: Figures | None) -> str:
    return with_ends(found and found["uar"])
