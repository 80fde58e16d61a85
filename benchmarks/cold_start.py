"""A cold process: the help, the package alone, and one clip recognised: python benchmarks/cold_start.py."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from _measure import Measured, hearfelt, machine, measure, model, parser, show


def summary(runs: list[Measured]) -> dict[str, Any]:
    """Best and median wall time, processor time and memory."""
    return {
        "wall_seconds": round(min(run.wall_seconds for run in runs), 3),
        "median_wall_seconds": round(statistics.median(run.wall_seconds for run in runs), 3),
        "cpu_seconds": round(min(run.cpu_seconds for run in runs), 3),
        "peak_mb": round(max(run.peak_mb for run in runs), 1),
    }


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument(
        "--clip", type=Path, help="recording; a synthetic voice of 3 s at 48 kHz by default"
    )
    arguments.add_argument("--repeats", type=int, default=7)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as place:
        clip = options.clip or voice(Path(place) / "clip.wav")
        bundle = model(options.model, Path(place))
        commands = {
            "help": hearfelt("--help"),
            "import": [sys.executable, "-c", "import hearfelt"],
            "clip": hearfelt("predict", clip, "--model", bundle, "--format", "json"),
        }
        runs: dict[str, list[Measured]] = {name: [] for name in commands}
        for _ in range(options.repeats):
            for name, command in commands.items():
                runs[name].append(measure(command))
                assert runs[name][-1].status == 0, runs[name][-1].stdout
    result = {"machine": machine(), "model": options.model} | {
        name: summary(found) for name, found in runs.items()
    }
    best = result["clip"]
    show(
        result,
        f"One clip in a cold process: {best['wall_seconds']} s (median {best['median_wall_seconds']} s) and "
        f"{best['peak_mb']} MB at most; hearfelt --help {result['help']['wall_seconds']} s.",
    )


def voice(path: Path) -> Path:
    """Write a synthetic voice, so that the benchmark needs no corpus."""
    import numpy as np
    import soundfile

    from hearfelt.testing.voices import make_speakers, speak

    rng = np.random.default_rng(0)
    soundfile.write(
        path, speak(make_speakers(1, rng)[0], "happy", rng, seconds=3.0, sample_rate=48000), 48000
    )
    return path


if __name__ == "__main__":
    main()
