"""A recipe says everything, survives its own text, and every mistake in it is one sentence that helps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from hearfelt.emotions import EMOTIONS, SETS
from hearfelt.errors import HearfeltError, RecipeError
from hearfelt.training.recipe import LabelsPart, Recipe, check_recipe, dump_recipe, load_recipe

REPOSITORY = Path(__file__).resolve().parents[2]
RECIPES = sorted(REPOSITORY.glob("recipes/*.yaml"))
MANUAL = REPOSITORY / "docs" / "training.md"


def load(*settings: str, **content: Any) -> Recipe:
    return load_recipe({"name": "t", **content}, settings)


def refused(*settings: str, **content: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        check_recipe(load(*settings, **content))
    return str(caught.value)


# The shipped recipes and the text of a recipe ----------------------------------------------------------------


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_shipped_recipes_are_right_and_survive_their_text(path: Path) -> None:
    recipe = load_recipe(path)
    check_recipe(recipe)
    assert recipe.description
    assert load_recipe(yaml.safe_load(dump_recipe(recipe))) == recipe


numbers = st.floats(1e-12, 1e6)
#: Some of them are numbers or nothing to YAML.
names = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.-]{0,8}\Z") | st.sampled_from(
    ["1e3", "null", "on", "0x1f", "1_0"]
)
options = st.dictionaries(st.text(), numbers | st.text() | st.none(), max_size=2)
weights = st.dictionaries(st.text(), numbers)
recipes = st.fixed_dictionaries(
    {"name": names},
    optional={
        "description": st.text(),
        "seed": st.integers(0, 2**70),
        "data": st.fixed_dictionaries(
            {},
            optional={
                "corpora": st.lists(st.text(min_size=1), max_size=3),
                "labels": st.sampled_from(sorted(SETS)) | st.just({"keep": ["sad", "no"], "merge": {"calm": "no"}}),
            },
        ),
        "augmentation": st.lists(
            st.sampled_from(["noise", "speed", {"name": "mixup", "alpha": 0.3}, {"name": "codec"}]), max_size=3
        ),
        "front_end": st.fixed_dictionaries({"floor": numbers}),
        "model": st.fixed_dictionaries({"options": options}),
        "training": st.fixed_dictionaries(
            {},
            optional={
                "learning_rate": numbers,
                "crop_seconds": st.none() | st.floats(0.1, 1e5),
                "loss": st.fixed_dictionaries({"class_weights": weights | st.just("frequency")}),
                "early_stopping": st.none() | st.just({"patience": 3}),
            },
        ),
    },
)  # fmt: skip


@given(content=recipes)
@settings(max_examples=60, deadline=None)
def test_dump_and_load_is_identity(content: dict[str, Any]) -> None:
    recipe = load_recipe(content)
    text = dump_recipe(recipe)
    again = load_recipe(yaml.safe_load(text))
    assert again == recipe
    assert dump_recipe(again) == text


def test_dump_has_every_field() -> None:
    assert set(yaml.safe_load(dump_recipe(load()))) == set(Recipe.model_fields)
    assert set(yaml.safe_load(dump_recipe(load()))["training"]) == set(type(load().training).model_fields)


def test_a_file_is_read_as_its_mapping(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(
        "name: äh\n".replace("äh", "t") + "description: Grüße\ntraining: {learning_rate: 1e-3, epochs: 2}\n"
    )
    recipe = load_recipe(path)
    assert recipe == load(description="Grüße", training={"learning_rate": 0.001, "epochs": 2})
    assert load_recipe(str(path)) == recipe


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: [", "is not YAML"),
        ("name: t\n\tseed: 1", "is not YAML"),
        ("!!python/object/apply:os.getcwd []", "is not YAML"),
        ("name: t\nseed: 2001-13-45", "is not YAML"),
        ("name: t\ndata: {labels: six}\ndata: {labels: four}", "'data' is there twice"),
        ("name: t\ntraining: {epochs: 3, seed: 1, epochs: 4}", "'epochs' is there twice"),
        ("", "holds nothing"),
        ("- name: t", "holds list"),
        ("just words", "holds str"),
        ("name: t\n1: 2", "Keys should be strings"),
        ("[" * 600, "is not YAML"),
    ],
)
def test_what_is_no_recipe_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=sentence) as caught:
        load_recipe(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_anchors_and_merges_are_still_yaml(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(
        "name: t\naugmentation:\n- &a {name: noise, probability: 0.1}\n- {<<: *a, probability: 0.2}\n"
    )
    assert [step.probability for step in load_recipe(path).augmentation] == [0.1, 0.2]


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"name: t\ndescription: Gr\xfc\xdfe")
    for path, sentence in (("none.yaml", "No such file"), (".", "directory"), ("latin.yaml", "not YAML")):
        with pytest.raises(RecipeError, match=sentence):
            load_recipe(tmp_path / path)


# Unknown keys ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "key", "near"),
    [
        ({"trainig": {}}, "trainig", "training"),
        ({"training": {"epoch": 3}}, "training.epoch", "epochs"),
        ({"training": {"loss": {"label_smoothin": 0.1}}}, "training.loss.label_smoothin", "label_smoothing"),
        ({"training": {"early_stopping": {"patiens": 3}}}, "training.early_stopping.patiens", "patience"),
        ({"training": {"sampling": {"clips_per_epochs": 3}}}, "training.sampling.clips_per_epochs", "clips_per_epoch"),
        ({"data": {"corpus": ["tess"]}}, "data.corpus", "corpora"),
        ({"data": {"labels": {"keeps": ["sad"]}}}, "data.labels.keeps", "keep"),
        ({"front_end": {"mel_bands": 64}}, "front_end.mel_bands", "mel_count"),
        ({"front_end": {"name": "mfcc", "cepstrum": 9}}, "there is no key front_end.cepstrum", "cepstra"),
        ({"front_end": "logmel"}, "front_end: There is no front end named 'logmel'", "'log_mel'"),
        ({"protocol": {"name": "random", "fraction": 0.1}}, "protocol.fraction", "test_fraction"),
        ({"recognition": {"window": 3}}, "recognition.window", "window_seconds"),
        ({"model": {"nam": "four_block"}}, "model.nam", "name"),
        ({"model": {"options": {"dropuot": 0.1}}}, "model.options.dropuot", "dropout"),
        ({"model": {"name": "four_block", "options": {"chanels": [1, 2, 3, 4]}}}, "model.options.chanels", "channels"),
        ({"augmentation": [{"name": "noise", "min_snr": 3}]}, "'min_snr'", "'min_snr_db'"),
        ({"augmentation": [{"name": "noize"}]}, "'noize'", "'noise'"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_an_unknown_key_names_the_nearest(content: dict[str, Any], key: str, near: str) -> None:
    message = refused(**content)
    assert key in message
    _, _, after = message.lower().partition("did you mean ")
    assert near in after.split("?")[0]
    assert "known: " in after


def test_all_mistakes_are_told_at_once() -> None:
    message = refused(seed=-1, training={"epochs": 0, "epoch": 3}, modle={})
    for part in ("seed", "training.epochs", "training.epoch,", "modle"):
        assert part in message


@pytest.mark.parametrize(
    ("name", "near"), [("four_blok", "four_block"), ("residual_atention", "residual_attention")]
)
def test_an_unknown_model_names_the_nearest(name: str, near: str) -> None:
    with pytest.raises(HearfeltError, match=f"Did you mean '{near}'"):
        check_recipe(load(model={"name": name}))


# Values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"training": {"learning_rate": float("nan")}}, "training.learning_rate: .*finite"),
        ({"training": {"crop_seconds": float("inf")}}, "training.crop_seconds: .*finite"),
        ({"training": {"crop_seconds": 1e-9}}, r"training.crop_seconds: .*greater than or equal to 0.1, got 1e-09"),
        ({"training": {"schedule": "cosinus"}}, "training.schedule: .*'constant' or 'cosine', got 'cosinus'"),
        ({"training": 3}, "training: should be keys and values, got 3"),
        ({"augmentation": {"name": "noise"}}, "augmentation: should be a list"),
        ({"augmentation": [{"name": "noise", "min_snr_db": 50}]}, "min_snr_db 50.0 is above max_snr_db 30.0"),
        ({"training": {"loss": {"class_weights": {"sad": -1}}}}, "class_weights.sad: .*greater than 0"),
        ({"training": {"loss": {"class_weights": "freq"}}}, "training.loss.class_weights: .*'frequency'"),
        ({"training": {"loss": {"class_weights": {"boredom": 2}}}}, "class_weights names .'boredom'"),
        ({"protocol": {"name": "publishd"}}, "Did you mean 'published'"),
        ({"protocol": {"name": "published", "scheme": "emobox"}}, "There is no published scheme named 'emobox'"),
        ({"front_end": {"max_hz": 9000}}, "front_end: bands need min_hz < max_hz <= sample_rate / 2"),
        ({"front_end": 3}, "front_end: should be keys and values, got 3"),
        ({"front_end": {"name": "mfcc", "delta_frames": 2}}, "front_end.delta_frames: .*greater than or equal to 3"),
        ({"recognition": {"hop_seconds": 9}}, "hop_seconds is longer"),
        ({"recognition": {"window_seconds": 1000}}, "less than or equal to 600"),
        ({"name": "a/b"}, "name: .*pattern"),
        ({"recipe_version": 2}, "recipe_version: .*1, got 2"),
        ({"data": {"labels": {"set": "six", "keep": ["sad", "happy"]}}}, "'six'.* or the classes to keep, not both"),
        ({"model": {"options": {"dropout": 7}}}, "dropout"),
        ({"description": ["x" * 50] * 99}, "description"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_a_wrong_value_is_one_short_sentence(content: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence) as caught:
        check_recipe(load_recipe({"name": "t", **content}))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_a_missing_name_is_said() -> None:
    with pytest.raises(RecipeError, match="the key name is missing"):
        load_recipe({})


def test_a_recipe_without_data_is_right_as_data_may_be_given_beside_it() -> None:
    check_recipe(load())


# Classes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SETS))
def test_a_named_set_is_that_set(name: str) -> None:
    assert load(data={"labels": name}).data.labels.resolve() == SETS[name]
    assert load(data={"labels": {"set": name}}).data.labels.resolve() == SETS[name]


def test_a_class_that_is_merged_or_dropped_is_one_no_longer() -> None:
    merged = LabelsPart(set="eight", merge={"calm": "neutral"}).resolve()
    assert merged.labels == tuple(emotion for emotion in EMOTIONS if emotion != "calm")
    assert merged.map("calm") == "neutral" and merged.map("boredom") is None
    assert merged.name == "custom"  # it is "eight" no longer
    dropped = LabelsPart(set="eight", drop=("calm",)).resolve()
    assert "calm" not in dropped.labels and dropped.map("calm") is None


def test_classes_of_ones_own() -> None:
    own = LabelsPart(
        keep=("up", "down"), merge={"happy": "up", "angry": "up", "sad": "down"}, drop=("calm",)
    ).resolve()
    assert own.labels == ("up", "down")
    assert [own.map(emotion) for emotion in ("angry", "sad", "calm")] == ["up", "down", None]


def test_boredom_can_be_brought_back_into_a_set() -> None:
    assert LabelsPart(set="eight", merge={"boredom": "neutral"}).resolve().map("boredom") == "neutral"


# Settings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "path", "value"),
    [
        ("training.epochs=2", "training.epochs", 2),
        ("training.learning_rate=1e-3", "training.learning_rate", 0.001),
        ("training.learning_rate=5.0E-4", "training.learning_rate", 0.0005),
        ("training.crop_seconds=null", "training.crop_seconds", None),
        ("training.crop_seconds=", "training.crop_seconds", None),
        ("training.mask_labels_by_corpus=true", "training.mask_labels_by_corpus", True),
        ("data.corpora=[tess, savee]", "data.corpora", ("tess", "savee")),
        ("protocol.fold=[0, 2]", "protocol.fold", (0, 2)),
        ("training.early_stopping.patience=3", "training.early_stopping.patience", 3),
        ("training.loss.class_weights={sad: 2}", "training.loss.class_weights", {"sad": 2.0}),
        ("data.labels=four", "data.labels.set", "four"),
        ("name=1e3", "name", "1e3"),
        ("name=nan", "name", "nan"),
        ("description=a=b, c", "description", "a=b, c"),
        (" seed = 7", "seed", 7),
    ],
)
def test_a_setting_is_read_as_yaml(setting: str, path: str, value: Any) -> None:
    found: Any = load(setting)
    for step in path.split("."):
        found = getattr(found, step)
    assert found == value and type(found) is type(value)


def test_a_setting_changes_nothing_else() -> None:
    source = {
        "name": "t",
        "training": {"epochs": 9, "loss": {"label_smoothing": 0.1}},
        "augmentation": [{"name": "noise"}],
    }
    before = yaml.safe_dump(source)
    changed = load_recipe(
        source, ["training.loss.name=focal", "augmentation.0.probability=1", "training.loss.name=focal"]
    )
    assert yaml.safe_dump(source) == before
    assert (changed.training.epochs, changed.training.loss.label_smoothing) == (9, 0.1)
    assert changed.training.loss.name == "focal" and changed.augmentation[0].probability == 1


def test_an_item_of_a_list_is_called_by_its_name_where_one_has_it() -> None:
    listed = [{"name": "speed"}, {"name": "noise"}]
    changed = load("augmentation.noise.probability=0.25", augmentation=listed)
    assert changed.augmentation[1].probability == 0.25 and "probability" not in listed[1]
    with pytest.raises(RecipeError, match="there is no noise"):  # two have it
        load("augmentation.noise.probability=1", augmentation=[{"name": "noise"}, {"name": "noise"}])


def test_the_last_setting_holds() -> None:
    assert load("seed=1", "seed=2").seed == 2


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("training.epochs", "not of the form"),
        ("=3", "not of the form"),
        ("training..epochs=3", "not of the form"),
        ("training.epochs=[", "is not YAML"),
        ("training.epoch=3", "there is no key training.epoch, did you mean epochs"),
        ("training.epochs=many", "training.epochs: .*integer.*got 'many'"),
        ("augmentation.1.probability=1", "augmentation is a list of 1.*there is no 1"),
        ("augmentation.mixup.probability=1", "there is no mixup"),
        ("data.labels.merge.calm=neutral", r"data.labels is 'six' here.*data.labels=\{merge: \.\.\.\}"),
    ],
)
def test_a_wrong_setting_is_one_sentence(setting: str, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence) as caught:
        load(setting, data={"labels": "six"}, augmentation=[{"name": "noise"}])
    assert "\n" not in str(caught.value)


# The manual --------------------------------------------------------------------------------------------------


def fields(kind: type[BaseModel], instance: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, default) of every field; parts are followed, those that are off by default too."""
    for name, field in kind.model_fields.items():
        value = getattr(instance, name, None)
        inner = next(
            (k for k in (field.annotation, *get_args(field.annotation), type(value)) if is_part(k)), None
        )
        if inner is None:
            yield prefix + name, value
            continue
        if value is None:
            yield prefix + name, None
        default = value if value is not None else inner()
        yield from fields(inner, default, f"{prefix}{name}.")


def is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def test_the_manual_has_every_field_with_its_default() -> None:
    schema = {
        name: list(value)
        if isinstance(value, tuple)
        else dict(value)
        if isinstance(value, Mapping)
        else value
        for name, value in fields(Recipe, load())
    }
    schema["name"] = "required"
    told = {}
    for line in MANUAL.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) == 3 and cells[1].startswith("`"):
            told[cells[0].strip("`")] = yaml.safe_load(cells[1].strip("`"))
    assert told == schema


def test_one_clip_a_batch_is_refused_where_the_model_cannot() -> None:
    recipe = {"name": "x", "data": {"corpora": ["emodb"]}, "training": {"batch_size": 1}}
    check_recipe(load_recipe(recipe | {"model": {"name": "four_block"}}))
    with pytest.raises(RecipeError, match=r"batch_size 1.*Use 2 or more"):
        check_recipe(load_recipe(recipe | {"model": {"name": "residual_attention"}}))
