"""Errors name the nearest names and the extra that is missing."""

from __future__ import annotations

import pytest

from hearfelt import errors
from hearfelt.errors import HearfeltError, MissingExtraError, UnknownNameError, require


def test_all_errors_are_one_family() -> None:
    family = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, Exception) and value.__module__ == errors.__name__
    ]
    assert len(family) >= 8
    assert all(issubclass(error, HearfeltError) for error in family)


def test_an_unknown_name_names_the_nearest_and_all() -> None:
    error = UnknownNameError("corpus", "emodbb", ["tess", "savee", "emodb"])
    assert str(error) == (
        "There is no corpus named 'emodbb'. Did you mean 'emodb'? Known: emodb, savee, tess."
    )
    assert isinstance(error, KeyError)


def test_nothing_near_gives_no_hint() -> None:
    assert str(UnknownNameError("model", "xyz", ["four_block"])) == (
        "There is no model named 'xyz'. Known: four_block."
    )


def test_require_gives_the_module() -> None:
    assert require("json", "train", "reading").dumps([1]) == "[1]"


def test_require_names_the_extra() -> None:
    with pytest.raises(
        MissingExtraError, match=r"^Flying needs 'no_such_library', .* pip install 'hearfelt\[mic\]'"
    ):
        require("no_such_library.part", "mic", "flying")
