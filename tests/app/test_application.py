"""What holds for every route: errors are sentences, logs have no names, everything is described with examples."""

from __future__ import annotations

import json
import time

from .conftest import Running


def test_errors_are_objects_with_a_sentence(client) -> None:
    for answer, status in (
        (client.get("/nowhere"), 404),
        (client.get("/v1/recognize"), 405),
        (client.post("/v1/recognize?unsure_below=x"), 422),
    ):
        assert answer.status_code == status
        assert answer.json()["status"] == status and answer.json()["error"].endswith(".")


def test_openapi_has_examples_and_every_status(client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/v1/recognize", "/v1/timeline"):
        operation = paths[path]["post"]
        assert set(operation["responses"]) == {"200", "401", "408", "413", "415", "422", "429", "503"}
        for answer in operation["responses"].values():
            assert "example" in answer["content"]["application/json"]
        assert "multipart/form-data" in operation["requestBody"]["content"]


def test_no_page_of_another_host_is_let_in_by_default(client) -> None:
    answer = client.get("/v1/models", headers={"origin": "https://example.org"})
    assert "access-control-allow-origin" not in answer.headers
    asked = {"origin": "https://example.org", "access-control-request-method": "POST"}
    assert client.options("/v1/recognize", headers=asked).status_code == 405


def test_logs_are_lines_of_json_without_names(running: Running, client, samples) -> None:
    name = "Alice Miller, interview.opus"
    answer = client.post("/v1/recognize?model=alice", files=[("file", (name, b"x"))])
    answer = client.post("/v1/recognize", files=[("file", (name, samples[0].read_bytes()))])
    assert answer.json()["path"] == name
    request = answer.headers["x-request-id"]
    for _ in range(100):  # the line is written once the answer is out
        lines = [json.loads(line) for line in running.lines().splitlines() if line.startswith('{"time"')]
        if found := [line for line in lines if line.get("request") == request]:
            break
        time.sleep(0.05)
    (line,) = found
    assert line["route"] == "/v1/recognize" and line["status"] == 200 and line["ms"] > 0
    assert line["bytes"] > 1000 and abs(line["audio_seconds"] - answer.json()["duration"]) < 0.01
    assert "lice" not in running.lines()
