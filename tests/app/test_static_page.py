"""The static folder: complete, without absolute addresses, safe to write again, and never over something else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import soundfile

from hearfelt.app import static_page
from hearfelt.app.static_page import CONFIG, write_static_page
from hearfelt.errors import BundleError, HearfeltError
from hearfelt.testing.bundles import write_tiny_bundle


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = {"ort.js": b"export {};", "ort.wasm": bytes(2_000_000)}
    monkeypatch.setattr(static_page, "web_runtime", lambda given=None, progress=None: runtime)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("bundle"))


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_folder_is_complete(tmp_path: Path, bundle: Path) -> None:
    written = write_static_page(tmp_path / "out", model=bundle)
    assert files_below(written.folder) == set(written.files)
    assert written.bytes == sum((written.folder / name).stat().st_size for name in written.files)
    assert not [path for path in tmp_path.iterdir() if path.name != "out"]
    for name in ("model.onnx", "model.json", "README.md"):
        assert (written.folder / "model" / name).read_bytes() == (bundle / name).read_bytes()
    config = json.loads((written.folder / CONFIG).read_text())
    assert config["models"][0]["labels"] and config["models"][0]["card"] and config["models"][0]["warnings"]
    assert config["bytes"] == {"model": (bundle / "model.onnx").stat().st_size, "runtime": 2_000_000}
    for name in config["samples"]:
        assert soundfile.info(written.folder / "samples" / name).samplerate == 16000
    assert "server" not in re.findall(
        r'hearfelt-engine" content="(\w+)"', (written.folder / "index.html").read_text()
    )


def test_what_files_refer_to_is_there_and_relative(tmp_path: Path, bundle: Path) -> None:
    folder = write_static_page(tmp_path / "out", model=bundle).folder
    index = (folder / "index.html").read_text()
    named = re.findall(r'(?:src|href)="([^"#]+)"', index)
    assert named and all(
        (folder / name).exists() for name in named if not name.startswith(("http", "mailto:"))
    )
    assert not re.findall(r'(?:src|href)="(/[^"]*|https?://[^"]*\.(?:js|css|png|svg))"', index)
    for path in (folder / "page").rglob("*.js"):
        if "vendor" in path.parts:
            continue
        text = path.read_text()
        for name in re.findall(r'(?:from|import) "(\.[^"]+)"', text):
            assert (path.parent / name).is_file(), (path.name, name)
        for name in re.findall(r'new URL\("([\w./]+\.\w+)"', text):
            assert (folder / name).is_file() or (path.parent / name).is_file(), (path.name, name)
    manifest = json.loads((folder / "page" / "manifest.webmanifest").read_text())
    assert all((folder / "page" / icon["src"]).is_file() for icon in manifest["icons"])


def test_the_policy_lets_nothing_out(tmp_path: Path, bundle: Path) -> None:
    folder = write_static_page(tmp_path / "out", model=bundle).folder
    index = (folder / "index.html").read_text()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', index)
    rules = dict(rule.split(maxsplit=1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'" and rules["connect-src"] == "'self' blob:"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert index.index("Content-Security-Policy") < index.index("<script")


def test_the_service_worker_knows_every_file_and_changes_with_any(tmp_path: Path, bundle: Path) -> None:
    first = write_static_page(tmp_path / "first", model=bundle)
    again = write_static_page(tmp_path / "again", model=bundle)
    other = write_static_page(tmp_path / "other", model=write_tiny_bundle(tmp_path / "bundle", seed=1))
    assert first.version == again.version != other.version
    text = (first.folder / "service_worker.js").read_text()
    assert f'const VERSION = "{first.version}";' in text
    known = json.loads(text[text.index("{") : text.index("};") + 1])
    assert set(known) == set(first.files) - {"service_worker.js"}
    assert [name for name in known if known[name]] == ["runtime/ort.wasm"]


def test_writing_again_brings_up_to_date_and_keeps_what_is_not_ours(tmp_path: Path, bundle: Path) -> None:
    folder = write_static_page(tmp_path / "out", model=bundle).folder
    config = json.loads((folder / CONFIG).read_text())
    (folder / "page" / "old.js").write_text("gone in this version")
    (folder / "CNAME").write_text("example.org")
    outside = tmp_path / "outside"
    outside.write_text("not ours")
    config["files"] += ["page/old.js", "../outside", "page/../../outside", str(outside)]
    (folder / CONFIG).write_text(json.dumps(config))
    written = write_static_page(folder, model=bundle)
    assert files_below(folder) == {*written.files, "CNAME"}
    assert outside.read_text() == "not ours"


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, bundle: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / CONFIG).write_text('{"made_by": "somebody"}')
    for name in ("letters", "site"):
        with pytest.raises(HearfeltError, match="holds something else"):
            write_static_page(tmp_path / name, model=bundle)
    with pytest.raises(HearfeltError, match="it is a file"):
        write_static_page(tmp_path / "letters" / "dear.txt", model=bundle)
    assert files_below(tmp_path) == {"letters/dear.txt", f"site/{CONFIG}"}


def test_an_interruption_changes_nothing(
    tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = write_static_page(tmp_path / "out", model=bundle)
    contents = {name: (before.folder / name).read_bytes() for name in before.files}
    write = Path.write_bytes
    count = [0]

    def interrupted(path: Path, data: bytes) -> int:
        count[0] += 1
        if count[0] == 10:
            raise KeyboardInterrupt
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_static_page(tmp_path / "out", model="default")
    assert {name: (before.folder / name).read_bytes() for name in before.files} == contents
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_missing_model_or_a_full_disk_is_one_sentence(
    tmp_path: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BundleError, match="There is no model"):
        write_static_page(tmp_path / "out", model="nowhere")

    def full(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(HearfeltError, match=r"Cannot write the page .* No space left"):
        write_static_page(tmp_path / "out", model=bundle)
    assert not list(tmp_path.iterdir())
