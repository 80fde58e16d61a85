"""Training throughput, audio cache to weights: one network in hearfelt and in Keras, side by side.

The network is four times convolution 3 x 3 (32, 64, 128, 256; valid, ReLU), batch norm, max pooling by two;
then dense 512 and 256 with dropout 0.5 each; Adam, batch 16. Its input is a log-mel spectrogram of 3 s at
16 kHz (128 bands, n_fft 2048, hop 512), resized to 128 x 128, as in the project that it is from.

Both sides begin at the same decoded 16 kHz clips and run in turn, in processes of their own, on the same
cores: one process with a thread a core, and one single-threaded process a core (as folds are trained; the sum
counts). The peer is measured twice: with spectrograms that librosa computed beforehand (its training alone),
and with that computation counted over the epochs (from audio to weights; hearfelt computes spectrograms on
the fly). One epoch more than is counted is trained first, for what compilers and caches need.

    python benchmarks/training_throughput.py --data ../shared/data

The first time, TensorFlow is installed into an environment of its own (2 GB).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

PEER_REQUIREMENTS = ("tensorflow-cpu==2.21.0", "keras==3.15.1", "librosa==0.11.0", "numpy==2.4.6")
SAMPLE_RATE = 16000
SECONDS = 3.0
BATCH = 16


# The peer. Runs in its own environment: only numpy, librosa and Keras


def keras_network(tf):
    """The project's four blocks, compiled; eight classes."""
    layers = tf.keras.layers
    model = tf.keras.Sequential([layers.Input((128, 128, 1))])
    for channels in (32, 64, 128, 256):
        model.add(layers.Conv2D(channels, 3, activation="relu"))
        model.add(layers.BatchNormalization())
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    for units in (512, 256):
        model.add(layers.Dense(units, activation="relu"))
        model.add(layers.Dropout(0.5))
    model.add(layers.Dense(8, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def keras_side(job: dict) -> dict:
    """Features with librosa, then `fit`, as the original notebook does."""
    import numpy as np

    clips = np.load(job["clips"], mmap_mode="r")
    labels = np.load(job["labels"])

    import librosa
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(job["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(job["threads"])
    tf.keras.utils.set_random_seed(0)

    def features(samples: np.ndarray) -> np.ndarray:
        audio = samples.astype(np.float32) / 32768.0
        mel = librosa.feature.melspectrogram(y=audio, sr=SAMPLE_RATE, n_mels=128)
        decibels = librosa.power_to_db(mel, ref=np.max)
        return tf.image.resize(decibels[..., None], (128, 128)).numpy()

    began = time.perf_counter()
    features(clips[0])
    first_seconds = time.perf_counter() - began
    began = time.perf_counter()
    pictures = np.stack([features(samples) for samples in clips])
    feature_seconds = time.perf_counter() - began
    pictures = (pictures - pictures.mean()) / pictures.std()

    model = keras_network(tf)

    epochs: list[float] = []

    class Clock(tf.keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            epochs.append(time.perf_counter() - self.began)

    model.fit(pictures, labels, batch_size=BATCH, epochs=job["epochs"] + 1, verbose=0, callbacks=[Clock()])
    return {
        "weights": int(model.count_params()),
        "epoch_seconds": epochs[1:],
        "feature_seconds": feature_seconds,
        "first_feature_seconds": first_seconds,
        "versions": {
            "tensorflow": tf.__version__,
            "keras": tf.keras.__version__,
            "librosa": librosa.__version__,
        },
    }


# Our side


def hearfelt_side(job: dict) -> dict:
    """One fold by `hearfelt.training.fit`, as ``hearfelt train`` runs it, from the waveform cache."""
    import torch

    from hearfelt.corpora.manifest import read_manifest
    from hearfelt.protocols.split import Fold
    from hearfelt.training.batches import LabelledClips
    from hearfelt.training.fit import fit_fold
    from hearfelt.training.network import Network, parameter_count
    from hearfelt.training.recipe import load_recipe
    from hearfelt.training.waveforms import cache_waveforms

    torch.set_num_threads(job["threads"])
    recipe = load_recipe(
        {
            "name": "throughput",
            "data": {"manifests": [job["manifest"]], "labels": "eight"},
            "front_end": {
                "mel_count": 128,
                "window_seconds": 2048 / SAMPLE_RATE,
                "hop_seconds": 512 / SAMPLE_RATE,
                "min_hz": 0,
                "max_hz": SAMPLE_RATE / 2,
            },
            "model": {"name": "four_block"},
            "training": {
                "epochs": job["epochs"] + 1,
                "batch_size": BATCH,
                "optimizer": "adam",
                "learning_rate": 1e-3,
                "weight_decay": 0,
                "schedule": "constant",
                "warmup_steps": 0,
                "gradient_clip": 0,
                "crop_seconds": SECONDS,
                "select": "last",
                "precision": job["precision"],
                "threads": job["threads"],
            },
        }
    )
    waveforms = cache_waveforms(read_manifest(job["manifest"]))
    clips = LabelledClips(waveforms, recipe.data.labels.resolve().labels, mask_by_corpus=False)
    with tempfile.TemporaryDirectory() as folder:
        everything = Fold(train=tuple(range(len(waveforms))), validation=(), test=())
        fit_fold(recipe, clips, everything, Path(folder), fold=0, accelerator="cpu")
        lines = Path(folder, "metrics.jsonl").read_text().splitlines()
    return {
        "weights": parameter_count(Network.from_recipe(recipe)),
        "epoch_seconds": [json.loads(line)["seconds"] for line in lines][1:],
        "versions": {"torch": torch.__version__},
    }


# Both, in turn


def worker(side: str, job: dict) -> None:
    """Measure one side in this process and print what was found as one line of JSON."""
    os.sched_setaffinity(0, job["cores"])
    found = keras_side(job) if side == "keras" else hearfelt_side(job)
    found["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print("RESULT " + json.dumps(found))


def run(python: str, side: str, job: dict, processes: int) -> list[dict]:
    """Fresh processes at the same time, each with its share of the cores."""
    share = len(job["cores"]) // processes
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": str(share)}
    running = []
    for number in range(processes):
        part = {**job, "cores": job["cores"][number * share : (number + 1) * share], "threads": share}
        command = [python, __file__, "--worker", side, json.dumps(part)]
        running.append(
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
            )
        )
    found = []
    for process in running:
        out, problems = process.communicate()
        results = [line for line in out.splitlines() if line.startswith("RESULT ")]
        if not results:
            raise SystemExit(f"the {side} side failed:\n{problems[-3000:]}")
        found.append(json.loads(results[0].removeprefix("RESULT ")))
    return found


def peer_environment(folder: Path) -> str:
    """Python of an environment with the peer, made where it is missing."""
    python, stamp = folder / "bin" / "python", folder / ".installed"
    wanted = "\n".join(PEER_REQUIREMENTS)
    if not stamp.is_file() or stamp.read_text() != wanted:
        print(f"installing {', '.join(PEER_REQUIREMENTS)} into {folder} ...", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEER_REQUIREMENTS], check=True)
        stamp.write_text(wanted)
    return str(python)


def prepare(data: Path, count: int, folder: Path) -> dict:
    """The same clips for both: a manifest for us, arrays for the peer."""
    import numpy as np

    from hearfelt.corpora._scan import scan_many
    from hearfelt.corpora.manifest import Manifest
    from hearfelt.emotions import SETS
    from hearfelt.training.waveforms import cache_waveforms

    labels = SETS["eight"].labels
    everything = scan_many(data, ["ravdess_speech"])
    picked = np.linspace(0, len(everything) - 1, min(count, len(everything))).astype(int)
    waveforms = cache_waveforms(Manifest(everything[int(index)] for index in picked))
    waveforms.manifest.write(folder / "manifest.csv")
    samples = np.zeros((len(waveforms), round(SECONDS * SAMPLE_RATE)), dtype=np.int16)
    for line, index in zip(samples, range(len(waveforms)), strict=True):
        clip = np.round(waveforms[index][: samples.shape[1]] * 32767).astype(np.int16)
        line[: clip.size] = clip
    np.save(folder / "clips.npy", samples)
    np.save(folder / "labels.npy", np.array([labels.index(row.emotion) for row in waveforms.manifest]))
    return {
        "clips": str(folder / "clips.npy"),
        "labels": str(folder / "labels.npy"),
        "manifest": str(folder / "manifest.csv"),
        "count": len(waveforms),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data", type=Path, default=Path("../shared/data"), help="folder with ravdess-speech in it"
    )
    parser.add_argument("--clips", type=int, default=720)
    parser.add_argument("--epochs", type=int, default=2, help="counted epochs of each run")
    parser.add_argument("--rounds", type=int, default=3, help="how often each side runs")
    parser.add_argument("--cores", type=int, default=2, help="that each side may use")
    parser.add_argument("--peer", type=Path, help="where the peer's environment is or is made")
    parser.add_argument("--out", type=Path, help="write all figures as JSON")
    options = parser.parse_args()
    cache = Path(os.environ.get("HEARFELT_CACHE") or Path.home() / ".cache" / "hearfelt")
    peer = peer_environment(options.peer or cache / "benchmarks" / "keras")
    cores = sorted(os.sched_getaffinity(0))[: options.cores]
    runs: dict[str, list[list[dict]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        job = prepare(options.data, options.clips, Path(folder)) | {"epochs": options.epochs, "cores": cores}
        for number in range(options.rounds):
            for processes in sorted({1, len(cores)}):
                for side, precision in (("keras", "fp32"), ("hearfelt", "fp32"), ("hearfelt", "auto")):
                    name = f"{side} {precision}, {processes} x {len(cores) // processes} threads"
                    load = os.getloadavg()[0]
                    python = peer if side == "keras" else sys.executable
                    found = run(python, side, {**job, "precision": precision}, processes)
                    runs.setdefault(name, []).append(found)
                    rates = ", ".join(f"{rate:.1f}" for rate in trained(job, found))
                    print(f"round {number + 1}, {name}: {rates} clips/s (load {load:.1f})", file=sys.stderr)
    report(job, runs)
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(
            json.dumps({"job": job, "machine": platform.platform(), "runs": runs}, indent=2)
        )


def trained(job: dict, processes: list[dict]) -> list[float]:
    """Clips a second of each counted epoch, summed over the processes."""
    epochs = zip(*(one["epoch_seconds"] for one in processes), strict=True)
    return [sum(job["count"] / seconds for seconds in epoch) for epoch in epochs]


def from_audio(job: dict, processes: list[dict]) -> float:
    """Clips a second with the computation of spectrograms counted once, over all counted epochs."""
    work = job["count"] * job["epochs"]
    return sum(work / (one["feature_seconds"] + sum(one["epoch_seconds"])) for one in processes)


def report(job: dict, runs: dict[str, list[list[dict]]]) -> None:
    """Print the table of docs/results.md; the last column compares with the peer's better layout."""
    rows: dict[str, tuple[list[float], list[list[dict]]]] = {}
    for name, found in runs.items():
        if name.startswith("keras"):
            rows[f"{name}, spectrograms precomputed"] = (
                [r for one in found for r in trained(job, one)],
                found,
            )
            rows[f"{name}, spectrograms counted"] = ([from_audio(job, one) for one in found], found)
        else:
            rows[name] = ([rate for one in found for rate in trained(job, one)], found)
    base = max(statistics.median(rates) for name, (rates, _) in rows.items() if name.startswith("keras"))
    versions = {key: value for found in runs.values() for key, value in found[0][0]["versions"].items()}
    print(
        f"{job['count']} clips of {SECONDS:g} s, batch {BATCH}, {job['epochs']} epochs counted, "
        f"{len(job['cores'])} cores; " + ", ".join(f"{key} {value}" for key, value in versions.items())
    )
    print("\n| side | clips/s, median | least to most | times the peer's best | peak MB | weights |")
    print("|---|---|---|---|---|---|")
    for name, (rates, found) in rows.items():
        middle = statistics.median(rates)
        peak = max(sum(process["peak_mb"] for process in one) for one in found)
        print(
            f"| {name} | {middle:.0f} | {min(rates):.0f}-{max(rates):.0f} | {middle / base:.2f} | {peak} | "
            f"{found[0][0]['weights']} |"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], json.loads(sys.argv[3]))
    else:
        main()
