from __future__ import annotations

import itertools

from hearfelt.corpora import get_corpus
from hearfelt.models.specification import Calibration, Provenance, Specification
from hearfelt.training.card import model_card

FULL = Specification(
    name="mine",
    labels=("happy", "sad"),
    architecture={"name": "four_block", "members": 3},
    parameters=1234567,
    training_corpora={"emodb": 500, "home_made": 20},
    held_out_speakers=tuple(f"speaker_{number:02d}" for number in range(40)),
    metrics={"all": {"uar": 0.61234, "accuracy": 0.7, "macro_f1": 0.5}, "emodb": {"uar": 0.8}},
    metrics_protocol="Six folds. Nobody who is tested is heard.",
    calibration=Calibration(temperature=1.5, fitted_on="12 validation clips"),
    licence="CC BY 4.0",
    provenance=Provenance(command="hearfelt train x.yaml", recipe_name="x", seeds=(0, 1)),
)


def test_it_says_what_a_person_must_know() -> None:
    card = model_card(FULL, 2_500_000)
    assert card.startswith("# mine\n")
    for said in (
        "happy, sad",
        "3 member(s), 1,234,567 weights, 2.5 MB, 16000 Hz",
        f"| emodb | 500 | de | {get_corpus('emodb').licence} |",
        "| home_made | 20 |  | the user's own |",
        "CC BY 4.0",
        "Six folds.",
        "| all | 61.2 % | 70.0 % | 50.0 % |",
        "| emodb | 80.0 % |  |  |",
        "Speakers never trained on (40): speaker_00, ",
        "speaker_29, ...",
        "temperature 1.500, fitted on 12 validation clips",
        "seed 0, 1",
        "    hearfelt train x.yaml",
        "## Unfit uses",
        "acted",
    ):
        assert said in card, said
    assert "speaker_30" not in card


def test_what_is_not_known_is_said() -> None:
    card = model_card(Specification(name="bare", labels=("a", "b")), 1)
    assert "No licence of the weights was stated." in card
    assert "Not known: no test rows." in card
    assert "fitted on nothing" in card
    assert "Speakers never trained on" not in card


def test_its_tables_are_tables() -> None:
    lines = model_card(FULL, 1).splitlines()
    for is_table, block in itertools.groupby(lines, key=lambda line: line.startswith("|")):
        if is_table:
            assert len({line.count("|") for line in block}) == 1


def test_notices_that_licences_ask_for_are_in_it() -> None:
    """CC BY asks for the authors and the licence, ODbL for a notice; whoever asks for nothing else gets none."""
    card = model_card(
        FULL.model_copy(update={"training_corpora": {"banglaser": 3, "crema_d": 2, "savee": 1}}), 1
    )
    for said in (
        "R. K. Das",
        "https://creativecommons.org/licenses/by/4.0/",
        "Contains information from CREMA-D",
        "ODbL 1.0",
        "DbCL 1.0",
    ):
        assert said in card
    assert card.count("\n- ") >= 2 and "EmoDB" not in card
    assert "Notices" not in model_card(
        FULL.model_copy(update={"training_corpora": {"savee": 1, "mine": 2}}), 1
    )
