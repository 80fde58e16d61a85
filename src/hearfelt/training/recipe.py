"""The recipe: one typed schema that says everything about a training.

A recipe is a short YAML; what it leaves out has the defaults stated here. The schema is a contract: `recipe_version`
is raised when a field changes its meaning or goes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    ValidationError,
    field_validator,
    model_validator,
)

from hearfelt.augment._registry import AugmentationConfig, create_augmentation
from hearfelt.emotions import LabelSet, get_label_set
from hearfelt.errors import RecipeError
from hearfelt.features._registry import AnyFrontEnd
from hearfelt.features.log_mel import LogMelConfig
from hearfelt.protocols.config import ProtocolConfig
from hearfelt.training._problems import explain, unknown
from hearfelt.training._settings import apply_setting, read_recipe_file

if TYPE_CHECKING:
    from torch import nn


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class LabelsPart(_Part):
    """The classes: a named set, changed or not, or classes of one's own.

    Attributes:
        set: a name of `hearfelt.emotions.SETS`; empty where `keep` is given.
        keep: the classes, in output order.
        merge: emotion -> class that it counts as.
        drop: emotions whose rows are left out.
    """

    set: str = ""
    keep: tuple[str, ...] = ()
    merge: dict[str, str] = Field(default_factory=dict)
    drop: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> LabelsPart:
        if self.set and self.keep:
            raise ValueError(f"give a set ({self.set!r}) or the classes to keep, not both")
        return self

    def resolve(self) -> LabelSet:
        """The label set that the rules describe; a class that is merged or dropped is one no longer.

        >>> LabelsPart(set="eight", merge={"calm": "neutral"}).resolve().labels
        ('neutral', 'happy', 'sad', 'angry', 'fearful', 'disgust', 'surprised')
        """
        base = LabelSet("custom", self.keep) if self.keep else get_label_set(self.set or "eight")
        merge = {**base.merge, **self.merge}
        drop = (base.drop | set(self.drop)) - set(merge)
        labels = tuple(
            label for label in base.labels if merge.get(label, label) == label and label not in drop
        )
        return LabelSet(base.name if labels == base.labels else "custom", labels, merge, drop)


class DataPart(_Part):
    """What is trained on.

    Attributes:
        corpora: adapter names, looked for below ``--data``; empty where manifests are given.
        manifests: manifest files instead.
        images: a folder of pictures instead, for the front end ``picture``.
        image_labels: their labels, ``.npy`` or ``.csv``; those in the folder where nothing is named.
        image_order: in which the files are counted: ``auto``, ``sorted`` by name or ``numeric``.
        image_classes: what labels that are numbers stand for, the first being 0.
        labels: the classes.
        drop_identical: of clips with identical audio keep the first, or none where their labels contradict.
        min_class_clips: leave out a corpus' classes with fewer clips than this (strays of another label).
        only: rows of these corpora alone train, validate and test; the others count for the division of the speakers,
            so that runs on one corpus and on another share their folds.
        max_training_clips: train each fold on that many clips, drawn class by class in proportion; a smaller draw is
            part of a larger one of the same seed.
    """

    corpora: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    images: str = ""
    image_labels: str = ""
    image_order: Literal["auto", "sorted", "numeric"] = "auto"
    image_classes: tuple[str, ...] = ()
    labels: LabelsPart = LabelsPart(set="eight")
    drop_identical: bool = True
    min_class_clips: int = Field(default=0, ge=0)
    only: tuple[str, ...] = ()
    max_training_clips: int | None = Field(default=None, ge=2)

    @field_validator("labels", mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"set": value} if isinstance(value, str) else value


class ModelPart(_Part):
    """Architecture by registry name, with its options."""

    name: str = "residual_attention"
    options: dict[str, Any] = Field(default_factory=dict)


class LossPart(_Part):
    """What is minimised.

    Attributes:
        name: ``cross_entropy``, or ``focal`` (Lin et al. 2017) with `focal_gamma`.
        label_smoothing: share of the target spread over the classes that the clip's corpus has.
        class_weights: ``none``; ``frequency``, inverse of the class counts; ``effective_number`` (Cui et al. 2019);
            or a weight a class.
    """

    name: Literal["cross_entropy", "focal"] = "cross_entropy"
    focal_gamma: float = Field(default=2.0, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    class_weights: Literal["none", "frequency", "effective_number"] | dict[str, PositiveFloat] = "none"


class SamplingPart(_Part):
    """Which clips an epoch sees.

    Attributes:
        name: ``shuffle``, every clip once; ``balanced``, drawn so that classes within a corpus are equal and corpora
            count by a power of their size.
        clips_per_epoch: how many; None is as many as there are training rows.
        corpus_power: 0 counts corpora alike, 1 by clips; for ``balanced``.
        max_corpus_clips: clips beyond this do not raise a corpus' share.
        min_speakers: corpora with fewer speakers count less, by the square root of the ratio.
    """

    name: Literal["shuffle", "balanced"] = "shuffle"
    clips_per_epoch: int | None = Field(default=None, ge=2)  # a batch needs two
    corpus_power: float = Field(default=0.5, ge=0, le=1)
    max_corpus_clips: int = Field(default=1500, ge=1)
    min_speakers: int = Field(default=8, ge=1)


class EarlyStoppingPart(_Part):
    """Stop when the monitored validation figure has not risen for `patience` epochs."""

    patience: int = Field(default=10, ge=1)


class TrainingPart(_Part):
    """How weights are found.

    Attributes:
        epochs: at most.
        batch_size: clips.
        optimizer: ``adamw``, ``adam`` or ``sgd`` (momentum 0.9).
        learning_rate: at its highest.
        weight_decay: on weights with more than one axis, not on biases and norms.
        schedule: ``constant`` or ``cosine`` (to zero at the last epoch), after `warmup_steps`.
        warmup_steps: of linear rise.
        gradient_clip: norm; 0 does not clip.
        crop_seconds: training clips are cut to this at a random place; None takes them whole.
        join_clips: shorter clips are joined with others of the same speaker and class until they have `crop_seconds`.
        start_from: run folder whose same fold's weights are the start, or a bundle; refused where that has heard this
            fold's test or validation. Where the classes differ, the layer that answers begins anew.
        start_fold: of `start_from`; by default the same fold, of a bundle the member of that number.
        freeze: ``trunk``: the layer that answers alone is trained; ``gradual``: that layer first, then layer after
            layer from the output back.
        freeze_epochs: how long the trunk is frozen, by default always; how long each of the five steps of ``gradual``
            takes, by default a tenth of the epochs.
        average_decay: of the exponential average of the weights that is validated and exported; 0 takes the weights
            themselves.
        mask_labels_by_corpus: the loss of a clip looks only at the classes that its corpus has, and so does its test.
        loss: what is minimised.
        sampling: which clips an epoch sees.
        early_stopping: None trains all epochs.
        select: ``best`` validation epoch, or the ``last``.
        validate_every: epochs; the last one is validated in any case. Large validation parts take time.
        monitor: which validation figure selects and stops.
        precision: ``auto`` is bf16 where the processor has it, else 32 bit.
        threads: of each training process.
        loader_workers: processes that prepare batches; 0 prepares them in line, which is best on few cores.
    """

    epochs: int = Field(default=30, ge=1)
    batch_size: int = Field(default=32, ge=1)
    optimizer: Literal["adamw", "adam", "sgd"] = "adamw"
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.01, ge=0)
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup_steps: int = Field(default=100, ge=0)
    gradient_clip: float = Field(default=5.0, ge=0)
    crop_seconds: float | None = Field(default=3.0, ge=0.1)
    join_clips: bool = False
    start_from: str | None = None
    start_fold: int | None = Field(default=None, ge=0)
    freeze: Literal["none", "trunk", "gradual"] = "none"
    freeze_epochs: int | None = Field(default=None, ge=1)
    average_decay: float = Field(default=0.0, ge=0, lt=1)
    mask_labels_by_corpus: bool = False
    loss: LossPart = LossPart()
    sampling: SamplingPart = SamplingPart()
    early_stopping: EarlyStoppingPart | None = None
    select: Literal["best", "last"] = "best"
    validate_every: int = Field(default=1, ge=1)
    monitor: Literal["uar", "accuracy", "loss"] = "uar"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    threads: int = Field(default=1, ge=1)
    loader_workers: int = Field(default=0, ge=0)


class RecognitionPart(_Part):
    """What the exported bundle recommends to recognition: how long recordings are cut."""

    window_seconds: float = Field(default=3.0, ge=0.1, le=600)  # what `hearfelt.load` takes
    hop_seconds: float = Field(default=1.5, gt=0)


class Recipe(_Part):
    """Everything about a training.

    Attributes:
        recipe_version: of this schema.
        name: of the experiment; run folders and reports carry it.
        description: a sentence for people.
        seed: of weights, order and augmentation.
        data: corpora and classes.
        front_end: its name (log_mel where none is given) and parameters; the statistics of normalisation ``corpus`` are
            filled in by the training.
        augmentation: in order, waveform before spectrogram.
        model: architecture.
        protocol: how rows are divided.
        training: how weights are found.
        recognition: window and hop of the exported bundle.
    """

    recipe_version: Literal[1] = 1
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    description: str = ""
    seed: int = Field(default=0, ge=0)
    data: DataPart = DataPart()
    front_end: AnyFrontEnd = LogMelConfig()
    augmentation: tuple[AugmentationConfig, ...] = ()
    model: ModelPart = ModelPart()
    protocol: ProtocolConfig = ProtocolConfig(name="grouped_kfold")
    training: TrainingPart = TrainingPart()
    recognition: RecognitionPart = RecognitionPart()

    @field_validator("augmentation", mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return tuple(create_augmentation(item) if isinstance(item, Mapping | str) else item for item in value)

    @model_validator(mode="after")
    def _check(self) -> Recipe:
        if self.recognition.hop_seconds > self.recognition.window_seconds:
            raise ValueError("recognition.hop_seconds is longer than recognition.window_seconds")
        if self.training.freeze != "none" and self.training.start_from is None:
            raise ValueError("training.freeze keeps weights of training.start_from, which is not given")
        if self.training.join_clips and self.training.crop_seconds is None:
            raise ValueError("training.join_clips joins up to training.crop_seconds, which is null")
        return self


def load_recipe(source: str | os.PathLike[str] | Mapping[str, Any], settings: Iterable[str] = ()) -> Recipe:
    """Read a recipe and apply settings.

    Args:
        source: a YAML file, or its content as a mapping.
        settings: ``a.b=value`` each; the value is read as YAML. Items of a list are counted from 0, or
            called by their name: ``augmentation.noise.probability=1``.

    Raises:
        RecipeError: no such file, not YAML, a key that is twice there, an unknown key (the nearest is named) or a
            wrong value.

    >>> load_recipe({"name": "short"}, ["training.epochs=2"]).training.epochs
    2
    """
    where = "the recipe" if isinstance(source, Mapping) else os.fspath(source)
    content = dict(source) if isinstance(source, Mapping) else read_recipe_file(Path(source))
    for setting in settings:
        apply_setting(content, setting)
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        problems = [explain(item, Recipe) for item in error.errors()]
        raise RecipeError(f"{where} is wrong: {'; '.join(dict.fromkeys(problems)).rstrip('.')}.") from error
    except RecipeError as error:
        raise RecipeError(f"{where} is wrong: {error}") from error


def dump_recipe(recipe: Recipe) -> str:
    """YAML of every field of the schema."""
    content = recipe.model_dump(mode="json")
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    # YAML reads some rare characters, such as NEL, as line ends where they are not escaped.
    return text if yaml.safe_load(text) == content else yaml.safe_dump(content, sort_keys=False)


def check_recipe(recipe: Recipe) -> None:
    """Refuse what only the registries know, before any audio is read.

    Raises:
        HearfeltError: unknown model or option, unknown label set, weights of other classes.
    """
    from hearfelt.models._registry import create_model, get_model
    from hearfelt.training.classical import check_classical, is_classical

    labels = recipe.data.labels.resolve()
    name, options = recipe.model.name, recipe.model.options
    weights = recipe.training.loss.class_weights
    if isinstance(weights, dict) and (others := sorted(set(weights) - set(labels.labels))):
        raise RecipeError(f"class_weights names {others}; the classes are {', '.join(labels.labels)}.")
    if is_classical(name):
        check_classical(recipe)
        return
    known = get_model(name).config.model_fields
    if strangers := [option for option in options if option not in known]:
        problems = [unknown("option", f"model.options.{option}", known) for option in strangers]
        raise RecipeError(f"The recipe is wrong for the model {name!r}: " + "; ".join(problems) + ".")
    bands = recipe.front_end.band_count
    model = create_model(name, class_count=len(labels.labels), mel_count=bands, options=options)
    if recipe.training.batch_size == 1:
        _check_single_clips(model, name, bands)


def _check_single_clips(model: nn.Module, name: str, bands: int) -> None:
    """A norm over the batch has nothing to compare one clip with; better said now than in the first step."""
    import torch

    try:
        model.train()(torch.zeros(1, bands, 50), torch.tensor([50]))
    except ValueError as error:
        raise RecipeError(
            f"The model {name!r} cannot be trained with training.batch_size 1: {error}. Use 2 or more."
        ) from error
