"""Decode every clip once, and open the cache again: python benchmarks/waveform_cache.py --data ../shared/data."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from _measure import REPOSITORY, machine, show
from hearfelt.corpora import scan_many
from hearfelt.training.waveforms import cache_waveforms


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, default=REPOSITORY.parent / "shared" / "data")
    arguments.add_argument("--threads", type=int, default=2)
    options = arguments.parse_args()
    manifest = scan_many(options.data)
    with tempfile.TemporaryDirectory() as place:
        first = cache_waveforms(manifest, folder=place, threads=options.threads).report
        began = time.monotonic()
        again = cache_waveforms(manifest, folder=place, threads=options.threads).report
        reopened = time.monotonic() - began
        megabytes = sum(path.stat().st_size for path in Path(place).rglob("*.i16")) / 1e6
    assert first.decoded and again.decoded == 0
    result = {
        "machine": machine(),
        "threads": options.threads,
        "clips": first.clips,
        "hours": round(first.audio_seconds / 3600, 2),
        "decode_seconds": round(first.seconds, 1),
        "clips_a_second": round(first.decoded / first.seconds, 1),
        "reopen_seconds": round(reopened, 2),
        "megabytes": round(megabytes),
    }
    show(
        result,
        f"{first.clips:,} clips decoded in {first.seconds:.1f} s ({result['clips_a_second']} a second), "
        f"opened and checked again in {reopened:.1f} s.",
    )


if __name__ == "__main__":
    main()
