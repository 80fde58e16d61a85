"""All methods by name, and the one function that explains: which time and frequency regions decided."""

from __future__ import annotations

import os
import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hearfelt.audio.arrays import mono_at
from hearfelt.audio.decode import Source, read_audio
from hearfelt.audio.voice_activity import has_speech
from hearfelt.audio.windows import windows
from hearfelt.errors import AudioError, HearfeltError, UnknownNameError
from hearfelt.explain._base import Explanation, Heat
from hearfelt.explain._subject import Subject, open_subject
from hearfelt.recognition._engine import is_file, source_name


@cache
def _methods() -> dict[str, ModuleType]:
    package = import_module("hearfelt.explain")
    names = [module.name for module in pkgutil.iter_modules(package.__path__) if module.name[0] != "_"]
    modules = {name: import_module(f"hearfelt.explain.{name}") for name in sorted(names)}
    return {name: module for name, module in modules.items() if hasattr(module, "MEANING")}


def list_methods(*, gradients: bool = True) -> list[str]:
    """Names, sorted; those that need no gradients alone, where asked for.

    >>> list_methods(), list_methods(gradients=False)
    (['grad_cam', 'integrated_gradients', 'occlusion'], ['occlusion'])
    """
    return [name for name, module in _methods().items() if gradients or not module.NEEDS_GRADIENTS]


def check_method(name: str) -> None:
    """Refuse a name that there is not.

    Raises:
        UnknownNameError: lists the nearest and all names.
    """
    if name not in _methods():
        raise UnknownNameError("method of explanation", name, _methods())


def needs_gradients(name: str) -> bool:
    """Whether a method needs a run."""
    check_method(name)
    return bool(_methods()[name].NEEDS_GRADIENTS)


def explain(
    model: str | os.PathLike[str] | Subject,
    recording: Source | ArrayLike,
    sample_rate: int | None = None,
    *,
    method: str = "occlusion",
    label: str | None = None,
    at: float | None = None,
    fold: int | None = None,
) -> Explanation:
    """Which time and frequency regions of a recording decided.

    Models hear windows; of a recording that is longer than one, that window is explained which is surest of the label,
    or the one around ``at``.

    Args:
        model: a run folder; or a bundle's folder or name, whose gradients cannot be had.
        recording: a path, a binary file object, or samples: (samples,) or (samples, channels).
        sample_rate: of samples, in hertz.
        method: one of `list_methods`.
        label: of the model; the most probable one by default.
        at: seconds into the recording.
        fold: of a run; the first that is trained by default.

    Raises:
        AudioError: it cannot be read, or has no speech.
        BundleError: the model is damaged, or the method cannot explain it.
        UnknownNameError: no such method, or no such label in this model.
    """
    check_method(method)
    subject = open_subject(model, fold)
    if label is not None and label not in subject.labels:
        raise UnknownNameError("label in this model", label, subject.labels)
    if is_file(recording):
        samples = read_audio(recording, subject.sample_rate)  # type: ignore[arg-type]
    else:
        samples = mono_at(recording, sample_rate, subject.sample_rate)  # type: ignore[arg-type]
    start, end = _window(subject, samples, label, at, source_name(recording) or "The recording")
    clip = samples[start:end]
    shares = subject.judge([clip])[0]
    number = int(np.argmax(shares)) if label is None else subject.labels.index(label)
    module = _methods()[method]
    heat: Heat = module.explain(subject, clip, number)
    begin = start / subject.sample_rate
    return Explanation(
        heat.values,
        heat.seconds + begin,
        heat.hertz,
        heat.total,
        method=method,
        model=subject.name,
        label=subject.labels[number],
        probability=float(shares[number]),
        start=begin,
        end=end / subject.sample_rate,
        unit=module.UNIT,
        meaning=module.MEANING,
    )


def _window(
    subject: Subject, samples: NDArray[np.float32], label: str | None, at: float | None, name: str
) -> tuple[int, int]:
    """First and last sample of what is explained."""
    rate = subject.sample_rate
    size, hop = round(subject.window_seconds * rate), round(subject.hop_seconds * rate)
    cuts = windows(samples.size, size, min(hop, size))
    if at is not None:
        if not 0 <= at <= samples.size / rate:
            raise HearfeltError(
                f"{name} is {samples.size / rate:.2f} s long; second {at:g} cannot be explained."
            )
        cuts = [min(cuts, key=lambda cut: abs((cut[0] + cut[1]) / 2 - at * rate))]
    cuts = [(start, end) for start, end in cuts if has_speech(samples[start:end], rate)]
    if not cuts:
        raise AudioError(f"{name} has no speech that an emotion was recognised in: nothing can be explained.")
    if len(cuts) == 1:
        return cuts[0]
    shares = np.concatenate([subject.judge([samples[start:end]]) for start, end in cuts])
    number = int(np.argmax(shares.mean(axis=0))) if label is None else subject.labels.index(label)
    return cuts[int(np.argmax(shares[:, number]))]
