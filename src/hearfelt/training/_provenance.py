"""Where a run comes from: command, commit, seed, data, libraries and machine."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import hearfelt
from hearfelt.corpora.manifest import Manifest
from hearfelt.protocols.split import Split
from hearfelt.training.recipe import Recipe


def provenance(recipe: Recipe, manifest: Manifest, split: Split, command: str) -> dict[str, Any]:
    """What is needed to make a run again, and what it was made on."""
    libraries = {}
    for name in ("torch", "lightning", "numpy", "soundfile", "soxr", "onnx", "onnxruntime"):
        try:
            libraries[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "hearfelt": hearfelt.__version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
        "commit": _commit(),
        "seed": recipe.seed,
        "threads": recipe.training.threads,
        "manifest_hash": manifest.content_hash(),
        "clips": len(manifest),
        "corpora": dict(sorted(manifest.counts("corpus").items())),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "libraries": libraries,
        "split": {
            "protocol": split.protocol,
            "description": split.description,
            "speaker_independent": split.speaker_independent,
            "sentence": split.describe(),
        },
    }


def _commit() -> str:
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except OSError:
        return ""
    return answer.stdout.strip() if answer.returncode == 0 else ""
