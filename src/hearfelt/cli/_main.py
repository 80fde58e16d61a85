"""Dispatch: which module holds which command, and what the world sees when one fails.

Commands are imported when they are invoked, so ``hearfelt --help`` imports neither typer nor numpy. This is
why the root is a table and not a typer group, which has to import every command before it can list them.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module

from hearfelt.errors import HearfeltError, UnknownNameError

#: Exit status where the request itself was wrong.
WRONG_REQUEST = 2
_INTERRUPTED = 130  # 128 + SIGINT
_BROKEN_PIPE = 141  # 128 + SIGPIPE


class InterruptedWorkError(Exception):
    """A command was interrupted and says what became of its work."""


@dataclass(frozen=True)
class Command:
    """Where a command lives: ``module:attribute``, a function with typer annotations or a `typer.Typer`."""

    home: str
    help: str


COMMANDS: dict[str, Command] = {
    "predict": Command(
        "hearfelt.cli.predict:predict", "Recognise the emotions in files, folders or standard input."
    ),
    "listen": Command(
        "hearfelt.cli.listen:listen", "Recognise emotions live, from a microphone or standard input."
    ),
    "timeline": Command(
        "hearfelt.cli.timeline:timeline", "Find the speech in long recordings, and its emotions over time."
    ),
    "serve": Command("hearfelt.cli.serve:serve", "Serve recognition over HTTP, with a web page."),
    "page": Command("hearfelt.cli.page:page", "Write a web page that recognises in the browser alone."),
    "inspect": Command(
        "hearfelt.cli.inspect:inspect", "See, hear and explain one recording: a page, or single pictures."
    ),
    "demo": Command("hearfelt.cli.demo:demo", "Recognise the bundled samples and draw one picture."),
    "models": Command("hearfelt.cli.models:app", "List, describe and draw the model architectures."),
    "corpora": Command("hearfelt.cli.corpora:app", "Download, scan, validate, describe and rename corpora."),
    "augment": Command("hearfelt.cli.augment:augment", "Write augmented copies of clips, with a manifest."),
    "features": Command("hearfelt.cli.features:app", "Measure acoustic descriptors of many clips."),
    "images": Command("hearfelt.cli.images:app", "Draw spectrograms as a data set of pictures."),
    "train": Command("hearfelt.cli.train:train", "Train and test a model from a recipe."),
    "study": Command(
        "hearfelt.cli.study:app", "Compare many trainings: settings, augmentation, transfer, lengths, models."
    ),
    "benchmark": Command(
        "hearfelt.cli.benchmark:benchmark",
        "Measure a model on published protocols, beside published figures.",
    ),
    "fairness": Command(
        "hearfelt.cli.fairness:fairness", "Say who is recognised how well, and where gaps come from."
    ),
    "robustness": Command(
        "hearfelt.cli.robustness:robustness", "Ask a model under noise, rooms, telephones and codecs."
    ),
    "export": Command(
        "hearfelt.cli.export:export", "Turn a run into a bundle that recognises without torch."
    ),
    "ensemble": Command(
        "hearfelt.cli.ensemble:ensemble", "Average runs: scored, reported and exported like one."
    ),
    "report": Command("hearfelt.cli.report:report", "Write the report of a run again."),
}


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: without the program's name; those of the process by default.

    Returns:
        the exit status: 0 done, 1 a part failed, 2 the request was wrong, 130 interrupted.
    """
    rest = list(sys.argv[1:] if arguments is None else arguments)
    debug = False
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in ("--help", "-h"):
            return _say(_help())
        if option == "--version":
            return _say(_version())
        if option != "--debug":
            return _fail(f"There is no option {option}. Try: hearfelt --help")
        debug = True
    if not rest:
        _say(_help())
        return WRONG_REQUEST
    try:
        return _invoke(rest[0], rest[1:])
    except (KeyboardInterrupt, InterruptedWorkError) as interruption:
        _complain(str(interruption) or "interrupted")
        return _INTERRUPTED
    except BrokenPipeError:
        _silence_standard_output()
        return _BROKEN_PIPE
    except HearfeltError as error:
        if debug:
            raise
        return _fail(str(error))
    except OSError as error:  # such as a full disk behind stdout
        if debug or error.strerror is None:
            raise
        _silence_standard_output()
        return _fail(f"{error.strerror}{f': {error.filename}' if error.filename else ''}.")


def _invoke(name: str, arguments: list[str]) -> int:
    if name not in COMMANDS:
        raise UnknownNameError("command", name, COMMANDS)
    module, attribute = COMMANDS[name].home.split(":")
    import typer
    from typer.exceptions import TyperException

    try:
        target = getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise HearfeltError(f"The command {name!r} is not part of this version of hearfelt.") from error
    if not isinstance(target, typer.Typer):
        function = target
        target = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        target.command(name)(function)
    try:
        status = target(args=arguments, prog_name=f"hearfelt {name}", standalone_mode=False)
        sys.stdout.flush()
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # its message is the whole help
            _say(error.format_message())
            return WRONG_REQUEST
        context = getattr(error, "ctx", None)  # of the subcommand, where there is one
        command = context.command_path if context else f"hearfelt {name}"
        return _fail(f"{error.format_message().rstrip('.')}. Try: {command} --help")
    except typer.Abort:
        return _INTERRUPTED
    except SystemExit as leaving:  # what typer makes of a closed pipe
        if isinstance(leaving.__context__, BrokenPipeError):
            raise leaving.__context__ from None
        raise
    if status == _INTERRUPTED:  # typer turns a KeyboardInterrupt into this status
        _complain("interrupted")
    return status if isinstance(status, int) else 0


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.help}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            "Usage: hearfelt [--debug] COMMAND [ARGUMENTS]...",
            "",
            "Hears what is felt: speech emotion recognition, from labelled recordings to a stranger's.",
            "",
            "Commands:",
            *lines,
            "",
            "Options:",
            "  --version  Print the version.",
            "  --debug    Show the stack trace of an error.",
            "  --help     Print this; hearfelt COMMAND --help says more about one command.",
        ]
    )


def _version() -> str:
    from hearfelt import __version__

    return f"hearfelt {__version__}"


def _say(text: str) -> int:
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _silence_standard_output()
        return _BROKEN_PIPE
    return 0


def _fail(sentence: str) -> int:
    _complain(f"error: {' '.join(sentence.split())}")
    return WRONG_REQUEST


def _complain(line: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(line.encode("utf-8", "backslashreplace").decode("utf-8") + "\n")


def _silence_standard_output() -> None:
    """Keep the interpreter from complaining, at exit, about what nobody reads any more."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
