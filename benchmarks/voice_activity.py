"""Own voice activity beside silero-vad on mixtures of real speech with silence, noise and synthetic music.

    python benchmarks/voice_activity.py --data ../shared/data [--minutes 20]
    python benchmarks/voice_activity.py --data ../shared/data --fit

Of silero-vad only the network is used, run by onnxruntime: importing the package changes torch's threads.
Truth is where the clips of a mixture were put, trimmed to the parts in which silero-vad hears speech in the
clean clip. ``--fit`` prints the weights of `hearfelt.audio.speech_segments`, fitted on the corpora that the
table does not use.
"""

from __future__ import annotations

import argparse
import time
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import onnxruntime

from hearfelt.audio.decode import read_audio
from hearfelt.audio.speech_segments import HOP_SECONDS, frame_features, speech_segments

RATE = 16000
HOP = round(HOP_SECONDS * RATE)
FIT = ("ravdess-speech", "crema-d", "savee", "casia", "aesdd")
TEST = ("emodb", "tess", "ased", "banglaser", "turev")
CONDITIONS = ("clean", "noise 20 dB", "noise 10 dB", "noise 5 dB", "hum", "music between", "no speech")


class Silero:
    """The network of silero-vad: a probability every 512 samples."""

    def __init__(self) -> None:
        path = distribution("silero-vad").locate_file("silero_vad/data/silero_vad.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        """Probabilities of speech."""
        state, context = np.zeros((2, 1, 128), np.float32), np.zeros((1, 64), np.float32)
        found = []
        for start in range(0, samples.size, 512):
            block = samples[start : start + 512]
            block = np.pad(block, (0, 512 - block.size))[None].astype(np.float32)
            given = {"input": np.concatenate((context, block), 1), "state": state, "sr": np.array(RATE)}
            out, state = self.session.run(None, given)
            context = block[:, -64:]
            found.append(float(out[0, 0]))
        return np.array(found)


def colored(size: int, slope: float, rng: np.random.Generator) -> np.ndarray:
    spectrum = np.fft.rfft(rng.standard_normal(size))
    hertz = np.maximum(np.fft.rfftfreq(size, 1 / RATE), 20.0)
    signal = np.fft.irfft(spectrum * hertz ** (-slope / 2), size)
    return signal / signal.std()


def music(size: int, rng: np.random.Generator) -> np.ndarray:
    """Chords and a melody of decaying harmonics, with a drum."""
    out = np.zeros(size + 4 * RATE)
    beat = int(RATE * rng.uniform(0.25, 0.6))
    root = rng.uniform(55, 110)
    for number, start in enumerate(range(0, size, beat)):
        notes = [root * 2 ** (rng.choice([0, 2, 4, 5, 7, 9, 11]) / 12 + rng.integers(1, 4))]
        if number % 4 == 0:
            notes += [2 * root * 2 ** (k / 12) for k in rng.choice([[0, 4, 7], [5, 9, 12], [7, 11, 14]])]
        for hertz in notes:
            time_ = np.arange(int(RATE * rng.uniform(0.3, 2.0))) / RATE
            decay = np.exp(-time_ * rng.uniform(0.5, 4)) * np.minimum(1, time_ / 0.01)
            tone = sum(
                np.sin(2 * np.pi * hertz * k * time_) / k**1.3 for k in range(1, 9) if hertz * k < 7500
            )
            out[start : start + time_.size] += decay * tone
        if number % 2 == 0:
            hit = rng.standard_normal(RATE // 10) * np.exp(-np.arange(RATE // 10) / (0.02 * RATE))
            out[start : start + hit.size] += 0.8 * hit
    return out[:size] / out[:size].std()


def mixture(
    condition: str, clips: list[Path], seconds: float, rng: np.random.Generator, silero: Silero
) -> tuple[np.ndarray, np.ndarray]:
    """Samples, and for each frame whether speech is in it."""
    size = round(seconds * RATE)
    voice, truth = np.zeros(size), np.zeros(size, bool)
    at = round(rng.uniform(0, 2) * RATE)
    gaps = []
    level = 10 ** (rng.uniform(-40, -18) / 20)
    while condition != "no speech":
        clip = read_audio(clips[rng.integers(len(clips))]).astype(np.float64)
        heard = silero(clip.astype(np.float32) * np.float32(0.1 / (clip.std() + 1e-9)))
        clip *= level * 10 ** (rng.uniform(-3, 3) / 20) / (clip.std() + 1e-9)
        if at + clip.size >= size:
            gaps.append((at, size))
            break
        voice[at : at + clip.size] = clip
        truth[at : at + clip.size] = np.repeat(heard > 0.5, 512)[: clip.size]
        gap = round(rng.choice([0.2, 0.6, 1.5, 4.0, 8.0]) * rng.uniform(0.7, 1.3) * RATE)
        gaps.append((at + clip.size, min(size, at + clip.size + gap)))
        at += clip.size + gap
    if condition.startswith("noise"):
        snr = float(condition.split()[1])
        noise = colored(size, rng.uniform(0, 2), rng) * level * 10 ** (-snr / 20)
    elif condition == "hum":
        t = np.arange(size) / RATE
        noise = level * 0.1 * sum(np.sin(2 * np.pi * 50 * k * t + k) / k for k in range(1, 12))
        noise = noise + level * 0.02 * colored(size, 1, rng)
    elif condition == "music between":
        noise = 0.003 * level * rng.standard_normal(size)
        tune = music(size, rng) * level * 10 ** (rng.uniform(-12, 0) / 20)
        for start, end in gaps:
            if end - start > RATE:
                noise[start:end] += tune[start:end]
    elif condition == "no speech":
        noise = np.zeros(size)
        quarter = size // 4
        noise[:quarter] = level * colored(quarter, rng.uniform(0, 2), rng)
        noise[quarter : 2 * quarter] = level * music(quarter, rng)
        noise[2 * quarter : 3 * quarter] = 1e-5 * rng.standard_normal(quarter)
    else:
        noise = 10 ** (-rng.uniform(75, 95) / 20) * rng.standard_normal(size)
    frames = (size - 2 * HOP) // HOP + 1
    centres = (np.arange(frames) + 1) * HOP
    return (voice + noise).astype(np.float32), truth[centres]


def frames_of(found: list[tuple[int, int]], frames: int) -> np.ndarray:
    centres = (np.arange(frames) + 1) * HOP
    marks = np.zeros(frames, bool)
    for start, end in found:
        marks |= (centres >= start) & (centres < end)
    return marks


def blocks_of(samples: np.ndarray) -> list[np.ndarray]:
    return [samples[k : k + 10 * RATE] for k in range(0, samples.size, 10 * RATE)]


def clips_of(data: Path, corpora: tuple[str, ...]) -> list[Path]:
    return [path for name in corpora for path in sorted((data / name).rglob("*.opus"))]


def fit(data: Path, silero: Silero, minutes: float) -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(7)
    clips = clips_of(data, FIT)
    rows, answers = [], []
    for condition in CONDITIONS:
        samples, truth = mixture(condition, clips, 60 * minutes, rng, silero)
        rows.append(np.concatenate(list(frame_features(blocks_of(samples), RATE)))[: truth.size])
        answers.append(truth)
    features, truth = np.concatenate(rows), np.concatenate(answers)
    model = LogisticRegression(C=1.0, max_iter=1000).fit(features, truth)
    print("frames", features.shape, "speech", truth.mean(), "accuracy", model.score(features, truth))
    print("range", features.min(0).round(2), features.max(0).round(2))
    print("_WEIGHTS =", np.array2string(model.coef_[0].round(3), separator=", ", max_line_width=100))
    print("_BIAS =", round(float(model.intercept_[0]), 3))


def table(data: Path, silero: Silero, minutes: float) -> None:
    clips = clips_of(data, TEST)
    print("Shares of frames. far: false alarms among the frames more than 0.3 s from speech.")
    print(
        "| mixture | recall | false alarm | far | silero-vad: recall | false alarm | far | times real time |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for number, condition in enumerate(CONDITIONS):
        samples, truth = mixture(condition, clips, 60 * minutes, np.random.default_rng(100 + number), silero)
        began = time.perf_counter()
        own = frames_of(list(speech_segments(blocks_of(samples), RATE)), truth.size)
        seconds = time.perf_counter() - began
        centres = (np.arange(truth.size) + 1) * HOP
        other = np.repeat(silero(samples), 512)[centres] > 0.5
        reach = round(0.3 / HOP_SECONDS)
        far = np.convolve(truth, np.ones(2 * reach + 1), "same") == 0
        cells = [
            f"{heard[truth].mean() if truth.any() else float('nan'):.3f} | {heard[~truth].mean():.3f} | "
            f"{heard[far].mean():.3f}"
            for heard in (own, other)
        ]
        print(f"| {condition} | {' | '.join(cells)} | {60 * minutes / seconds:,.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=5.0, help="of each condition")
    parser.add_argument("--fit", action="store_true")
    given = parser.parse_args()
    (fit if given.fit else table)(given.data, Silero(), given.minutes)


if __name__ == "__main__":
    main()
