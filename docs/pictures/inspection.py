"""What decided, seen: python docs/pictures/inspection.py writes inspection.png beside itself."""

from __future__ import annotations

import argparse
import io
from pathlib import Path

from PIL import Image

from hearfelt.audio.decode import read_audio
from hearfelt.cli.demo import SAMPLES_FOLDER
from hearfelt.evaluation._canvas import figure_to_bytes
from hearfelt.explain._registry import explain
from hearfelt.explain.plots import plot_explanation

RATE = 16000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--model", default="default")
    arguments.add_argument("--recording", type=Path, default=SAMPLES_FOLDER / "08b01Wa_angry.opus")
    arguments.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".png"))
    options = arguments.parse_args()
    found = explain(options.model, options.recording)
    figure = plot_explanation(read_audio(options.recording, RATE), RATE, found)
    picture = Image.open(io.BytesIO(figure_to_bytes(figure))).convert("RGB")
    picture.quantize(160, dither=Image.Dither.NONE).save(options.out, optimize=True)


if __name__ == "__main__":
    main()
