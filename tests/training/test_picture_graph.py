"""From a folder of pictures to answers: trained, exported, given pictures and recordings."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
import torch

from hearfelt.audio.decode import read_audio
from hearfelt.cli._main import run
from hearfelt.errors import AudioError, BundleError
from hearfelt.features.images import ImageConfig, draw_image, encode_png, read_png
from hearfelt.files import write_json
from hearfelt.recognition.bundle import read_bundle
from hearfelt.recognition.recognizer import Recognizer, load
from hearfelt.testing.bundles import write_tiny_bundle
from hearfelt.testing.voices import make_speakers, speak
from hearfelt.training.export import export_run, load_network
from hearfelt.training.fit import fit_fold
from hearfelt.training.recipe import load_recipe
from hearfelt.training.run import finish_run, open_run, prepare_run

RECIPE = {
    "name": "tiny_pictures",
    "data": {"labels": {"keep": ["angry", "sad"]}},
    "front_end": {"name": "picture", "height": 16, "width": 16},
    "model": {"name": "three_layer", "options": {"widths": [4, 4, 4], "dense": [8], "size": [24, 24]}},
    "augmentation": [{"name": "zoom"}, {"name": "spec_augment"}, {"name": "mixup"}],
    "protocol": {"name": "published", "scheme": "project3_random"},
    "training": {"epochs": 2, "batch_size": 8, "warmup_steps": 0, "precision": "fp32"},
}


@pytest.fixture(scope="module")
def bundle(picture_folder, tmp_path_factory):
    """An image bundle that was trained for two epochs and knows how its pictures were drawn."""
    write_json(
        picture_folder / "images.json", {"settings": ImageConfig(height=16, width=16).model_dump(mode="json")}
    )
    content = {**RECIPE, "data": {**RECIPE["data"], "images": str(picture_folder)}}
    folder = tmp_path_factory.mktemp("pictures") / "run"
    prepare_run(load_recipe(content), folder)
    opened = open_run(folder)
    fit_fold(opened.recipe, opened.clips(), opened.split.folds[0], opened.fold_folder(0), fold=0)
    metrics = finish_run(opened)
    assert metrics["all"]["n"] == len(opened.split.folds[0].test)
    export_run(folder, folder.parent / "bundle")
    (picture_folder / "images.json").unlink()
    return folder.parent / "bundle"


def test_the_bundle_takes_pictures_and_says_so(bundle):
    specification = json.loads((bundle / "model.json").read_text())
    assert specification["bundle_version"] == 1
    assert specification["front_end"]["name"] == "picture"
    assert specification["front_end"]["colour_map"] == "magma"
    assert "unknown speakers" in specification["calibration"]["fitted_on"]


def test_pictures_are_recognised_alone_and_in_company(bundle, picture_folder):
    recognizer = load(bundle)
    files = sorted(picture_folder.glob("*.png"))[:5]
    answers = recognizer.batch(files)
    for path, answer in zip(files, answers, strict=True):
        alone = recognizer(path)
        assert alone.duration == 0.0 and len(alone.segments) == 1
        assert alone.probabilities == pytest.approx(answer.probabilities, abs=1e-5)
        assert sum(alone.probabilities.values()) == pytest.approx(1)
        with path.open("rb") as file:
            assert recognizer(file).probabilities == pytest.approx(alone.probabilities, abs=1e-6)


def test_a_recording_is_drawn_as_the_pictures_were(bundle, tmp_path, generator):
    speaker = make_speakers(1, generator)[0]
    voice = speak(speaker, "angry", generator, seconds=2.0)
    soundfile.write(tmp_path / "a.wav", voice, 16000)
    samples = read_audio(tmp_path / "a.wav", 16000)
    (tmp_path / "a.png").write_bytes(encode_png(draw_image(samples, ImageConfig(height=16, width=16))))
    recognizer = load(bundle)
    heard, seen = recognizer(tmp_path / "a.wav"), recognizer(tmp_path / "a.png")
    assert heard.duration == pytest.approx(samples.size / 16000)
    assert heard.probabilities == pytest.approx(seen.probabilities, abs=1e-5)


def test_command_line_answers_and_refuses(bundle, picture_folder, tmp_path, capsys):
    assert run(["predict", str(picture_folder), "--model", str(bundle), "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(list(picture_folder.glob("*.png")))
    large = tmp_path / "large.png"
    large.write_bytes(encode_png(np.zeros((20, 16, 3), np.uint8)))
    assert run(["predict", str(large), "--model", str(bundle), "--format", "json"]) == 1
    assert "20 x 16" in capsys.readouterr().out


def test_pictures_and_recordings_to_the_wrong_model(bundle, picture_folder, tmp_path):
    picture = sorted(picture_folder.glob("*.png"))[0]
    with pytest.raises(AudioError, match="is a picture"):
        load(write_tiny_bundle(tmp_path / "tiny"))(picture)
    read = read_bundle(bundle)
    front_end = read.specification.front_end.model_copy(update={"render": None})
    specification = read.specification.model_copy(update={"front_end": front_end})
    strangers = Recognizer(type(read)(read.folder, specification, read.graph))
    assert strangers(picture).emotion in ("angry", "sad")
    soundfile.write(tmp_path / "a.wav", np.ones(16000) * 0.1, 16000)
    with pytest.raises(BundleError, match="does not say how"):
        strangers(tmp_path / "a.wav")
    (tmp_path / "no.png").write_bytes(b"not a picture")
    with pytest.raises(AudioError, match="not a PNG"):
        strangers(tmp_path / "no.png")


def test_graph_and_training_give_the_same(bundle, picture_folder):
    run_folder = bundle.parent / "run"
    opened = open_run(run_folder)
    network = load_network(opened, 0)
    path = opened.manifest[0].path
    pixels = torch.from_numpy(read_png(path).reshape(1, -1).astype(np.float32))
    with torch.no_grad():
        logits = network(pixels, torch.tensor([pixels.shape[1]]))
    best = opened.recipe.data.labels.resolve().labels[int(logits.argmax())]
    assert load(bundle)(path).emotion == best
