"""The picture and the page of a long recording: python docs/pictures/timeline.py writes two PNGs beside itself.

Needs the browser chromium for the page (timeline_page.png).
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from hearfelt.audio.decode import read_audio
from hearfelt.cli import main as hearfelt
from hearfelt.cli.demo import SAMPLES_FOLDER
from hearfelt.recognition.inputs import find_recordings

RATE = 16000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--model", default="default")
    arguments.add_argument("--data", default=str(SAMPLES_FOLDER), help="recordings, joined with pauses")
    arguments.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = arguments.parse_args()
    generator = np.random.default_rng(1)
    parts = [np.zeros(RATE, np.float32)]
    for path in find_recordings([options.data]):
        pause = np.zeros(round(RATE * generator.uniform(0.6, 2.5)), np.float32)
        parts += [read_audio(path, RATE), pause]  # type: ignore[arg-type]
    sound = np.concatenate(parts)
    with tempfile.TemporaryDirectory() as folder:
        talk, page = Path(folder) / "talk.wav", Path(folder) / "talk.html"
        soundfile.write(talk, sound + 1e-4 * generator.standard_normal(sound.size), RATE)
        picture = options.out / "timeline.png"
        hearfelt(["timeline", str(talk), "--model", options.model, "--format", "png", "--out", str(picture)])
        hearfelt(["timeline", str(talk), "--model", options.model, "--format", "html", "--out", str(page)])
        browser = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        shot = options.out / "timeline_page.png"
        more = [
            "--window-size=1100,1150",
            "--virtual-time-budget=4000",
            f"--screenshot={shot}",
            page.as_uri(),
        ]
        subprocess.run([*browser, *more], check=True, capture_output=True)


if __name__ == "__main__":
    main()
