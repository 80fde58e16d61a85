"""onnxruntime-web: fetched once, checked, or taken from where it is; never anything else in its place."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hearfelt.app import web_runtime as module
from hearfelt.app.local_server import open_server
from hearfelt.app.web_runtime import FILES, RuntimeFile, web_runtime
from hearfelt.errors import HearfeltError

CONTENTS = {
    "ort.wasm.bundle.min.mjs": b"export const ort = 1;",
    "ort-wasm-simd-threaded.wasm": b"\0asm" * 5000,
}
Pack = Callable[..., Path]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARFELT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pack:
    """A small package in the place of the real one: its files are those that are expected."""
    small = tuple(
        RuntimeFile(
            file.name, file.target, len(CONTENTS[file.name]), hashlib.sha256(CONTENTS[file.name]).hexdigest()
        )
        for file in FILES
    )
    monkeypatch.setattr(module, "FILES", small)

    def write(contents: dict[str, bytes] = CONTENTS, name: str = "package.tgz") -> Path:
        path = tmp_path / "served" / name
        path.parent.mkdir(exist_ok=True)
        with tarfile.open(path, "w:gz") as archive:
            for member, content in {"package/package.json": b"{}", "../outside": b"bad"}.items():
                _add(archive, member, content)
            for member, content in contents.items():
                _add(archive, f"package/dist/{member}", content)
        monkeypatch.setattr(module, "_PACKAGE_BYTES", path.stat().st_size)
        monkeypatch.setattr(module, "_PACKAGE_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
        return path

    return write


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


EXPECTED = {
    "ort.js": CONTENTS["ort.wasm.bundle.min.mjs"],
    "ort.wasm": CONTENTS["ort-wasm-simd-threaded.wasm"],
}


def test_it_is_fetched_once(pack: Pack, tmp_path: Path) -> None:
    package = pack()
    told: list[tuple[str, int, int]] = []
    with open_server(package.parent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/package.tgz"
        assert web_runtime(url=url, progress=lambda *said: told.append(said)) == EXPECTED
        server.shutdown()
    assert told[-1] == ("onnxruntime-web", package.stat().st_size, package.stat().st_size)
    assert web_runtime(url=url) == EXPECTED  # the server is gone
    kept = sorted(path.name for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert kept == sorted(CONTENTS)


def test_another_package_in_its_place_is_refused(
    pack: Pack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = pack()
    monkeypatch.setattr(module, "_PACKAGE_SHA256", "0" * 64)
    with open_server(package.parent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/package.tgz"
        with pytest.raises(HearfeltError, match=r"not the published file.*--runtime"):
            web_runtime(url=url)
        server.shutdown()
    assert not list((tmp_path / "cache").rglob("*.wasm"))


def test_no_network_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hearfelt.corpora._http.time.sleep", lambda _: None)
    with pytest.raises(
        HearfeltError, match=r"Cannot fetch .*onnxruntime-web-.*\.tgz on another machine .*--runtime"
    ):
        web_runtime(url="http://127.0.0.1:9/package.tgz")


def test_it_is_taken_from_a_package_or_a_folder(pack: Pack, tmp_path: Path) -> None:
    package = pack()
    assert web_runtime(package) == EXPECTED
    for folder in (tmp_path / "plain", tmp_path / "node_modules" / "dist"):
        folder.mkdir(parents=True)
        for name, content in CONTENTS.items():
            (folder / name).write_bytes(content)
    assert web_runtime(tmp_path / "plain") == web_runtime(tmp_path / "node_modules") == EXPECTED
    assert not (tmp_path / "cache").exists() and not (tmp_path / "outside").exists()


def test_what_is_not_the_runtime_is_refused(pack: Pack, tmp_path: Path) -> None:
    with pytest.raises(HearfeltError, match="There is no"):
        web_runtime(tmp_path / "nowhere.tgz")
    (tmp_path / "page.tgz").write_text("<html>")
    with pytest.raises(HearfeltError, match="cannot be unpacked"):
        web_runtime(tmp_path / "page.tgz")
    cut = pack()
    cut.write_bytes(cut.read_bytes()[:-40])
    with pytest.raises(HearfeltError, match="cannot be unpacked"):
        web_runtime(cut)
    with pytest.raises(HearfeltError, match=r"it has no ort-wasm-simd-threaded\.wasm"):
        web_runtime(pack({"ort.wasm.bundle.min.mjs": CONTENTS["ort.wasm.bundle.min.mjs"]}))
    with pytest.raises(HearfeltError, match="is not that of onnxruntime-web"):
        web_runtime(pack(CONTENTS | {"ort.wasm.bundle.min.mjs": b"another version"}))
    (tmp_path / "empty").mkdir()
    with pytest.raises(HearfeltError, match="does not hold"):
        web_runtime(tmp_path / "empty")


def test_a_damaged_cache_is_fetched_again(pack: Pack, tmp_path: Path) -> None:
    package = pack()
    cache = tmp_path / "cache" / f"onnxruntime-web-{module.VERSION}"
    cache.mkdir(parents=True)
    for name in CONTENTS:
        (cache / name).write_bytes(b"damaged")
    with open_server(package.parent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert web_runtime(url=f"http://127.0.0.1:{server.server_address[1]}/package.tgz") == EXPECTED
        server.shutdown()
    assert (cache / "ort-wasm-simd-threaded.wasm").read_bytes() == EXPECTED["ort.wasm"]
