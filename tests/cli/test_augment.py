"""``hearfelt augment``: levels and chains from the command line become clips and a manifest."""

import soundfile

from hearfelt.cli import main
from hearfelt.corpora._scan import scan_many
from hearfelt.corpora.manifest import read_manifest


def test_levels_and_chains_become_clips_and_a_manifest(tiny_corpora, tmp_path, capsys) -> None:
    arguments = ["augment", "--data", str(tiny_corpora), "--out", str(tmp_path / "out")]
    status = main(
        [
            *arguments,
            "--level",
            "noise=20",
            "--with",
            "quiet={name: gain, min_gain_db: -12, max_gain_db: -12}",
        ]
    )
    assert status == 0
    written = read_manifest(tmp_path / "out" / "manifest.csv")
    assert len(written) == 2 * len(scan_many(tiny_corpora))
    assert str(len(written)) in capsys.readouterr().err.replace(",", "")
    assert soundfile.info(written[0].path).samplerate == 16000
    assert main([*arguments, "--level", "loud=1"]) == 2
    assert "noise=DECIBELS" in capsys.readouterr().err


def test_wrong_requests_are_one_line(tiny_corpora, tmp_path, capsys) -> None:
    arguments = ["augment", "--data", str(tiny_corpora), "--out", str(tmp_path / "out")]
    for extra, message in (
        (["--with", "a={name: noise"], "no YAML"),
        (["--with", "a={name: mixup}"], "mixup"),
        ([], "0 variants"),
        (["--level", "noise=5", "--copies", "0"], "0 copies"),
    ):
        assert main([*arguments, *extra]) == 2
        assert message in capsys.readouterr().err
