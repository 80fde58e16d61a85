import xml.etree.ElementTree as ET

import pympi
import pytest

from hearfelt.recognition.timelines.as_eaf import EafWriter


def read(timeline, tmp_path, target=None) -> pympi.Elan.Eaf:
    path = tmp_path / "found.eaf"
    path.write_text(EafWriter().render(timeline, target), encoding="utf-8")
    return pympi.Elan.Eaf(str(path))


def test_pympi_reads_the_same(talk, tmp_path) -> None:
    found = read(talk, tmp_path)
    assert set(found.get_tier_names()) == {"emotion", "emotion confidence"}
    annotations = sorted(found.get_annotation_data_for_tier("emotion"))
    assert len(annotations) == len(talk.segments)
    for (start, end, text, *_), segment in zip(annotations, talk.segments, strict=True):
        assert start == pytest.approx(1000 * segment.start, abs=0.5)
        assert end == pytest.approx(1000 * segment.end, abs=0.5)
        assert text == segment.emotion


def test_speakers_and_overlaps(call, tmp_path) -> None:
    found = read(call, tmp_path)
    who = 'channel 1 Ann "A" <b>&'
    assert {name for name in found.get_tier_names() if "confidence" not in name} == {
        who,
        f"{who} (2)",
        "channel 2 Bob --> x",
    }
    assert found.get_parameters_for_tier(who)["PARTICIPANT"] == 'Ann "A" <b>&'


def test_it_links_the_recording(talk, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (media,) = read(talk, tmp_path, tmp_path / "out" / "talk.eaf").get_linked_files()
    assert media["RELATIVE_MEDIA_URL"] == "./../talks/my talk.wav"
    assert media["MEDIA_URL"] == (tmp_path / "talks" / "my talk.wav").as_uri()
    assert media["MIME_TYPE"] == "audio/x-wav"


def test_identifiers_are_unique_and_referred_to(call) -> None:
    root = ET.fromstring(EafWriter().render(call))  # noqa: S314 - our own
    slots = [slot.get("TIME_SLOT_ID") for slot in root.iter("TIME_SLOT")]
    notes = list(root.iter("ALIGNABLE_ANNOTATION"))
    assert len(set(slots)) == len(slots)
    assert len({note.get("ANNOTATION_ID") for note in notes}) == len(notes) == 2 * len(call.segments)
    for note in notes:
        assert {note.get("TIME_SLOT_REF1"), note.get("TIME_SLOT_REF2")} <= set(slots)


def test_nothing(silent, tmp_path) -> None:
    assert read(silent, tmp_path).get_annotation_data_for_tier("emotion") == []


def test_a_name_that_is_no_path_is_not_linked(talk) -> None:
    text = EafWriter(media=False).render(talk)
    assert "MEDIA_DESCRIPTOR" not in text and "my talk" not in text
