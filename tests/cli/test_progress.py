from __future__ import annotations

import io
import sys

import pytest

from hearfelt.cli._progress import interruptible, note, progress_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_where_there_is_no_terminal(capsys) -> None:
    with progress_bar() as tell:
        tell("training", 1, 2)
    assert capsys.readouterr() == ("", "")


def test_bars_on_a_terminal(monkeypatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with progress_bar() as tell:
        tell("decoding", 3, 3)
        tell("training", 5, 20)
        tell("training", 12, 24)
    drawn = screen.getvalue()
    assert "decoding" in drawn and "3/3" in drawn and "12/24" in drawn


@pytest.mark.parametrize("sentence", ["Plain.", "caf\u00e9", "undecodable \udcff"])
def test_notes_go_to_standard_error(capsys, sentence) -> None:
    note(sentence)
    out, err = capsys.readouterr()
    assert out == "" and err.endswith("\n") and err.count("\n") == 1


def test_who_interrupts_is_told_how_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), interruptible("the same command goes on.") as tell:
        tell("clips", 1, 2)
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "Interrupted; the same command goes on.\n"
