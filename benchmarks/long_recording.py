"""A recording of three hours on one core, and whether memory grows: python benchmarks/long_recording.py."""

from __future__ import annotations

import json
import tempfile
from itertools import cycle
from pathlib import Path

import numpy as np
import soundfile

from _measure import REPOSITORY, hearfelt, machine, measure, model, parser, show

RATE = 16000


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    arguments.add_argument("--hours", type=float, nargs=2, default=(1.0, 3.0))
    arguments.add_argument("--rate", type=int, default=RATE, help="sample rate of the recording")
    arguments.add_argument("--channels", type=int, default=1)
    options = arguments.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as place:
        bundle = model(options.model, Path(place))
        recording = Path(place) / "long.wav"
        for hours in options.hours:
            tile(options.data, hours, recording, options.rate, options.channels)
            run = measure(
                hearfelt("predict", recording, "--model", bundle, "--threads", 1, "--format", "json"),
                {"OMP_NUM_THREADS": "1"},
            )
            assert run.status == 0, run.stdout[:500]
            (answer,) = json.loads(run.stdout)
            found.append(
                {
                    "hours": hours,
                    "windows": len(answer["segments"]),
                    "times_real_time": round(answer["duration"] / run.wall_seconds),
                    "times_real_time_cpu": round(answer["duration"] / run.cpu_seconds),
                    "peak_mb": round(run.peak_mb, 1),
                }
            )
    short, long = found
    growth = long["peak_mb"] - short["peak_mb"]
    show(
        {"machine": machine(), "model": options.model, "runs": found, "growth_mb": round(growth, 1)},
        f"{long['hours']:g} hours: {long['times_real_time']} times real time on one core "
        f"({long['times_real_time_cpu']} by processor time), {long['peak_mb']} MB; {growth:+.1f} MB beside "
        f"{short['hours']:g} hour.",
    )


def tile(data: Path, hours: float, target: Path, rate: int, channels: int) -> None:
    """A recording of clips of all corpora, one after another with short gaps."""
    from hearfelt.audio.decode import read_audio

    paths = sorted(data.rglob("*.opus"))[::150]
    assert paths, f"no clips in {data}: name another folder with --data"
    clips = [np.concatenate([read_audio(path, rate), np.zeros(rate // 2, np.float32)]) for path in paths]
    left = round(hours * 3600 * rate)
    with soundfile.SoundFile(target, "w", rate, channels, "PCM_16") as file:
        for clip in cycle(clips):
            file.write(np.repeat(clip[:left, None], channels, axis=1))
            left -= clip[:left].size
            if not left:
                return


if __name__ == "__main__":
    main()
