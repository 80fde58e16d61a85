"""HTML: one self-contained page to see and hear a recording; offline, printable, usable with the keyboard."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import IO, Any

import numpy as np

from hearfelt.emotions import COLORS
from hearfelt.errors import UnknownNameError
from hearfelt.evaluation._canvas import HATCHES, emotion_color, ink_on
from hearfelt.evaluation._html import Raw, details, escape, page, paragraph, section, table
from hearfelt.features.overview import Overview
from hearfelt.recognition.results import NO_SPEECH
from hearfelt.recognition.timeline import Timeline, TimelineSegment
from hearfelt.recognition.timelines._base import TimelineWriter, one_line, tier_name, tiers
from hearfelt.recognition.timelines._sound import MODES, sound_source

_HERE = Path(__file__).parent
#: Rows of the list of segments; more are in the other formats.
_MOST_ROWS = 2000
#: Shares of time above this have their name written on them.
_LABELLED = 0.09


class HtmlWriter(TimelineWriter):
    """Player, waveform, spectrogram, emotions, their probabilities, shares of time, list of segments.

    Args:
        audio: ``embed`` the sound, ``link`` to it, ``none``, or ``auto``: embed up to 15 minutes.
        sound: an open recording to embed, where the timeline's path is but a name.
    """

    suffix = ".html"
    overview = True

    def __init__(self, audio: str = "auto", sound: IO[bytes] | None = None) -> None:
        if audio not in MODES:
            raise UnknownNameError("audio mode", audio, MODES)
        self.audio = audio
        self.sound = sound

    def render(self, timeline: Timeline, target: str | os.PathLike[str] | None = None) -> str:
        """The page."""
        return self.compose(timeline, target)

    def compose(
        self,
        timeline: Timeline,
        target: str | os.PathLike[str] | None = None,
        *,
        subject: str = "Emotions over time",
        before: Iterable[str] = (),
        after: Iterable[str] = (),
        style: str = "",
        script: str = "",
    ) -> str:
        """The page, with more on it.

        Args:
            timeline: what is shown.
            target: the page, from whose folder links go.
            subject: of the page, above the recording's name.
            before: safe HTML, sections above the player.
            after: sections right below the player.
            style: CSS for these.
            script: a script for these.
        """
        name = one_line(PurePath(timeline.path).name) or "recording"
        sound = sound_source(self.sound or timeline.path, timeline.duration, self.audio, target)
        body = "".join(
            (
                _header(name, subject, timeline),
                '<main id="main">',
                *before,
                section("listen", "Listen", _player(timeline, sound)),
                *after,
                section("shares", "Shares of time", *_shares(timeline)),
                section("segments", "Segments", _segments(timeline)),
                section("how", "How this was made", _how(timeline)),
                "</main>",
                f'<script type="application/json" id="timeline-data">{_data(timeline)}</script>',
            )
        )
        own_style = (_HERE / "page.css").read_text(encoding="utf-8")
        own_script = (_HERE / "page.js").read_text(encoding="utf-8")
        title = f"{name}: {subject[0].lower()}{subject[1:]}"
        return page(title, body, style=own_style + style, script=own_script + script)


def _header(name: str, subject: str, timeline: Timeline) -> str:
    speech = sum(segment.seconds for segment in timeline.segments if segment.emotion != NO_SPEECH)
    share = speech / max(timeline.duration * timeline.channels, 1e-9)
    apart = f" in {timeline.channels} channels heard apart" if timeline.channels > 1 else ""
    lead = (
        f"{_clock(timeline.duration)} long{apart}; speech for {_clock(speech)} ({min(share, 1):.0%}), in "
        f"{len(timeline.segments):,} segments. How voices sound, as a model hears it, is not what people feel."
    )
    return f'<header><p class="eyebrow">{escape(subject)}</p><h1>{escape(name)}</h1>{paragraph(lead, "lead")}</header>'


def _player(timeline: Timeline, sound: str) -> str:
    player = (
        f'<audio id="sound" preload="metadata" src="{escape(sound)}"></audio>'
        '<button type="button" id="play">▶ Play</button>'
        if sound
        else ""
    )
    silent = "" if sound else paragraph("The sound is not part of this page.", "muted")
    legend = "".join(
        f'<li><canvas width="26" height="16" data-emotion="{escape(name)}" aria-hidden="true"></canvas>'
        f"{escape(_nice(name))}</li>"
        for name in timeline.labels
    )
    return (
        f'<div class="controls">{player}'
        '<button type="button" id="previous">◀ Previous segment</button>'
        '<button type="button" id="next">Next segment ▶</button>'
        '<button type="button" id="in">Zoom in</button>'
        '<button type="button" id="out">Zoom out</button>'
        '<button type="button" id="fit">Whole recording</button></div>'
        f'{silent}<p id="now"></p>'
        '<canvas id="tracks" tabindex="0" role="slider" aria-label="Place in the recording" aria-valuemin="0" '
        f'aria-valuemax="{timeline.duration:.2f}" aria-valuenow="0"></canvas>'
        '<input type="range" id="scroll" min="0" max="0" value="0" aria-label="Part of the recording that is shown" '
        f'hidden><ul class="key" aria-label="Emotions">{legend}</ul>'
        '<p class="muted keys">Click anywhere in the picture to hear that place. Keys in the picture: '
        "<kbd>space</kbd> play or pause, <kbd>←</kbd> <kbd>→</kbd> one second (with <kbd>shift</kbd> ten), "
        "<kbd>n</kbd> <kbd>p</kbd> next and previous segment, <kbd>+</kbd> <kbd>-</kbd> <kbd>0</kbd> zoom.</p>"
    )


def _shares(timeline: Timeline) -> Iterable[str]:
    groups: dict[str, dict[str, float]] = {}
    for segment in timeline.segments:
        if segment.emotion != NO_SPEECH:
            name = tier_name(segment.channel, segment.speaker)
            group = groups.setdefault(name if name != "emotion" else "All speech", {})
            group[segment.emotion] = group.get(segment.emotion, 0.0) + segment.seconds
    if not groups:
        yield paragraph("No speech was found.")
        return
    names = [name for name in (*timeline.labels, "unsure") if any(name in group for group in groups.values())]
    yield f'<div class="shares">{"".join(_strip(who, group, names) for who, group in groups.items())}</div>'
    yield table(
        "Seconds of speech in each emotion, and their share of the speech",
        ["emotion", *groups],
        [
            (
                Raw(_dot(name) + escape(_nice(name))),
                *(
                    f"{group.get(name, 0.0):,.1f} s ({group.get(name, 0.0) / sum(group.values()):.0%})"
                    for group in groups.values()
                ),
            )
            for name in names
        ]
        + [("together", *(f"{sum(group.values()):,.1f} s" for group in groups.values()))],
    )


def _strip(who: str, group: Mapping[str, float], names: Sequence[str]) -> str:
    whole = sum(group.values())
    parts = []
    for name in names:
        if name in group:
            color, text = emotion_color(name), f"{escape(_nice(name))} {group[name] / whole:.0%}"
            look = f"flex:{group[name]:.3f} 1 0;background:{color};color:{ink_on(color)}"
            parts.append(
                f'<span style="{look}" title="{text}">{text if group[name] / whole > _LABELLED else ""}</span>'
            )
    return (
        f'<div class="share"><p class="name">{escape(who)}</p>'
        f'<div class="strip" aria-hidden="true">{"".join(parts)}</div></div>'
    )


def _segments(timeline: Timeline) -> str:
    shown = timeline.segments[:_MOST_ROWS]
    who = any(segment.speaker or segment.channel is not None for segment in shown)
    rows = [
        (
            Raw(
                f'<button type="button" data-start="{segment.start:.6f}" data-end="{segment.end:.6f}" '
                f'aria-label="Hear from {_clock(segment.start, 1)}">▶ {_clock(segment.start, 1)}</button>'
            ),
            f"{_clock(segment.end, 1)}",
            *([tier_name(segment.channel, segment.speaker)] if who else []),
            Raw(_dot(segment.emotion) + escape(_nice(segment.emotion))),
            "" if segment.confidence is None else f"{segment.confidence:.0%}",
            _others(segment),
        )
        for segment in shown
    ]
    rest = len(timeline.segments) - len(shown)
    more = paragraph(f"{rest:,} more are not listed here; --format csv has all.", "muted") if rest else ""
    header = ["from", "to", *(["who"] if who else []), "emotion", "confidence", "next best"]
    listed = table("Click a time to hear the segment", header, rows, text_columns=len(header))
    return f'<div class="tall">{listed}</div>{more}' if rows else ""


def _others(segment: TimelineSegment) -> str:
    best = sorted(segment.probabilities.items(), key=lambda item: -item[1])
    return ", ".join(f"{_nice(name)} {share:.0%}" for name, share in best[:3] if name != segment.emotion)


def _how(timeline: Timeline) -> str:
    said = timeline.settings
    speech = said.get("speech")
    found = (
        "The stretches were given."
        if speech == "given"
        else "Speech was found by voice activity detection; what is between stretches of speech is left out."
    )
    smoothing = {
        "viterbi": f"the most probable path (Viterbi) where an emotion lasts {said.get('stay_seconds')} s on average",
        "hysteresis": f"hysteresis: another emotion has to be {said.get('margin')} more probable",
        "none": "no smoothing",
    }.get(str(said.get("smoothing")), "")
    text = (
        f"{found} It was cut into windows of up to {said.get('window_seconds')} s every "
        f"{said.get('hop_seconds')} s, which the model {said.get('model')!r} heard one by one; segments by "
        f"{smoothing}. The curves show each window, the ribbon and the list the segments, with the mean of their "
        "windows."
    )
    listed = "".join(
        f"<div><dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(json.dumps(value))}</dd></div>"
        for name, value in said.items()
    )
    return paragraph(text) + details("All settings", f'<dl class="facts">{listed}</dl>')


def _data(timeline: Timeline) -> str:
    """What the script draws; safe inside a script element."""
    order = {id(segment): number for number, segment in enumerate(timeline.segments)}
    channels = []
    for number, view in enumerate(timeline.overview):
        channel = number if timeline.channels > 1 else None
        own = [
            {"speaker": row[0].speaker, "segments": [order[id(segment)] for segment in row]}
            for _, row in tiers(timeline)
            if row and row[0].channel in (channel, None if channel is None else channel)
        ]
        windows = [
            [
                round(w.start, 3),
                round(w.end, 3),
                [round(w.probabilities[name] * 1000) for name in timeline.labels],
            ]
            for w in timeline.windows
            if w.probabilities and (timeline.channels == 1 or w.channel == number)
        ]
        channels.append(
            {
                "name": f"channel {number + 1}" if timeline.channels > 1 else "",
                "column_seconds": view.column_seconds,
                "low": _scaled(view.low, view),
                "high": _scaled(view.high, view),
                "picture": _picture(view),
                "hertz": f"{view.hertz[0]:.0f} to {view.hertz[-1]:.0f} Hz (mel scale)",
                "tiers": own or [{"speaker": "", "segments": []}],
                "windows": windows,
            }
        )
    data = {
        "duration": timeline.duration,
        "labels": list(timeline.labels),
        "colors": {name: emotion_color(name) for name in (*timeline.labels, *COLORS)},
        "hatches": dict(HATCHES),
        "segments": [
            {key: value for key, value in segment.to_dict().items() if key != "channel"}
            for segment in timeline.segments
        ],
        "channels": channels,
    }
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("&", "\\u0026")


def _scaled(values: Any, view: Overview) -> list[int]:
    loudest = max(float(np.abs(view.low).max()), float(np.abs(view.high).max()), 1e-6)
    return [int(value) for value in np.round(values / loudest * 100)]


def _picture(view: Overview) -> str:
    """The spectrogram as PNG in a data URI, low frequencies below."""
    from matplotlib import colormaps
    from matplotlib.image import imsave

    low, high = np.percentile(view.decibels, [5, 99.8])
    shade = np.clip((view.decibels[::-1] - low) / max(high - low, 1e-6), 0, 1)
    # As few colours as the eye needs: the file is a third.
    colors = colormaps["magma"](np.round(shade * 47) / 47, bytes=True)[:, :, :3]
    buffer = io.BytesIO()
    imsave(buffer, np.ascontiguousarray(colors), format="png")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _nice(name: str) -> str:
    return name.replace("_", " ")


def _dot(name: str) -> str:
    return f'<span class="dot" style="background:{emotion_color(name)}"></span>'


def _clock(seconds: float, digits: int = 0) -> str:
    """Time for people.

    >>> _clock(3725.04), _clock(59.96, 1)
    ('1:02:05', '1:00.0')
    """
    unit = 10**digits
    whole = round(seconds * unit)
    rest, part = divmod(whole, unit)
    minutes = f"{rest // 3600}:{rest // 60 % 60:02d}" if rest >= 3600 else f"{rest // 60}"
    return f"{minutes}:{rest % 60:02d}" + (f".{part:0{digits}d}" if digits else "")
