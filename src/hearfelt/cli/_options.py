"""Options that several commands have, and how their texts are read."""

from __future__ import annotations

from typing import Annotated

import typer

#: ``--data`` of what trains or asks.
Data = Annotated[
    list[str] | None,
    typer.Option(
        help="Folder with the corpora below it, or a manifest; repeatable; $HEARFELT_DATA by default."
    ),
]
#: ``--set`` of what does many trainings.
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="A.B=C", help="Change a field of the recipe for all trainings; repeatable."
    ),
]


def listed(text: str) -> list[str]:
    """What stands between the commas, without spaces and empty parts.

    >>> listed("emodb, savee,")
    ['emodb', 'savee']
    """
    return [part.strip() for part in text.split(",") if part.strip()]
