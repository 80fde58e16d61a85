"""The programs in docs/deploy.md run as they stand there, and agree with hearfelt."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile

from hearfelt.app.static_page import SAMPLES_FOLDER
from hearfelt.app.web_runtime import web_runtime
from hearfelt.audio.decode import read_audio
from hearfelt.errors import HearfeltError
from hearfelt.recognition.bundle import MODELS_FOLDER
from hearfelt.recognition.recognizer import load

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "deploy.md"
BUNDLE = MODELS_FOLDER / "default"
SAMPLES = sorted(SAMPLES_FOLDER.glob("*.opus"))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Mapping[Path, Mapping[str, float]]:
    """A stereo clip and one of several windows, with their probabilities."""
    folder = tmp_path_factory.mktemp("clips")
    first, second = read_audio(SAMPLES[0]), read_audio(SAMPLES[1])
    sounds = {
        "stereo": np.stack([first, 0.5 * first], axis=1),
        "long": np.concatenate([second, first, second, first, second]),
    }
    recognizer = load(BUNDLE)
    found = {}
    for name, samples in sounds.items():
        soundfile.write(folder / f"{name}.wav", samples, 16000, subtype="PCM_16")
        found[folder / f"{name}.wav"] = recognizer(folder / f"{name}.wav").probabilities
    return found


def program(name: str, folder: Path) -> Path:
    """Write the block of the page that begins with a comment of this name."""
    (code,) = re.findall(
        rf"```\w+\n((?:#|//) {re.escape(name)}\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    (folder / name).write_text(code, encoding="utf-8")
    return folder / name


def run(*command: str | Path) -> str:
    quiet = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=120, check=False, env=quiet
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def agree(found: Mapping[str, float], expected: Mapping[str, float]) -> None:
    assert list(found) == list(expected)
    assert max(abs(found[name] - expected[name]) for name in expected) < 1e-3


def test_python(tmp_path: Path, clips: Mapping[Path, Mapping[str, float]]) -> None:
    script = program("emotions.py", tmp_path)
    for clip, expected in clips.items():
        agree(json.loads(run(sys.executable, script, BUNDLE, clip)), expected)


def test_javascript(
    tmp_path: Path, clips: Mapping[Path, Mapping[str, float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With onnxruntime-web in the place of onnxruntime-node: the same interface, at a twentieth of the size."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node, which is not installed")
    monkeypatch.setenv("HEARFELT_CACHE", str(REPOSITORY / "build" / "cache"))
    try:
        runtime = web_runtime()
    except HearfeltError as error:
        pytest.skip(f"needs onnxruntime-web: {error}")
    package = tmp_path / "node_modules" / "onnxruntime-node"
    package.mkdir(parents=True)
    (package / "package.json").write_text(
        '{"name": "onnxruntime-node", "type": "module", "exports": "./index.js"}'
    )
    for name, content in runtime.items():
        (package / name).write_bytes(content)
    (package / "index.js").write_text(
        'import { readFileSync } from "node:fs";\nimport { env } from "./ort.js";\n'
        'env.wasm.numThreads = 1;\nenv.wasm.wasmBinary = readFileSync(new URL("ort.wasm", import.meta.url));\n'
        'export * from "./ort.js";\n'
    )
    script = program("emotions.mjs", tmp_path)
    for clip, expected in clips.items():
        agree(json.loads(run(node, script, BUNDLE, clip)), expected)


def test_cpp(tmp_path: Path, clips: Mapping[Path, Mapping[str, float]]) -> None:
    """Where ONNXRUNTIME_ROOT names a folder with onnxruntime's include and lib, which no package registry has."""
    root = os.environ.get("ONNXRUNTIME_ROOT")
    compiler = shutil.which("g++") or shutil.which("clang++")
    if root is None or compiler is None:
        pytest.skip("needs a C++ compiler and an onnxruntime release that ONNXRUNTIME_ROOT names")
    source = program("emotions.cpp", tmp_path)
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", f"-Wl,-rpath,{root}/lib"]
    run(
        compiler,
        *flags,
        source,
        "-isystem",
        f"{root}/include",
        f"-L{root}/lib",
        "-lonnxruntime",
        "-o",
        tmp_path / "run",
    )
    labels = json.loads((BUNDLE / "model.json").read_text())["labels"]
    for clip, expected in clips.items():
        values = run(tmp_path / "run", BUNDLE / "model.onnx", clip).split()
        agree(dict(zip(labels, map(float, values), strict=True)), expected)
    model = json.loads((BUNDLE / "model.json").read_text())
    assert (model["sample_rate"], model["window_seconds"], model["hop_seconds"]) == (16000, 5, 4)
