"""What the routes of a worker share: models, threads, counters, and whether it is about to stop."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

from fastapi import Request
from fastapi.requests import HTTPConnection

from hearfelt.app._errors import BusyError, RequestError
from hearfelt.app.metrics import Metrics
from hearfelt.app.settings import ServiceSettings
from hearfelt.app.uploads import VanishedError
from hearfelt.app.work import Work, Workshop
from hearfelt.errors import AudioError, HearfeltError, UnknownNameError
from hearfelt.recognition.recognizer import Recognizer, load

T = TypeVar("T")

_MOST_VARIANTS = 64
#: How what libsndfile reads begins: unreadable, such a recording is damaged (422), and anything else of the wrong
#: type (415).
_BEGINNINGS = (
    b"RIFF",
    b"RIFX",
    b"RF64",
    b"BW64",
    b"fLaC",
    b"OggS",
    b"ID3",
    b"FORM",
    b"caff",
    b".snd",
    b"riff",
)


class Service:
    """One worker's models, threads and counters.

    Args:
        settings: how it runs.
        workers_metrics: the counters of the other workers.
    """

    def __init__(
        self, settings: ServiceSettings, workers_metrics: Callable[[], Iterable[bytes]] = tuple
    ) -> None:
        self.settings = settings
        self.models = load_models(settings.models)
        self.default = next(iter(self.models))
        self.workshop = Workshop(settings.threads, settings.queue)
        self.metrics = Metrics()
        self.workers_metrics = workers_metrics
        self.in_flight = 0
        self.uploads = 0
        self.streams = 0
        self.draining = asyncio.Event()
        self._variants: OrderedDict[tuple[object, ...], Recognizer] = OrderedDict()

    def recognizer(self, model: str | None, unsure_below: float, labels: Sequence[str] | None) -> Recognizer:
        """A model with a request's options.

        Raises:
            HearfeltError: there is no such model or label, or a value is out of range.
        """
        name = model or self.default
        if name not in self.models:
            raise UnknownNameError("model in this service", name, self.models)
        if not unsure_below and labels is None:
            return self.models[name]
        key = (name, unsure_below, None if labels is None else tuple(labels))
        if key not in self._variants:
            self._variants[key] = self.models[name].variant(unsure_below=unsure_below, labels=labels)
            if len(self._variants) > _MOST_VARIANTS:
                self._variants.popitem(last=False)
        self._variants.move_to_end(key)
        return self._variants[key]

    def gauges(self) -> None:
        """Bring the gauges up to date."""
        self.metrics.gauges.update(
            hearfelt_queue_depth=self.workshop.waiting,
            hearfelt_running=self.workshop.running,
            hearfelt_requests_in_flight=self.in_flight,
            hearfelt_streams=self.streams,
            hearfelt_uploads=self.uploads,
            hearfelt_draining=int(self.draining.is_set()),
            hearfelt_workers=1,
        )

    def check_uploads(self) -> None:
        """Refuse an upload before it is read, where it could not be worked on or too many are under way.

        Raises:
            BusyError: so it is.
        """
        self.workshop.check_room()
        most = 4 * (self.settings.queue + self.settings.threads)
        if self.uploads >= most:
            raise BusyError(429, f"{self.uploads} uploads are under way; come again a little later.", 2)

    async def results(self, request: Request, works: Sequence[Work[T]]) -> list[T | BaseException]:
        """Wait for works, as long as the client does and time allows.

        Raises:
            RequestError: it takes too long (503).
            VanishedError: the client is gone.
        """
        gone = asyncio.ensure_future(_gone(request))
        every = asyncio.gather(*(work.done for work in works), return_exceptions=True)
        try:
            waited: set[asyncio.Future[Any]] = {gone, every}
            await asyncio.wait(
                waited, timeout=self.settings.timeout_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if every.done():
                return every.result()
            if gone.done():
                raise VanishedError
            raise RequestError(
                503,
                f"The recording was not done within {self.settings.timeout_seconds:g} s: it is too long for this "
                "service, or too much is going on. Divide it, or come again later.",
                {"Retry-After": "10"},
            )
        finally:
            gone.cancel()
            for work in works:
                if not work.done.done():
                    self.workshop.cancel(work)


def service_of(connection: HTTPConnection) -> Service:
    """The service that a request came to."""
    return cast(Service, connection.app.state.service)


def load_models(models: Iterable[str]) -> dict[str, Recognizer]:
    """Models by the names that clients call them.

    Raises:
        HearfeltError: one cannot be loaded, or two have one name.
    """
    found: dict[str, Recognizer] = {}
    for model in models:
        recognizer = load(model)
        name = recognizer.specification.name
        if name in found:
            raise HearfeltError(
                f"The models in {found[name].folder} and {recognizer.folder} are both called {name!r}; clients could "
                "not tell them apart. Rename one in its model.json."
            )
        found[name] = recognizer
    return found


def refusal(error: BaseException, name: str, beginning: bytes) -> RequestError:
    """How a recording that failed is answered; the sentence is that of the command line.

    Raises:
        RuntimeError: it is no fault of the recording.
    """
    if isinstance(error, RequestError):
        return error
    if isinstance(error, AudioError):
        # A byte order mark of MPEG frames: eleven bits.
        sound = beginning[:4].startswith(_BEGINNINGS) or (
            len(beginning) > 1 and beginning[0] == 0xFF and beginning[1] >= 0xE0
        )
        status = 422 if sound or not beginning else 415
        return RequestError(status, str(error).replace("the audio given", repr(name), 1))
    raise RuntimeError("recognition failed") from error


def listed(labels: str | None) -> list[str] | None:
    """Labels separated by commas; None is all.

    >>> listed("happy, sad"), listed(None)
    (['happy', 'sad'], None)
    """
    return None if labels is None else [label.strip() for label in labels.split(",") if label.strip()]


async def _gone(request: Request) -> None:
    message: Any = {}
    while message.get("type") != "http.disconnect":
        message = await request.receive()
