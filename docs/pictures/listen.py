"""The live screen as a picture: python docs/pictures/listen.py writes listen.svg beside itself."""

from __future__ import annotations

import argparse
import io
import re
from pathlib import Path

import numpy as np
from rich.console import Console

from hearfelt.audio.decode import read_audio
from hearfelt.cli._live import RIBBON_SECONDS, Screen
from hearfelt.cli.demo import SAMPLES_FOLDER
from hearfelt.recognition.inputs import find_recordings
from hearfelt.recognition.recognizer import load

RATE, CHUNK = 16000, 800


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", default="default")
    arguments.add_argument("--data", default=str(SAMPLES_FOLDER), help="recordings, joined with pauses")
    arguments.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".svg"))
    options = arguments.parse_args()
    pause = np.zeros(2 * RATE, np.float32)
    pieces = [
        piece
        for path in find_recordings([options.data])
        for piece in (read_audio(path, RATE), pause)  # type: ignore[arg-type]
    ]
    sound = np.concatenate(pieces)
    sound = np.tile(sound, -(-RIBBON_SECONDS * RATE // sound.size))[: round(41.3 * RATE)]
    recognizer = load(options.model, hop_seconds=0.5)
    stream = recognizer.stream()
    console = Console(file=io.StringIO(), width=80, record=True, force_terminal=True)
    screen = Screen(
        recognizer.labels, "USB Microphone, 16 kHz; Ctrl-C ends", "talk.wav", Console(file=io.StringIO())
    )
    for start in range(0, sound.size, CHUNK):
        events = stream.feed(sound[start : start + CHUNK])
        screen.sound(sound[start : start + CHUNK, None], stream.seconds)
        for event in events:
            screen.event(event)
    console.print(screen.render())
    picture = console.export_svg(title="hearfelt listen")
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)  # nothing is fetched from elsewhere
    options.out.write_text(picture, encoding="utf-8")
    screen.close()


if __name__ == "__main__":
    main()
