"""What the service counts, in the text format of Prometheus; a worker's share can travel to the others as JSON."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

#: Upper edges of the histogram of durations, in seconds.
EDGES = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

_GAUGES = {
    "hearfelt_queue_depth": "Recordings that wait for a thread.",
    "hearfelt_running": "Recordings that threads are busy with.",
    "hearfelt_requests_in_flight": "Requests that are being answered, uploads included.",
    "hearfelt_streams": "Live connections.",
    "hearfelt_uploads": "Uploads under way.",
    "hearfelt_draining": "Workers that take no new requests because they stop.",
    "hearfelt_workers": "Workers that are counted here.",
}


class Metrics:
    """Counters and gauges of a worker; belongs to its event loop.

    >>> metrics = Metrics()
    >>> metrics.answered("/v1/recognize", 200, 0.03, 4000)
    >>> metrics.heard(2.5)
    >>> "hearfelt_audio_seconds_total 2.5" in exposition([metrics.to_json()])
    True
    """

    def __init__(self) -> None:
        self.requests: dict[tuple[str, int], int] = defaultdict(int)
        self.buckets: dict[str, list[float]] = defaultdict(lambda: [0.0] * (len(EDGES) + 3))
        self.audio_seconds = 0.0
        self.received_bytes = 0
        self.events = 0
        self.gauges: dict[str, float] = dict.fromkeys(_GAUGES, 0)

    def answered(self, route: str, status: int, seconds: float, size: int) -> None:
        """Count a request: its route (not its path, which a client chooses), status, duration and bytes received."""
        self.requests[route, status] += 1
        row = self.buckets[route]
        row[bisect_left(EDGES, seconds)] += 1
        row[-2] += seconds
        row[-1] += 1
        self.received_bytes += size

    def heard(self, seconds: float) -> None:
        """Count sound that was recognised."""
        self.audio_seconds += seconds

    def to_json(self) -> bytes:
        """All of it."""
        return json.dumps(
            {
                "requests": [[route, status, count] for (route, status), count in self.requests.items()],
                "buckets": self.buckets,
                "totals": [self.audio_seconds, self.received_bytes, self.events],
                "gauges": self.gauges,
            }
        ).encode()

    def add(self, found: bytes) -> None:
        """Add the counters of `to_json`, and the gauges."""
        other = json.loads(found)
        for route, status, count in other["requests"]:
            self.requests[route, status] += count
        for route, row in other["buckets"].items():
            self.buckets[route] = [a + b for a, b in zip(self.buckets[route], row, strict=True)]
        seconds, size, events = other["totals"]
        self.audio_seconds += seconds
        self.received_bytes += size
        self.events += events
        for name, value in other["gauges"].items():
            self.gauges[name] = self.gauges.get(name, 0) + value


def exposition(workers: Iterable[bytes]) -> str:
    """The sum over workers, as text for Prometheus (format 0.0.4)."""
    total = Metrics()
    for found in workers:
        total.add(found)
    lines: list[str] = []

    def begin(name: str, kind: str, what: str) -> None:
        lines.extend((f"# HELP {name} {what}", f"# TYPE {name} {kind}"))

    begin(
        "hearfelt_requests_total", "counter", "Requests by route and status; 499 is a client that went away."
    )
    lines += [
        f'hearfelt_requests_total{{route="{route}",status="{status}"}} {count}'
        for (route, status), count in sorted(total.requests.items())
    ]
    begin(
        "hearfelt_request_seconds", "histogram", "From the first byte of a request to the last of its answer."
    )
    for route, row in sorted(total.buckets.items()):
        running = 0.0
        for edge, count in zip((*EDGES, "+Inf"), row, strict=False):
            running += count
            lines.append(f'hearfelt_request_seconds_bucket{{route="{route}",le="{edge}"}} {running:g}')
        lines.append(f'hearfelt_request_seconds_sum{{route="{route}"}} {row[-2]:.6f}')
        lines.append(f'hearfelt_request_seconds_count{{route="{route}"}} {row[-1]:g}')
    begin("hearfelt_audio_seconds_total", "counter", "Seconds of sound that were recognised.")
    lines.append(f"hearfelt_audio_seconds_total {total.audio_seconds:.10g}")
    begin("hearfelt_received_bytes_total", "counter", "Bytes of request bodies.")
    lines.append(f"hearfelt_received_bytes_total {total.received_bytes}")
    begin("hearfelt_stream_events_total", "counter", "Events sent to live connections.")
    lines.append(f"hearfelt_stream_events_total {total.events}")
    for name, what in _GAUGES.items():
        begin(name, "gauge", what)
        lines.append(f"{name} {total.gauges[name]:g}")
    return "\n".join(lines) + "\n"
