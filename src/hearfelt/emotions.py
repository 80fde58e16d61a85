"""The vocabulary: emotion names, RAVDESS numbering, label sets and the rules that map onto them.

A corpus adapter translates its own codes into these names; everything after it knows only these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hearfelt.errors import CorpusError, UnknownNameError

#: RAVDESS order: the index plus one is the third field of a RAVDESS file name.
EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
BOREDOM = "boredom"
ALL_EMOTIONS = (*EMOTIONS, BOREDOM)

#: What people and corpora call the emotions, lower case.
SYNONYMS: Mapping[str, str] = {
    "anger": "angry",
    "ang": "angry",
    "annoyed": "angry",
    "bored": "boredom",
    "calmness": "calm",
    "dis": "disgust",
    "disgusted": "disgust",
    "fea": "fearful",
    "fear": "fearful",
    "afraid": "fearful",
    "hap": "happy",
    "happiness": "happy",
    "joy": "happy",
    "neu": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
    "pleasant_surprise": "surprised",
    "ps": "surprised",
}

#: Colour-blind-safe colours (Okabe-Ito and Tol), the same in every picture and page.
COLORS: Mapping[str, str] = {
    "neutral": "#999999",
    "calm": "#56B4E9",
    "happy": "#E69F00",
    "sad": "#0072B2",
    "angry": "#D55E00",
    "fearful": "#882255",
    "disgust": "#117733",
    "surprised": "#CC79A7",
    "boredom": "#6B5B3E",
    "no_speech": "#E5E5E5",
    "unsure": "#C4C4C4",
}


def parse_emotion(text: str) -> str:
    """Translate a word for an emotion into the vocabulary.

    Args:
        text: an English word in any case, such as ``"Anger"``.

    Returns:
        one of `ALL_EMOTIONS`.

    Raises:
        UnknownNameError: the word is none of them; the message lists the nearest.

    >>> parse_emotion("Happiness"), parse_emotion("pleasant surprise"), parse_emotion("boredom")
    ('happy', 'surprised', 'boredom')
    """
    word = "_".join(text.strip().lower().replace("-", " ").replace("_", " ").split())
    word = SYNONYMS.get(word, word)
    if word not in ALL_EMOTIONS:
        raise UnknownNameError("emotion", text, [*ALL_EMOTIONS, *SYNONYMS])
    return word


def emotion_number(emotion: str) -> int:
    """RAVDESS number of an emotion, 1 to 8; boredom, which RAVDESS lacks, is 9.

    >>> emotion_number("angry")
    5
    """
    return ALL_EMOTIONS.index(parse_emotion(emotion)) + 1


@dataclass(frozen=True)
class LabelSet:
    """The classes that a model tells apart, and how other emotions are mapped onto them.

    Attributes:
        name: what reports call it.
        labels: the classes, in output order.
        merge: emotion -> class it is counted as.
        drop: emotions whose rows are left out.
    """

    name: str
    labels: tuple[str, ...]
    merge: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        repeated = sorted({label for label in self.labels if self.labels.count(label) > 1})
        if repeated or len(self.labels) < 2:
            raise CorpusError(
                f"Label set {self.name!r} needs at least two different labels, got {list(self.labels)}."
            )
        strangers = sorted(set(self.merge.values()) - set(self.labels))
        if strangers:
            raise CorpusError(
                f"Label set {self.name!r} merges into {strangers}, which are not among its labels "
                f"{list(self.labels)}."
            )

    def map(self, emotion: str) -> str | None:
        """Class of an emotion, or None where its rows are dropped.

        Raises:
            CorpusError: neither kept, merged nor dropped: silence would lose data unseen.

        >>> SETS["six"].map("calm") is None, SETS["seven"].map("calm"), SETS["eight"].map("sad")
        (True, 'neutral', 'sad')
        """
        if emotion in self.merge:
            return self.merge[emotion]
        if emotion in self.labels:
            return emotion
        if emotion in self.drop:
            return None
        raise CorpusError(
            f"Emotion {emotion!r} is not in label set {self.name!r} ({', '.join(self.labels)}), nor merged "
            f"({dict(self.merge)}) nor dropped ({sorted(self.drop)}). Add it to `labels`, `merge` or `drop`."
        )

    def check_present(self, emotions: Iterable[str]) -> None:
        """Refuse data in which a class of the set does not occur.

        Raises:
            CorpusError: lists the missing classes and the ones that are there.
        """
        emotions = sorted(set(emotions))
        present = {mapped for emotion in emotions if (mapped := self.map(emotion)) is not None}
        missing = [label for label in self.labels if label not in present]
        if missing:
            raise CorpusError(
                f"Label set {self.name!r} needs {', '.join(self.labels)}; there are no clips of "
                f"{', '.join(missing)}. The data has: {', '.join(emotions) or 'nothing'}."
            )


def _others(*labels: str) -> frozenset[str]:
    return frozenset(ALL_EMOTIONS) - frozenset(labels)


_SIX = ("neutral", "happy", "sad", "angry", "fearful", "disgust")
SETS: Mapping[str, LabelSet] = {
    entry.name: entry
    for entry in (
        LabelSet("nine", ALL_EMOTIONS),
        LabelSet("eight", EMOTIONS, drop=frozenset({BOREDOM})),
        LabelSet(
            "seven",
            tuple(e for e in EMOTIONS if e != "calm"),
            merge={"calm": "neutral"},
            drop=frozenset({BOREDOM}),
        ),
        LabelSet("six", _SIX, drop=_others(*_SIX)),
        LabelSet("song", EMOTIONS[:6], drop=_others(*EMOTIONS[:6])),
        LabelSet(
            "five",
            ("happy", "sad", "angry", "fearful", "disgust"),
            drop=_others("happy", "sad", "angry", "fearful", "disgust"),
        ),
        LabelSet(
            "four",
            ("neutral", "happy", "sad", "angry"),
            merge={"calm": "neutral"},
            drop=_others("neutral", "happy", "sad", "angry", "calm"),
        ),
        LabelSet(
            "four_fear",
            ("happy", "sad", "angry", "fearful"),
            drop=_others("happy", "sad", "angry", "fearful"),
        ),
    )
}


def get_label_set(name: str) -> LabelSet:
    """A label set by name.

    Raises:
        UnknownNameError: lists the known sets.

    >>> get_label_set("four").labels
    ('neutral', 'happy', 'sad', 'angry')
    """
    if name not in SETS:
        raise UnknownNameError("label set", name, SETS)
    return SETS[name]
