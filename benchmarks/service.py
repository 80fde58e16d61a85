"""Throughput and endurance of the service, on the loopback address: python benchmarks/service.py [--soak]."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from _measure import REPOSITORY, hearfelt, machine, model, parser, show
from hearfelt.audio.decode import read_audio

CLIP_SECONDS = 3.0
BOUNDARY = "a-line-that-is-in-no-recording"
#: Formats of the uploads, by how they are written.
FORMATS = {"wav": ("WAV", "PCM_16"), "flac": ("FLAC", "PCM_16"), "opus": ("OGG", "OPUS")}


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    arguments.add_argument("--clients", type=int, default=32)
    arguments.add_argument("--seconds", type=float, help="15 of load, or 600 of --soak")
    arguments.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--formats", nargs="+", default=list(FORMATS), choices=FORMATS)
    arguments.add_argument("--soak", action="store_true", help="good, bad, huge and broken requests, mixed")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        bundle = model(options.model, Path(place))
        clips = speech(options.data, 64)
        if options.soak:
            soak(bundle, clips, options.clients, options.seconds or 600.0, options.workers[-1])
        else:
            load(bundle, clips, options)


def load(bundle: str, clips: list[NDArray[np.float32]], options: Any) -> None:
    """Clips of three seconds from many clients, one after another in each."""
    rows = []
    for workers in options.workers:
        with serving(bundle, workers) as (port, pids):
            for form in options.formats:
                bodies = [request(encoded(clip, form), f"clip.{form}") for clip in clips]
                asyncio.run(drive(port, bodies, options.clients, 2.0))  # warm
                before = sum(map(cpu_seconds, pids()))
                row = asyncio.run(drive(port, bodies, options.clients, options.seconds or 15.0))
                spent = sum(map(cpu_seconds, pids())) - before
                row["server_cpu_ms_a_clip"] = round(1000 * spent / max(1, row["statuses"].get(200, 0)), 1)
                rows.append({"workers": workers, "format": form} | row | {"load": machine()["load"]})
    best = max(rows, key=lambda row: row["clips_per_second"])
    show(
        {"machine": machine(), "clients": options.clients, "runs": rows},
        f"{best['clips_per_second']} three-second clips a second ({best['format']}, {best['workers']} workers), "
        f"p99 {best['ms_p99']} ms at {options.clients} clients.",
    )


async def drive(port: int, bodies: list[bytes], clients: int, seconds: float) -> dict[str, Any]:
    """Each client sends its next request when it has the answer to the last."""
    times: list[float] = []
    statuses: Counter[int] = Counter()
    begun = time.perf_counter()

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() - begun < seconds:
            sent = time.perf_counter()
            number += 1
            writer.write(bodies[number % len(bodies)])
            statuses[(await answer(reader))[0]] += 1
            times.append(time.perf_counter() - sent)
        writer.close()

    await asyncio.gather(*(client(7 * number) for number in range(clients)))
    passed = time.perf_counter() - begun
    found = np.array(times) * 1000
    return {
        "clips_per_second": round(statuses[200] / passed, 1),
        "ms_median": round(float(np.median(found))),
        "ms_p99": round(float(np.percentile(found, 99))),
        "ms_max": round(float(found.max())),
        "statuses": dict(statuses),
    }


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    size = re.search(rb"content-length: (\d+)", head)
    assert size, head
    return int(head[9:12]), await reader.readexactly(int(size[1]))


def soak(bundle: str, clips: list[NDArray[np.float32]], clients: int, seconds: float, workers: int) -> None:
    """Good, bad, huge and broken requests from all clients; what is answered, and how memory goes."""
    kinds = mixture(clips)
    statuses: Counter[str] = Counter()
    memory: list[tuple[float, float]] = []
    with serving(bundle, workers, "--max-megabytes", 8, "--max-seconds", 120, "--queue", 16) as (port, pids):
        asyncio.run(_soak(port, kinds, clients, seconds, statuses, memory, pids))
    wrong = {kind: count for kind, count in statuses.items() if re.search(r" 5(?!03)\d\d$", kind)}
    # The caches of the allocator fill in the beginning: growth counts from a fifth of the time on.
    settled = [size for moment, size in memory if moment > seconds / 5]
    third = max(1, len(settled) // 3)
    before, after = np.median(settled[:third]), np.median(settled[-third:])
    result = {
        "machine": machine(),
        "seconds": seconds,
        "clients": clients,
        "workers": workers,
        "requests": sum(statuses.values()),
        "answers": dict(sorted(statuses.items())),
        "server_errors": wrong,
        "memory_mb": [round(size) for _, size in memory[:: max(1, len(memory) // 12)]],
        "memory_mb_first_third": round(float(before), 1),
        "memory_mb_last_third": round(float(after), 1),
        "memory_growth_percent": round(100 * float(after / before - 1), 1),
    }
    show(
        result,
        f"{result['requests']:,} requests in {seconds:g} s; server errors: {wrong or 'none'}; memory "
        f"{before:.0f} to {after:.0f} MB ({result['memory_growth_percent']:+} %).",
    )
    assert not wrong, wrong
    assert abs(result["memory_growth_percent"]) <= 10


def mixture(clips: list[NDArray[np.float32]]) -> dict[str, tuple[float, Callable[[int], bytes | None]]]:
    """Kind of request -> share of all, and its bytes (None: the client vanishes in the middle of it)."""
    good = {form: [request(encoded(clip, form), f"clip.{form}") for clip in clips[:16]] for form in FORMATS}
    long = request(encoded(np.concatenate(clips * 2)[: 100 * 16000], "flac"), "long.flac")
    longer = request(encoded(np.tile(np.concatenate(clips), 2), "opus"), "longer.opus")
    page = request(encoded(clips[0], "wav"), "clip.wav", "/v1/timeline?format=html&audio=embed")
    damaged = encoded(clips[0], "flac")
    damaged = damaged[:200] + bytes(1000) + damaged[400:600]
    text = request(b"This is no sound. " * 500, "notes.txt")
    many = request(encoded(clips[1], "wav"), "clip.wav", count=6)
    return {
        **{f"good {form}": (0.2, lambda n, b=bodies: b[n % len(b)]) for form, bodies in good.items()},
        "batch": (0.03, lambda _: many),
        "timeline": (0.05, lambda n: request_to(good["wav"][n % 16], "/v1/timeline?format=srt")),
        "page": (0.02, lambda _: page),
        "long": (0.01, lambda _: long),
        "too long": (0.01, lambda _: longer),
        "no audio": (0.06, lambda _: text),
        "empty": (0.04, lambda _: request(b"", "empty.wav")),
        "damaged": (0.05, lambda _: request(damaged, "damaged.flac")),
        "wrong option": (0.03, lambda n: request_to(good["wav"][n % 16], "/v1/recognize?model=nobody")),
        "huge": (0.02, lambda _: request(bytes(9_000_000), "huge.wav")),
        "no form": (
            0.03,
            lambda _: b"POST /v1/recognize HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nabcd",
        ),
        "no HTTP": (0.02, lambda _: b"\x16\x03\x01 hello\r\n\r\n"),
        "vanished": (0.03, lambda _: None),
    }


async def _soak(
    port: int,
    kinds: dict[str, tuple[float, Callable[[int], bytes | None]]],
    clients: int,
    seconds: float,
    statuses: Counter[str],
    memory: list[tuple[float, float]],
    pids: Callable[[], list[int]],
) -> None:
    names = list(kinds)
    shares = np.array([kinds[name][0] for name in names])
    generator = np.random.default_rng(5)
    begun = time.perf_counter()
    good = await _good(port)

    async def client() -> None:
        number = 0
        while time.perf_counter() - begun < seconds:
            number += 1
            name = str(generator.choice(names, p=shares / shares.sum()))
            body = kinds[name][1](number)
            try:
                async with asyncio.timeout(90):
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    if body is None:
                        writer.write(good[: len(good) // 2])
                        await asyncio.sleep(0.1)
                        statuses[f"{name} gone"] += 1
                    else:
                        writer.write(body)
                        status, _ = await answer(reader)
                        statuses[f"{name} {status}"] += 1
                        if status == 429:
                            await asyncio.sleep(0.2)
                    writer.close()
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                statuses[f"{name} {type(error).__name__}"] += 1

    async def watch() -> None:
        while time.perf_counter() - begun < seconds:
            memory.append((time.perf_counter() - begun, sum(map(resident_mb, pids()))))
            await asyncio.sleep(2.0)

    await asyncio.gather(watch(), *(client() for _ in range(clients)))


async def _good(port: int) -> bytes:
    tone = 0.1 * np.sin(np.arange(48000) * 0.05).astype(np.float32)
    return request(encoded(tone, "wav"), "tone.wav")


def request(data: bytes, name: str, path: str = "/v1/recognize", count: int = 1) -> bytes:
    """A multipart request as bytes."""
    part = (
        f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="{name}"\r\n'
        "content-type: application/octet-stream\r\n\r\n"
    ).encode() + data
    body = b"\r\n".join([part] * count) + f"\r\n--{BOUNDARY}--\r\n".encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def request_to(whole: bytes, path: str) -> bytes:
    """The same request to another place."""
    return whole.replace(b"POST /v1/recognize ", f"POST {path} ".encode(), 1)


def encoded(clip: NDArray[np.float32], form: str) -> bytes:
    """A clip as a file."""
    container, coding = FORMATS[form]
    file = io.BytesIO()
    soundfile.write(file, clip, 16000, format=container, subtype=coding)
    return file.getvalue()


def speech(data: Path, count: int) -> list[NDArray[np.float32]]:
    """Clips of exactly three seconds, of all corpora."""
    paths = sorted(data.rglob("*.opus"))
    assert paths, f"no clips in {data}: name another folder with --data"
    joined = np.concatenate([read_audio(path, 16000) for path in paths[:: max(1, len(paths) // (2 * count))]])
    size = round(CLIP_SECONDS * 16000)
    return [joined[start : start + size] for start in range(0, joined.size - size, size)][:count]


@contextmanager
def serving(bundle: str, workers: int, *more: object) -> Iterator[tuple[int, Callable[[], list[int]]]]:
    """A service on a free port; its log goes nowhere."""
    log = Path(tempfile.mkstemp(prefix="service", suffix=".log")[1])
    with log.open("wb") as sink:
        process = subprocess.Popen(
            hearfelt("serve", "--port", 0, "--model", bundle, "--workers", workers, *more),
            stderr=sink,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
    try:
        while log.read_text(errors="replace").count('"event": "ready"') < workers:
            assert process.poll() is None, log.read_text(errors="replace")
            time.sleep(0.05)
        time.sleep(0.2)
        address = re.search(r"Serving on http://[^:]+:(\d+)", log.read_text(errors="replace"))
        assert address

        def pids() -> list[int]:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            return [process.pid, *map(int, children)]

        yield int(address[1]), pids
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(60)
        failures = [json.loads(line) for line in log.read_text().splitlines() if '"event": "failure"' in line]
        log.unlink()
        assert status == 0 and not failures, (status, failures[:3])


def cpu_seconds(pid: int) -> float:
    """That a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Memory of a process without the files that are mapped into it, whose share changes with other processes."""
    found = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return int(re.search(r"Anonymous:\s+(\d+)", found)[1]) / 1024  # type: ignore[index]


if __name__ == "__main__":
    main()
