"""The second project's own training, as it was, on the clips of a run of ours: Keras, its split and its flaws.

What is repeated: log-mel by librosa (16 kHz, 128 bands, n_fft 2048, hop 512, decibels below the loudest), resized to
128 x 128 with `tf.image.resize`, one mean and deviation over *all* clips, tested ones too; four convolution blocks,
dense 512 and 256 with dropout; Adam, batch 16, at most 50 epochs; early stopping with patience 10 on the accuracy of
the *test* clips, whose best epoch is kept and reported. Train and test clips are those of the run's `split.csv`; its
validation clips train here, as the project had none.

    hearfelt train recipes/four_corpora.yaml --data ../shared/data --out runs/four_corpora
    python benchmarks/four_corpora_peer.py runs/four_corpora

The first time, TensorFlow is installed into an environment of its own (2 GB).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from training_throughput import keras_network, peer_environment

SAMPLE_RATE = 16000


def train(job: dict) -> None:
    """The peer's side: needs numpy, librosa and Keras only; writes the answers of the test clips."""
    import librosa
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(job["threads"])
    tf.config.threading.set_inter_op_parallelism_threads(job["threads"])
    tf.keras.utils.set_random_seed(42)
    samples = np.load(job["samples"], mmap_mode="r")
    labels, offsets = np.load(job["labels"]), np.load(job["offsets"])
    testing = np.load(job["testing"])

    def picture(number: int) -> np.ndarray:
        audio = samples[offsets[number] : offsets[number + 1]].astype(np.float32) / 32768
        mel = librosa.feature.melspectrogram(y=audio, sr=SAMPLE_RATE, n_mels=128)
        decibels = librosa.power_to_db(mel, ref=np.max)
        return tf.image.resize(decibels[..., None], (128, 128)).numpy()

    pictures = np.stack([picture(number) for number in range(len(labels))])
    pictures = (pictures - pictures.mean()) / pictures.std()
    print(f"{len(pictures)} spectrograms", flush=True)

    model = keras_network(tf)
    stop = tf.keras.callbacks.EarlyStopping("val_accuracy", patience=10, restore_best_weights=True)
    began = time.perf_counter()
    history = model.fit(
        pictures[~testing],
        labels[~testing],
        validation_data=(pictures[testing], labels[testing]),
        batch_size=16,
        epochs=job["epochs"],
        callbacks=[stop],
        verbose=2,
    ).history
    found = {
        "seconds": time.perf_counter() - began,
        "epochs": len(history["loss"]),
        "best_epoch": int(np.argmax(history["val_accuracy"])) + 1,
        "last_accuracy": float(history["val_accuracy"][-1]),
        "truth": labels[testing].tolist(),
        "answers": model.predict(pictures[testing], verbose=0).argmax(1).tolist(),
        "versions": {
            "tensorflow": tf.__version__,
            "keras": tf.keras.__version__,
            "librosa": librosa.__version__,
        },
    }
    Path(job["out"]).write_text(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="run folder whose clips and split are taken")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--peer", type=Path, help="where the peer's environment is or is made")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()
    cache = Path(os.environ.get("HEARFELT_CACHE") or Path.home() / ".cache" / "hearfelt")
    peer = peer_environment(options.peer or cache / "benchmarks" / "keras")
    with tempfile.TemporaryDirectory() as folder:
        job = prepare(options.run, Path(folder)) | {"threads": options.threads, "epochs": options.epochs}
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": str(options.threads)}
        subprocess.run([peer, __file__, "--worker", json.dumps(job)], check=True, env=environment)
        found = json.loads(Path(job["out"]).read_text())
    report(found, job["names"], options.out)


def prepare(run: Path, folder: Path) -> dict:
    """Arrays for the peer: all clips end to end, their classes, and which are tested."""
    import numpy as np

    from hearfelt.corpora.manifest import read_manifest
    from hearfelt.protocols.split import read_split
    from hearfelt.training.waveforms import cache_waveforms

    manifest = read_manifest(run / "manifest.csv")
    fold = read_split(run / "split.csv", manifest).folds[0]
    rows = sorted([*fold.train, *fold.validation, *fold.test])
    waveforms = cache_waveforms(manifest)
    names = sorted({manifest[row].emotion for row in rows})
    clips = [np.round(waveforms[row] * 32767).astype(np.int16) for row in rows]
    np.save(folder / "samples.npy", np.concatenate(clips))
    np.save(folder / "offsets.npy", np.cumsum([0, *map(len, clips)]))
    np.save(folder / "labels.npy", np.array([names.index(manifest[row].emotion) for row in rows]))
    np.save(folder / "testing.npy", np.isin(rows, fold.test))
    files = {name: str(folder / f"{name}.npy") for name in ("samples", "offsets", "labels", "testing")}
    return {**files, "names": names, "out": str(folder / "found.json")}


def report(found: dict, names: list[str], out: Path | None) -> None:
    """Print accuracy and UAR of the kept epoch, and what the last epoch had."""
    import numpy as np

    truth, answers = np.array(found.pop("truth")), np.array(found.pop("answers"))
    recall = {name: float((answers[truth == k] == k).mean()) for k, name in enumerate(names)}
    found |= {
        "test_clips": len(truth),
        "accuracy": float((truth == answers).mean()),
        "uar": float(np.mean(list(recall.values()))),
        "recall": recall,
    }
    print(
        f"{len(truth)} test clips, epoch {found['best_epoch']} of {found['epochs']} (chosen on them): accuracy "
        f"{found['accuracy']:.2%}, UAR {found['uar']:.2%}; last epoch {found['last_accuracy']:.2%}; "
        f"{found['seconds']:.0f} s"
    )
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        train(json.loads(sys.argv[2]))
    else:
        main()
