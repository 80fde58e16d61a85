"""CREMA-D: 91 actors, 6 emotions, American English, with the raters' votes.

Names are ``AAAA_SSS_EMO_LL``: actor, sentence, emotion, intensity. Sex comes from the published demographics.
Where ``tabulatedVotes.csv`` or ``summaryTable.csv`` lies beside the audio, each row gets the votes of the
raters who heard the voice alone (they also saw the face alone, and both).
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from hearfelt.corpora._registry import CorpusInfo, Source
from hearfelt.corpora.manifest import Row
from hearfelt.errors import CorpusError

INFO = CorpusInfo(
    name="crema_d",
    title="CREMA-D",
    language="en",
    licence="ODbL 1.0 / DbCL 1.0",
    url="https://github.com/CheyneyComputerScience/CREMA-D",
    citation="Cao et al. (2014), CREMA-D: Crowd-Sourced Emotional Multimodal Actors Dataset, IEEE TAC 5(4)",
    speakers=91,
    clips={"neutral": 1087, "happy": 1271, "sad": 1271, "angry": 1271, "fearful": 1271, "disgust": 1271},
    folder_names=("crema-d", "cremad", "crema", "audiowav", "crema-d-master"),
    # The repository's archive holds the tables and, for the audio, Git LFS pointers with each file's SHA-256.
    # GitHub's LFS quota of this repository is often used up, so a mirror follows; hashes are the original's.
    sources=(
        Source(
            url="https://github.com/CheyneyComputerScience/CREMA-D/archive/refs/heads/master.zip",
            filename="CREMA-D-master.zip",
        ),
        Source(
            url="https://github.com/CheyneyComputerScience/CREMA-D.git/info/lfs",
            filename="AudioWAV",
        ),
        Source(
            url="https://gitlab.com/cs-cooper-lab/crema-d-mirror.git/info/lfs",
            filename="AudioWAV",
        ),
    ),
    instructions="""\
By hand: install git and git-lfs, then
    git clone https://gitlab.com/cs-cooper-lab/crema-d-mirror.git OUT/crema-d""",
    # ODbL: a model is a produced work, which may be under any terms with a notice naming the database.
    redistributable_weights=True,
    extra={
        "example": "AudioWAV/1001_DFA_ANG_XX.wav",
        "weights": "freely, with a notice that CREMA-D (ODbL 1.0) was used",
        "notice": "Contains information from CREMA-D (https://github.com/CheyneyComputerScience/CREMA-D), which is "
        "made available here under the Open Database License, ODbL 1.0 "
        "(https://opendatacommons.org/licenses/odbl/1-0/), its contents under the Database Contents License, DbCL 1.0 "
        "(https://opendatacommons.org/licenses/dbcl/1-0/).",
        "age": "no manifest column; hearfelt.corpora.crema_d.read_demographics gives age, race, ethnicity",
    },
)

_NAME = re.compile(r"(\d{4})_([A-Z]{3})_(ANG|DIS|FEA|HAP|NEU|SAD)_(LO|MD|HI|XX?)")
_EMOTIONS = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fearful",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
_INTENSITIES = {"LO": "low", "MD": "medium", "HI": "high"}
_VOTES = {"A": "angry", "D": "disgust", "F": "fearful", "H": "happy", "N": "neutral", "S": "sad"}
# The published demographics, so that a folder with audio alone has sexes too.
# fmt: off
_MALE = frozenset((
    1001, 1005, 1011, 1014, 1015, 1016, 1017, 1019, 1022, 1023, 1026, 1027, 1031, 1032, 1033, 1034,
    1035, 1036, 1038, 1039, 1040, 1041, 1042, 1044, 1045, 1048, 1050, 1051, 1057, 1059, 1062, 1064,
    1065, 1066, 1067, 1068, 1069, 1070, 1071, 1077, 1080, 1081, 1083, 1085, 1086, 1087, 1088, 1090,
))
# fmt: on


def parse(path: PurePath) -> dict[str, str] | None:
    """Columns that the name tells, or None where the file is not of this corpus."""
    match = _NAME.fullmatch(path.stem.upper())
    if match is None or not 1001 <= int(match[1]) <= 1091:
        return None
    return {
        "speaker": f"crema_d_{match[1]}",
        "sex": "male" if int(match[1]) in _MALE else "female",
        "emotion": _EMOTIONS[match[3]],
        "intensity": _INTENSITIES.get(match[4], ""),
        "statement": match[2],
    }


def enrich(rows: list[Row], root: Path) -> list[Row]:
    """Add the raters' votes where the corpus' tables are found beside the audio."""
    votes = read_votes(root) or read_votes(Path(rows[0].path).parent)
    return [replace(row, votes=votes.get(PurePath(row.path).stem.upper(), {})) for row in rows]


@dataclass(frozen=True)
class Demographics:
    """What the corpus says of one actor: age in years, sex, race and ethnicity in its own words."""

    age: int
    sex: str
    race: str
    ethnicity: str


def read_demographics(root: str | os.PathLike[str]) -> dict[str, Demographics]:
    """Read ``VideoDemographics.csv`` in a corpus folder (or beside its AudioWAV): speaker -> demographics.

    Raises:
        CorpusError: the table is not there or damaged.
    """
    table = _find(Path(root), "VideoDemographics.csv")
    if table is None:
        raise CorpusError(
            f"There is no VideoDemographics.csv in {root} or beside it; CREMA-D's repository has it."
        )
    try:
        return {
            f"crema_d_{line['ActorID']}": Demographics(
                int(line["Age"]), line["Sex"].lower(), line["Race"], line["Ethnicity"]
            )
            for line in _lines(table)
        }
    except (KeyError, ValueError, AttributeError) as error:
        raise CorpusError(f"{table} is not CREMA-D's table of actors: {error!r}.") from error


def read_votes(root: Path) -> dict[str, Mapping[str, float]]:
    """Voice-only votes: file stem -> emotion -> share of the raters; empty where there is no table.

    ``tabulatedVotes.csv`` holds counts in three blocks of rows: 1xxxxx voice, 2xxxxx face, 3xxxxx both.
    ``summaryTable.csv`` names only the winners; equal winners share the vote.

    Raises:
        CorpusError: a table is there and damaged.
    """
    if (table := _find(root, "tabulatedVotes.csv")) is not None:
        read = _tabulated
    elif (table := _find(root, "summaryTable.csv")) is not None:
        read = _summary
    else:
        return {}
    try:
        return dict(read(table))
    except (KeyError, ValueError, AttributeError, TypeError) as error:
        raise CorpusError(
            f"{table} is not CREMA-D's table of votes: {error!r}. Fetch it again or delete it."
        ) from error


def _tabulated(table: Path) -> Iterator[tuple[str, Mapping[str, float]]]:
    for line in _lines(table):
        if not line[""].startswith("1"):
            continue
        counts = {emotion: int(line[code]) for code, emotion in _VOTES.items()}
        if total := sum(counts.values()):
            yield line["fileName"].upper(), {emotion: n / total for emotion, n in counts.items()}


def _summary(table: Path) -> Iterator[tuple[str, Mapping[str, float]]]:
    for line in _lines(table):
        winners = {_VOTES[code] for code in line["VoiceVote"].split(":")}
        yield line["FileName"].upper(), {e: (e in winners) / len(winners) for e in _VOTES.values()}


def _lines(table: Path) -> Iterator[dict[str, str]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)
    except OSError as error:
        raise CorpusError(f"Cannot read {table}: {error.strerror}.") from error


def _find(root: Path, name: str) -> Path | None:
    places = (root, root / "processedResults", root.parent, root.parent / "processedResults")
    return next((place / name for place in places if (place / name).is_file()), None)
