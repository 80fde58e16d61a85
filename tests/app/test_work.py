"""The workshop: bounded, fair, and rid of work that nobody waits for."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.app._errors import RequestError
from hearfelt.app.work import CancelledWorkError, Clip, Workshop
from hearfelt.errors import AudioError
from hearfelt.recognition.recognizer import Recognizer, load
from hearfelt.testing.bundles import write_tiny_bundle


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory) -> Recognizer:
    return load(write_tiny_bundle(tmp_path_factory.mktemp("tiny")))


def wav(seconds: float, seed: int = 0) -> io.BytesIO:
    file = io.BytesIO()
    noise = np.random.default_rng(seed).standard_normal(round(16000 * seconds))
    soundfile.write(file, 0.1 * noise * np.sin(np.arange(noise.size) * 0.001), 16000, format="WAV")
    return file


def test_clips_together_are_as_alone_and_failures_stay_alone(recognizer) -> None:
    async def run() -> list[object]:
        shop = Workshop(1, 50)
        gate = threading.Event()
        shop.call(lambda _: gate.wait())  # so that the others pile up
        sounds = [wav(0.5 + 0.3 * number, number) for number in range(12)] + [wav(50.0)]
        clips = [Clip(recognizer, f"{n}.wav", sound, 60.0) for n, sound in enumerate(sounds)]
        clips.insert(3, Clip(recognizer, "bad.wav", io.BytesIO(b"no sound"), 60.0))
        clips.insert(5, Clip(recognizer, "long.wav", wav(61.0), 60.0))
        works = shop.recognize(clips)
        await asyncio.sleep(0.05)
        gate.set()
        found = await asyncio.gather(*(work.done for work in works), return_exceptions=True)
        shop.close()
        return list(zip(clips, found, strict=True))

    for clip, found in asyncio.run(run()):
        if clip.name == "bad.wav":
            assert isinstance(found, AudioError)
        elif clip.name == "long.wav":
            assert isinstance(found, RequestError) and found.status == 413
        else:
            clip.file.seek(0)
            wanted = recognizer(clip.file).to_dict() | {"path": clip.name}
            got = found.to_dict()
            assert got["probabilities"] == pytest.approx(wanted.pop("probabilities"), abs=1e-5)
            assert got["duration"] == wanted["duration"] and got["path"] == clip.name
            assert len(got["segments"]) == len(wanted["segments"])


def test_the_queue_is_bounded_and_urgent_work_passes_by() -> None:
    async def run() -> None:
        shop = Workshop(1, 2)
        gate = threading.Event()
        works = [shop.call(lambda _: gate.wait(20)) for _ in range(3)]  # one in work, two wait
        await asyncio.sleep(0.05)
        assert (shop.running, shop.waiting) == (1, 2)
        with pytest.raises(RequestError) as full:
            shop.call(lambda _: None)
        assert full.value.status == 429 and int(full.value.headers["Retry-After"]) >= 1
        order: list[str] = []
        works[1].done.add_done_callback(lambda _: order.append("waiting"))
        urgent = shop.call(lambda _: order.append("urgent"), urgent=True)
        shop.cancel(works[2])
        assert shop.waiting == 2  # the cancelled one has left the queue
        gate.set()
        await asyncio.gather(works[0].done, works[1].done, urgent.done)
        assert order == ["urgent", "waiting"]
        shop.close()

    asyncio.run(run())


def test_cancelled_work_ends_at_its_next_step(recognizer) -> None:
    async def run() -> None:
        shop = Workshop(1, 2)
        left = threading.Event()

        def endless(work) -> None:
            try:
                while True:
                    work.check()
                    time.sleep(0.001)
            except CancelledWorkError:
                left.set()
                raise

        work = shop.call(endless)
        await asyncio.sleep(0.02)
        shop.cancel(work)
        assert await asyncio.to_thread(left.wait, 5)
        assert await shop.call(lambda _: "next").done == "next"
        shop.close()

    asyncio.run(run())


def test_nothing_keeps_an_upload_after_its_answer(recognizer, tmp_path: Path) -> None:
    import weakref

    class Sound(io.BytesIO):
        pass

    async def run() -> None:
        shop = Workshop(1, 2)
        sound = Sound(wav(1.0).getvalue())
        gone = weakref.ref(sound)
        (work,) = shop.recognize([Clip(recognizer, "a", sound, 10.0)])
        await work.done
        del work, sound
        await asyncio.sleep(0.05)
        assert gone() is None
        shop.close()

    asyncio.run(run())
