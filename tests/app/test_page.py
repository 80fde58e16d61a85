"""The page in Chromium, on a real service: every way in, every way out, what goes wrong, and who can use it."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import hearfelt
from hearfelt.app.local_server import open_server
from hearfelt.app.static_page import write_static_page
from hearfelt.audio.decode import read_audio
from hearfelt.emotions import COLORS
from hearfelt.errors import HearfeltError
from hearfelt.recognition.timeline import timeline
from hearfelt.recognition.timelines._registry import FORMATS, create_writer

PAGE = Path(hearfelt.__file__).parent / "app" / "page"
REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLES = Path(hearfelt.__file__).parent / "assets" / "samples"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
RATE = 16000
EVIL = "<img src=x onerror=alert(1)>.wav"  # a name is never read as HTML
WIDE, PHONE = {"width": 1100, "height": 900}, {"width": 375, "height": 740}


# ---- The files, without a browser -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    found: dict[str, str] = json.loads((PAGE / "texts.en.json").read_text(encoding="utf-8"))
    return found


def sources() -> str:
    own = [*PAGE.glob("*.js"), *PAGE.glob("browser/*.js"), PAGE / "index.html"]
    return "\n".join(path.read_text(encoding="utf-8") for path in own)


def test_every_text_that_is_named_is_there(texts: dict[str, str]) -> None:
    named = re.findall(r"""(?:\btext|new Fault)\(\s*"([a-z0-9_.]+)["]""", sources())
    named += re.findall(r'data-text(?:-[a-z-]+)?="([^"]+)"', sources())
    assert len(named) > 80
    assert sorted({name for name in named if name not in texts}) == []


def test_every_text_is_used(texts: dict[str, str]) -> None:
    everything = sources()
    prefixes = {f"{found}." for found in re.findall(r"`([a-z.]+)\.\$\{", everything)}
    unused = [
        name
        for name in texts
        if f'"{name}"' not in everything
        and f'"{name.removesuffix(".one")}"' not in everything
        and not any(name.startswith(prefix) for prefix in prefixes)
    ]
    assert unused == []


def test_emotions_have_the_colours_of_the_package_and_a_name(texts: dict[str, str]) -> None:
    source = (PAGE / "emotions.js").read_text(encoding="utf-8")
    assert dict(re.findall(r'^  (\w+): "(#\w{6})"', source, re.M)) == dict(COLORS)
    assert all(f"emotion.{name}" in texts for name in COLORS)


def test_every_format_can_be_had_and_has_a_name(texts: dict[str, str]) -> None:
    listed = re.search(r"const FORMATS = (\[.*?\])", (PAGE / "engine_server.js").read_text(encoding="utf-8"))
    assert listed and json.loads(listed[1]) == list(FORMATS)
    assert all(f"download.{name}" in texts and f"download.{name}.hint" in texts for name in FORMATS)


def test_libraries_are_those_that_are_stated_and_their_licences_are_there() -> None:
    stated = re.findall(
        r"^\| `(\S+)` \|.*?, `(\S+)` \| `(\w{64})` \|$", (PAGE / "vendor" / "README.md").read_text(), re.M
    )
    assert len(stated) == 3
    for name, licence, digest in stated:
        content = (PAGE / "vendor" / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
        assert b"copyright" in (PAGE / "vendor" / licence).read_bytes().lower()
    assert sum(path.stat().st_size for path in (PAGE / "vendor").iterdir()) < 150_000


def test_the_page_has_no_inline_script_or_style_and_names_no_other_host() -> None:
    class Strict(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            given = dict(attributes)
            assert (
                tag != "style" and "style" not in given and not any(name.startswith("on") for name in given)
            )
            assert tag != "script" or given.get("src")
            for name in ("src", "href"):
                assert not (given.get(name) or "").startswith(("http", "//")), given

    Strict().feed((PAGE / "index.html").read_text(encoding="utf-8"))
    assert re.findall(r"https?://\w.*", sources()) == []


# ---- In Chromium ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    """Two actors, one after the other, with a pause: two segments at least."""
    parts = [read_audio(SAMPLES / name, RATE) for name in ("08b01Wa_angry.opus", "09a07Ta_sad.opus")]
    return np.concatenate([parts[0], np.zeros(RATE, np.float32), parts[1]])


@pytest.fixture(scope="module")
def recording(speech: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, speech, RATE, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def expected(recording: bytes) -> Any:
    return timeline(hearfelt.load(), io.BytesIO(recording))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, speech: np.ndarray) -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium; on Debian and Ubuntu: apt-get install chromium")
    api = pytest.importorskip(
        "playwright.sync_api", reason="needs playwright: make test, or pip install playwright"
    )
    heard = tmp_path_factory.mktemp("microphone") / "microphone.wav"
    soundfile.write(heard, np.concatenate([speech, speech, speech]), RATE)
    arguments = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={heard}%noloop",
        "--autoplay-policy=no-user-gesture-required",
    ]
    with api.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@dataclass
class Visit:
    """A page, and what it complained of."""

    page: Any
    home: str
    faults: list[str] = field(default_factory=list)
    forgiven: tuple[str, ...] = ()  # begin of complaints that the test provokes

    def give(self, content: bytes, name: str = "talk.wav", kind: str = "audio/wav") -> None:
        self.page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": content})

    def hear(self, content: bytes, name: str = "talk.wav") -> None:
        self.give(content, name)
        self.page.locator("#result-title .of", has_text=name).wait_for()

    def error(self, selector: str = "#error") -> str:
        self.page.locator(selector).wait_for()
        return str(self.page.inner_text(selector))


@pytest.fixture
def visit(browser: Any, running: Any, request: pytest.FixtureRequest) -> Iterator[Visit]:
    options = getattr(request, "param", {})
    context = browser.new_context(
        **({"viewport": WIDE, "reduced_motion": "reduce", "accept_downloads": True} | options)
    )
    context.grant_permissions(["microphone"], origin=running.address)
    page = context.new_page()
    page.set_default_timeout(60_000)  # a busy machine is no fault of the page
    found = Visit(page, running.address)
    page.on(
        "console", lambda said: found.faults.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: found.faults.append(str(error)))
    page.on(
        "request",
        lambda sent: (
            None
            if sent.url.startswith((running.address, "blob:", "data:"))
            else found.faults.append(sent.url)
        ),
    )
    page.goto(running.address)
    page.locator("html[data-ready]").wait_for()
    yield found
    context.close()
    assert [fault for fault in found.faults if not fault.startswith(found.forgiven or "\0")] == []


def test_what_is_shown_is_what_python_answers(
    visit: Visit, recording: bytes, expected: Any, texts: Any
) -> None:
    visit.hear(recording, EVIL)
    page = visit.page
    rows = [
        [cell.inner_text() for cell in row.locator("td").all()[1:4]]
        for row in page.locator("#moments tr").all()
    ]
    assert len(expected.segments) >= 2
    assert rows == [
        [f"0:0{item.start:.1f}", f"0:0{item.end:.1f}", texts[f"emotion.{item.emotion}"]]
        for item in expected.segments
    ]
    said = page.inner_text("#summary")
    seconds = sum(item.seconds for item in expected.segments)
    assert f"{seconds:.1f}".removesuffix(".0") in said and f"{expected.duration:.1f}" in said
    assert page.inner_text("#said").endswith(said)  # for screen readers
    figures = {
        row.locator(".tag").inner_text(): int(row.locator(".figure").inner_text()[:-1])
        for row in page.locator("#bars li").all()
    }
    for label in expected.labels:
        mean = sum(item.seconds * item.probabilities[label] for item in expected.segments) / seconds
        assert abs(figures[texts[f"emotion.{label}"]] - 100 * mean) <= 1
    # The ribbon has a piece for each segment, the wave and the curves are drawn.
    assert page.locator("#ribbon .piece").count() == len(expected.segments)
    drawn = """selector => {
      const canvas = [...document.querySelectorAll(selector)].flatMap(
        (e) => [e, ...(e.firstElementChild?.shadowRoot?.querySelectorAll("canvas") ?? [])])
        .find((e) => e.tagName === "CANVAS");
      const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
      return data.filter((value, at) => at % 4 === 3 && value).length / (canvas.width * canvas.height);
    }"""
    assert 0.02 < page.evaluate(drawn, "#wave") < 0.6
    assert page.evaluate(drawn, "#curves canvas") > 0.3
    assert page.locator("img[src=x]").count() == 0


def test_each_moment_can_be_heard(visit: Visit, recording: bytes, expected: Any) -> None:
    visit.hear(recording)
    page, second = visit.page, expected.segments[1]
    page.get_by_role("button", name=re.compile("^Hear")).nth(1).click()
    page.locator("#play.playing").wait_for()
    page.locator("#play:not(.playing)").wait_for()  # at the end of the moment, by itself
    reached = float(page.inner_text("#time").removeprefix("0:"))
    assert second.start < reached <= second.end + 0.3
    page.locator("#ribbon .piece").first.click()
    page.locator("#play.playing").wait_for()
    page.get_by_role("button", name="Pause").click()
    page.locator("#play:not(.playing)").wait_for()


def test_every_format_can_be_downloaded(visit: Visit, recording: bytes, expected: Any) -> None:
    visit.hear(recording)
    found = {}
    for name in FORMATS:
        with visit.page.expect_download() as waiting:
            visit.page.click(f"#downloads button[data-format={name}]")
        assert waiting.value.suggested_filename == f"talk{create_writer(name).suffix}"
        found[name] = Path(waiting.value.path()).read_bytes()
        visit.page.get_by_text(f"{waiting.value.suggested_filename} is saved.").wait_for()
    (answer,) = json.loads(found["json"])
    assert [item["emotion"] for item in answer["segments"]] == [item.emotion for item in expected.segments]
    assert len(list(csv.reader(io.StringIO(found["csv"].decode())))) == 1 + len(expected.segments)
    assert found["png"].startswith(b"\x89PNG") and b"<audio" in found["html"]
    for name in ("srt", "vtt", "textgrid", "eaf", "rttm", "audacity", "jsonl"):
        for item in expected.segments:
            assert item.emotion in found[name].decode()


def test_the_microphone_is_heard_live_and_then_as_a_whole(visit: Visit, speech: np.ndarray) -> None:
    page = visit.page
    page.get_by_role("button", name="Use the microphone").click()
    page.get_by_text("Speak. The first answer comes").wait_for()
    page.locator("#level[aria-valuetext=good]").wait_for()
    page.locator("#live-now", has_text="It sounds").wait_for()
    assert page.locator("#live-ribbon .piece").count() >= 1
    assert re.fullmatch(r"0:\d\d", page.inner_text("#live-time"))
    page.get_by_role("button", name="Stop and show it all").click()
    page.locator("#result-title .of", has_text="Microphone").wait_for()
    assert page.locator("#live").is_hidden()
    assert page.locator("#moments tr").count() >= 1
    with page.expect_download() as waiting:
        page.click("#downloads button[data-format=recording]")
    heard, rate = soundfile.read(waiting.value.path())
    assert heard.ndim == 1 and heard.size / rate > 5
    # What was recorded is what was said: the loudness over time agrees with the file that was played.
    frames = 20
    envelope = [
        np.sqrt(np.mean(part.reshape(-1, size) ** 2, axis=1))
        for part, size in (
            (heard[: len(heard) // (rate // frames) * (rate // frames)], rate // frames),
            (np.tile(speech, 3)[: len(speech) * 3 // (RATE // frames) * (RATE // frames)], RATE // frames),
        )
    ]
    length = min(map(len, envelope)) - frames
    best = max(
        float(np.corrcoef(envelope[0][a : a + length], envelope[1][b : b + length])[0, 1])
        for a in range(frames)
        for b in range(0, frames, 2)
    )
    assert best > 0.9


def test_a_recording_can_be_thrown_away(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Use the microphone").click()
    visit.page.get_by_role("button", name="Throw away").click()
    assert visit.page.locator("#live").is_hidden() and visit.page.locator("#result").is_hidden()
    assert visit.page.evaluate("document.activeElement.id") == "speak"


def test_samples_can_be_tried(visit: Visit) -> None:
    assert visit.page.locator("#samples button").count() == len(list(SAMPLES.glob("*.opus")))
    visit.page.get_by_role("button", name="Sample, meant to sound angry").click()
    visit.page.locator("#result-title", has_text="Angry").wait_for()


def test_a_dropped_file_is_heard_and_others_are_told_of(visit: Visit, recording: bytes) -> None:
    drop = """(encoded) => {
      const data = new DataTransfer();
      const content = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
      for (const name of ["first.wav", "second.wav"]) data.items.add(new File([content], name));
      for (const kind of ["dragenter", "drop"])
        document.querySelector("#drop").dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true }));
    }"""
    visit.page.evaluate(drop, b64encode(recording).decode())
    visit.page.locator("#result-title .of", has_text="first.wav").wait_for()
    assert "Only the first of the 2 files" in visit.page.inner_text("#note")


def test_what_cannot_be_heard_is_said_in_a_sentence(visit: Visit, recording: bytes) -> None:
    visit.forgiven = ("Failed to load resource",)  # the browser's own words about 4xx
    for content, name, said in (
        (b"", "nothing.wav", "nothing.wav is empty"),
        (b"This is a letter and no sound.\n" * 50, "letter.txt", "letter.txt"),
        (b"RIFF" + b"\0" * 4_000_000, "huge.wav", "MB"),
    ):
        visit.page.evaluate("document.querySelector('#error').hidden = true")
        visit.give(content, name)
        told = visit.error()
        assert said in told and len(told.split()) > 5, told
        assert visit.page.locator("#result").is_hidden() and visit.page.locator("#busy").is_hidden()
    visit.hear(recording)  # nothing is broken by it
    assert visit.page.locator("#error").is_hidden()


def test_what_only_the_browser_can_decode_is_heard(visit: Visit) -> None:
    """WebM, as telephones record: the server refuses it, the page sends WAV instead."""
    visit.forgiven = ("Failed to load resource",)
    record = """async () => {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const recorder = new MediaRecorder(stream, { mimeType: "audio/webm" });
      const parts = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      const stopped = new Promise((resolve) => (recorder.onstop = resolve));
      recorder.start();
      await new Promise((resolve) => setTimeout(resolve, 2500));
      recorder.stop();
      await stopped;
      return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
    }"""
    content = bytes(visit.page.evaluate(record))
    assert content.startswith(b"\x1aE\xdf\xa3")  # Matroska
    visit.hear(content, "telephone.webm")
    assert visit.page.locator("#moments tr").count() >= 1
    assert visit.faults  # the first answer was a refusal


def test_the_same_page_computes_in_the_browser(
    browser: Any, recording: bytes, expected: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of `hearfelt page`, without a service: file, downloads and microphone, under its own strict policy."""
    monkeypatch.setenv(
        "HEARFELT_CACHE", str(REPOSITORY / "build" / "cache")
    )  # fetched once by whoever runs the tests
    try:
        folder = write_static_page(tmp_path / "site").folder
    except HearfeltError as error:
        pytest.skip(f"needs onnxruntime-web: {error}")
    faults: list[str] = []
    with open_server(folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        home = f"http://127.0.0.1:{server.server_address[1]}"
        context = browser.new_context(permissions=["microphone"], reduced_motion="reduce")
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on(
            "console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda sent: faults.append(sent.url) if "127.0.0.1" not in sent.url[:30] else None)
        page.goto(home)
        page.locator("html[data-ready]").wait_for()
        assert "never leaves" in page.inner_text("#privacy")
        page.set_input_files("#file", {"name": "talk.wav", "mimeType": "audio/wav", "buffer": recording})
        page.locator("#result-title .of", has_text="talk.wav").wait_for()
        assert page.locator("#moments tr").count() == len(expected.segments)
        with page.expect_download() as waiting:
            page.click("#downloads button[data-format=json]")
        (answer,) = json.loads(Path(waiting.value.path()).read_bytes())
        assert [item["emotion"] for item in answer["segments"]] == [
            item.emotion for item in expected.segments
        ]
        assert "windows" not in answer
        page.get_by_role("button", name="Use the microphone").click()
        page.locator("#live-now", has_text="It sounds").wait_for()
        page.get_by_role("button", name="Stop and show it all").click()
        page.locator("#result-title .of", has_text="Microphone").wait_for()
        context.close()
        server.shutdown()
    assert [fault for fault in faults if not fault.startswith("blob:")] == []


def test_silence_is_no_emotion(visit: Visit) -> None:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(2 * RATE), RATE, format="WAV")
    visit.hear(buffer.getvalue(), "silence.wav")
    assert visit.page.inner_text("#result-title").startswith("No speech")
    assert visit.page.locator("#bars-card, #table-card, #curves-card").locator("visible=true").count() == 0


def test_a_server_that_is_gone_loses_nothing(visit: Visit, recording: bytes) -> None:
    visit.forgiven = ("Failed to load resource",)
    visit.page.context.set_offline(True)
    visit.give(recording)
    assert "The server does not answer" in visit.error()
    visit.page.context.set_offline(False)
    visit.page.get_by_role("button", name="Try again").click()
    visit.page.locator("#result-title .of", has_text="talk.wav").wait_for()
    assert visit.page.locator("#error").is_hidden()
    visit.page.context.set_offline(True)
    visit.page.click("#downloads button[data-format=csv]")
    assert "The server does not answer" in visit.error("#download-error")


def test_a_busy_server_says_when_to_come_again(visit: Visit, recording: bytes) -> None:
    visit.forgiven = ("Failed to load resource",)
    body = json.dumps({"error": "64 recordings wait already.", "status": 429})
    visit.page.route(
        "**/v1/timeline*", lambda route: route.fulfill(status=429, body=body, headers={"Retry-After": "7"})
    )
    visit.give(recording)
    assert "64 recordings wait already. Wait 7 seconds" in visit.error()


def test_a_token_is_asked_for_and_sent(visit: Visit, recording: bytes) -> None:
    visit.forgiven = ("Failed to load resource",)

    def guard(route: Any) -> None:
        if route.request.headers.get("authorization") == "Bearer correct horse battery":
            route.continue_()
        else:
            route.fulfill(status=401, body='{"error": "This service wants a token.", "status": 401}')

    visit.page.route("**/v1/**", guard)
    visit.give(recording)
    visit.page.get_by_label("This server asks for a token").fill("wrong")
    visit.page.keyboard.press("Enter")
    visit.page.locator("#error", has_text="or this one is wrong").wait_for()
    visit.page.get_by_label("This server asks for a token").fill("correct horse battery")
    visit.page.get_by_role("button", name="Continue").click()
    visit.page.locator("#result-title .of", has_text="talk.wav").wait_for()
    assert visit.page.locator("#token").is_hidden()


def test_the_keyboard_is_enough(visit: Visit, recording: bytes) -> None:
    page = visit.page

    def active() -> str:
        return str(page.evaluate("document.activeElement.id || document.activeElement.className"))

    def tab_to(wanted: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if active() == wanted:
                return
        raise AssertionError(f"{wanted} cannot be reached with Tab; last was {active()}")

    page.on(
        "filechooser", lambda _: None
    )  # from here on choosers are caught; asked for later, one could slip through
    tab_to("theme")
    page.keyboard.press("Enter")
    assert page.get_attribute("html", "data-theme") == "dark"
    tab_to("choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files({"name": "keys.wav", "mimeType": "audio/wav", "buffer": recording})
    page.locator("#result-title .of", has_text="keys.wav").wait_for()
    assert active() == "result-title"  # what a screen reader says next
    tab_to("play")
    page.keyboard.press("Enter")
    page.locator("#play.playing").wait_for()
    page.keyboard.press("Enter")
    tab_to("wave")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator('#wave[aria-valuenow="2"][aria-valuetext^="0:02 of 0:06"]').wait_for(timeout=15_000)
    tab_to("icon hear")
    page.keyboard.press("Space")
    page.locator("#play.playing").wait_for()
    tab_to("button")  # the downloads
    with page.expect_download():
        page.keyboard.press("Enter")


@pytest.mark.parametrize(
    "visit",
    [
        {"viewport": WIDE, "color_scheme": "light"},
        {"viewport": PHONE, "color_scheme": "dark"},
    ],
    ids=["light", "phone dark"],
    indirect=True,
)
def test_everybody_can_use_it(visit: Visit, recording: bytes, request: pytest.FixtureRequest) -> None:
    """axe-core finds nothing serious, nothing is wider than the screen, and the colours are those asked for."""
    page = visit.page
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(axe)

    def look() -> None:
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [
            (item["id"], node["html"], node["any"][:1])
            for item in found["violations"]
            if item["impact"] in ("serious", "critical")
            for node in item["nodes"]
        ] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    look()
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
    assert ground < 60 if "dark" in request.node.callspec.id else ground > 200
    page.get_by_role("button", name="Use the microphone").click()
    page.locator("#live").wait_for()
    look()
    page.get_by_role("button", name="Throw away").click()
    visit.hear(recording)
    page.click("#card-details summary")
    look()
    page.click("#theme")
    changed = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
    assert (ground < 60) != (changed < 60)
    look()
