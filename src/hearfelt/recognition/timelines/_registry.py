"""The formats of timelines, by name."""

from __future__ import annotations

from importlib import import_module

from hearfelt.errors import UnknownNameError
from hearfelt.recognition.timelines._base import TimelineWriter

_HERE = "hearfelt.recognition.timelines."
#: Format -> where its writer is; imported when it is used.
FORMATS: dict[str, str] = {
    "json": "as_json:JsonWriter",
    "jsonl": "as_json:JsonLinesWriter",
    "csv": "as_csv:CsvWriter",
    "srt": "as_subtitles:SrtWriter",
    "vtt": "as_subtitles:VttWriter",
    "textgrid": "as_text_grid:TextGridWriter",
    "eaf": "as_eaf:EafWriter",
    "rttm": "as_rttm:RttmWriter",
    "audacity": "as_audacity:AudacityWriter",
    "html": "as_html:HtmlWriter",
    "png": "as_png:PngWriter",
}


def create_writer(name: str, **options: object) -> TimelineWriter:
    """A new writer.

    Args:
        name: one of `FORMATS`.
        options: of the writer.

    Raises:
        UnknownNameError: lists the formats.

    >>> create_writer("srt").suffix
    '.srt'
    """
    if name not in FORMATS:
        raise UnknownNameError("timeline format", name, FORMATS)
    module, attribute = FORMATS[name].split(":")
    writer: TimelineWriter = getattr(import_module(_HERE + module), attribute)(**options)
    return writer
