"""The page needs nothing from elsewhere, and holds everything; its script knows where the time axes are."""

from __future__ import annotations

import html.parser
import io
import re

import matplotlib.image
import numpy as np
import pytest

from hearfelt.errors import HearfeltError
from hearfelt.inspection.page import render_page, write_page, write_pictures
from hearfelt.inspection.pictures import pictures
from hearfelt.inspection.view import inspect_recording

VOID = {"meta", "link", "img", "input", "br", "hr", "source"}


class Page(html.parser.HTMLParser):
    """Elements, with a check that each that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.open: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def text(inspection) -> str:
    return render_page(inspection)


def test_it_stands_alone(text) -> None:
    page = Page(text)
    links = [
        value
        for _, attributes in page.elements
        for key, value in attributes.items()
        if key in ("src", "href", "srcset")
    ]
    assert all(link.startswith(("data:", "#")) for link in links)
    assert not re.search(r"https?://|@import|url\(", text)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert {"answer", "sound", "tracks", "why", "spectra", "descriptors", "segments"} <= set(ids)


def test_it_holds_everything(text, inspection) -> None:
    page = Page(text)
    assert len(page.all("figure")) == 7
    assert all(image["alt"] for image in page.all("img"))
    assert f"<strong>{inspection.recognition.emotion}</strong>" in text
    assert f"{inspection.recognition.confidence:.0%} sure" in text
    assert "a &lt;b&gt; $x$.wav" in text
    assert all(name in text for name in inspection.timeline.labels)


def test_places_of_the_time_axes(text, inspection) -> None:
    timed = [figure for figure in Page(text).all("figure") if "data-left" in figure]
    assert len(timed) == 6
    for figure in timed:
        assert 0.02 < float(figure["data-left"]) < 0.3
        assert 0.6 < float(figure["data-right"]) <= 1
        assert float(figure["data-to"]) == pytest.approx(inspection.samples.size / 16000, abs=1e-3)


def test_silence(bundle, monkeypatch) -> None:
    monkeypatch.setattr("hearfelt.inspection.page._figure", lambda picture: picture.name)
    silent = inspect_recording(np.zeros(16000), 16000, model=bundle)
    text = render_page(silent)
    assert "heard no speech" in text
    assert "nothing to explain" in text
    Page(text)


def test_files(inspection, tmp_path, monkeypatch, text) -> None:
    few = pictures(inspection)[:2]  # all are drawn elsewhere
    monkeypatch.setattr("hearfelt.inspection.page.pictures", lambda _: few)
    written = write_pictures(inspection, tmp_path / "new" / "pictures")
    assert [path.name for path in written] == ["waveform.png", "magnitude_spectrum.png"]
    for path in written:
        assert matplotlib.image.imread(io.BytesIO(path.read_bytes())).shape[1] == 320
    page = tmp_path / "page.html"
    page.write_text("before")

    def fails(*_, **__):
        raise HearfeltError("no")

    monkeypatch.setattr("hearfelt.inspection.page.render_page", fails)
    with pytest.raises(HearfeltError):
        write_page(inspection, page)
    assert page.read_text() == "before"
    monkeypatch.setattr("hearfelt.inspection.page.render_page", lambda *_, **__: text)
    write_page(inspection, page)
    assert page.read_text(encoding="utf-8") == text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "page.html"]
