"""All clips by one command, and whether the cost is linear: python benchmarks/many_files.py."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path

from _measure import REPOSITORY, hearfelt, machine, measure, model, parser, show


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    arguments.add_argument("--threads", type=int, default=2)
    arguments.add_argument("--shares", type=float, nargs="+", default=(0.1, 0.3, 1.0), help="of the clips")
    options = arguments.parse_args()
    clips = sorted(path for path in options.data.rglob("*.opus"))
    found = []
    with tempfile.TemporaryDirectory() as place:
        bundle = model(options.model, Path(place))
        for share in options.shares:
            folder = Path(place) / f"clips_{share}"
            folder.mkdir()
            step = 1 / share
            chosen = [clips[int(number * step)] for number in range(int(len(clips) * share))]
            for number, clip in enumerate(chosen):
                (folder / f"{number:06d}.opus").symlink_to(clip)
            out = Path(place) / "answers.jsonl"
            run = measure(
                hearfelt(
                    *("predict", folder, "--model", bundle, "--threads", options.threads),
                    *("--format", "jsonl", "--out", out),
                ),
                {"OMP_NUM_THREADS": "1"},
            )
            with out.open(encoding="utf-8") as lines:
                emotions = Counter(json.loads(line).get("emotion", "error") for line in lines)
            assert sum(emotions.values()) == len(chosen)
            found.append(
                {
                    "clips": len(chosen),
                    "wall_seconds": round(run.wall_seconds, 1),
                    "clips_a_second": round(len(chosen) / run.wall_seconds, 1),
                    "clips_a_cpu_second": round(len(chosen) / run.cpu_seconds, 1),
                    "peak_mb": round(run.peak_mb, 1),
                    "no_speech": emotions["no_speech"],
                    "errors": emotions["error"],
                }
            )
    first, last = found[0], found[-1]
    show(
        {"machine": machine(), "model": options.model, "threads": options.threads, "runs": found},
        f"{last['clips']:,} clips: {last['clips_a_second']} a second with {options.threads} threads "
        f"({first['clips_a_second']} for {first['clips']:,} clips), {last['peak_mb']} MB.",
    )


if __name__ == "__main__":
    main()
