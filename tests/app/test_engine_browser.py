"""The engine that computes in the browser, in Chromium: Python's answers, also offline, and nothing sent anywhere."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from hearfelt.app import static_page
from hearfelt.app.local_server import open_server
from hearfelt.app.web_runtime import web_runtime
from hearfelt.audio.decode import read_audio
from hearfelt.audio.speech_segments import speech_scores
from hearfelt.audio.voice_activity import has_speech, variation
from hearfelt.audio.windows import Cutter, windows
from hearfelt.errors import HearfeltError
from hearfelt.recognition.bundle import bundled_models, read_bundle
from hearfelt.recognition.recognizer import Recognizer, load
from hearfelt.recognition.smoothing import smooth
from hearfelt.recognition.timeline import timeline
from hearfelt.recognition.timelines._registry import create_writer
from hearfelt.testing.bundles import write_tiny_bundle

REPOSITORY = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SAMPLES = sorted(static_page.SAMPLES_FOLDER.glob("*.opus"))
PAGE = static_page.PAGE_FOLDER
RATE = 16000
SAME = 1e-3  # of probabilities
NUMBERS = itertools.count()
INDEX = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="hearfelt-engine" content="server">
    <title>engine</title>
    <link rel="icon" href="page/icon.svg">
    <script type="module" src="page/start.js"></script>
  </head>
  <body></body>
</html>
"""
START = """import { createEngine } from "./engine_browser.js";
window.engine = createEngine();
document.documentElement.dataset.ready = "";
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The page's folder with a document of our own around the engine, and onnxruntime-web at hand."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium, which is not installed")
    pytest.importorskip("playwright.sync_api", reason="needs playwright, which is not installed")
    page = tmp_path_factory.mktemp("source") / "page"
    shutil.copytree(static_page.PAGE_FOLDER, page)
    (page / "index.html").write_text(INDEX)
    (page / "start.js").write_text(START)
    with pytest.MonkeyPatch.context() as patch:
        # Kept between runs of the tests: fetched once by whoever runs them.
        patch.setenv("HEARFELT_CACHE", str(REPOSITORY / "build" / "cache"))
        patch.setattr(static_page, "PAGE_FOLDER", page)
        try:
            web_runtime()
        except HearfeltError as error:
            pytest.skip(f"needs onnxruntime-web: {error}")
        yield page


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes no time, for all but the figures themselves."""
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def recognizer(bundle: Path) -> Recognizer:
    return load(bundle)


@pytest.fixture(scope="module")
def folder(source: Path, bundle: Path) -> Path:
    return static_page.write_static_page(source.parent / "tiny", model=bundle).folder


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    with open_server(folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[str]:
    with serving(folder) as address:
        yield address


@dataclass
class Tab:
    """A page with the engine, and what it complained of."""

    page: Any
    faults: list[str]

    def ask(self, script: str, argument: Any = None) -> Any:
        """Value of an async function of (engine, argument)."""
        ready(self.page)
        return self.page.evaluate(f"async (argument) => ({script})(await engine, argument)", argument)


def open_tab(context: Any, address: str) -> Tab:
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "request", lambda sent: None if sent.url.startswith((address, "blob:")) else faults.append(sent.url)
    )
    page.goto(address)
    return Tab(page, faults)


def ready(page: Any) -> None:
    """Wait for the module; one that awaits something does not hold up the load event."""
    page.locator("html[data-ready]").wait_for(state="attached")


@pytest.fixture(scope="module")
def browser(source: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    spoken = source.parent / "microphone.wav"
    speech = np.concatenate([read_audio(path) for path in SAMPLES])
    soundfile.write(spoken, soxr.resample(speech, RATE, 48000), 48000)
    arguments = [
        "--no-sandbox",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={spoken}",
    ]
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def shared_tab(browser: Any, served: str) -> Tab:
    return open_tab(browser.new_context(), served)


@pytest.fixture
def tab(shared_tab: Tab) -> Iterator[Tab]:
    yield shared_tab
    assert shared_tab.faults == []


@pytest.fixture
def give(folder: Path, tab: Tab) -> Callable[[bytes | np.ndarray], str]:
    """Lays something where the tab can fetch it."""

    def lay(content: bytes | np.ndarray) -> str:
        name = f"given_{next(NUMBERS)}"  # never twice the same: browsers keep what they fetched
        (folder / name).write_bytes(
            content if isinstance(content, bytes) else content.astype(np.float32).tobytes()
        )
        return name

    return lay


FILE = """async (engine, {name, call, path}) => {
  const blob = await (await fetch(name, {cache: "no-store"})).blob();
  return engine[call](new File([blob], path));
}"""
FLOATS = "new Float32Array(await (await fetch(name, {cache: 'no-store'})).arrayBuffer())"
MODULE = "await import(new URL('page/browser/%s.js', document.baseURI))"


def wav(samples: np.ndarray, rate: int = RATE, kind: str = "WAV", subtype: str = "PCM_16") -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=kind, subtype=subtype)
    return buffer.getvalue()


def conversation() -> np.ndarray:
    """Samples with pauses and some noise between, twenty seconds."""
    noise = np.random.default_rng(5).normal(0, 0.002, RATE).astype(np.float32)
    parts = [piece for path in SAMPLES for piece in (read_audio(path), noise)]
    return np.concatenate([np.zeros(RATE, np.float32), *parts])


def largest_difference(a: dict[str, Any], b: dict[str, Any]) -> float:
    assert a["emotion"] == b["emotion"] and a["probabilities"].keys() == b["probabilities"].keys()
    return max(
        (abs(a["probabilities"][name] - b["probabilities"][name]) for name in a["probabilities"]), default=0.0
    )


def in_8_bits(folder: Path) -> Path:
    """The bundled model with its weights as `hearfelt export --int8` stores them."""
    pytest.importorskip("torch", reason="needs torch, which is not installed")
    import onnx
    import torch
    from onnx import numpy_helper

    from hearfelt.training.stored_weights import HALF, rounded, store

    bundle = read_bundle()
    model = onnx.load_from_string(bundle.graph)
    halves = {tensor.name for tensor in model.graph.initializer if tensor.name.endswith(HALF)}
    others = [node for node in model.graph.node if not halves & set(node.input)]
    del model.graph.node[:]
    model.graph.node.extend(others)
    for tensor in model.graph.initializer:
        if tensor.name in halves:
            values = torch.from_numpy(numpy_helper.to_array(tensor).astype(np.float32))
            own = tensor.name.removesuffix(HALF)
            tensor.CopyFrom(numpy_helper.from_array(rounded(values, "int8").numpy(), own))
    store(model, "int8")
    content = model.SerializeToString()
    assert len(content) < 0.7 * len(bundle.graph)
    shutil.copytree(bundle.folder, folder)
    (folder / "model.onnx").write_bytes(content)
    fields = json.loads((folder / "model.json").read_text())
    fields["provenance"]["model_sha256"] = hashlib.sha256(content).hexdigest()
    (folder / "model.json").write_text(json.dumps(fields))
    return folder


@pytest.mark.parametrize("model", [*bundled_models(), "int8"])
def test_samples_get_the_probabilities_of_python(browser: Any, source: Path, model: str) -> None:
    """With the bundled models, as visitors get them, and with weights of 8 bits."""
    given = in_8_bits(source.parent / "bundle8") if model == "int8" else model
    written = static_page.write_static_page(source.parent / model, model=given)
    assert written.bytes < 25e6
    recognizer = load(given)
    with serving(written.folder) as address:
        tab = open_tab(browser.new_context(), address)
        samples = tab.ask("(engine) => engine.samples()")
        assert len(samples) == len(SAMPLES)
        for sample in samples:
            found = tab.ask(FILE, {"name": sample["url"], "call": "recognize", "path": sample["name"]})
            expected = recognizer(written.folder / "samples" / sample["name"]).to_dict() | {
                "path": sample["name"]
            }
            assert found.keys() == expected.keys() and found["duration"] == expected["duration"]
            assert found["confidence"] == max(found["probabilities"].values())
            assert largest_difference(found, expected) < SAME
        assert tab.faults == []
        tab.page.context.close()


@pytest.mark.parametrize(
    ("rate", "kind", "subtype"), [(44100, "FLAC", "PCM_16"), (8000, "WAV", "PCM_16"), (48000, "WAV", "FLOAT")]
)
def test_other_rates_channels_and_formats(
    tab: Tab, give: Callable[..., str], recognizer: Recognizer, rate: int, kind: str, subtype: str
) -> None:
    clip = soxr.resample(read_audio(SAMPLES[1]), RATE, rate)
    content = wav(np.stack([0.5 * clip, 0.3 * clip], axis=1), rate, kind, subtype)
    found = tab.ask(FILE, {"name": give(content), "call": "recognize", "path": "a"})
    expected = recognizer(io.BytesIO(content)).to_dict()
    assert abs(found["duration"] - expected["duration"]) < 1e-4
    assert largest_difference(found, expected) < SAME


@pytest.mark.parametrize("suffix", ["opus", "mp3", "ogg"])
def test_what_the_browser_decodes_itself(
    tab: Tab, give: Callable[..., str], recognizer: Recognizer, suffix: str
) -> None:
    """Decoders differ by some samples of padding, so the answers only have to be close."""
    if suffix == "opus":
        content = SAMPLES[1].read_bytes()
    else:
        kind, subtype = {"mp3": ("MP3", "MPEG_LAYER_III"), "ogg": ("OGG", "VORBIS")}[suffix]
        content = wav(soxr.resample(read_audio(SAMPLES[1]), RATE, 44100), 44100, kind, subtype)
    found = tab.ask(FILE, {"name": give(content), "call": "recognize", "path": f"a.{suffix}"})
    expected = recognizer(io.BytesIO(content)).to_dict()
    assert abs(found["duration"] - expected["duration"]) < 0.1
    assert largest_difference(found, expected) < 0.05


def test_long_recordings_are_cut_into_the_same_windows(
    tab: Tab, give: Callable[..., str], recognizer: Recognizer
) -> None:
    content = wav(conversation())
    found = tab.ask(FILE, {"name": give(content), "call": "recognize", "path": "a.wav"})
    expected = recognizer(io.BytesIO(content)).to_dict()
    assert len(found["segments"]) == len(expected["segments"]) > 5
    for ours, theirs in zip([found, *found["segments"]], [expected, *expected["segments"]], strict=True):
        assert largest_difference(ours, theirs) < SAME
    assert [(one["start"], one["end"]) for one in found["segments"]] == [
        (one["start"], one["end"]) for one in expected["segments"]
    ]


def test_silence_is_no_speech(tab: Tab, give: Callable[..., str]) -> None:
    name = give(wav(np.zeros(RATE, np.float32)))
    found = tab.ask(FILE, {"name": name, "call": "recognize", "path": "a.wav"})
    assert (found["emotion"], found["confidence"], found["probabilities"]) == ("no_speech", None, {})
    assert tab.ask(FILE, {"name": name, "call": "timeline", "path": "a.wav"})["segments"] == []


def test_timeline_and_its_formats_are_those_of_python(
    tab: Tab, give: Callable[..., str], recognizer: Recognizer
) -> None:
    content = wav(conversation())
    found = tab.ask(FILE, {"name": give(content), "call": "timeline", "path": "a.wav"})
    expected = replace(timeline(recognizer, io.BytesIO(content)), path="a.wav")
    due = json.loads(json.dumps(expected.to_dict()))
    assert len(found["segments"]) == len(due["segments"]) > 3
    for ours, theirs in zip(found.pop("segments"), due.pop("segments"), strict=True):
        assert (ours["start"], ours["end"]) == (theirs["start"], theirs["end"])
        assert largest_difference(ours, theirs) < SAME and ours.keys() == theirs.keys()
    assert found == due

    script = """async (engine, timeline) => Object.fromEntries(await Promise.all(engine.formats.map(
      async (name) => [name, await (await engine.download(null, name, {timeline})).text()])))"""
    texts = tab.ask(script, json.loads(json.dumps(expected.to_dict())))
    for name, text in texts.items():
        writer = create_writer(name)
        due_text = writer.begin(expected.labels) + str(writer.render(expected)) + writer.end()
        if name in ("json", "jsonl"):
            assert json.loads(text) == json.loads(due_text)
        elif name == "csv":
            ours, theirs = ([line.split(",") for line in part.splitlines()] for part in (text, due_text))
            assert ours[0] == theirs[0] and [row[:1] + row[3:6] for row in ours] == [
                row[:1] + row[3:6] for row in theirs
            ]
            numbers = [
                [float(cell) for row in rows[1:] for cell in row[1:3] + row[6:]] for rows in (ours, theirs)
            ]
            assert numbers[0] == numbers[1]
        else:
            assert text == due_text, name


STREAM = """async (engine, {name, rate, chunk}) => {
  const samples = FLOATS;
  const events = [];
  let fault = null;
  const stream = engine.stream({
    sampleRate: rate,
    onEvent: (event) => events.push(event),
    onError: (error) => { fault = error.message; },
  });
  for (let at = 0; at < samples.length; at += chunk) stream.feed(samples.subarray(at, at + chunk));
  await stream.end();
  return { events, fault };
}""".replace("FLOATS", FLOATS)


@pytest.mark.parametrize(("rate", "chunk"), [(16000, 1000), (48000, 128), (44100, 100_000)])
def test_streams_give_the_segments_of_the_recording(
    tab: Tab, give: Callable[..., str], recognizer: Recognizer, rate: int, chunk: int
) -> None:
    speech = conversation()[: 14 * RATE]
    samples = speech if rate == RATE else soxr.resample(speech, RATE, rate)
    found = tab.ask(STREAM, {"name": give(samples), "rate": rate, "chunk": chunk})
    expected = [segment.to_dict() for segment in recognizer(samples, rate).segments]
    assert found["fault"] is None and len(found["events"]) == len(expected) > 2
    for ours, theirs in zip(found["events"], expected, strict=True):
        assert abs(ours["start"] - theirs["start"]) < 1e-4 and abs(ours["end"] - theirs["end"]) < 1e-4
        assert largest_difference(ours, theirs) < SAME


def test_the_microphone_is_heard(tab: Tab, recognizer: Recognizer) -> None:
    """A device that plays the samples; the page's own worklet is tested with the page."""
    script = """async (engine) => {
      const media = await navigator.mediaDevices.getUserMedia(
        {audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
      const context = new AudioContext();
      const source = context.createMediaStreamSource(media);
      const node = context.createScriptProcessor(4096, 1, 1);
      const events = [];
      await new Promise((resolve, reject) => {
        const stream = engine.stream({sampleRate: context.sampleRate, onError: reject, onEvent: (event) => {
          events.push(event);
          stream.close();
          resolve();
        }});
        node.onaudioprocess = ({inputBuffer}) => stream.feed(inputBuffer.getChannelData(0));
        source.connect(node);
        node.connect(context.destination);
        setTimeout(() => reject(new Error("nothing was heard")), 20000);
      });
      media.getTracks().forEach((track) => track.stop());
      await context.close();
      return events;
    }"""
    (event,) = tab.ask(script)
    tab.faults[:] = [
        fault for fault in tab.faults if "ScriptProcessorNode" not in fault
    ]  # deprecated, and enough here
    assert event["start"] == 0 and event["end"] == recognizer.window_seconds
    assert event["emotion"] in recognizer.labels


FAILURE = """async (engine, {name, size}) => {
  const bytes = size === undefined ? await (await fetch(name)).arrayBuffer() : new ArrayBuffer(size);
  try { return await engine.recognize(new File([bytes], "a.wav")); }
  catch (error) { return [error.name, error.kind, error.message]; }
}"""


def test_what_is_no_recording_is_refused_in_a_sentence(tab: Tab, give: Callable[..., str]) -> None:
    for request in (
        {"name": give(b"RIFF"), "x": 1},
        {"name": give(b"no sound at all" * 100)},
        {"name": "", "size": 0},
    ):
        name, kind, message = tab.ask(FAILURE, request)
        assert (name, kind) == ("EngineError", "input") and len(message) > 20 and "browser." not in message


def test_giving_up_ends_the_work_and_nothing_else(tab: Tab, give: Callable[..., str]) -> None:
    script = """async (engine, name) => {
      const file = new File([await (await fetch(name)).blob()], "a.wav");
      const control = new AbortController();
      const onProgress = (share) => share > 0.2 && control.abort();
      const work = engine.recognize(file, {signal: control.signal, onProgress});
      const first = await work.catch((error) => error.name);
      const second = await engine.recognize(file, {signal: AbortSignal.abort()}).catch((error) => error.name);
      return [first, second, (await engine.recognize(file)).segments.length];
    }"""
    first, second, count = tab.ask(script, give(wav(conversation())))
    assert (first, second) == ("AbortError", "AbortError") and count > 5


def test_it_works_offline_after_the_first_visit(browser: Any, folder: Path, recognizer: Recognizer) -> None:
    context = browser.new_context()
    with serving(folder) as address:
        tab = open_tab(context, address)
        sample = tab.ask("(engine) => engine.samples()")[0]
        request = {"name": sample["url"], "call": "recognize", "path": "a"}
        before = tab.ask(FILE, request)
    context.set_offline(True)  # and the server is gone
    tab.page.reload()
    assert tab.ask(FILE, request) == before
    assert tab.ask("async (engine) => (await engine.models())[0].labels") == list(recognizer.labels)
    assert tab.faults == []
    context.close()


def test_the_page_hears_files_and_the_microphone_also_offline(
    browser: Any, source: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder as visitors get it."""
    monkeypatch.setattr(static_page, "PAGE_FOLDER", PAGE)
    folder = static_page.write_static_page(source.parent / "whole", model=bundle).folder
    context = browser.new_context()
    recording = {"name": "talk.wav", "mimeType": "audio/wav", "buffer": wav(conversation())}

    def hears_a_file() -> int:
        page.locator("html[data-ready]").wait_for()
        page.locator("input[type=file]").set_input_files([recording])
        page.locator("#result-title", has_text="talk.wav").wait_for()
        return int(page.locator("#moments tr").count())

    with serving(folder.parent) as address:
        tab = open_tab(context, f"{address}{folder.name}/")  # any folder of a server will do
        page = tab.page
        moments = hears_a_file()
        page.get_by_role("button", name="Use the microphone").click()
        page.locator("#live-now", has_text="It sounds").wait_for()
        page.get_by_role("button", name="Stop and show it all").click()
        page.locator("#result-title", has_text="Microphone").wait_for()
    context.set_offline(True)  # and the server is gone
    page.reload()
    assert hears_a_file() == moments > 0
    assert tab.faults == []
    context.close()


def test_workers_may_ask_no_other_host(tab: Tab) -> None:
    """The page's policy does not bind its workers; the service worker gives them one."""
    tab.ask("(engine) => engine.models()")
    (worker,) = tab.page.workers
    script = """() => new Promise((resolve) => {
      self.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
      fetch("https://elsewhere.invalid/").catch(() => setTimeout(() => resolve("tried"), 1000));
    })"""
    assert worker.evaluate(script) == "connect-src"
    tab.faults[:] = [fault for fault in tab.faults if "elsewhere.invalid" not in fault]


def test_a_damaged_model_is_refused(browser: Any, served: str) -> None:
    context = browser.new_context(service_workers="block")
    tab = open_tab(context, "about:blank")
    tab.page.route("**/model.onnx", lambda route: route.fulfill(body=b"damaged"))
    tab.page.goto(served)
    script = """async (engine) => {
      const [{url}] = await engine.samples();
      const file = new File([await (await fetch(url)).blob()], "a.wav");
      const twice = [];
      for (let k = 0; k < 2; k++) twice.push(await engine.recognize(file).catch((error) => error.message));
      return twice;
    }"""
    assert all("model.onnx is not what it was" in message for message in tab.ask(script))
    context.close()


def test_speech_is_told_from_the_rest_by_the_same_numbers(tab: Tab, give: Callable[..., str]) -> None:
    random = np.random.default_rng(3)
    time = np.arange(2 * RATE) / RATE
    clips = [
        *(read_audio(path) for path in SAMPLES),
        random.normal(0, 0.1, RATE),
        0.3 * np.sin(2 * np.pi * 440 * time),
        np.full(RATE, 0.2),
        1e-8 * random.normal(0, 1, RATE),
        random.normal(0, 0.1, 300),
        random.normal(0, 0.1, 2000),
    ]
    script = f"""async (engine, names) => {{
      const {{ hasSpeech, variation }} = {MODULE % "voice_activity"};
      return Promise.all(names.map(async (name) => {{
        const samples = {FLOATS};
        return [hasSpeech(samples, 16000), hasSpeech(samples, 11025), variation(samples, 16000)];
      }}));
    }}"""
    found = tab.ask(script, [give(clip) for clip in clips])
    for clip, (is_speech, at_another_rate, varies) in zip(clips, found, strict=True):
        samples = clip.astype(np.float32)
        assert is_speech == has_speech(samples, RATE)
        assert at_another_rate == has_speech(samples, 11025)  # frames that are no power of two
        assert varies == pytest.approx(variation(samples, RATE), rel=1e-3, abs=1e-3)


def test_speech_is_found_by_the_same_scores(tab: Tab, give: Callable[..., str]) -> None:
    speech = conversation()
    script = f"""async (engine, [name, rate]) => {{
      const {{ speechScores }} = {MODULE % "speech_segments"};
      return Array.from(speechScores({FLOATS}, rate));
    }}"""
    for samples, rate in ((speech, 16000), (speech[: 3 * RATE], 22050), (speech[:100], 16000)):
        found = np.array(tab.ask(script, [give(samples), rate]))
        expected = np.concatenate(list(speech_scores([samples], rate)))
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() < 1e-3


def test_windows_are_those_of_python(tab: Tab) -> None:
    random = np.random.default_rng(11)
    cases = []
    for _ in range(200):
        window = int(random.integers(1, 50))
        cases.append(
            [
                int(random.integers(1, 300)),
                window,
                int(random.integers(1, window + 1)),
                int(random.integers(1, 40)),
            ]
        )
    script = f"""async (engine, cases) => {{
      const {{ windows, Cutter }} = {MODULE % "windows"};
      return cases.map(([samples, window, hop, block]) => {{
        const cutter = new Cutter(window, hop);
        const sound = Float32Array.from({{ length: samples }}, (_, k) => k);
        const cut = [];
        for (let at = 0; at < samples; at += block) cut.push(...cutter.push(sound.subarray(at, at + block)));
        cut.push(...cutter.finish());
        return [windows(samples, window, hop), cut.map(([start, part]) => [start, part[0], part.at(-1)])];
      }});
    }}"""
    for (samples, window, hop, block), (found, cut) in zip(cases, tab.ask(script, cases), strict=True):
        expected = windows(samples, window, hop)
        assert [tuple(span) for span in found] == expected
        cutter = Cutter(window, hop)
        sound = np.arange(samples, dtype=np.float32)
        pieces = [piece for at in range(0, samples, block) for piece in cutter.push(sound[at : at + block])]
        pieces += cutter.finish()
        assert [tuple(item) for item in cut] == [(start, part[0], part[-1]) for start, part in pieces]


def test_resampling_keeps_the_band_and_nothing_else(tab: Tab, give: Callable[..., str]) -> None:
    script = f"""async (engine, [name, rate]) => {{
      const {{ resample }} = {MODULE % "resample"};
      return Array.from(resample({FLOATS}, rate, 16000));
    }}"""
    for rate in (8000, 22050, 44100, 48000):
        time = np.arange(rate) / rate
        inside = np.sin(2 * np.pi * 1000 * time) + 0.5 * np.sin(2 * np.pi * 0.44 * min(rate, RATE) * time + 1)
        above = np.sin(2 * np.pi * 0.55 * RATE * time) if rate > 1.2 * RATE else np.zeros(rate)
        found = np.array(tab.ask(script, [give(inside + above), rate]))
        at = np.arange(RATE) / RATE
        expected = np.sin(2 * np.pi * 1000 * at) + 0.5 * np.sin(2 * np.pi * 0.44 * min(rate, RATE) * at + 1)
        assert found.shape == (RATE,)
        assert np.abs(found - expected)[1000:-1000].max() < 1e-4


def test_the_path_is_that_of_python(tab: Tab) -> None:
    random = np.random.default_rng(2)
    rows = random.dirichlet(np.ones(5) * 0.5, 60)
    times = np.cumsum(random.exponential(1.5, 60))
    script = f"async (engine, [rows, times]) => ({MODULE % 'timeline'}).viterbi(rows, times, 2)"
    assert tab.ask(script, [rows.tolist(), times.tolist()]) == smooth(rows, times).tolist()
