from __future__ import annotations

import pytest

from hearfelt.errors import RecipeError
from hearfelt.features.images import ImageConfig
from hearfelt.files import write_json
from hearfelt.training.picture_set import settle_pictures
from hearfelt.training.recipe import Recipe


def recipe(folder, **changes):
    content = {
        "name": "p",
        "data": {"labels": {"keep": ["angry", "sad"]}, "images": str(folder) if folder else ""},
        "front_end": {"name": "picture", "height": 16, "width": 16},
        "model": {"name": "three_layer"},
        **changes,
    }
    return Recipe.model_validate(content)


def test_what_the_pictures_say_is_filled_in_and_said(picture_folder):
    said = []
    settled = settle_pictures(recipe(picture_folder), note=said.append)
    assert settled.front_end.colours == "undo" and settled.front_end.colour_map == "magma"
    assert settled.model.options == {"input_channels": 1}
    assert any("label i belongs to file i" in sentence for sentence in said)
    assert any("not known" in sentence for sentence in said)
    coloured = {"name": "picture", "height": 16, "width": 16, "colours": "rgb"}
    assert settle_pictures(recipe(picture_folder, front_end=coloured)).model.options == {"input_channels": 3}


def test_how_our_own_pictures_were_drawn_is_taken_over(picture_folder):
    drawn = ImageConfig(height=16, width=16)
    write_json(picture_folder / "images.json", {"settings": drawn.model_dump(mode="json")})
    assert settle_pictures(recipe(picture_folder)).front_end.render == drawn
    other = ImageConfig(height=32, width=16)
    write_json(picture_folder / "images.json", {"settings": other.model_dump(mode="json")})
    assert settle_pictures(recipe(picture_folder)).front_end.render is None


def test_what_does_not_go_together_is_refused(picture_folder):
    with pytest.raises(RecipeError, match="--images"):
        settle_pictures(recipe(None))
    with pytest.raises(RecipeError, match="hears recordings"):
        settle_pictures(recipe(picture_folder, front_end={"name": "log_mel"}))
    with pytest.raises(RecipeError, match="'noise' changes sound"):
        settle_pictures(recipe(picture_folder, augmentation=["noise"]))
    sound = Recipe(name="s")
    assert settle_pictures(sound) is sound
