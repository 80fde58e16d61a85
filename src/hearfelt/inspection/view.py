"""All that is looked at in one recording: its sound, what was recognised, when, and what decided."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.audio.arrays import mono_at
from hearfelt.audio.decode import Source, read_audio
from hearfelt.errors import BundleError, HearfeltError, UnknownNameError
from hearfelt.explain._base import Explanation
from hearfelt.explain._registry import check_method, explain, needs_gradients
from hearfelt.explain._subject import open_subject
from hearfelt.recognition._engine import is_file, source_name
from hearfelt.recognition.recognizer import load
from hearfelt.recognition.results import NO_SPEECH, Recognition
from hearfelt.recognition.timeline import Timeline, timeline

#: Longer ones do not fit on a page; `hearfelt timeline` has no limit.
MAX_MINUTES = 5.0


@dataclass(frozen=True)
class Inspection:
    """A recording, inspected.

    Attributes:
        samples: (samples,) mono, as the model heard it.
        sample_rate: of the model, in hertz.
        recognition: of the whole recording.
        timeline: emotions over time.
        explanations: of one window each; empty where none was asked for, or there is no speech.
        model: its name.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    recognition: Recognition
    timeline: Timeline
    explanations: tuple[Explanation, ...]
    model: str


def inspect_recording(
    source: Source | ArrayLike,
    sample_rate: int | None = None,
    *,
    model: str | os.PathLike[str] = "default",
    methods: Sequence[str] = ("occlusion",),
    run: str | os.PathLike[str] | None = None,
    fold: int | None = None,
    label: str | None = None,
    at: float | None = None,
    window_seconds: float | None = None,
    hop_seconds: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Inspection:
    """Recognise a recording, and explain the answer.

    Args:
        source: a path, a binary file object, or samples: (samples,) or (samples, channels).
        sample_rate: of samples, in hertz.
        model: that recognises: a bundle's folder or name.
        methods: of `hearfelt.explain._registry.list_methods`; those that need gradients explain the run's network.
        run: a run folder.
        fold: of the run.
        label: that is explained; by default the one that was recognised.
        at: seconds into the recording, in the window that is explained; by default the window that is surest.
        window_seconds: that long recordings are cut into; the model's own by default.
        hop_seconds: step between windows.
        progress: called with (what, done, total).

    Raises:
        AudioError: the recording cannot be read.
        BundleError: the model is damaged, or a method cannot explain it.
        HearfeltError: the recording is longer than `MAX_MINUTES`.
        UnknownNameError: no such method or label.
    """
    for method in methods:
        check_method(method)
    if run is None and (wanting := [method for method in methods if needs_gradients(method)]):
        raise BundleError(
            f"{wanting[0]} needs gradients, which exported models do not have. Give the folder of a run (--run), or "
            "use occlusion."
        )
    recognizer = load(model, window_seconds=window_seconds, hop_seconds=hop_seconds)
    specification = recognizer.specification
    if specification.front_end.takes == "picture":
        raise BundleError(
            f"The model in {recognizer.folder} looks at pictures; inspect needs one that hears recordings."
        )
    if label is not None and label not in recognizer.labels:
        raise UnknownNameError("label in this model", label, recognizer.labels)
    subject = None if run is None else open_subject(run, fold)
    rate = specification.sample_rate
    name = source_name(source)
    samples = read_audio(source, rate) if is_file(source) else mono_at(source, sample_rate, rate)  # type: ignore[arg-type]
    minutes = samples.size / rate / 60
    if minutes > MAX_MINUTES:
        raise HearfeltError(
            f"{name or 'The recording'} is {minutes:.1f} minutes long; up to {MAX_MINUTES:g} can be inspected. Cut out "
            "what matters, or use hearfelt timeline, which has no limit."
        )
    tell = progress or (lambda *_: None)
    steps = 1 + len(methods)
    tell("Inspecting", 0, steps)
    recognition = replace(recognizer(samples, rate), path=name)
    heard = replace(timeline(recognizer, samples, rate, overview=True), path=name)
    asked = replace(
        open_subject(model), window_seconds=recognizer.window_seconds, hop_seconds=recognizer.hop_seconds
    )
    explanations = []
    for done, method in enumerate(methods if recognition.emotion != NO_SPEECH else (), start=1):
        tell("Inspecting", done, steps)
        explained = subject if subject is not None and needs_gradients(method) else asked
        wanted = label or recognition.emotion
        if explained is subject and wanted not in subject.labels:
            if label is not None:
                raise UnknownNameError("label in this run", label, subject.labels)
            wanted = None  # type: ignore[assignment]
        explanations.append(explain(explained, samples, rate, method=method, label=wanted, at=at))
    tell("Inspecting", steps, steps)
    return Inspection(samples, rate, recognition, heard, tuple(explanations), specification.name)
