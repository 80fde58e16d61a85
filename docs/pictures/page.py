"""The web page, seen: python docs/pictures/page.py writes three PNGs beside itself.

Needs the browser chromium and the extras serve and dev.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image
from playwright.sync_api import sync_playwright

from hearfelt.audio.decode import read_audio
from hearfelt.cli.demo import SAMPLES_FOLDER
from hearfelt.recognition.inputs import find_recordings

RATE = 16000
TOP = 6  # pixels above the answer
SHOTS = (
    ("page", {"viewport": {"width": 1000, "height": 640}, "color_scheme": "light"}, "start"),
    ("page_dark", {"viewport": {"width": 1000, "height": 820}, "color_scheme": "dark"}, "result"),
    ("page_phone", {"viewport": {"width": 375, "height": 1000}, "color_scheme": "light"}, "result"),
)


@contextmanager
def service() -> Iterator[str]:
    """Address of a service of our own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hearfelt", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for line in process.stdout or ():
            if found := re.search(r"Serving on (http://\S+);", line):
                yield found[1]
                return
        raise SystemExit("The service did not start.")
    finally:
        process.terminate()
        process.wait(60)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--data", default=str(SAMPLES_FOLDER), help="recordings, joined with pauses")
    arguments.add_argument("--out", type=Path, default=Path(__file__).parent)
    options = arguments.parse_args()
    parts = [np.zeros(RATE // 2, np.float32)]
    for path in find_recordings([options.data]):
        parts += [read_audio(path, RATE), np.zeros(RATE, np.float32)]  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder, service() as address, sync_playwright() as started:
        talk = Path(folder) / "talk.wav"
        soundfile.write(talk, np.concatenate(parts), RATE)
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, look, what in SHOTS:
            page = browser.new_context(**look, reduced_motion="reduce").new_page()
            page.goto(address)
            page.locator("html[data-ready]").wait_for()
            if what == "result":
                page.set_input_files("#file", talk)
                page.locator("#result-title .of", has_text="talk.wav").wait_for(timeout=120_000)
                page.evaluate(f"window.scrollTo(0, document.querySelector('#result').offsetTop - {TOP})")
            page.evaluate("document.activeElement.blur()")
            page.wait_for_timeout(500)
            picture = Image.open(io.BytesIO(page.screenshot()))
            picture.convert("RGB").quantize(160, dither=Image.Dither.NONE).save(
                options.out / f"{name}.png", optimize=True
            )
        browser.close()


if __name__ == "__main__":
    main()
