"""hearfelt: from recordings of speech and song to emotions.

The public face of the package. Names are imported when they are first used, so that
``import hearfelt`` costs nothing and never imports torch.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# Official builds of onnxruntime report models, runs and machine to Microsoft, unless this is set before their import.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from hearfelt.audio.decode import read_audio as read_audio
    from hearfelt.corpora.manifest import Manifest as Manifest
    from hearfelt.corpora.manifest import read_manifest as read_manifest
    from hearfelt.emotions import EMOTIONS as EMOTIONS
    from hearfelt.errors import HearfeltError as HearfeltError
    from hearfelt.recognition.recognizer import Recognizer as Recognizer
    from hearfelt.recognition.recognizer import load as load
    from hearfelt.recognition.recognizer import predict_emotion as predict_emotion
    from hearfelt.recognition.results import Recognition as Recognition

_HOMES = {
    "EMOTIONS": "hearfelt.emotions",
    "HearfeltError": "hearfelt.errors",
    "Manifest": "hearfelt.corpora.manifest",
    "Recognition": "hearfelt.recognition.results",
    "Recognizer": "hearfelt.recognition.recognizer",
    "load": "hearfelt.recognition.recognizer",
    "predict_emotion": "hearfelt.recognition.recognizer",
    "read_audio": "hearfelt.audio.decode",
    "read_manifest": "hearfelt.corpora.manifest",
}

__all__ = [  # noqa: RUF022 - the order people meet them in
    "load",
    "predict_emotion",
    "Recognizer",
    "Recognition",
    "read_audio",
    "Manifest",
    "read_manifest",
    "EMOTIONS",
    "HearfeltError",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'hearfelt' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
