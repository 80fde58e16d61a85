"""The page of an inspection: everything about one recording in one file, to see, to hear and to print."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from hearfelt.evaluation._canvas import emotion_color, figure_to_data_uri, figure_to_png
from hearfelt.evaluation._html import Raw, escape, paragraph, section, table
from hearfelt.explain._base import Explanation
from hearfelt.files import write_atomically
from hearfelt.inspection.pictures import Picture, pictures
from hearfelt.inspection.view import Inspection
from hearfelt.recognition.results import NO_SPEECH
from hearfelt.recognition.timelines.as_html import HtmlWriter

_HERE = Path(__file__).parent
_SPECTRA = (
    "magnitude_spectrum",
    "spectrogram",
    "log_amplitude_spectrogram",
    "mel_spectrogram",
)


def render_page(
    inspection: Inspection,
    target: str | os.PathLike[str] | None = None,
    *,
    audio: str = "auto",
    sound: IO[bytes] | None = None,
) -> str:
    """The page: answer, player with emotions over time, explanations, spectra, descriptors, segments.

    Args:
        inspection: what is shown.
        target: where the page will be, from whose folder a link to the sound goes.
        audio: ``embed`` the sound, ``link`` to it, ``none``, or ``auto``.
        sound: the open recording, where its path is but a name.

    Returns:
        HTML that asks nothing of any other place, but for a sound that is linked to.
    """
    drawn = {picture.name: picture for picture in pictures(inspection)}
    explained = [
        part
        for explanation in inspection.explanations
        for part in _explanation(explanation, drawn[f"explanation_{explanation.method}"])
    ]
    if not explained and inspection.recognition.emotion == NO_SPEECH:
        explained = [paragraph("No speech was found, so there is nothing to explain.")]
    return HtmlWriter(audio, sound).compose(
        inspection.timeline,
        target,
        subject="One recording, inspected",
        before=[section("answer", "Answer", *_answer(inspection))],
        after=[
            section("why", "What decided", *explained),
            section(
                "spectra",
                "Waveform and spectra",
                *map(_figure, [drawn["waveform"]] + [drawn[n] for n in _SPECTRA]),
            ),
            section("descriptors", "Descriptors", _figure(drawn["descriptors"])),
        ],
        style=(_HERE / "page.css").read_text(encoding="utf-8"),
        script=(_HERE / "page.js").read_text(encoding="utf-8"),
    )


def write_page(
    inspection: Inspection,
    path: str | os.PathLike[str],
    *,
    audio: str = "auto",
    sound: IO[bytes] | None = None,
) -> None:
    """Write `render_page` in one step.

    Raises:
        HearfeltError: the file cannot be written.
    """
    write_atomically(path, render_page(inspection, path, audio=audio, sound=sound))


def write_pictures(inspection: Inspection, folder: str | os.PathLike[str]) -> list[Path]:
    """Write every picture of an inspection as ``NAME.png``, each in one step.

    Returns:
        the files.

    Raises:
        HearfeltError: one cannot be written.
    """
    written = []
    for picture in pictures(inspection):
        written.append(Path(folder) / f"{picture.name}.png")
        figure_to_png(picture.draw(False), written[-1])
    return written


def _answer(inspection: Inspection) -> Iterable[str]:
    recognition = inspection.recognition
    if recognition.emotion == NO_SPEECH:
        yield paragraph(f"The model {inspection.model!r} heard no speech in this recording.", "lead")
        return
    name = recognition.emotion.replace("_", " ")
    yield (
        f'<p class="lead"><span class="dot" style="background:{emotion_color(recognition.emotion)}"></span>'
        f"<strong>{escape(name)}</strong>, {recognition.confidence or 0:.0%} sure: what the model "
        f"{escape(repr(inspection.model))} hears in the whole recording.</p>"
    )
    ranked = sorted(recognition.probabilities.items(), key=lambda item: -item[1])
    yield table(
        "Probability of each emotion, the mean over the windows that the model heard",
        ["emotion", "probability", ""],
        [
            (
                label.replace("_", " "),
                f"{share:.1%}",
                Raw(
                    f'<span class="chance" style="width:{100 * share:.1f}%;background:{emotion_color(label)}"></span>'
                ),
            )
            for label, share in ranked
        ],
        text_columns=3,
    )


def _explanation(explanation: Explanation, picture: Picture) -> Iterable[str]:
    label = explanation.label.replace("_", " ")
    against, dotted = "", ""
    if (explanation.values < 0).any():
        against, dotted = ', <span class="against">blue</span> ones against it', " (dotted: against)"
    yield (
        f"<p>Seconds {explanation.start:.2f} to {explanation.end:.2f}, to which "
        f"{escape(repr(explanation.model))} gives <strong>{escape(label)}</strong> with {explanation.probability:.0%}. "
        f'<span class="for">Orange</span> regions speak for it{against}; lines are drawn around the '
        f"strongest{dotted}. A model may decide by what no person would hear.</p>"
    )
    yield _figure(picture)


def _figure(picture: Picture) -> str:
    """A picture in both themes; over one with a time axis the script draws where the player is."""
    figure = picture.draw(False)
    light, dark = figure_to_data_uri(figure), figure_to_data_uri(picture.draw(True))
    kind, more = "scroll", ""
    if picture.begin is not None:
        place = figure.axes[0].get_position()
        kind = "scroll timed"
        more = (
            f' data-left="{place.x0:.5f}" data-right="{place.x1:.5f}" data-from="{picture.begin:.4f}" '
            f'data-to="{picture.end:.4f}"'
        )
    title = picture.name.replace("_", " ").capitalize()
    return (
        f'<figure class="{kind}" role="region" tabindex="0" aria-label="{escape(title)}"{more}><picture>'
        f'<source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{escape(f"{title}. {picture.text}")}"></picture>'
        f"<i></i><figcaption>{escape(picture.text)}</figcaption></figure>"
    )
