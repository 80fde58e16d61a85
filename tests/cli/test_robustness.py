"""`hearfelt robustness`: what it prints, and mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearfelt.cli import main
from hearfelt.testing.bundles import write_tiny_bundle


def test_a_bundle(tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle, out = write_tiny_bundle(tmp_path / "b"), tmp_path / "out"
    arguments = ["robustness", str(bundle), "--data", str(tiny_corpora), "--out", str(out), "--clips", "8"]
    assert main([*arguments, "--conditions", "telephone, level*"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("as recorded ")
    assert "Floor of level: met" in said
    assert "Floor of babble" not in said, "it was not asked"
    assert (out / "robustness.json").is_file()
    assert f"Page: {out / 'robustness.html'}" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-model"], "no-such-model"),
        (["default", "--conditions", "rain"], "condition"),
        (["default", "--clips", "1"], "--clips"),
    ],
)
def test_mistakes_are_one_sentence(
    arguments: list[str], message: str, tiny_corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["robustness", *arguments, "--data", str(tiny_corpora), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert len(error.splitlines()) == 1
    assert not out.exists()
