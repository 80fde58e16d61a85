"""Draw every augmentation at a strong setting: python docs/pictures/augmentations.py CLIP OTHER... PICTURE.

The picture in the documentation is of EmoDB's 03a01Fa (CC0); the other clips are for babble and mixup.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import soundfile
import soxr
from PIL import Image

from hearfelt.augment import WaveformAugmentation, create_augmentation
from hearfelt.features.log_mel import LogMelConfig, hz_to_mel, log_mel
from hearfelt.files import write_atomically

RATE = 16000
CONFIG = LogMelConfig(normalization="none", level="none", floor=1e-6)
PANELS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("noise: pink, 5 dB", {"name": "noise"}, {"kind": "pink", "snr_db": 5.0}),
    ("noise: hum, 5 dB", {"name": "noise"}, {"kind": "hum", "snr_db": 5.0}),
    ("noise: babble, 5 dB", {"name": "noise"}, {"kind": "babble", "snr_db": 5.0}),
    ("gain: +30 dB with limit", {"name": "gain", "limit": True}, {"gain_db": 30.0}),
    ("clip: at the 85th percentile", {"name": "clip"}, {"percentile": 85.0}),
    ("speed: 1.25", {"name": "speed"}, {"factor": 1.25}),
    ("tempo: 1.25", {"name": "tempo"}, {"factor": 1.25}),
    ("pitch: +4 semitones", {"name": "pitch"}, {"semitones": 4.0}),
    (
        "reverb: RT60 1 s, direct -3 dB",
        {"name": "reverb"},
        {"rt60_seconds": 1.0, "direct_db": -3.0, "delay_seconds": 0.01},
    ),
    ("equalize: up to 15 dB", {"name": "equalize", "max_gain_db": 15.0}, {}),
    ("codec: telephone", {"name": "codec"}, {"kind": "telephone"}),
    ("codec: opus, 6 kbit/s", {"name": "codec"}, {"kind": "opus", "kbps": 6.0}),
    ("crop: 60 %", {"name": "crop", "max_share": 0.6}, {}),
    ("shift: 0.3 s", {"name": "shift"}, {"samples": round(0.3 * RATE)}),
    (
        "spec_augment: 2 + 2 masks",
        {"name": "spec_augment"},
        {"time": [[20, 34], [80, 92]], "frequency": [[8, 14], [40, 47]]},
    ),
    ("frequency_warp: 1.15", {"name": "frequency_warp"}, {"factor": 1.15}),
    ("mixup: half and half", {"name": "mixup"}, {"shares": [0.5, 1.0], "partners": [1, 0]}),
    ("rotate: 20 degrees", {"name": "rotate", "fill": "reflect"}, {"degrees": 20.0}),
    ("flip: time", {"name": "flip"}, {}),
]


def load(path: str) -> np.ndarray:
    """Mono, 16 kHz."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(samples.mean(axis=1), rate, RATE).astype(np.float32)


def changed(
    clip: np.ndarray, others: list[np.ndarray], options: dict[str, Any], given: dict[str, Any]
) -> np.ndarray:
    """The log-mel spectrogram after one augmentation."""
    augmentation = create_augmentation(options)
    generator = np.random.default_rng(4)
    if isinstance(augmentation, WaveformAugmentation):
        parameters = {**augmentation.sample(generator, clip.size, RATE), **given}
        return log_mel(
            augmentation.apply(
                clip, parameters, RATE, clips=lambda draw: others[int(draw.integers(len(others)))]
            ),
            CONFIG,
        )
    bands = log_mel(clip, CONFIG)
    if augmentation.stage == "batch":
        partner = log_mel(np.resize(others[0], clip.size), CONFIG)
        return augmentation.apply(np.stack((bands, partner)), given)[0]
    return augmentation.apply(bands, {**augmentation.sample(generator, *bands.shape), **given})


def main(clip_path: str, *rest: str) -> None:
    """Draw and write."""
    *other_paths, picture_path = rest
    clip, others = load(clip_path), [load(path) for path in other_paths]
    panels = [("the clip as it is", log_mel(clip, CONFIG))]
    panels += [(title, changed(clip, others, options, given)) for title, options, given in PANELS]
    low, high = panels[0][1].min() + 1.0, panels[0][1].max()
    edges = hz_to_mel(np.array([CONFIG.min_hz, CONFIG.max_hz]))
    ticks = np.array([200.0, 1000.0, 2000.0, 4000.0])
    places = (hz_to_mel(ticks) - edges[0]) / (edges[1] - edges[0]) * (CONFIG.mel_count + 1) - 1
    longest = clip.size / RATE
    figure, axes = plt.subplots(5, 4, figsize=(12, 11.5), sharex=True, sharey=True, layout="constrained")
    for axis, (title, bands) in zip(axes.flat, panels, strict=True):
        extent = (0, bands.shape[1] * CONFIG.hop_seconds, -0.5, CONFIG.mel_count - 0.5)
        image = axis.imshow(
            bands, origin="lower", aspect="auto", extent=extent, vmin=low, vmax=high, cmap="magma"
        )
        axis.set_title(title, fontsize=10, fontweight="bold" if axis is axes.flat[0] else "normal")
        axis.set_xlim(0, longest)
        axis.set_facecolor("0.85")
        axis.set_yticks(places, [f"{hertz / 1000:g}" for hertz in ticks])
    figure.supxlabel("time in seconds")
    figure.supylabel("frequency in kHz (mel scale)")
    figure.colorbar(image, ax=axes, shrink=0.4, label="log energy of the band")
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=78)
    small = io.BytesIO()
    Image.open(buffer).convert("RGB").quantize(56, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    write_atomically(Path(picture_path), small.getvalue())
    print(f"{picture_path}: {len(small.getvalue()) / 1000:.0f} kB")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
