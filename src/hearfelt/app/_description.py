"""A model in words, as the service and the static page give it: what it is, how well it does, what it is not for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hearfelt.models.specification import Specification
from hearfelt.recognition.bundle import CARD_FILE

#: In plain words, for every model.
WARNINGS = (
    "The answers say how a voice sounds to a model that learned from actors. They do not say what a person feels.",
    "Do not use them to judge people: not for hiring, work, school, credit, insurance, police, borders, health or "
    "anything else that decides about somebody. In the European Union, recognising emotions at work and in education "
    "is forbidden (AI Act, article 5).",
    "Ask the people who are recorded before you use this, and tell them what it does.",
    "Most of what it learned is acted speech of adults in a few languages. Everyday speech, children, other languages, "
    "noise, song, and voices changed by illness are recognised worse.",
)


def describe(
    name: str, folder: Path, specification: Specification, *, labels: Sequence[str] | None = None
) -> dict[str, Any]:
    """An object for JSON.

    Args:
        name: that it is asked for by.
        folder: of the bundle.
        specification: of the bundle.
        labels: of the answers, where they are not all of the model's.
    """
    card = folder / CARD_FILE
    return {
        "name": name,
        "labels": list(specification.labels if labels is None else labels),
        "sample_rate": specification.sample_rate,
        "window_seconds": specification.window_seconds,
        "hop_seconds": specification.hop_seconds,
        "licence": specification.licence,
        "metrics": specification.metrics,
        "metrics_protocol": specification.metrics_protocol,
        "specification": specification.model_dump(mode="json"),
        "card": card.read_text(encoding="utf-8", errors="replace") if card.is_file() else "",
        "warnings": list(WARNINGS),
    }
