"""The root of the command line: help, version, errors, and that starting costs nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from types import ModuleType

import pytest

from hearfelt import __version__
from hearfelt.cli import _main, main
from hearfelt.errors import HearfeltError


def test_help_lists_every_command(capsys) -> None:
    assert main(["--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for name, command in _main.COMMANDS.items():
        assert f"{name} " in out and command.help in out
    assert main([]) == 2


def test_version(capsys) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"hearfelt {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["prdict"], "Did you mean 'predict'"), (["--frob"], "no option --frob"), (["--debug", "nope"], "")],
)
def test_wrong_beginnings(capsys, arguments, message) -> None:
    if "--debug" in arguments:
        with pytest.raises(HearfeltError):
            main(arguments)
        return
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1 and message in err


def test_commands_are_asked_for_help_without_running(capsys) -> None:
    assert main(["predict", "--help"]) == 0
    assert "--unsure-below" in capsys.readouterr().out


def command(monkeypatch, function) -> None:
    monkeypatch.setitem(
        _main.COMMANDS, "test", _main.Command("a_command_for_a_test:_function", "For a test.")
    )
    module = ModuleType("a_command_for_a_test")
    module._function = function
    monkeypatch.setitem(sys.modules, module.__name__, module)


def test_what_happens_in_a_command_becomes_a_status(capsys, monkeypatch) -> None:
    def fail() -> None:
        raise HearfeltError("First line.\nSecond.")

    def interrupt() -> None:
        raise KeyboardInterrupt

    def give_up() -> None:
        raise _main.InterruptedWorkError("interrupted: 3 are kept")

    def good() -> None:
        pass

    def partly() -> int:
        return 1

    for function, status, err in (
        (fail, 2, "error: First line. Second.\n"),
        (interrupt, 130, "interrupted\n"),
        (give_up, 130, "interrupted: 3 are kept\n"),
        (good, 0, ""),
        (partly, 1, ""),
    ):
        command(monkeypatch, function)
        assert main(["test"]) == status
        assert capsys.readouterr() == ("", err)


def test_mistakes_of_ours_are_not_hidden(monkeypatch) -> None:
    def wrong() -> None:
        raise ZeroDivisionError

    command(monkeypatch, wrong)
    with pytest.raises(ZeroDivisionError):
        main(["test"])


def test_the_root_is_light() -> None:
    code = (
        "import sys; from hearfelt.cli import main; main(['--help'])\n"
        "heavy = {'numpy', 'typer', 'pydantic', 'rich', 'soundfile', 'onnxruntime', 'torch', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_help_is_quick() -> None:
    def seconds() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "hearfelt", "--help"], stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - began

    assert min(seconds() for _ in range(5)) < 0.5
