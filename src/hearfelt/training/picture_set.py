"""A training on pictures: its recipe with all that a folder of pictures says filled in, and the store of its clips."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hearfelt.augment._base import WaveformAugmentation
from hearfelt.corpora.manifest import UNKNOWN_SPEAKER, Manifest
from hearfelt.corpora.pictures import read_pictures
from hearfelt.errors import RecipeError
from hearfelt.features.images import ImageConfig
from hearfelt.features.picture import PictureConfig
from hearfelt.models._registry import get_model
from hearfelt.training.pictures import Pictures, cache_pictures, settle_colours
from hearfelt.training.recipe import DataPart, Recipe
from hearfelt.training.waveforms import Waveforms, cache_waveforms

Progress = Callable[[int, int], None]
Note = Callable[[str], None]

#: What `hearfelt images make` leaves in its folder: how recordings were drawn.
SETTINGS_FILE = "images.json"


def open_store(manifest: Manifest, recipe: Recipe, progress: Progress | None = None) -> Waveforms | Pictures:
    """The clips of a manifest as the recipe's front end takes them, cached.

    Raises:
        CorpusError: they cannot be read, or the cache cannot be written.
    """
    if isinstance(recipe.front_end, PictureConfig):
        return cache_pictures(manifest, recipe.front_end, progress=progress)
    return cache_waveforms(manifest, sample_rate=recipe.front_end.sample_rate, progress=progress)


def read_data(data: DataPart) -> tuple[Manifest, str]:
    """The pictures that a recipe names, and how files and labels were matched.

    Raises:
        CorpusError: see `hearfelt.corpora.pictures.read_pictures`.
    """
    return read_pictures(
        data.images, data.image_labels or None, order=data.image_order, classes=data.image_classes
    )


def settle_pictures(recipe: Recipe, *, progress: Progress | None = None, note: Note | None = None) -> Recipe:
    """Fill in what the pictures say: their colour map, the model's input channels, how recordings are drawn.

    A recipe without pictures comes back as it is.

    Args:
        recipe: what to do.
        progress: of the picture cache, (pictures done, pictures in all).
        note: gets sentences for people: the order of the files above all.

    Raises:
        HearfeltError: pictures without a folder or a folder without pictures, steps that are for sound, or anything
            wrong with pictures and labels.
    """
    config, say = recipe.front_end, note or (lambda _: None)
    if not isinstance(config, PictureConfig):
        if recipe.data.images:
            raise RecipeError(
                f"The recipe's front end is {config.name!r}, which hears recordings, and a folder of pictures is "
                "given. Use front_end.name picture, as recipes/spectrogram_images.yaml does."
            )
        return recipe
    if not recipe.data.images:
        raise RecipeError(
            "The recipe's front end takes pictures: give --images FOLDER and --labels FILE, or draw them first with "
            "`hearfelt images make`."
        )
    sound = [step.name for step in recipe.augmentation if isinstance(step, WaveformAugmentation)]
    if sound or recipe.training.join_clips:
        what = f"The augmentation {sound[0]!r} changes" if sound else "training.join_clips joins"
        raise RecipeError(
            f"{what} sound, and this recipe trains on pictures. Pictures have spec_augment, zoom, mixup, rotate and "
            "flip."
        )
    options = get_model(recipe.model.name).config.model_fields
    manifest, how = read_data(recipe.data)
    say(f"Pictures: {how}.")
    if any(row.speaker == UNKNOWN_SPEAKER for row in manifest):
        say(
            "Pictures: who speaks is not known; only random protocols can be used, and their figures hold for the "
            "same voices."
        )
    pictures = cache_pictures(manifest, config, progress=progress)
    config, sentence = settle_colours(config, pictures)
    say(sentence)
    if config.render is None:
        config = config.model_copy(update={"render": _read_settings(Path(recipe.data.images), config)})
    model = recipe.model
    if "input_channels" in options and "input_channels" not in model.options:
        given = {**model.options, "input_channels": config.feature_channels}
        model = model.model_copy(update={"options": given})
    elif "input_channels" not in options and config.feature_channels > 1:
        raise RecipeError(
            f"The model {model.name!r} takes one channel and the pictures give {config.feature_channels}. Use "
            "front_end.colours grey, or a model with input_channels."
        )
    data = recipe.data.model_copy(update={"images": str(Path(recipe.data.images).absolute())})
    return recipe.model_copy(update={"front_end": config, "model": model, "data": data})


def _read_settings(folder: Path, config: PictureConfig) -> ImageConfig | None:
    """How the pictures of a folder of our making were drawn; None where nobody says, or they are resized."""
    try:
        content: Any = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
        render = ImageConfig.model_validate(content["settings"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None
    fits = render.duration != "keep" and (render.height, render.width) == (config.height, config.width)
    return render if fits and render.channels <= config.channels else None
