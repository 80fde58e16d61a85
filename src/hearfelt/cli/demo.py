"""``hearfelt demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hearfelt.errors import HearfeltError

#: Bundled recordings, with a README.md that names their source.
SAMPLES_FOLDER = Path(__file__).resolve().parent.parent / "assets" / "samples"
_GAP_SECONDS = 0.4


def demo(
    out: Annotated[str, typer.Option(help="Folder for the picture; made if it is missing.")] = "out",
    model: Annotated[
        str, typer.Option(help="A bundle's folder, or the name of a bundled model.")
    ] = "default",
    samples: Annotated[
        str | None, typer.Option(help="Recordings to take instead of the bundled ones.")
    ] = None,
) -> int:
    """Recognise the bundled samples, print a table and draw one picture of them."""
    import numpy as np

    from hearfelt.audio.decode import read_audio
    from hearfelt.cli._picture import draw
    from hearfelt.recognition.formats import create_format
    from hearfelt.recognition.inputs import find_recordings
    from hearfelt.recognition.recognizer import load
    from hearfelt.recognition.results import NO_SPEECH, Failure

    folder = SAMPLES_FOLDER if samples is None else Path(samples)
    paths = (
        [path for path in find_recordings([str(folder)]) if isinstance(path, str)] if folder.exists() else []
    )
    if not paths:
        raise HearfeltError(
            f"There are no sample recordings in {folder}. Name a folder of yours with --samples."
        )
    recognizer = load(model)
    rate = recognizer.specification.sample_rate
    gap = np.zeros(round(_GAP_SECONDS * rate), dtype=np.float32)
    style = create_format(
        "table",
        recognizer.labels,
        widest=max(len(Path(path).name) for path in paths),
        colored=sys.stdout.isatty(),
    )
    sys.stdout.write(style.begin())
    waveforms: list[np.ndarray[Any, np.dtype[np.float32]]] = []
    segments: list[dict[str, Any]] = []
    start = 0.0
    for path, answer in zip(paths, recognizer.recognize_files(paths), strict=True):
        shown = answer.to_dict() | {"path": Path(path).name}
        sys.stdout.write(style.answer(shown))
        if isinstance(answer, Failure):
            continue
        waveforms += [read_audio(path, rate), gap]
        segments += [
            segment | {"start": start + segment["start"], "end": start + segment["end"]}
            for segment in shown["segments"]
        ]
        start += waveforms[-2].size / rate
        segments.append(
            {"start": start, "end": start + _GAP_SECONDS, "emotion": NO_SPEECH, "probabilities": {}}
        )
        start += _GAP_SECONDS
    sys.stdout.write(style.end())
    if not waveforms:
        raise HearfeltError(f"None of the sample recordings in {folder} could be read.")
    picture = Path(out) / "demo.png"
    draw(
        np.concatenate(waveforms[:-1]),
        rate,
        segments[:-1],
        recognizer.labels,
        picture,
        "The samples, one after another",
    )
    sys.stdout.write(f"\nPicture: {picture}\n")
    sys.stdout.write(f"Samples: {_source(folder)}\n")
    return 0


def _source(folder: Path) -> str:
    """First paragraph of the samples' README.md below its title, or where they are."""
    readme = folder / "README.md"
    if readme.is_file():
        paragraphs = [part.strip() for part in readme.read_text(encoding="utf-8").split("\n\n")]
        for paragraph in paragraphs:
            if paragraph and not paragraph.startswith("#"):
                return " ".join(paragraph.split())
    return str(folder)
