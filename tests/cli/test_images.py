from __future__ import annotations

import pytest

from hearfelt.cli._main import run


def test_pictures_of_a_corpus_of_one_kind_and_the_training_that_follows(tiny_corpora, tmp_path, capsys):
    out = tmp_path / "pictures"
    arguments = ["images", "make", str(tiny_corpora), "--out", str(out), "--size", "16x16", "--workers", "1"]
    assert run([*arguments, "--emotions", "happy,anger"]) == 0
    said = capsys.readouterr().out
    assert "angry 16, happy 16" in said and "contact_sheet.png" in said
    assert run([*arguments, "--emotions", "happy,anger"]) == 0
    assert "0 pictures drawn, 32 were there" in capsys.readouterr().out
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(
        "name: p\ndata: {labels: {keep: [happy, angry]}}\nfront_end: {name: picture, height: 16, width: 16}\n"
        "model: {name: three_layer}\nprotocol: {name: grouped_kfold, folds: 2}\n"
    )
    train = ["train", str(recipe), "--images", str(out), "--out", str(tmp_path / "run"), "--prepare-only"]
    assert run(train) == 0
    said = capsys.readouterr().err
    assert "matched with labels.csv" in said and "speaker-independent" in said.lower()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "77"], "77x77"),
        (["--duration", "crop"], "needs seconds"),
        (["--colours", "magna"], "no colour map"),
        (["--kind", "mol"], "kind"),
        (["--workers", "0"], "--workers is 0"),
        (["--emotions", "disgust"], "no clips of disgust"),
    ],
)
def test_wrong_requests(options, message, tiny_corpora, tmp_path, capsys):
    assert run(["images", "make", str(tiny_corpora), "--out", str(tmp_path / "p"), *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "p").exists()


def test_options_of_pictures_need_pictures(tmp_path, capsys):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("name: p\n")
    assert run(["train", str(recipe), "--labels", "labels.npy"]) == 2
    assert "--images FOLDER" in capsys.readouterr().err
    assert run(["train", str(recipe), "--images", "x", "--order", "wild"]) == 2
    assert "auto, sorted or numeric" in capsys.readouterr().err
