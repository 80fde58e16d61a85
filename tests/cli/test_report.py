from __future__ import annotations

import shutil

from hearfelt.cli import main


def test_it_is_made_again(capsys, tiny_run, tmp_path) -> None:
    folder = shutil.copytree(tiny_run, tmp_path / "run")
    wanted = (folder / "metrics.json").read_bytes()
    (folder / "metrics.json").unlink()
    (folder / "report.html").write_text("old")
    assert main(["report", str(folder)]) == 0
    assert capsys.readouterr().out == f"Report: {folder / 'report.html'}\n"
    assert (folder / "metrics.json").read_bytes() == wanted
    page = (folder / "report.html").read_text()
    assert "<html" in page and "hearfelt train tiny.yaml" in page


def test_only_of_runs(capsys, tmp_path) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "is not a run folder: it lacks resolved.yaml" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
