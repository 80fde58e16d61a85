"""``hearfelt page``."""

from __future__ import annotations

from pathlib import Path

import pytest

from hearfelt.app import static_page
from hearfelt.cli import main
from hearfelt.testing.bundles import write_tiny_bundle


def test_it_writes_the_folder_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []

    def runtime(given: object = None, progress: object = None) -> dict[str, bytes]:
        asked.append(given)
        return {"ort.js": b"", "ort.wasm": b""}

    monkeypatch.setattr(static_page, "web_runtime", runtime)
    bundle = write_tiny_bundle(tmp_path / "bundle")
    status = main(["page", "--out", str(tmp_path / "out"), "--model", str(bundle), "--runtime", "a.tgz"])
    said = capsys.readouterr()
    assert status == 0 and asked == ["a.tgz"]
    assert (tmp_path / "out" / "index.html").is_file()
    assert said.out.startswith(f"{tmp_path / 'out'}: ") and "--serve" in said.err


def test_what_is_wrong_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page", "--out", str(tmp_path / "out"), "--runtime", str(tmp_path / "nowhere.tgz")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["page"]) == 2
