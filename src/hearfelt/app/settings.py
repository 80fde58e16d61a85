"""What a service is told when it starts, checked before anything is opened."""

from __future__ import annotations

from dataclasses import dataclass, field

from hearfelt.errors import HearfeltError

_LEAST: dict[str, float] = {
    "workers": 1,
    "threads": 1,
    "max_files": 1,
    "queue": 0,
    "streams": 0,
    "max_seconds": 0.1,
    "max_megabytes": 0.001,
    "timeout_seconds": 0.1,
    "upload_seconds": 0.1,
    "idle_seconds": 0.1,
    "drain_seconds": 0.0,
}
_SHORTEST_TOKEN = 16


@dataclass(frozen=True)
class ServiceSettings:
    """How a service runs.

    Attributes:
        models: bundles' folders or names of bundled models; the first one answers where none is asked for.
        host: address to listen on.
        port: 0 takes a free one.
        workers: processes that share the port.
        threads: of each worker, for decoding and recognition.
        max_seconds: of a recording.
        max_megabytes: of a request (1 MB is 10**6 bytes).
        max_files: of a request.
        queue: recordings that may wait in each worker, beside those in work.
        streams: live connections at a time in each worker.
        timeout_seconds: for a request, from the end of its upload.
        upload_seconds: for an upload.
        idle_seconds: in which some of a header, an upload or an answer has to move.
        drain_seconds: that accepted requests have when the service stops.
        token: that requests have to show; empty for none.
        cors_origins: pages of other hosts that may use the service, such as ``https://example.org``.
    """

    models: tuple[str, ...] = ("default",)
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    threads: int = 1
    max_seconds: float = 600.0
    max_megabytes: float = 50.0
    max_files: int = 32
    queue: int = 64
    streams: int = 32
    timeout_seconds: float = 60.0
    upload_seconds: float = 60.0
    idle_seconds: float = 10.0
    drain_seconds: float = 30.0
    token: str = field(default="", repr=False)
    cors_origins: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if not value >= least:
                raise HearfeltError(f"{name} is {value:g}; it has to be {least:g} at least.")
        if not 0 <= self.port <= 65535:
            raise HearfeltError(f"Port {self.port} does not exist; ports are 0 (any free one) to 65535.")
        if not self.models:
            raise HearfeltError(
                "A service needs a model; name one, or leave the option away for the bundled one."
            )
        if self.token and (
            len(self.token) < _SHORTEST_TOKEN or not self.token.isascii() or " " in self.token
        ):
            raise HearfeltError(
                f"The token has {len(self.token)} characters; it has to be {_SHORTEST_TOKEN} at least, ASCII without "
                "spaces. `openssl rand -hex 24` makes a good one."
            )
        for origin in self.cors_origins:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise HearfeltError(
                    f"{origin!r} is no origin: scheme, host and port without a path, such as https://example.org."
                )

    @property
    def max_bytes(self) -> int:
        """Of a request."""
        return round(self.max_megabytes * 1e6)
