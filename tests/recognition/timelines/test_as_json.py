import json

from hearfelt.recognition.timelines.as_json import JsonLinesWriter, JsonWriter


def test_json_is_a_list_of_what_was_found(talk, call) -> None:
    writer = JsonWriter()
    text = writer.begin(talk.labels) + writer.render(talk) + writer.failure("x", "why") + writer.render(call)
    found = json.loads(text + writer.end())
    assert found == [talk.to_dict(), {"path": "x", "error": "why"}, call.to_dict()]
    assert round(found[0]["segments"][0]["start"] * 16000) == 1
    assert found[0]["segments"][0]["speaker"] is None
    assert found[2]["segments"][3] == {
        "start": 4.0,
        "end": 5.0,
        "channel": 1,
        "speaker": "Bob --> x",
        "emotion": "no_speech",
        "confidence": None,
        "probabilities": {},
    }


def test_no_recording_is_an_empty_list() -> None:
    writer = JsonWriter()
    assert json.loads(writer.begin(()) + writer.end()) == []


def test_json_lines(talk, call) -> None:
    writer = JsonLinesWriter()
    lines = (writer.render(talk) + writer.failure("x", "why") + writer.render(call)).splitlines()
    assert [json.loads(line) for line in lines] == [
        talk.to_dict(),
        {"path": "x", "error": "why"},
        call.to_dict(),
    ]
