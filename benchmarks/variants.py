"""One fold's network with weights in 32, 16 and 8 bits, and quantised by onnxruntime: answers, size and speed.

python benchmarks/variants.py runs/default. Every variant hears the same clips of speakers that this fold never heard,
through the same `Recognizer` that users have; the answer is the best class among those of the clip's corpus. Seconds
are of the processor time of this process, on one thread, variants in turn.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hearfelt
from _measure import machine, show
from hearfelt.evaluation.confidence import paired_difference
from hearfelt.evaluation.metrics import confusion_matrix, unweighted_average_recall
from hearfelt.files import write_atomically
from hearfelt.recognition.bundle import GRAPH_FILE, SPECIFICATION_FILE
from hearfelt.training.export import export_run
from hearfelt.training.run import open_run

Clip = NDArray[np.float32]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("run", type=Path)
    arguments.add_argument("--fold", type=int, default=0)
    arguments.add_argument("--clips", type=int, default=1000)
    arguments.add_argument("--timed", type=int, default=60, help="clips a round")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", type=Path, help="also write the result here")
    options = arguments.parse_args()
    run = open_run(options.run)
    labelled = run.clips()
    fold = run.split.folds[options.fold]
    generator = np.random.default_rng(0)
    test = np.array(fold.test)
    rows = np.sort(generator.choice(test, size=min(options.clips, len(test)), replace=False))
    clips: list[Clip] = [labelled.waveforms[int(row)] for row in rows]
    heard = generator.choice(np.array(fold.validation), size=64, replace=False)
    truth, allowed, labels = labelled.classes[rows], labelled.allowed[rows], labelled.labels
    groups = np.unique([run.manifest[int(row)].speaker for row in rows], return_inverse=True)[1]
    with tempfile.TemporaryDirectory() as place:
        folders = bundles(
            run.folder, options.fold, Path(place), [labelled.waveforms[int(row)] for row in heard]
        )
        recognizers = {name: hearfelt.load(folder) for name, folder in folders.items()}
        seconds = timed(recognizers, clips[: options.timed], options.rounds)
        found: dict[str, Any] = {}
        answers: dict[str, NDArray[np.int64]] = {}
        reference: NDArray[np.float64] | None = None
        for name, recognizer in recognizers.items():
            given = [answer.to_dict()["probabilities"] for answer in recognizer.batch(clips, 16000)]
            matrix = np.array([[each.get(label, 0.0) for label in labels] for each in given])
            answers[name] = np.where(allowed, matrix, -1.0).argmax(axis=1)
            whole = answers["float32"]
            reference = matrix if reference is None else reference
            change = paired_difference(
                truth,
                answers[name],
                whole,
                len(labels),
                rng=np.random.default_rng(1),
                groups=groups,
                measures=["uar"],
            )["uar"]
            uar = float(unweighted_average_recall(confusion_matrix(truth, answers[name], len(labels))))
            found[name] = {
                "uar": round(uar, 4),
                "minus_float32": round(change.value, 4),
                "interval": [change.interval.low, change.interval.high],
                "same_answers": round(float((answers[name] == whole).mean()), 4),
                "largest_change_of_a_probability": round(float(np.abs(matrix - reference).max()), 4),
                "megabytes": round((folders[name] / GRAPH_FILE).stat().st_size / 1e6, 2),
                "times_real_time": round(sum(map(len, clips[: options.timed])) / 16000 / seconds[name]),
            }
    result = {
        "machine": machine(),
        "run": options.run.name,
        "fold": options.fold,
        "clips": len(rows),
        "speakers": int(groups.max()) + 1,
        "variants": found,
    }
    if options.json:
        write_atomically(options.json, json.dumps(result, indent=1) + "\n")
    show(result, "; ".join(f"{name}: {100 * each['uar']:.1f} %" for name, each in found.items()))


def bundles(run: Path, fold: int, place: Path, heard: list[Clip]) -> dict[str, Path]:
    """A bundle a variant."""
    for name, kind in {"float32": {}, "float16": {"half_precision": True}, "int8": {"int8": True}}.items():
        export_run(run, place / name, folds=[fold], **kind)
    dynamic, static = place / "onnxruntime dynamic", place / "onnxruntime static"
    for folder in (dynamic, static):
        shutil.copytree(place / "float32", folder)
    quantize(place / "float32" / GRAPH_FILE, dynamic / GRAPH_FILE, static / GRAPH_FILE, heard)
    for folder in (dynamic, static):
        path = folder / SPECIFICATION_FILE
        specification = json.loads(path.read_text())
        content = (folder / GRAPH_FILE).read_bytes()
        specification["provenance"]["model_sha256"] = hashlib.sha256(content).hexdigest()
        path.write_text(json.dumps(specification))
    return {folder.name: folder for folder in map(place.__truediv__, ("float32", "float16", "int8"))} | {
        folder.name: folder for folder in (dynamic, static)
    }


def quantize(whole: Path, dynamic: Path, static: Path, heard: list[Clip]) -> None:
    """By onnxruntime: weights and inputs of convolutions and products; static ranges from validation clips."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_dynamic,
        quantize_static,
    )

    class Heard(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.clips: Iterator[Clip] = iter(heard)

        def get_next(self) -> dict[str, Any] | None:
            clip = next(self.clips, None)
            return None if clip is None else {"waveform": clip[None], "lengths": np.array([clip.size])}

    import onnx

    # The front end's sums of squares span ten decades: only what was learnt is quantised.
    model = onnx.load(whole)
    weights = {tensor.name for tensor in model.graph.initializer if tensor.name.startswith("members.")}
    learnt = [
        node.name
        for node in model.graph.node
        if node.op_type in ("Conv", "Gemm", "MatMul")
        and (weights & set(node.input) or "/model/" in node.name)
    ]
    quantize_dynamic(whole, dynamic, nodes_to_quantize=learnt, weight_type=QuantType.QUInt8)
    quantize_static(
        whole,
        static,
        Heard(),
        quant_format=QuantFormat.QDQ,
        nodes_to_quantize=learnt,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


def timed(recognizers: dict[str, hearfelt.Recognizer], clips: list[Clip], rounds: int) -> dict[str, float]:
    """Best processor seconds of each for the clips, one after another."""
    best = dict.fromkeys(recognizers, np.inf)
    for _ in range(rounds):
        for name, recognizer in recognizers.items():
            before = time.process_time()
            for clip in clips:
                recognizer(clip, 16000)
            best[name] = min(best[name], time.process_time() - before)
    return best


if __name__ == "__main__":
    main()
