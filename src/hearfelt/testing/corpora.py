"""Synthetic corpora: folders of `voices` that are named as a real corpus names its files.

For tests of corpus adapters, protocols and trainings that must run where no real corpus may be.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from hearfelt.corpora.manifest import Manifest, Row
from hearfelt.emotions import EMOTIONS, parse_emotion
from hearfelt.errors import CorpusError, UnknownNameError
from hearfelt.testing.voices import make_speaker, utter

_SIX = ("neutral", "happy", "sad", "angry", "fearful", "disgust")


@dataclass(frozen=True)
class Style:
    """How a corpus names its files.

    Attributes:
        emotions: those that the corpus has -> its code.
        speakers: its own code of each speaker -> sex; that many voices can be asked for.
        path: (speaker code, emotion code, sex, take from 0) -> path below the corpus folder.
    """

    emotions: Mapping[str, str]
    speakers: Mapping[str, str]
    path: Callable[[str, str, str, int], str]


def _alternating(codes: Iterable[str]) -> dict[str, str]:
    return {code: ("male", "female")[index % 2] for index, code in enumerate(codes)}


def _codes(emotions: Iterable[str], codes: str) -> dict[str, str]:
    return dict(zip(emotions, codes.split(), strict=True))


def _ravdess(channel: str, actors: Iterable[int], count: int) -> Style:
    return Style(
        emotions=_codes(EMOTIONS[:count], "01 02 03 04 05 06 07 08"[: 3 * count]),
        speakers={f"{actor:02d}": "male" if actor % 2 else "female" for actor in actors},
        path=lambda speaker, emotion, sex, take: (
            f"Actor_{speaker}/03-{channel}-{emotion}-01-{1 + take % 2:02d}-{1 + take // 2:02d}-{speaker}.wav"
        ),
    )


_CREMA_D_SENTENCES = ("IEO", "TIE", "IOM", "IWW", "TAI", "MTI", "IWL", "ITH", "DFA", "ITS", "TSI", "WSI")
_CREMA_D_LEVELS = ("XX", "LO", "MD", "HI")
_TESS_WORDS = (
    "back",
    "bar",
    "base",
    "bath",
    "bean",
    "beg",
    "bite",
    "boat",
    "bone",
    "book",
    "bought",
    "burn",
    "cab",
    "calm",
    "came",
    "cause",
)
_EMODB_TEXTS = [
    f"{letter}{number:02d}" for letter, last in (("a", 7), ("b", 10)) for number in range(1, last + 1)
]
_TUREV_WORDS = (
    "acaba",
    "acik",
    "algi",
    "beste",
    "bilgi",
    "cevap",
    "deniz",
    "gece",
    "hayal",
    "kalem",
    "masa",
    "nokta",
    "ocak",
    "roman",
    "sabah",
)
_ASED_FOLDERS = {"n": "01Neutral", "f": "02Fearful", "h": "03Happy", "s": "04Sad", "a": "05Angry"}
_TESS_FOLDERS = {"ps": "pleasant_surprised"}
_TUREV_FOLDERS = {"kz": "Angry", "sk": "Calm", "mt": "Happy", "hl": "Sad"}

STYLES: Mapping[str, Style] = {
    "folder": Style(
        emotions={emotion: emotion for emotion in EMOTIONS},
        speakers=_alternating(f"speaker{number:02d}" for number in range(1, 100)),
        path=lambda speaker, emotion, sex, take: f"{speaker}/{emotion}/{take + 1:02d}.wav",
    ),
    "ravdess_speech": _ravdess("01", range(1, 25), 8),
    "ravdess_song": _ravdess("02", [actor for actor in range(1, 25) if actor != 18], 6),
    "crema_d": Style(
        emotions=_codes(_SIX, "NEU HAP SAD ANG FEA DIS"),
        speakers={
            "1001": "male",
            "1002": "female",
            "1003": "female",
            "1004": "female",
            "1005": "male",
            "1006": "female",
            "1007": "female",
            "1008": "female",
            "1009": "female",
            "1010": "female",
            "1011": "male",
            "1012": "female",
        },
        path=lambda speaker, emotion, sex, take: (
            f"AudioWAV/{speaker}_{_CREMA_D_SENTENCES[take % 12]}_{emotion}_{_CREMA_D_LEVELS[take // 12]}.wav"
        ),
    ),
    "savee": Style(
        emotions=_codes((*_SIX, "surprised"), "n h sa a f d su"),
        speakers=dict.fromkeys(("DC", "JE", "JK", "KL"), "male"),
        path=lambda speaker, emotion, sex, take: f"ALL/{speaker}_{emotion}{take + 1:02d}.wav",
    ),
    "tess": Style(
        emotions=_codes((*_SIX, "surprised"), "neutral happy sad angry fear disgust ps"),
        speakers=dict.fromkeys(("OAF", "YAF"), "female"),
        path=lambda speaker, emotion, sex, take: (
            f"{speaker}_{_TESS_FOLDERS.get(emotion, emotion)}/{speaker}_{_TESS_WORDS[take]}_{emotion}.wav"
        ),
    ),
    "aesdd": Style(
        emotions=_codes(("happy", "sad", "angry", "fearful", "disgust"), "h s a f d"),
        speakers=_alternating("123456"),
        path=lambda speaker, emotion, sex, take: f"{emotion}{take + 1:02d} ({speaker}).wav",
    ),
    "emodb": Style(
        emotions=_codes((*_SIX, "boredom"), "N F T W A E L"),
        speakers={
            "03": "male",
            "08": "female",
            "09": "female",
            "10": "male",
            "11": "male",
            "12": "male",
            "13": "female",
            "14": "female",
            "15": "male",
            "16": "female",
        },
        path=lambda speaker, emotion, sex, take: (
            f"wav/{speaker}{_EMODB_TEXTS[take % 17]}{emotion}{'abcdef'[take // 17]}.wav"
        ),
    ),
    "ased": Style(
        emotions=_codes(("neutral", "fearful", "happy", "sad", "angry"), "n f h s a"),
        speakers=_alternating(f"{number:02d}" for number in range(1, 66)),
        path=lambda speaker, emotion, sex, take: (
            f"{_ASED_FOLDERS[emotion]}/{emotion}{'nfhsa'.index(emotion) + 1}-{1 + take % 2:02d}-"
            f"{1 + take // 2:02d}-{'01' if sex == 'female' else '02'}-{speaker}.wav"
        ),
    ),
    "banglaser": Style(
        emotions=_codes(("happy", "sad", "angry", "surprised", "neutral"), "01-01 02-01 03-02 04-02 05-01"),
        speakers=_alternating(f"{number:02d}" for number in range(1, 35)),
        path=lambda speaker, emotion, sex, take: (
            f"03-01-{emotion}-{1 + take % 3:02d}-{('01', '02', '03')[take // 3]}-{speaker}.wav"
        ),
    ),
    "casia": Style(
        emotions=_codes(
            ("neutral", "happy", "sad", "angry", "fearful", "surprised"),
            "neutral happy sad angry fear surprise",
        ),
        speakers={"liuchanhg": "female", "wangzhe": "male", "zhaoquanyin": "female", "ZhaoZuoxiang": "male"},
        path=lambda speaker, emotion, sex, take: f"{speaker}/{emotion}/{201 + take}.wav",
    ),
    "turev": Style(
        emotions=_codes(("angry", "calm", "happy", "sad"), "kz sk mt hl"),
        speakers=_alternating(("1234", "1358", "1984", "6783", "7895", "1157")),
        path=lambda speaker, emotion, sex, take: (
            f"Sound Source/{_TUREV_FOLDERS[emotion]}/{speaker}_{emotion}_{_TUREV_WORDS[take]}.wav"
        ),
    ),
}


def write_synthetic_corpus(
    root: str | os.PathLike[str],
    style: str = "ravdess_speech",
    *,
    speakers: int | None = None,
    emotions: Sequence[str] | None = None,
    clips_per_emotion: int = 4,
    seconds: tuple[float, float] = (1.5, 2.5),
    sample_rate: int = 16000,
    seed: int = 0,
) -> Manifest:
    """Write a small corpus of synthetic voices as 16-bit WAV files.

    Args:
        root: folder of the corpus; made where it is missing.
        style: whose names the files carry, one of `STYLES`.
        speakers: how many voices; by default six, or as many as the corpus has.
        emotions: which; by default all that the corpus has.
        clips_per_emotion: of each speaker.
        seconds: shortest and longest clip.
        sample_rate: in hertz.
        seed: the same seed writes the same bytes; a speaker's voice depends on the seed and its place only.

    Returns:
        what was written, with the truth about each clip; speakers are named as the adapter names them.

    Raises:
        UnknownNameError: no such style or emotion.
        CorpusError: more speakers, other emotions or more clips than names of this style can tell apart.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rows = write_synthetic_corpus(folder, "savee", speakers=2, emotions=["sad"], clips_per_emotion=1)
    >>> [(Path(row.path).name, row.emotion) for row in rows]
    [('DC_sa01.wav', 'sad'), ('JE_sa01.wav', 'sad')]
    """
    if style not in STYLES:
        raise UnknownNameError("corpus style", style, STYLES)
    rule = STYLES[style]
    wanted = [parse_emotion(emotion) for emotion in emotions] if emotions is not None else list(rule.emotions)
    strange = [emotion for emotion in wanted if emotion not in rule.emotions]
    if strange:
        raise CorpusError(f"{style} has no clips of {', '.join(strange)}; it has {', '.join(rule.emotions)}.")
    count = min(6, len(rule.speakers)) if speakers is None else speakers
    if not 1 <= count <= len(rule.speakers):
        raise CorpusError(
            f"{count} speakers were asked for; names of {style} tell 1 to {len(rule.speakers)} apart."
        )
    rows = []
    for number, (code, sex) in enumerate(list(rule.speakers.items())[:count]):
        voice = make_speaker(code, sex, np.random.default_rng((seed, number)))
        for emotion in wanted:
            for take in range(clips_per_emotion):
                generator = np.random.default_rng((seed, number, list(rule.emotions).index(emotion), take))
                length = float(generator.uniform(*seconds))
                path = Path(root, _name(rule, style, code, emotion, sex, take))
                path.parent.mkdir(parents=True, exist_ok=True)
                samples = utter(voice, emotion, generator, seconds=length, sample_rate=sample_rate).samples
                soundfile.write(path, samples, sample_rate, subtype="PCM_16")
                rows.append(
                    Row(
                        path=str(path.absolute()),
                        corpus=style,
                        speaker=f"{'ravdess' if style.startswith('ravdess') else style}_{code}",
                        emotion=emotion,
                        sex=sex,
                        duration=samples.size / sample_rate,
                        sample_rate=sample_rate,
                    )
                )
    return Manifest(rows)


def _name(rule: Style, style: str, code: str, emotion: str, sex: str, take: int) -> str:
    try:
        return rule.path(code, rule.emotions[emotion], sex, take)
    except IndexError:
        raise CorpusError(
            f"Names of {style} tell {take} clips of one speaker and emotion apart; more were asked for."
        ) from None
