"""Puts the pages of the site into reading order; a page that is not named here comes last, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ORDER = (  # noqa: SIM905
    "index quickstart corpora download protocols augmentation features models training images studies benchmark "
    "evaluation fairness robustness ensemble export recognition timeline inspect listen serve page browser deploy "
    "command_line contracts results design"
).split()


def on_config(config: Any) -> Any:
    """Called by mkdocs before it looks for pages."""
    docs = Path(config["docs_dir"])
    pages = sorted(docs.glob("*.md"), key=lambda page: (_place(page.stem), page.stem))
    config["nav"] = [
        *(page.name for page in pages),
        {"Python": [f"api/{page.name}" for page in sorted(docs.glob("api/*.md"))]},
    ]
    return config


def _place(stem: str) -> int:
    return ORDER.index(stem) if stem in ORDER else len(ORDER)
