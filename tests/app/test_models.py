"""GET /v1/models: what a client has to know before it uses an answer."""

from __future__ import annotations

from hearfelt.recognition.bundle import find_bundle, read_specification


def test_models(client) -> None:
    found = client.get("/v1/models").json()
    (described,) = found["models"]
    specification = read_specification(find_bundle())
    assert found["default"] == described["name"] == "default"
    assert described["labels"] == list(specification.labels)
    assert described["licence"] == specification.licence and described["metrics"] == specification.metrics
    assert described["specification"]["sample_rate"] == 16000
    assert described["card"] == (find_bundle() / "README.md").read_text(encoding="utf-8")
    assert any("judge people" in warning for warning in described["warnings"])
    assert str(find_bundle()) not in str(found)  # where it lies is nobody's business
