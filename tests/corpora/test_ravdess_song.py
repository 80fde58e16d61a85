from pathlib import PurePath

from hearfelt.corpora import ravdess_song, ravdess_speech


def test_singers_are_the_speakers() -> None:
    sung = ravdess_song.parse(PurePath("Actor_07/03-02-05-01-01-01-07.wav"))
    spoken = ravdess_speech.parse(PurePath("Actor_07/03-01-05-01-01-01-07.wav"))
    assert sung == spoken and sung["speaker"] == "ravdess_07"


def test_nobody_sings_disgust_or_surprise() -> None:
    assert ravdess_song.parse(PurePath("03-02-07-01-01-01-07.wav")) is None
    assert ravdess_song.parse(PurePath("03-02-08-01-01-01-07.wav")) is None
