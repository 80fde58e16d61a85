"""What the documents promise is there: files that are linked, commands and options that are shown."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from hearfelt.cli import main
from hearfelt.cli._main import COMMANDS

REPOSITORY = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted(
    path
    for path in (
        *REPOSITORY.glob("*.md"),
        *REPOSITORY.glob("docs/**/*.md"),
        *REPOSITORY.glob("benchmarks/*.md"),
    )
)
IDS = [path.relative_to(REPOSITORY).as_posix() for path in DOCUMENTS]


def without_code(text: str) -> str:
    return re.sub(r"`[^`\n]+`", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_linked_files_are_there(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", without_code(document.read_text(encoding="utf-8")))
    missing = [
        target
        for target in targets
        if "://" not in target
        and not target.startswith("mailto:")
        and not (document.parent / target).exists()
    ]
    assert not missing


def shown_commands(document: Path) -> list[list[str]]:
    """Arguments of every ``hearfelt ...`` line in a block of shell code."""
    blocks = re.findall(r"```(?:bash|sh|console)\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    lines = [line.removeprefix("$ ").strip() for line in lines]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("hearfelt ")]


@cache
def help_of(*command: str) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = main([*command, "--help"])
    return status, out.getvalue()


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_shown_commands_and_options_are_there(document: Path) -> None:
    wrong = []
    for arguments in shown_commands(document):
        if not arguments or arguments[0].startswith("-"):
            continue
        if arguments[0] not in COMMANDS:
            wrong.append(f"hearfelt {arguments[0]}")
            continue
        is_group = COMMANDS[arguments[0]].home.endswith(":app")
        command = arguments[: 2 if is_group else 1]
        status, text = help_of(*command)
        wrong += [f"hearfelt {' '.join(command)}"] if status else []
        wrong += [
            f"hearfelt {' '.join(command)} {option}"
            for option in re.findall(r"(?<=\s)--?[a-z][a-z-]*", " " + " ".join(arguments))
            if not re.search(rf"(?<![\w-]){option}(?![\w-])", text)
        ]
    assert not wrong
