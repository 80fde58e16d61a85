"""What is done to a clip before a model is asked: noise, rooms, telephones, codecs, level, clipping, speed, cropping.

Each change draws from a generator of the clip and the kind of change, so that a clip meets the same noise at every
level of it, and the same in every run with the same seed.
"""

from __future__ import annotations

import fnmatch
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hearfelt.augment._base import ClipProvider, Waveform
from hearfelt.augment._fourier import filter_by, quick_length, spectrum
from hearfelt.augment.clip import Clip
from hearfelt.augment.codec import Codec, telephone, through_mp3, through_opus
from hearfelt.augment.noise import add_at_snr, babble, coloured, hum
from hearfelt.augment.reverb import impulse_response
from hearfelt.augment.speed import change_speed
from hearfelt.errors import UnknownNameError

CLEAN = "clean"
_VOICES = 5
_KEPT_SECONDS = 0.2  # of a clip that cropping would take away
#: (clip, generator, other clips, sample rate) -> changed clip, and the bytes of the file in between where there is one.
Change = Callable[[Waveform, np.random.Generator, ClipProvider, int], tuple[Waveform, int]]


@dataclass(frozen=True)
class Condition:
    """One way to disturb clips.

    Attributes:
        name: of files and patterns.
        group: conditions that a picture shows together.
        series: a line of that picture.
        title: in words.
        level: where on the line; None where it is no number.
        kind: what the random numbers depend on.
        change: does it.
    """

    name: str
    group: str
    series: str
    title: str
    level: float | None
    kind: str
    change: Change

    def apply(
        self, clip: Waveform, number: int, seed: int, others: ClipProvider, sample_rate: int
    ) -> tuple[Waveform, int]:
        """The clip with that number, disturbed; and the bytes of the file in between, 0 where there is none."""
        generator = np.random.default_rng((seed, number, zlib.crc32(self.kind.encode())))
        return self.change(clip, generator, others, sample_rate)


def _conditions() -> dict[str, Condition]:
    found = [Condition(CLEAN, "clean", "clean", "as recorded", None, CLEAN, lambda clip, *_: (clip, 0))]
    found += [
        Condition(f"{kind}-{snr}dB", "noise", kind, f"{words} at {snr} dB", snr, kind, _noise(kind, snr))
        for kind, words in (
            ("babble", f"babble of {_VOICES} other clips"),
            ("white", "white noise"),
            ("hum", "mains hum"),
        )
        for snr in (20, 15, 10, 5, 0)
    ]
    found += [
        Condition(
            f"room-{time}s", "room", "room", f"a room with {time} s reverberation", time, "room", _room(time)
        )
        for time in (0.3, 0.6, 1.0)
    ]
    found += [
        Condition(
            "telephone",
            "channel",
            "telephone",
            "telephone: 300 to 3400 Hz, 8 kHz, mu-law",
            None,
            "telephone",
            lambda clip, _, __, rate: (telephone(clip, rate), 0),
        ),
        Condition("8kHz", "channel", "8 kHz", "sampled at 8 kHz", None, "8kHz", _narrow),
    ]
    found += [
        Condition(
            f"{kind}-{kbps}k",
            "codec",
            name,
            f"{name}, {kbps} kbit/s asked for",
            kbps,
            kind,
            _codec(through, kbps),
        )
        for kind, name, through, rates in (
            ("opus", "Opus", through_opus, (6, 12, 24)),
            ("mp3", "MP3", through_mp3, (8, 16, 32)),
        )
        for kbps in rates
    ]
    found += [
        Condition(
            f"level{gain:+d}dB",
            "level",
            "level",
            f"{abs(gain)} dB {'louder, nothing cut' if gain > 0 else 'softer'}",
            gain,
            "level",
            _level(gain),
        )
        for gain in (-20, 20)
    ]
    found += [
        Condition(
            f"clipped-{share}pc",
            "clipping",
            "clipping",
            f"the loudest {share} % of samples cut",
            share,
            "clip",
            _clip(share),
        )
        for share in (1, 5, 20)
    ]
    found += [
        Condition(
            f"speed-{factor}",
            "speed",
            "speed",
            f"played {factor} times as fast, pitch with it",
            factor,
            "speed",
            _speed(factor),
        )
        for factor in (0.8, 0.9, 1.1, 1.25)
    ]
    found += [
        Condition(
            f"without-first-{gone}s",
            "cropping",
            "the beginning gone",
            f"the first {gone} s gone",
            gone,
            "crop",
            _late(gone),
        )
        for gone in (0.25, 0.5, 1)
    ]
    found += [
        Condition(
            f"only-first-{kept}s",
            "cropping",
            "only the beginning",
            f"only the first {kept} s",
            kept,
            "crop",
            _early(kept),
        )
        for kept in (1, 2)
    ]
    return {condition.name: condition for condition in found}


def _noise(kind: str, snr: float) -> Change:
    def change(
        clip: Waveform, generator: np.random.Generator, others: ClipProvider, rate: int
    ) -> tuple[Waveform, int]:
        if kind == "babble":
            noise = babble(generator, clip.size, _VOICES, others)
        elif kind == "hum":
            noise = hum(generator, clip.size, rate)
        else:
            noise = coloured(generator, clip.size, rate, 0.0)
        return add_at_snr(clip, noise, snr), 0

    return change


def _room(seconds: float) -> Change:
    def change(
        clip: Waveform, generator: np.random.Generator, others: ClipProvider, rate: int
    ) -> tuple[Waveform, int]:
        room = {
            "rt60_seconds": seconds,
            "delay_seconds": 0.005,
            "direct_db": 3.0,
            "seed": int(generator.integers(2**31)),
        }
        response = impulse_response(room, rate)[: max(1, clip.size)]
        length = quick_length(clip.size + response.size - 1)
        return filter_by(clip, spectrum(response, length), length), 0

    return change


def _narrow(
    clip: Waveform, generator: np.random.Generator, others: ClipProvider, rate: int
) -> tuple[Waveform, int]:
    return Codec(kinds=("narrowband",)).apply(clip, {"kind": "narrowband"}, rate), 0


def _codec(through: Callable[[Waveform, int, float], tuple[Waveform, int]], kbps: float) -> Change:
    return lambda clip, _, __, rate: through(clip, rate, kbps)


def _level(gain_db: float) -> Change:
    return lambda clip, *_: (clip * np.float32(10.0 ** (gain_db / 20.0)), 0)


def _clip(share: float) -> Change:
    return lambda clip, _, __, rate: (Clip().apply(clip, {"percentile": 100.0 - share}, rate), 0)


def _speed(factor: float) -> Change:
    return lambda clip, *_: (change_speed(clip, factor), 0)


def _late(seconds: float) -> Change:
    def change(
        clip: Waveform, generator: np.random.Generator, others: ClipProvider, rate: int
    ) -> tuple[Waveform, int]:
        return clip[max(0, min(round(seconds * rate), clip.size - round(_KEPT_SECONDS * rate))) :], 0

    return change


def _early(seconds: float) -> Change:
    return lambda clip, _, __, rate: (clip[: round(seconds * rate)], 0)


CONDITIONS = _conditions()


def pick_conditions(patterns: Sequence[str]) -> list[Condition]:
    """Conditions that patterns such as ``babble-*`` name, the clean one first; all where there are none.

    Raises:
        UnknownNameError: a pattern fits nothing.

    >>> [condition.name for condition in pick_conditions(["room-*"])]
    ['clean', 'room-0.3s', 'room-0.6s', 'room-1.0s']
    """
    wanted = {CLEAN}
    for pattern in patterns or ("*",):
        fitting = fnmatch.filter(CONDITIONS, pattern)
        if not fitting:
            raise UnknownNameError("condition", pattern, CONDITIONS)
        wanted.update(fitting)
    return [condition for name, condition in CONDITIONS.items() if name in wanted]
