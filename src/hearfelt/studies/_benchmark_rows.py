"""The rows of the benchmark as plain data: who is tested by what, and what others published beside it.

Only figures that were read in the repository, the page or the paper itself are listed, each with its own protocol:
a figure of another protocol is context and no rival.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Published:
    """A figure of somebody else.

    Attributes:
        system: what was measured.
        value: between 0 and 1.
        measure: ``uar`` or ``accuracy``.
        protocol: theirs, in words.
        source: where it was read.
        kind: ``scratch``; ``pretrained`` on much other speech; ``features`` by hand with a classifier.
        same: whether the tested clips are divided as in our row; nothing else is compared.
    """

    system: str
    value: float
    measure: str
    protocol: str
    source: str
    kind: str = "scratch"
    same: bool = False


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        title: what people read.
        group: ``speakers``, ``serab``, ``corpora`` (many at once) or ``random``.
        corpora: that it is about; empty is all that are there.
        protocol: of the recipe.
        protocol_words: ours, in words.
        classes: that the whole corpus has; published figures are withheld from a copy with others.
        validation: share of the speakers that validate; 0 only where a recipe selects nothing.
        published: beside it.
        partner: of a random row, the row of the same corpus by speakers.
    """

    title: str
    group: str
    corpora: tuple[str, ...]
    protocol: Mapping[str, Any]
    protocol_words: str
    classes: int = 0
    validation: float = 0.15
    published: tuple[Published, ...] = ()
    partner: str = ""

    def named(self, way: str) -> tuple[str, str]:
        """Title and protocol in words; where nothing is trained, rows of many corpora are no longer "trained on"."""
        if way != "recipe" and self.group == "corpora":
            return "Each corpus", "every corpus, among its classes that another corpus has, too"
        return self.title, self.protocol_words


_EMOBOX = "EmoBox leaderboard"
_TIM = "README of Jiaxin-Ye/TIM-Net_SER"
_DEER = "DeerNeverStop/SER-reproducibility"
_SIX_FOLDS = "EmoBox's six folds by actor"
_RKF = "random 10-fold, speakers shared, last epoch, seed 46, no validation"


def _scheme(name: str) -> dict[str, Any]:
    return {"name": "published", "scheme": name}


def _encoder(system: str, value: float, protocol: str, *, same: bool) -> Published:
    return Published(f"{system}, frozen", value, "uar", protocol, _EMOBOX, "pretrained", same)


def _random(value: float, system: str = "TIM-Net") -> Published:
    return Published(system, value, "uar", _RKF, _TIM, same=True)


_RANDOM = {"name": "random", "folds": 10, "seed": 46}
_RANDOM_WORDS = "random 10-fold with seed 46, speakers shared; a tenth of the rest validates"

ROWS: Mapping[str, Row] = {
    "ravdess_speech": Row(
        "RAVDESS speech",
        "speakers",
        ("ravdess_speech",),
        _scheme("emobox_ravdess"),
        _SIX_FOLDS,
        8,
        published=(
            Published(
                "ResLSTM", 0.6232, "uar", "five other folds by actor, mean of 10 runs", "Mak-Sim/ResLSTM-SER"
            ),
            Published("ResNet-SE", 0.508, "uar", "leave one actor out, inner validation", _DEER),
            _encoder("HuBERT base", 0.6543, _SIX_FOLDS, same=True),
            _encoder("WavLM large", 0.72, _SIX_FOLDS, same=True),
            _encoder("Whisper large v3", 0.7532, _SIX_FOLDS, same=True),
        ),
    ),
    "ravdess_song": Row(
        "RAVDESS song",
        "speakers",
        ("ravdess_song",),
        _scheme("emobox_ravdess"),
        f"{_SIX_FOLDS}, as speech is divided; actor 18 does not sing",
        6,
    ),
    "ravdess_song_21_24": Row(
        "RAVDESS song, actors 21-24",
        "speakers",
        ("ravdess_song",),
        _scheme("ravdess_song_actors_21_24"),
        "actors 1-20 train, 21-24 are tested",
        6,
        published=(
            Published(
                "CNN and LSTM",
                0.74,
                "accuracy",
                "actors 1-20 train, 21-24 are tested",
                "README of bagustris/ravdess_song",
                same=True,
            ),
        ),
    ),
    "savee": Row(
        "SAVEE",
        "speakers",
        ("savee",),
        _scheme("savee_loso"),
        "leave one of four men out",
        7,
        validation=0.0,
        published=(
            _encoder("data2vec 2 large", 0.7575, "leave one of four men out", same=True),
            _encoder("Whisper large v3", 0.7407, "leave one of four men out", same=True),
            _encoder("HuBERT base", 0.589, "leave one of four men out", same=True),
        ),
    ),
    "aesdd": Row(
        "AESDD",
        "speakers",
        ("aesdd",),
        _scheme("aesdd_loso"),
        "leave one of six speakers out",
        5,
        validation=0.0,
        published=(
            _encoder("WavLM large", 0.844, "one division of clips, speakers shared", same=False),
            _encoder("HuBERT base", 0.823, "one division of clips, speakers shared", same=False),
        ),
    ),
    "emodb": Row(
        "EmoDB",
        "speakers",
        ("emodb",),
        _scheme("emodb_loso"),
        "leave one of ten speakers out",
        7,
        published=(
            Published(
                "ComParE 2016 and SVC",
                0.7708,
                "uar",
                "leave one of ten speakers out",
                "audeering/w2v2-how-to",
                "features",
                True,
            ),
            Published(
                "wav2vec 2 large robust and SVC",
                0.9338,
                "uar",
                "leave one of ten speakers out",
                "audeering/w2v2-how-to",
                "pretrained",
                True,
            ),
        ),
    ),
    "tess": Row(
        "TESS, one woman to the other",
        "speakers",
        ("tess",),
        _scheme("tess_cross"),
        "train on one woman, test the other, both ways",
        7,
        validation=0.0,
        published=(
            _encoder("Whisper large v3", 0.9996, "one division of clips, speakers shared", same=False),
        ),
    ),
    "serab_ravdess_speech": Row(
        "SERAB: RAVDESS speech",
        "serab",
        ("ravdess_speech",),
        _scheme("serab"),
        "SERAB's split by speakers",
        8,
    ),
    "serab_savee": Row(
        "SERAB: SAVEE", "serab", ("savee",), _scheme("serab"), "SERAB's split: DC is tested", 7
    ),
    "serab_emodb": Row(
        "SERAB: EmoDB", "serab", ("emodb",), _scheme("serab"), "SERAB's split: 03 and 12 are tested", 7
    ),
    "serab_aesdd": Row(
        "SERAB: AESDD", "serab", ("aesdd",), _scheme("serab"), "SERAB's split: 1 and 5 of six are tested", 5
    ),
    "joint": Row(
        "All corpora, trained together",
        "corpora",
        (),
        _scheme("joint6"),
        "six folds over all corpora at once; RAVDESS as EmoBox, other corpora dealt by speaker",
        validation=0.0,
    ),
    "leave_one_corpus_out": Row(
        "Each corpus, trained on all others",
        "corpora",
        (),
        {"name": "cross_corpus"},
        "each corpus tested by a model of all others; RAVDESS speech and song, which share actors, together",
    ),
    "random_ravdess_speech": Row(
        "RAVDESS speech, random",
        "random",
        ("ravdess_speech",),
        _RANDOM,
        _RANDOM_WORDS,
        8,
        0.1,
        (_random(0.9004), _random(0.8278, "GM-TCNet"), _random(0.8125, "CPAC")),
        "ravdess_speech",
    ),
    "random_savee": Row(
        "SAVEE, random",
        "random",
        ("savee",),
        _RANDOM,
        _RANDOM_WORDS,
        7,
        0.1,
        (_random(0.7726), _random(0.7583, "GM-TCNet"), _random(0.7563, "CPAC")),
        "savee",
    ),
    "random_emodb": Row(
        "EmoDB, random",
        "random",
        ("emodb",),
        _RANDOM,
        _RANDOM_WORDS,
        7,
        0.1,
        (_random(0.8919), _random(0.8617, "GM-TCNet"), _random(0.8692, "CPAC")),
        "emodb",
    ),
    "random_aesdd": Row(
        "AESDD, random",
        "random",
        ("aesdd",),
        _scheme("project4_random"),
        "random 80/20 with seed 42, speakers shared; validation from the rest",
        5,
        published=(
            Published(
                "three-layer CNN",
                0.7438,
                "accuracy",
                "random 80/20 with seed 42, best epoch chosen on the test",
                "SigurdST/emotion_recognition",
                same=True,
            ),
        ),
        partner="aesdd",
    ),
}

#: Of ``--quick``: four corpora whose folds are small.
QUICK_ROWS = ("ravdess_speech", "savee", "aesdd", "emodb")
#: Of ``--quick`` where corpora are trained together.
QUICK_CORPORA = ("aesdd", "emodb", "savee")

#: What is trained where no model is named: the network of the bundled model, on each row's corpus alone.
DEFAULT_RECIPE: Mapping[str, Any] = {
    "recipe_version": 1,
    "name": "benchmark",
    "description": "Residual attention network, the same settings for every row.",
    "model": {"name": "residual_attention"},
    "augmentation": [
        {"name": "speed", "probability": 0.6, "min_factor": 0.85, "max_factor": 1.18},
        {
            "name": "noise",
            "probability": 0.4,
            "kinds": ["white", "white", "pink", "babble"],
            "min_snr_db": 8,
            "max_snr_db": 35,
        },
        {"name": "frequency_warp", "probability": 0.6},
        {"name": "spec_augment", "max_time_frames": 30, "max_frequency_bands": 9},
        {"name": "mixup", "alpha": 0.3, "probability": 0.5},
    ],
    "training": {
        "epochs": 20,
        "learning_rate": 0.002,
        "weight_decay": 0.02,
        "warmup_steps": 200,
        "average_decay": 0.995,
        "mask_labels_by_corpus": True,
        "loss": {"label_smoothing": 0.05},
        "sampling": {"name": "balanced", "clips_per_epoch": 3000},
        "select": "last",
    },
}

#: What ``--quick`` changes; the network, too, where it is ours.
QUICK_TRAINING: Mapping[str, Any] = {
    "epochs": 8,
    "warmup_steps": 20,
    "average_decay": 0.98,
    "sampling.clips_per_epoch": 400,
}
QUICK_OPTIONS: Mapping[str, Any] = {
    "stem_channels": 16,
    "channels": [24, 48, 96, 128],
    "embedding": 128,
}
