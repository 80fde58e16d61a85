"""Workers on one port: started, watched, and stopped so that no accepted request is lost.

On SIGTERM or SIGINT a worker still listens for a moment, answers new requests with 503 and `readyz` with "no", finishes
what it has accepted, ends live streams with their last events, and leaves. A second signal ends it at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn

from hearfelt.app._board import Board
from hearfelt.app._outside import log
from hearfelt.app._protocol import impatient
from hearfelt.app._state import Service
from hearfelt.app.application import create_app
from hearfelt.app.settings import ServiceSettings
from hearfelt.errors import HearfeltError
from hearfelt.recognition.bundle import read_bundle

#: New requests are answered with 503 for this long at least, so that balancers notice before the door closes.
_NOTICE_SECONDS = 0.5
_MOST_CONNECTIONS = 1000
_M_ARENA_MAX = -8  # malloc.h
_WAIT_SECONDS = (0.0, 1.0, 2.0, 5.0, 10.0)


def serve(settings: ServiceSettings, ready: Callable[[str], None] | None = None) -> int:
    """Serve until a signal comes.

    Args:
        settings: how.
        ready: called with the address once the port is open.

    Returns:
        exit status.

    Raises:
        HearfeltError: the port is taken, or a model cannot be loaded.
    """
    for model in settings.models:
        read_bundle(model)  # what is wrong with it is told before a worker begins
    _log_as_lines()
    with _open(settings) as door:
        host, port = door.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        if settings.workers == 1:
            return _work(settings, door, Board(1), 0, lambda: ready(address) if ready else None)
        if not hasattr(os, "fork"):
            raise HearfeltError(
                "Several workers need fork(), which this system does not have; use --workers 1."
            )
        if ready:
            ready(address)
        return _Supervisor(settings, door).run()


def _open(settings: ServiceSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((settings.host, settings.port))
        door.listen(1024)
    except OSError as error:
        door.close()
        raise HearfeltError(
            f"The service cannot listen on {settings.host} port {settings.port}: {error.strerror or error}. Name "
            "another with --host and --port (0 takes a free one)."
        ) from error
    door.setblocking(False)
    return door


class _Server(uvicorn.Server):
    """uvicorn's, with a stop that loses nothing."""

    def __init__(self, config: uvicorn.Config, service: Service, board: Board, place: int) -> None:
        super().__init__(config)
        self.service, self.board, self.place = service, board, place
        self._stops_at = 0.0
        self._parent = os.getppid() if service.settings.workers > 1 else 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """First signal: drain; second: leave."""
        if self._stops_at:
            self.force_exit = self.should_exit = True
        self._stops_at = self._stops_at or time.monotonic()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second."""
        if self._parent and os.getppid() != self._parent and not self._stops_at:
            self.handle_exit(
                signal.SIGTERM, None
            )  # the supervisor was killed: nobody would replace or stop this one
        if self._stops_at:
            if not self.service.draining.is_set():
                self.service.draining.set()
                log("draining", in_flight=self.service.in_flight)
            passed = time.monotonic() - self._stops_at
            idle = passed > _NOTICE_SECONDS and not self.service.in_flight
            if idle or passed > self.service.settings.drain_seconds + _NOTICE_SECONDS:
                self.should_exit = True
        if counter % 5 == 0:
            self.service.gauges()
            self.board.write(self.place, self.service.metrics.to_json())
        return await super().on_tick(counter)


def _work(
    settings: ServiceSettings, door: socket.socket, board: Board, place: int, ready: Callable[[], None]
) -> int:
    """One worker, until it is told to stop."""
    _few_heaps()
    _many_connections()
    sys.setswitchinterval(0.001)  # the event loop gets its turn while threads count
    before = board.read(place)  # of the worker whose place this one takes

    async def run() -> None:
        service = Service(settings, lambda: board.others(place))
        if before:
            service.metrics.add(before)
        config = uvicorn.Config(
            create_app(service),
            http=impatient(settings.idle_seconds, _MOST_CONNECTIONS),
            ws="websockets-sansio",
            ws_max_size=1 << 20,
            ws_per_message_deflate=False,
            ws_ping_interval=settings.idle_seconds,
            ws_ping_timeout=settings.idle_seconds,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=2,
        )
        server = _Server(config, service, board, place)
        gc.collect()
        gc.freeze()  # what is loaded stays: the collector need not look at it again
        log("ready", worker=place, models=list(service.models))
        ready()
        await server.serve(sockets=[door])
        service.workshop.close()
        log("stopped", worker=place)

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run())
    return 0


def _few_heaps() -> None:
    """Of glibc, which else keeps one a thread, each as large as the largest recording ever left it."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def _many_connections() -> None:
    """As many as are allowed to this process, where less was only the custom."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _loop_factory() -> Any:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class _Supervisor:
    """Keeps the workers going; imports nothing that has threads before it forks."""

    def __init__(self, settings: ServiceSettings, door: socket.socket) -> None:
        self.settings, self.door = settings, door
        self.board = Board(settings.workers)
        self.pids: dict[int, int] = {}
        self.stopping = 0

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for place in range(self.settings.workers):
            self._start(place)
        failures = 0
        while self.pids:
            try:
                pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                break
            if pid not in self.pids:
                continue
            place = self.pids.pop(pid)
            if self.stopping:
                continue
            code = os.waitstatus_to_exitcode(status)
            log("worker lost", worker=place, status=code)
            time.sleep(_WAIT_SECONDS[min(failures, len(_WAIT_SECONDS) - 1)])
            failures += 1
            if not self.stopping:
                self._start(place)
        return 0

    def _start(self, place: int) -> None:
        pid = os.fork()
        if pid:
            self.pids[pid] = place
            return
        status = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            status = _work(self.settings, self.door, self.board, place, lambda: None)
        except HearfeltError as error:
            log("worker failed", worker=place, error=str(error))
        finally:
            os._exit(status)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping += 1
        for pid in self.pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def _log_as_lines() -> None:
    """Our lines are JSON already; what uvicorn has to say becomes some."""
    ours = logging.getLogger("hearfelt.app")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(logging.INFO)
    theirs = logging.getLogger("uvicorn")
    theirs.handlers, theirs.propagate = [_AsLine()], False
    theirs.setLevel(logging.WARNING)


class _AsLine(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        log("server", level=record.levelname, message=str(record.msg).splitlines()[0][:200], kind=kind)
