"""The page needs nothing from elsewhere, holds what was found, and says names harmlessly."""

import base64
import hashlib
import html.parser
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace

import matplotlib.image
import numpy as np
import pytest
import soundfile

from hearfelt.errors import HearfeltError, UnknownNameError
from hearfelt.recognition.timelines._sound import sound_source
from hearfelt.recognition.timelines.as_html import HtmlWriter

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


def data_of(text: str) -> dict:
    return json.loads(re.search(r'id="timeline-data">(.*?)</script>', text, re.DOTALL)[1])


@pytest.mark.parametrize("name", ["talk", "call", "silent"])
def test_the_page_stands_alone(name, request) -> None:
    text = HtmlWriter().render(request.getfixturevalue(name))
    page = Page(text)
    links = [
        value
        for _, attributes in page.elements
        for key, value in attributes.items()
        if key in ("src", "href")
    ]
    assert all(link.startswith(("data:", "#")) for link in links)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert not re.search(r"https?://|@import|url\(", text)


def test_only_its_own_script_may_run(talk) -> None:
    text = HtmlWriter().render(talk)
    policy = next(m["content"] for m in Page(text).all("meta") if "http-equiv" in m)
    script = re.search(r"<script>(.*)</script>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_it_holds_what_was_found(call) -> None:
    data = data_of(HtmlWriter().render(call))
    assert data["duration"] == call.duration
    assert [segment["emotion"] for segment in data["segments"]] == [s.emotion for s in call.segments]
    assert [channel["name"] for channel in data["channels"]] == ["channel 1", "channel 2"]
    assert [[tier["segments"] for tier in channel["tiers"]] for channel in data["channels"]] == [
        [[0], [2]],
        [[1, 3]],
    ]
    for channel in data["channels"]:
        png = base64.b64decode(channel["picture"].partition(",")[2])
        assert matplotlib.image.imread(io.BytesIO(png)).shape[:2] == (64, 50)
        assert max(channel["high"]) == 100
        assert all(sum(shares) == pytest.approx(1000, abs=2) for _, _, shares in channel["windows"])


def test_shares_of_time(talk, call) -> None:
    text = HtmlWriter().render(talk)
    assert "1:02:05 long; speech for 0:06 (0%), in 4 segments" in text
    assert "2.5 s (43%)" in text
    assert "1.5 s (26%)" in text
    both = HtmlWriter().render(call)
    assert "channel 1 Ann &quot;A&quot; &lt;b&gt;&amp;" in both
    assert "2.0 s (67%)" in both
    assert "no_speech" not in Page(both).elements


def test_names_do_no_harm(call) -> None:
    evil = '</script><script>alert("x")</script>'
    segments = tuple(replace(segment, speaker=evil) for segment in call.segments)
    text = HtmlWriter().render(replace(call, path=f"{evil}.wav", segments=segments))
    assert "<script>alert" not in text
    assert data_of(text)["segments"][0]["speaker"] == evil
    assert len(Page(text).all("script")) == 2


def test_a_long_list_says_that_it_was_cut(talk) -> None:
    many = replace(talk, segments=talk.segments[:1] * 2005)
    text = HtmlWriter().render(many)
    assert len([b for b in Page(text).all("button") if "data-start" in b]) == 2000
    assert "5 more are not listed here" in text


def test_nothing_to_show(silent) -> None:
    assert "No speech was found." in HtmlWriter().render(silent)


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "a talk#1.wav"
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 440 * np.arange(32000) / 16000), 16000)
    return path


def test_short_sound_is_in_the_page(sound) -> None:
    kind, _, data = sound_source(str(sound), 2.0, "auto", None).partition(",")
    assert kind == "data:audio/ogg;base64"
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(data)))
    assert samples.size / rate == pytest.approx(2.0, abs=0.01)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    assert abs(np.fft.rfftfreq(samples.size, 1 / rate)[spectrum.argmax()] - 440) < 2


def test_an_open_recording_is_embedded_and_the_name_not_opened(talk, sound) -> None:
    with sound.open("rb") as file:
        named = replace(talk, path=str(sound.with_name("other.wav")))
        assert "data:audio/ogg;base64,T2dnUw" in HtmlWriter("embed", file).render(named)
        assert sound_source(file, 2.0, "none", None) == ""


def test_long_sound_is_linked(sound, tmp_path) -> None:
    assert sound_source(str(sound), 3600.0, "auto", tmp_path / "out" / "page.html") == "../a%20talk%231.wav"
    assert sound_source(str(sound), 2.0, "link", tmp_path / "page.html") == "a%20talk%231.wav"
    assert sound_source(str(sound), 2.0, "none", None) == ""
    assert sound_source("-", 2.0, "auto", None) == ""
    with pytest.raises(HearfeltError, match=r"is 4\.0 h long; up to 3 h can be embedded"):
        sound_source(str(sound), 4 * 3600.0, "embed", None)
    with pytest.raises(UnknownNameError, match="audio mode"):
        HtmlWriter(audio="embedded")


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs the browser chromium")
def test_the_script_runs_in_a_browser(talk, sound, tmp_path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        HtmlWriter().render(replace(talk, path=str(sound), duration=3725.0), page), encoding="utf-8"
    )
    command = [
        "chromium",
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        "--dump-dom",
    ]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=90, check=True)
    now = re.search(r'<p id="now">(.*?)</p>', done.stdout)[1]
    assert now == "0:00.0  no speech"
    assert 'aria-valuetext="0:00.0, no speech"' in done.stdout
    assert "CONSOLE" not in done.stderr
