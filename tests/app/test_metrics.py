"""Counters: workers add up, and the text is what Prometheus reads."""

from __future__ import annotations

from hearfelt.app._board import Board
from hearfelt.app.metrics import Metrics, exposition


def counted(seconds: float) -> Metrics:
    metrics = Metrics()
    metrics.answered("/v1/recognize", 200, seconds, 10)
    metrics.answered("/v1/recognize", 429, 0.001, 0)
    metrics.heard(1.5)
    metrics.gauges["hearfelt_workers"] = 1
    return metrics


def test_workers_add_up() -> None:
    text = exposition([counted(0.02).to_json(), counted(200.0).to_json()])
    assert 'hearfelt_requests_total{route="/v1/recognize",status="200"} 2' in text
    assert 'hearfelt_request_seconds_bucket{route="/v1/recognize",le="0.01"} 2' in text
    assert 'hearfelt_request_seconds_bucket{route="/v1/recognize",le="0.025"} 3' in text
    assert 'hearfelt_request_seconds_bucket{route="/v1/recognize",le="60.0"} 3' in text
    assert 'hearfelt_request_seconds_bucket{route="/v1/recognize",le="+Inf"} 4' in text
    assert "hearfelt_audio_seconds_total 3" in text and "hearfelt_workers 2" in text
    named = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(named) == len(set(named))


def test_a_worker_goes_on_where_the_last_one_died() -> None:
    board = Board(2)
    board.write(0, counted(0.02).to_json())
    heir = Metrics()
    heir.add(board.read(0))
    assert heir.requests["/v1/recognize", 200] == 1
    board.write(1, bytes(1 << 20))  # too large for a place: left out
    assert list(board.others(0)) == []
