"""The typed settings of a protocol, as a recipe holds them."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hearfelt.errors import UnknownNameError
from hearfelt.protocols._schemes import SCHEMES

ProtocolName = Literal[
    "random",
    "stratified_random",
    "grouped_kfold",
    "leave_one_speaker_out",
    "published",
    "cross_corpus",
    "all",
]
PROTOCOLS: tuple[str, ...] = get_args(ProtocolName)

#: With fewer people beside the test one who validates would leave a single voice to train on.
SMALLEST_WITH_VALIDATION = 3


class ProtocolConfig(BaseModel):
    """How rows are divided into training, validation and test.

    Attributes:
        name: one of `list_protocols()`.
        scheme: which published division, for ``published``; one of `list_schemes()`.
        folds: number of folds of ``grouped_kfold`` (5 where not given); ``random`` and ``stratified_random``
            make one split of `test_fraction` unless it is given; ``cross_corpus`` uses it only where both
            sides share people.
        fold: run these folds only. A split always holds every fold, so that numbers keep their meaning.
        test_fraction: share of the clips that ``random`` and ``stratified_random`` test on.
        validation_fraction: share of the speakers beside the test (for the random protocols: of the clips)
            who do not train but select the epoch; 0 gives no validation.
        validation_min_speakers: corpora with fewer speakers beside the test let all of them train, where others
            validate, which miss a voice less.
        train_corpora: for ``cross_corpus``; empty is every corpus not tested on.
        test_corpora: for ``cross_corpus``; empty is every corpus not trained on. Both empty: each in turn.
        seed: decides who is in which fold and who validates.

    >>> ProtocolConfig(name="published", scheme="emobox_ravdess").label
    'published/emobox_ravdess'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ProtocolName = "grouped_kfold"
    scheme: str = ""
    folds: int | None = Field(default=None, ge=2)
    fold: tuple[int, ...] | None = None
    test_fraction: float = Field(default=0.2, gt=0, lt=1)
    validation_fraction: float = Field(default=0.15, ge=0, lt=1)
    validation_min_speakers: int = Field(default=SMALLEST_WITH_VALIDATION, ge=SMALLEST_WITH_VALIDATION)
    train_corpora: tuple[str, ...] = ()
    test_corpora: tuple[str, ...] = ()
    seed: int = Field(default=0, ge=0)

    @field_validator("name", mode="before")
    @classmethod
    def _known_name(cls, value: Any) -> Any:
        name = value.strip().lower().replace("-", "_") if isinstance(value, str) else value
        if name not in PROTOCOLS:
            raise ValueError(str(UnknownNameError("protocol", str(value), PROTOCOLS)))
        return name

    @model_validator(mode="after")
    def _check(self) -> ProtocolConfig:
        if self.name == "published":
            if self.scheme not in SCHEMES:
                raise ValueError(str(UnknownNameError("published scheme", self.scheme, SCHEMES)))
        elif self.scheme:
            raise ValueError(f"scheme {self.scheme!r} belongs to protocol 'published', not to {self.name!r}")
        if self.name != "cross_corpus" and (self.train_corpora or self.test_corpora):
            raise ValueError(f"train_corpora and test_corpora belong to 'cross_corpus', not to {self.name!r}")
        if self.fold is not None and (
            not self.fold or min(self.fold) < 0 or len(set(self.fold)) < len(self.fold)
        ):
            raise ValueError(f"fold lists different folds counted from 0, got {list(self.fold)}")
        return self

    @property
    def label(self) -> str:
        """What a `Split` and reports call this protocol: the name, and the scheme where there is one."""
        return f"{self.name}/{self.scheme}" if self.scheme else self.name

    def folds_to_run(self, count: int) -> tuple[int, ...]:
        """Numbers of the folds to run, of a split with ``count`` folds.

        Raises:
            ValueError: `fold` names one that the split does not have.
        """
        chosen = tuple(range(count)) if self.fold is None else self.fold
        strangers = [number for number in chosen if number >= count]
        if strangers:
            raise ValueError(
                f"fold {strangers} asked for, but {self.label} has {count} folds: 0 to {count - 1}"
            )
        return chosen
