"""Published divisions as plain tables: who is tested, who validates, and where that was published.

Speakers are written as the corpus' own codes; `hearfelt.protocols._people.speaker_code` makes them
comparable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

RAVDESS = ("ravdess_speech", "ravdess_song")


@dataclass(frozen=True)
class Scheme:
    """One published division.

    Attributes:
        title: what reports say.
        source: who published it; empty where it is common usage.
        corpora: which corpora it is defined for; empty is any.
        tests: a group of speaker codes a fold.
        kind: ``speakers`` (the table `tests`), ``serab``, ``joint`` or ``random``.
    """

    title: str
    source: str
    corpora: tuple[str, ...] = ()
    tests: tuple[tuple[str, ...], ...] = ()
    kind: str = "speakers"


@dataclass(frozen=True)
class SingleSplit:
    """Speaker codes of one division with its own validation; everyone else trains."""

    test: tuple[str, ...]
    validation: tuple[str, ...]
    left_out: frozenset[str] = field(default_factory=frozenset)


def _groups(text: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(group.split()) for group in text.split("|"))


#: EmoBox, RAVDESS: the test actors of its six folds.
EMOBOX_RAVDESS = _groups("1 11 20 21 | 4 10 12 14 | 8 9 19 23 | 3 5 7 24 | 2 15 16 18 | 6 13 17 22")

_EMOBOX = "EmoBox, Ma et al. 2024"

SCHEMES: Mapping[str, Scheme] = {
    "emobox_ravdess": Scheme("EmoBox's six folds of RAVDESS actors", _EMOBOX, RAVDESS, EMOBOX_RAVDESS),
    "res_lstm_ravdess": Scheme(
        "five folds of RAVDESS actors, as ResLSTM was measured",
        "Krasnoproshin and Vashkevich 2026",
        RAVDESS,
        _groups("2 5 14 15 16 | 3 6 7 13 18 | 10 11 12 19 20 | 8 17 21 23 24 | 1 4 9 22"),
    ),
    "savee_loso": Scheme(
        "SAVEE, leave one of four men out", _EMOBOX, ("savee",), _groups("JE | KL | DC | JK")
    ),
    "emodb_loso": Scheme(
        "EmoDB, leave one of ten speakers out",
        "",
        ("emodb",),
        _groups("3 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16"),
    ),
    "aesdd_loso": Scheme(
        "AESDD, leave one of six speakers out", "", ("aesdd",), _groups("1 | 2 | 3 | 4 | 5 | 6")
    ),
    "tess_cross": Scheme(
        "TESS, train on one woman and test on the other", "", ("tess",), _groups("YAF | OAF")
    ),
    "ravdess_song_actors_21_24": Scheme(
        "RAVDESS song, actors 1-20 train and 21-24 test",
        "github.com/bagustris/ravdess_song",
        ("ravdess_song",),
        _groups("21 22 23 24"),
    ),
    "serab": Scheme(
        "SERAB's single split by speakers",
        "SERAB, Scheidwasser-Clow et al. 2022",
        (*RAVDESS, "savee", "emodb", "aesdd", "crema_d"),
        kind="serab",
    ),
    "joint6": Scheme(
        "six folds over all corpora at once, RAVDESS by EmoBox's actors, every other corpus dealt by speaker",
        "hearfelt",
        kind="joint",
    ),
    "project2_random": Scheme(
        "random 80/20 split of clips, stratified by emotion, seed 42", "a CNN on four corpora", kind="random"
    ),
    "project3_random": Scheme(
        "random 80/10/10 split of clips, seed 42; the second tenth is tested on",
        "a CNN on spectrogram pictures",
        kind="random",
    ),
    "project4_random": Scheme(
        "random 80/20 split of clips, stratified by emotion, seed 42", "a CNN on AESDD", kind="random"
    ),
}

(_CREMA_D_TEST, _CREMA_D_VALIDATION) = _groups(
    "1010 1013 1022 1026 1037 1038 1040 1045 1047 1048 1059 1065 1066 1068 1071 1073 1084 1086 1088 "
    "| 1015 1020 1021 1030 1050 1070 1079 1089 1090"
)
#: SERAB: RandomState(0).shuffle(sorted speakers), 60/20/20; CREMA-D is the split of TensorFlow Datasets.
SERAB: Mapping[str, SingleSplit] = {
    **dict.fromkeys(RAVDESS, SingleSplit(("1", "4", "13", "16", "22"), ("6", "8", "10", "19", "20"))),
    "savee": SingleSplit(("DC",), ("JE",)),
    "emodb": SingleSplit(("3", "12"), ("10", "14")),
    "aesdd": SingleSplit(("1", "5"), ("4",)),
    "crema_d": SingleSplit(
        _CREMA_D_TEST,
        _CREMA_D_VALIDATION,
        frozenset({"1040_ITH_SAD_XX", "1006_TIE_NEU_XX", "1013_WSI_DIS_XX", "1017_IWW_FEA_XX"}),
    ),
}
#: SERAB on the AESDD of five speakers, before the sixth was added.
SERAB_AESDD_FIVE = SingleSplit(("5",), ("4",))


def list_schemes() -> list[str]:
    """Names of all published schemes, sorted.

    >>> "emobox_ravdess" in list_schemes()
    True
    """
    return sorted(SCHEMES)
