"""A model that is to be explained: a bundle, which can only be asked, or a run, whose gradients can be had too."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hearfelt.errors import BundleError, require
from hearfelt.features._base import FrontEndConfig
from hearfelt.features.log_mel import LogMelConfig, hz_to_mel, mel_to_hz

Clip = NDArray[np.float32]


@dataclass(frozen=True)
class Subject:
    """A loaded model.

    Attributes:
        name: for people.
        labels: in output order.
        sample_rate: of the clips, in hertz.
        window_seconds: that recordings are cut into.
        hop_seconds: between windows.
        front_end: of the model.
        judge: clips of one length, each (samples,), to probabilities (clips, labels).
        network: `hearfelt.training.network.Network` in evaluation mode; None of a bundle.
    """

    name: str
    labels: tuple[str, ...]
    sample_rate: int
    window_seconds: float
    hop_seconds: float
    front_end: FrontEndConfig
    judge: Callable[[Sequence[Clip]], NDArray[np.float64]]
    network: Any = None

    def span(self) -> tuple[float, float]:
        """Lowest and highest frequency that the model hears."""
        top = self.sample_rate / 2
        return float(getattr(self.front_end, "min_hz", 0.0)), float(getattr(self.front_end, "max_hz", top))


def open_subject(model: str | os.PathLike[str] | Subject, fold: int | None = None) -> Subject:
    """Load a run folder, a bundle's folder, or a bundled model by its name.

    Args:
        model: which.
        fold: of a run; the first that is trained by default.

    Raises:
        BundleError: it is neither, is damaged, or has no such fold.
        RecipeError: the run is damaged.
        MissingExtraError: a run, and torch is not installed.
    """
    if isinstance(model, Subject):
        return model
    if (Path(model) / "resolved.yaml").is_file():
        return _of_run(Path(model), fold)
    if fold is not None:
        raise BundleError(f"{os.fspath(model)!r} is no run folder, and only runs have folds.")
    return _of_bundle(model)


def _of_bundle(model: str | os.PathLike[str]) -> Subject:
    from hearfelt.features.images import draw_image
    from hearfelt.features.picture import PictureConfig
    from hearfelt.recognition._engine import Piece
    from hearfelt.recognition.recognizer import load

    recognizer = load(model)
    engine, specification = recognizer._engine, recognizer.specification
    front_end = specification.front_end
    least = round(specification.min_seconds * specification.sample_rate)

    def ready(clip: Clip) -> NDArray[Any]:
        if isinstance(front_end, PictureConfig):
            if front_end.render is None:
                raise BundleError(
                    f"The model in {recognizer.folder} knows pictures only, and does not say how they were drawn: "
                    "what it makes of a recording cannot be explained."
                )
            pixels = draw_image(clip, front_end.render)
            return np.repeat(pixels, front_end.channels // pixels.shape[2], axis=2)
        return np.pad(clip, (0, max(0, least - clip.size)))

    def judge(clips: Sequence[Clip]) -> NDArray[np.float64]:
        rows = []
        for start in range(0, len(clips), engine.batch_windows):
            batch = clips[start : start + engine.batch_windows]
            rows += [row.values for row in engine.run([Piece(0, clip.size, ready(clip)) for clip in batch])]
        return np.array(rows)

    return Subject(
        specification.name,
        tuple(specification.labels),
        specification.sample_rate,
        specification.window_seconds,
        specification.hop_seconds,
        front_end,
        judge,
    )


def _of_run(folder: Path, fold: int | None) -> Subject:
    require("torch", "train", "explaining a run")
    from hearfelt.training.export import load_network
    from hearfelt.training.run import open_run

    run = open_run(folder)
    done = [number for number in run.folds if run.weights(number)]
    if not done or (fold is not None and fold not in done):
        raise BundleError(
            f"{folder} has no trained fold {'at all' if fold is None else fold}; trained: "
            f"{', '.join(map(str, done)) or 'none'}. `hearfelt train --resume` finishes a run."
        )
    chosen = done[0] if fold is None else fold
    labels = run.recipe.data.labels.resolve().labels
    return of_network(
        load_network(run, chosen),
        labels,
        name=f"{run.recipe.name}, fold {chosen}",
        window_seconds=run.recipe.recognition.window_seconds,
        hop_seconds=run.recipe.recognition.hop_seconds,
    )


def of_network(
    network: Any, labels: Sequence[str], *, name: str, window_seconds: float = 5.0, hop_seconds: float = 4.0
) -> Subject:
    """A network in evaluation mode as a subject; its probabilities are not calibrated."""
    import torch

    front_end = network.front_end.config
    if front_end.takes == "picture":
        raise BundleError(
            f"The run {name!r} was trained on pictures; export it and explain the bundle by occlusion."
        )

    def judge(clips: Sequence[Clip]) -> NDArray[np.float64]:
        rows = []
        with torch.inference_mode():
            for start in range(0, len(clips), 16):
                waveform = torch.from_numpy(np.stack(clips[start : start + 16]).astype(np.float32))
                lengths = torch.full((len(waveform),), waveform.shape[1])
                rows.append(torch.softmax(network(waveform, lengths).double(), dim=1).numpy())
        return np.concatenate(rows)

    return Subject(
        name, tuple(labels), front_end.sample_rate, window_seconds, hop_seconds, front_end, judge, network
    )


def mel_network(subject: Subject, method: str) -> tuple[Any, LogMelConfig]:
    """The network and its bands, for methods that need gradients of frequencies.

    Raises:
        BundleError: a bundle has no gradients; or the rows of the front end are no frequencies.
    """
    if subject.network is None:
        raise BundleError(
            f"{method} needs gradients, which the exported model {subject.name!r} does not have. Give the folder of a "
            "run (hearfelt inspect: --run), or use occlusion."
        )
    config = subject.front_end
    if not isinstance(config, LogMelConfig):
        raise BundleError(
            f"{method} explains the rows of the front end, and those of {config.name!r} are no frequencies. Use "
            "occlusion, which works with every front end."
        )
    return subject.network, config


def mel_edges(config: LogMelConfig, frames: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges of the frames in seconds and of the bands in hertz, halfway between their centres."""
    low, high = hz_to_mel(np.array([config.min_hz, config.max_hz]))
    step = (high - low) / (config.mel_count + 1)
    hertz = mel_to_hz(low + step * (np.arange(config.mel_count + 1) + 0.5))
    begin = (config.window_seconds - config.hop_seconds) / 2
    return np.asarray(begin + config.hop_seconds * np.arange(frames + 1), dtype=np.float64), hertz
