"""Manifests made by hand: who speaks what in which corpus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pytest

from hearfelt.corpora.manifest import Manifest, Row

EMOTIONS = ("angry", "happy", "sad")


class Clips:
    """Builds rows; every speaker says ``takes`` sentences in every emotion."""

    @staticmethod
    def corpus(
        corpus: str, speakers: Iterable[str], *, emotions: Sequence[str] = EMOTIONS, takes: int = 2
    ) -> list[Row]:
        return [
            Row(
                path=f"/data/{corpus}/{speaker}_{emotion}_{take}.wav",
                corpus=corpus,
                speaker=speaker,
                emotion=emotion,
                sex="female" if place % 2 else "male",
                statement=f"s{take}",
                audio_hash=f"{corpus}-{speaker}-{emotion}-{take}",
            )
            for place, speaker in enumerate(speakers)
            for emotion in emotions
            for take in range(takes)
        ]

    @classmethod
    def manifest(cls, sizes: Mapping[str, int], **options: int) -> Manifest:
        """A manifest with so many speakers of each corpus, named ``<corpus>_<number from 1>``."""
        return Manifest(
            row
            for corpus, size in sizes.items()
            for row in cls.corpus(corpus, [f"{corpus}_{n + 1}" for n in range(size)], **options)  # type: ignore[arg-type]
        )

    @staticmethod
    def speakers(manifest: Manifest, rows: Iterable[int]) -> set[str]:
        return {manifest[row].speaker for row in rows}


@pytest.fixture(scope="session")
def clips() -> Clips:
    return Clips()


@pytest.fixture(scope="session")
def real_manifest(corpora_root: object) -> Manifest:
    """Rows of all the real corpora, labels in eight classes."""
    from hearfelt.corpora._scan import scan_many
    from hearfelt.emotions import get_label_set

    return scan_many(str(corpora_root)).map_labels(get_label_set("eight"))
