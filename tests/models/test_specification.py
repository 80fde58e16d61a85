"""What travels with a model survives its file, and says no to what cannot be."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from hearfelt.features.log_mel import LogMelConfig
from hearfelt.models.specification import BUNDLE_VERSION, Calibration, Provenance, Specification


def test_json_brings_everything_back() -> None:
    specification = Specification(
        name="small",
        labels=("happy", "sad"),
        front_end=LogMelConfig(mel_count=8, normalization="corpus", mean=(0.1,) * 8, deviation=(1.0,) * 8),
        architecture={"name": "four_block", "options": {"dense": [8]}},
        training_corpora={"emodb": 535},
        held_out_speakers=("emodb_03",),
        metrics={"all": {"uar": 0.5}},
        calibration=Calibration(temperature=1.5, bias=(0.0, 0.1), fitted_on="validation speakers"),
        provenance=Provenance(seeds=(1, 2), members=2),
    )
    assert Specification.model_validate_json(specification.model_dump_json()) == specification


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"labels": ("sad", "sad")}, "labels repeat"),
        ({"labels": ("sad",)}, "at least 2"),
        ({"hop_seconds": 4.0}, "longer than window_seconds"),
        ({"calibration": {"bias": (1.0,)}}, "1 biases for 2 labels"),
        ({"calibration": {"temperature": 0}}, "greater than 0"),
        ({"bundle_version": BUNDLE_VERSION + 1}, "bundle_version"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, object], sentence: str) -> None:
    content: dict[str, object] = {"name": "x", "labels": ("happy", "sad"), **change}
    with pytest.raises(ValidationError, match=sentence):
        Specification.model_validate(content)


def test_it_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Specification(name="x", labels=("a", "b")).name = "y"  # type: ignore[misc]
