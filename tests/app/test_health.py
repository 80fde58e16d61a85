"""/healthz, /readyz, /metrics."""

from __future__ import annotations

import re

from .conftest import files


def test_alive_and_ready(client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"ready": True, "models": ["default"]}
    assert client.head("/readyz").status_code == 200


def test_metrics_count_what_was_done(client, samples) -> None:
    def read() -> dict[str, float]:
        answer = client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
        lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    before = read()
    seconds = client.post("/v1/recognize", files=files(samples[0])).json()["duration"]
    client.get("/nowhere/that/a-client-chose")
    after = read()
    good = 'hearfelt_requests_total{route="/v1/recognize",status="200"}'
    assert after[good] == before.get(good, 0) + 1
    heard = after["hearfelt_audio_seconds_total"] - before["hearfelt_audio_seconds_total"]
    assert abs(heard - seconds) < 1e-6
    assert after["hearfelt_received_bytes_total"] > before["hearfelt_received_bytes_total"]
    route = 'route="/v1/recognize"'
    inside = [
        value for name, value in after.items() if name.startswith("hearfelt_request_seconds_bucket{" + route)
    ]
    assert inside == sorted(inside) and inside[-1] == after[f"hearfelt_request_seconds_count{{{route}}}"]
    assert after["hearfelt_queue_depth"] == 0 and after["hearfelt_workers"] == 1
    assert not [name for name in after if re.search("a-client-chose", name)]
