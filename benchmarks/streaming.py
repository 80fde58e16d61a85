"""Latency and memory of live recognition, in the process and through a pipe: python benchmarks/streaming.py."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from _measure import REPOSITORY, hearfelt, machine, model, parser, show
from hearfelt.audio.decode import read_audio
from hearfelt.recognition.recognizer import Recognizer, load

CHUNK_SECONDS = 0.02
RATES = (16000, 44100, 48000)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    arguments.add_argument("--hours", type=float, default=1.0, help="sound fed without waiting, at 48 kHz")
    arguments.add_argument("--seconds", type=float, default=30.0, help="sound fed in real time, each rate")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        bundle = model(options.model, Path(place))
        recognizer = load(bundle)
        voice = speech(options.data, 120.0)
        result: dict[str, Any] = {
            "machine": machine(),
            "window_seconds": recognizer.window_seconds,
            "hop_seconds": recognizer.hop_seconds,
            "work": work(recognizer, soxr.resample(voice, 16000, 48000), options.hours),
            "live": [
                live(recognizer, bundle, soxr.resample(voice, 16000, rate), rate, options.seconds)
                for rate in RATES
            ],
        }
    worst = max(result["live"], key=lambda entry: entry["event_ms_max"])
    done = result["work"]
    show(
        result,
        f"An event is read {worst['event_ms_median']} ms (median; at most {worst['event_ms_max']}) after the last "
        f"sound of its window, at {worst['rate']} Hz in {1000 * CHUNK_SECONDS:g} ms chunks through a pipe; a sound "
        f"waits at most {worst['latency_seconds']:.2f} s for its event. {done['times_real_time']} times real time; "
        f"{done['memory_growth_mb']:+.1f} MB over {options.hours:g} h.",
    )


def speech(data: Path, seconds: float) -> NDArray[np.float32]:
    """Clips of all corpora, one after another, at 16 kHz."""
    paths = sorted(data.rglob("*.opus"))
    assert paths, f"no clips in {data}: name another folder with --data"
    clips = [read_audio(path, 16000) for path in paths[:: max(1, len(paths) // round(seconds / 1.5))]]
    joined = np.concatenate(clips)
    return np.tile(joined, -(-round(seconds * 16000) // joined.size))[: round(seconds * 16000)]


def work(recognizer: Recognizer, voice: NDArray[np.float32], hours: float) -> dict[str, float]:
    """What the processor does, and whether memory grows between the first tenth and the end."""
    rate, chunk = 48000, round(48000 * CHUNK_SECONDS)
    stream = recognizer.stream()
    chunks = round(hours * 3600 / CHUNK_SECONDS)
    busy, spent, before = [], 0.0, 0.0
    for number in range(chunks):
        start = number * chunk % (voice.size - chunk)
        begun = time.perf_counter()
        events = stream.feed(voice[start : start + chunk], rate)
        passed = time.perf_counter() - begun
        spent += passed
        if events:
            busy.append(1000 * passed)
        if number == chunks // 10:
            before = resident_mb()
    return {
        "hours": hours,
        "times_real_time": round(hours * 3600 / spent),
        "feed_with_event_ms_median": round(float(np.median(busy)), 2),
        "feed_with_event_ms_p99": round(float(np.percentile(busy, 99)), 2),
        "memory_mb": round(resident_mb(), 1),
        "memory_growth_mb": round(resident_mb() - before, 1),
    }


def live(
    recognizer: Recognizer, bundle: str, voice: NDArray[np.float32], rate: int, seconds: float
) -> dict[str, float]:
    """`hearfelt listen` fed in real time: from the last sound of a window to its line."""
    stream = recognizer.stream()
    stream.feed(np.zeros(1), rate)
    data = (np.clip(voice[: round(seconds * rate)], -1, 1) * 32767).astype("<i2")
    command = hearfelt("listen", "-", "--raw", "s16le", "--rate", rate, "--jsonl", "--model", bundle)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin and process.stdout and process.stderr
    process.stderr.readline()  # it listens
    lines: list[tuple[float, dict[str, Any]]] = []

    def read(output: Any) -> None:
        lines.extend((time.monotonic(), json.loads(line)) for line in output)

    reader = threading.Thread(target=read, args=(process.stdout,))
    reader.start()
    begun, chunk = time.monotonic(), round(rate * CHUNK_SECONDS)
    for start in range(0, data.size, chunk):
        time.sleep(max(0.0, begun + (start + chunk) / rate - time.monotonic()))  # a chunk comes at its end
        process.stdin.write(data[start : start + chunk].tobytes())
        process.stdin.flush()
    process.stdin.close()
    process.wait(60)
    reader.join()
    waits = [1000 * (moment - begun - event["end"]) for moment, event in lines[1:-1]]
    return {
        "rate": rate,
        "latency_seconds": round(stream.latency_seconds, 3),
        "warm_up_seconds": round(stream.warm_up_seconds, 3),
        "first_event_seconds": round(lines[0][0] - begun, 3),
        "event_ms_median": round(float(np.median(waits)), 1),
        "event_ms_max": round(max(waits), 1),
        "events": len(lines),
    }


def resident_mb() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
