"""Downloads against a real HTTP server that misbehaves as real ones do."""

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hearfelt.corpora import download as room
from hearfelt.corpora._http import Fetch, Patience
from hearfelt.corpora._registry import Source, get_corpus, list_corpora
from hearfelt.corpora.download import describe_sources, download
from hearfelt.errors import CorpusError, UnknownNameError


def md5(data):
    return hashlib.md5(data, usedforsecurity=False)


QUICK = Patience(timeout_seconds=5.0, attempts=3, backoff_seconds=0.01)
CLIP = "Actor_01/03-01-05-01-01-01-01.wav"


class Server:
    """Serves `files`; each request for a path first takes the next of its `faults`."""

    def __init__(self):
        self.files, self.etags, self.faults = {}, {}, defaultdict(list)
        self.requests, self.answers = [], {}
        self.slow_seconds = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.requests.append((self.path, dict(self.headers)))
                outer.serve(self, outer.faults[self.path].pop(0) if outer.faults[self.path] else "")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.requests.append((self.path, json.loads(body)))
                status, answer = outer.answers[self.path](json.loads(body))
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def serve(self, handler, fault):
        if fault.isdigit():
            handler.send_response(int(fault))
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        if fault.startswith("to "):
            handler.send_response(302)
            handler.send_header("Location", fault[3:])
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        path = handler.path
        if path not in self.files:
            self.serve(handler, "404")
            return
        data, etag = self.files[path], self.etags.get(path)
        start = 0
        asked = handler.headers.get("Range")
        if asked and fault != "no range" and handler.headers.get("If-Range", etag) == etag:
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(data):
                handler.send_response(416)
                handler.send_header("Content-Range", f"bytes */{len(data)}")
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if etag:
            handler.send_header("ETag", etag)
        body = data[start:]
        if fault == "chunked cut":
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            handler.wfile.write(b"%x\r\n%s" % (len(body), body[: len(body) // 2]))
            handler.close_connection = True
            return
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if fault == "drop":
            body = body[: len(body) // 2]
            handler.close_connection = True
        try:
            for at in range(0, len(body), 1 << 16):
                handler.wfile.write(body[at : at + (1 << 16)])
                time.sleep(self.slow_seconds)
        except OSError:  # the client was killed
            handler.close_connection = True


@pytest.fixture
def server():
    it = Server()
    yield it
    it.http.shutdown()
    it.http.server_close()


def make_zip(*names, content=b"RIFF not really"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, content)
    return out.getvalue()


def offer(server, data, path="/a.zip", *, algorithm="md5", etag='"v1"', size=True):
    server.files[path] = data
    if etag:
        server.etags[path] = etag
    digest = hashlib.new(algorithm, data).hexdigest() if algorithm else ""
    return Source(server.base + path, path[1:], algorithm, digest, len(data) if size else None)


def fetch(source, folder, patience=QUICK):
    return Fetch(source, folder, patience).run()


def leftovers(folder):
    return sorted(path.name for path in Path(folder).iterdir())


DATA = bytes(range(256)) * 3000


def ranges(server):
    return [headers.get("Range") for _, headers in server.requests]


# ---- one file


@pytest.mark.parametrize(
    ("faults", "requests"),
    [
        ([], [None]),
        (["503", "429"], [None, None, None]),
        (["drop"], [None, f"bytes={len(DATA) // 2}-"]),
        (["drop", "no range"], [None, f"bytes={len(DATA) // 2}-"]),
        (
            ["drop", "502", "drop", "500"],
            [None, *[f"bytes={len(DATA) // 2}-"] * 2, *[f"bytes={len(DATA) * 3 // 4}-"] * 2],
        ),
        (["chunked cut"], None),
    ],
)
def test_content_is_right_whatever_happens_on_the_way(server, tmp_path, faults, requests):
    source = offer(server, DATA)
    server.faults["/a.zip"] = list(faults)
    part = fetch(source, tmp_path)
    assert part.read_bytes() == DATA
    assert leftovers(tmp_path) == ["a.zip.part"]
    assert requests is None or ranges(server) == requests


def test_resumes_a_part_of_an_earlier_run(server, tmp_path):
    source = offer(server, DATA)
    server.faults["/a.zip"] = ["drop", "503", "503"]
    with pytest.raises(CorpusError, match=r"status 503, 3 times in a row.*384,000 bytes are kept"):
        fetch(source, tmp_path)
    server.requests.clear()
    assert fetch(source, tmp_path).read_bytes() == DATA
    assert ranges(server) == ["bytes=384000-"]


@pytest.mark.parametrize("digest", [True, False])
def test_a_file_changed_between_tries_is_fetched_anew(server, tmp_path, digest):
    offer(server, DATA)
    new = DATA[::-1]
    source = Source(
        server.base + "/a.zip",
        "a.zip",
        "md5" if digest else "",
        md5(new).hexdigest() if digest else "",
    )
    server.faults["/a.zip"] = ["drop", "503", "503"]
    with pytest.raises(CorpusError, match="kept"):
        fetch(source, tmp_path)
    offer(server, new, etag='"v2"')
    assert fetch(source, tmp_path).read_bytes() == new


def test_a_stale_part_that_the_server_cannot_tell_is_caught_by_the_hash(server, tmp_path):
    offer(server, DATA, etag=None)
    new = DATA[::-1]
    source = Source(server.base + "/a.zip", "a.zip", "sha256", hashlib.sha256(new).hexdigest())
    server.faults["/a.zip"] = ["drop", "503", "503"]
    with pytest.raises(CorpusError):
        fetch(source, tmp_path)
    server.files["/a.zip"] = new
    server.requests.clear()
    assert fetch(source, tmp_path).read_bytes() == new
    assert ranges(server) == ["bytes=384000-", None]  # went on, saw that it was wrong, began again


def test_without_validator_or_hash_a_part_is_never_trusted(server, tmp_path):
    source = offer(server, DATA, etag=None, algorithm="")
    server.faults["/a.zip"] = ["drop"]
    assert fetch(source, tmp_path).read_bytes() == DATA
    assert ranges(server) == [None, None]


def test_a_part_that_is_already_whole(server, tmp_path):
    source = offer(server, DATA)
    fetch(source, tmp_path)
    (tmp_path / "a.zip.part.json").write_text(json.dumps({"url": source.url, "validator": '"v1"'}))
    server.requests.clear()
    assert fetch(source, tmp_path).read_bytes() == DATA
    assert ranges(server) == [f"bytes={len(DATA)}-"]  # answered by 416, nothing sent twice


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"digest": "0" * 32}, r"its md5 is [0-9a-f]{32}, published is 0{32}\. Nothing was kept"),
        ({"bytes": 5}, r"has 768,000 bytes, but 5 are expected"),
        ({"bytes": len(DATA) + 1}, r"768,001 are expected"),
    ],
)
def test_wrong_content_keeps_nothing(server, tmp_path, change, message):
    from dataclasses import replace

    source = replace(offer(server, DATA), **change)
    with pytest.raises(CorpusError, match=message):
        fetch(source, tmp_path)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("status", "words"), [("404", "not there"), ("403", "refuses"), ("401", "login"), ("410", "removed")]
)
def test_final_answers_are_not_tried_again(server, tmp_path, status, words):
    source = offer(server, DATA)
    server.faults["/a.zip"] = [status]
    with pytest.raises(CorpusError, match=words):
        fetch(source, tmp_path)
    assert len(server.requests) == 1


def test_no_network(tmp_path):
    with pytest.raises(CorpusError, match="Is there a network"):
        fetch(Source("http://127.0.0.1:9/a.zip", "a.zip"), tmp_path)


def test_a_silent_server_times_out(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        source = Source(f"http://127.0.0.1:{silent.getsockname()[1]}/a", "a")
        with pytest.raises(CorpusError, match="timed out, 2 times"):
            fetch(source, tmp_path, Patience(timeout_seconds=0.1, attempts=2, backoff_seconds=0.01))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.org/a", "/etc/passwd", "http:///a"])
def test_only_web_addresses(tmp_path, url):
    with pytest.raises(CorpusError, match="Only http and https"):
        fetch(Source(url, "a"), tmp_path)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.org/a"])
def test_redirects_to_other_schemes_are_refused(server, tmp_path, target):
    source = offer(server, DATA)
    server.faults["/a.zip"] = [f"to {target}"]
    with pytest.raises(CorpusError):
        fetch(source, tmp_path)


def test_redirects_are_followed(server, tmp_path):
    source = offer(server, DATA)
    server.files["/b.zip"] = DATA
    server.faults["/a.zip"] = [f"to {server.base}/b.zip"]
    assert fetch(source, tmp_path).read_bytes() == DATA


@pytest.mark.parametrize("name", ["../a.zip", "/a.zip", "", "..", ".part", "x/a.zip"])
def test_names_of_the_table_are_plain(tmp_path, name):
    with pytest.raises(CorpusError, match="no plain file name"):
        fetch(Source("http://127.0.0.1:9/a.zip", name), tmp_path)


def test_disk_full_is_seen_before_anything_is_written(server, tmp_path, monkeypatch):
    from types import SimpleNamespace

    source = offer(server, DATA)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(CorpusError, match=r"needs 768,000 more bytes, but only 1,000 are free"):
        fetch(source, tmp_path)
    assert leftovers(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_disk_full_while_writing(server, tmp_path):
    source = offer(server, DATA)
    thing = Fetch(source, tmp_path, QUICK)
    thing.part = Path("/dev/full")  # every write to it fails with "no space left on device"
    thing.discard = lambda: None
    real = Path.unlink
    try:
        Path.unlink = lambda self, missing_ok=False: (
            None if str(self) == "/dev/full" else real(self, missing_ok)
        )
        with pytest.raises(CorpusError, match=r"The disk is full.*run it again"):
            thing.run()
    finally:
        Path.unlink = real


# ---- a corpus


def test_a_corpus_from_nothing_to_a_folder(server, tmp_path):
    source = offer(server, make_zip(CLIP))
    seen = []
    folder = download(
        "ravdess-speech", tmp_path, sources=[source], progress=lambda *p: seen.append(p), patience=QUICK
    )
    assert folder == tmp_path / "ravdess-speech"
    assert (folder / CLIP).is_file()
    record = json.loads((folder / ".completed").read_text())
    assert record["clips"] == 1
    assert seen[-1] == (source.bytes, source.bytes)
    assert all(0 <= done <= total for done, total in seen)

    from hearfelt.corpora._scan import scan_many

    assert [row.emotion for row in scan_many(tmp_path).rows] == ["angry"]  # found by its folder's name

    server.requests.clear()
    assert download("ravdess-speech", tmp_path, sources=[source], patience=QUICK) == folder
    assert server.requests == []  # the second call does nothing


def test_sums_are_what_sha256sum_reads(server, tmp_path):
    data = make_zip(CLIP)
    download("ravdess_speech", tmp_path, sources=[offer(server, data, algorithm="")], patience=QUICK)
    sums = tmp_path / ".downloads" / "ravdess_speech" / "SHA256SUMS"
    assert sums.read_text() == f"{hashlib.sha256(data).hexdigest()}  a.zip\n"


def test_an_unpublished_hash_binds_from_the_first_download_on(server, tmp_path):
    source = offer(server, make_zip(CLIP), algorithm="", size=False)
    folder = download("ravdess_speech", tmp_path, sources=[source], patience=QUICK)
    work = tmp_path / ".downloads" / "ravdess_speech"

    def forget():
        import shutil

        shutil.rmtree(folder)
        (work / "a.zip").unlink(missing_ok=True)

    forget()
    assert download("ravdess_speech", tmp_path, sources=[source], patience=QUICK) == folder
    forget()
    server.files["/a.zip"] = make_zip(CLIP, content=b"other")
    with pytest.raises(CorpusError, match=r"not the file of the first download.*SHA256SUMS"):
        download("ravdess_speech", tmp_path, sources=[source], patience=QUICK)
    assert leftovers(work) == ["SHA256SUMS"]
    assert not folder.exists()


def test_a_wrong_hash_leaves_no_corpus(server, tmp_path):
    from dataclasses import replace

    source = replace(offer(server, make_zip(CLIP)), digest="0" * 32)
    with pytest.raises(CorpusError, match="not the published file"):
        download("ravdess_speech", tmp_path, sources=[source], patience=QUICK)
    assert leftovers(tmp_path) == [".downloads"]
    assert leftovers(tmp_path / ".downloads" / "ravdess_speech") == []


def test_an_archive_damaged_on_disk_is_fetched_again(server, tmp_path):
    source = offer(server, make_zip(CLIP))
    work = tmp_path / ".downloads" / "ravdess_speech"
    work.mkdir(parents=True)
    (work / "a.zip").write_bytes(b"PK\x03\x04 rotten")
    assert (download("ravdess_speech", tmp_path, sources=[source], patience=QUICK) / CLIP).is_file()


def test_a_wrong_corpus_and_a_web_page_are_told(server, tmp_path):
    with pytest.raises(CorpusError, match="no clip named as RAVDESS speech"):
        download("ravdess_speech", tmp_path, sources=[offer(server, make_zip("a.txt"))], patience=QUICK)
    page = offer(server, b"<!DOCTYPE html><html>please log in</html>", "/b.zip", algorithm="")
    with pytest.raises(CorpusError, match="is a web page"):
        download("ravdess_speech", tmp_path / "other", sources=[page], patience=QUICK)
    assert not (tmp_path / "ravdess-speech").exists()


def test_a_folder_of_the_users_is_not_touched(server, tmp_path):
    mine = tmp_path / "ravdess-speech" / "mine.wav"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    with pytest.raises(CorpusError, match="exists and is not from a finished download"):
        download("ravdess_speech", tmp_path, sources=[offer(server, make_zip(CLIP))], patience=QUICK)
    assert mine.read_bytes() == b"mine"
    assert server.requests == []


def test_archives_inside_the_archive_are_unpacked_too(server, tmp_path):
    inner = make_zip(CLIP)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("repo/audio.zip", inner)
    folder = download("ravdess_speech", tmp_path, sources=[offer(server, out.getvalue())], patience=QUICK)
    assert (folder / "repo" / CLIP).is_file()
    assert not (folder / "repo" / "audio.zip").exists()


def test_too_little_disk_for_the_whole(server, tmp_path, monkeypatch):
    from types import SimpleNamespace

    source = offer(server, make_zip(CLIP))
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(CorpusError, match=r"RAVDESS speech needs about .* only 10 are free"):
        download("ravdess_speech", tmp_path, sources=[source], patience=QUICK)
    assert server.requests == []


def test_two_processes_at_once(server, tmp_path):
    from hearfelt.files import lock

    work = tmp_path / ".downloads" / "ravdess_speech"
    work.mkdir(parents=True)
    with lock(work), pytest.raises(CorpusError, match="Another process"):
        download("ravdess_speech", tmp_path, sources=[offer(server, make_zip(CLIP))], patience=QUICK)


def test_control_c_says_how_to_go_on(server, tmp_path):
    source = offer(server, make_zip(CLIP, content=os.urandom(1 << 20)))

    def stop(done, total):
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="run the same command again"):
        download("ravdess_speech", tmp_path, sources=[source], progress=stop, patience=QUICK)
    part = tmp_path / ".downloads" / "ravdess_speech" / "a.zip.part"
    have = part.stat().st_size
    assert 0 < have < source.bytes
    server.requests.clear()
    assert (download("ravdess_speech", tmp_path, sources=[source], patience=QUICK) / CLIP).is_file()
    assert ranges(server) == [f"bytes={have}-"]


def test_kill_nine_in_the_middle_then_resume(server, tmp_path):
    """A real child dies without a chance to tidy up; the next run goes on and ends with the right hash."""
    source = offer(server, make_zip(CLIP, content=os.urandom(8 << 20)))
    server.slow_seconds = 0.02
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "from hearfelt.corpora._registry import Source\n"
            "from hearfelt.corpora.download import download\n"
            "url, digest, size, out = sys.argv[1:]\n"
            "download('ravdess_speech', out, sources=[Source(url, 'a.zip', 'md5', digest, int(size))])\n",
            source.url,
            source.digest,
            str(source.bytes),
            str(tmp_path),
        ]
    )
    part = tmp_path / ".downloads" / "ravdess_speech" / "a.zip.part"
    deadline = time.monotonic() + 20
    while not (part.exists() and part.stat().st_size > 1 << 20) and time.monotonic() < deadline:
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    have = part.stat().st_size
    assert 1 << 20 < have < source.bytes
    assert leftovers(tmp_path) == [".downloads"]  # nothing stands under the corpus' name

    server.slow_seconds = 0.0
    server.requests.clear()
    folder = download("ravdess_speech", tmp_path, sources=[source], patience=QUICK)
    assert ranges(server) == [f"bytes={have}-"]
    archive = tmp_path / ".downloads" / "ravdess_speech" / "a.zip"
    assert md5(archive.read_bytes()).hexdigest() == source.digest
    assert (folder / CLIP).stat().st_size == 8 << 20


# ---- sources that stand for many files


def dataverse(server, names, wrong=()):
    files = []
    for number, name in enumerate(names):
        data = name.encode() * 50
        server.files[f"/api/access/datafile/{number}"] = data
        value = md5(b"x" if name in wrong else data).hexdigest()
        file = {"id": number, "filename": name.split("/")[-1], "filesize": len(data), "md5": value}
        files.append({"directoryLabel": "/".join(name.split("/")[:-1]), "dataFile": file})
    path = "/api/datasets/:persistentId/?persistentId=doi:10.5683/SP2/E8H2MF"
    server.files[path] = json.dumps({"status": "OK", "data": {"latestVersion": {"files": files}}}).encode()
    return Source(server.base + path, "listing.json")


def test_a_dataverse_listing_stands_for_its_files(server, tmp_path):
    source = dataverse(server, ["OAF_back_angry.wav", "OAF_Fear/OAF_bar_fear.wav", "readme.txt"])
    server.faults["/api/access/datafile/1"] = ["503", "drop"]
    folder = download("tess", tmp_path, sources=[source], patience=QUICK)
    assert (folder / "OAF_Fear" / "OAF_bar_fear.wav").read_bytes() == b"OAF_Fear/OAF_bar_fear.wav" * 50
    assert json.loads((folder / ".completed").read_text())["clips"] == 2
    assert leftovers(tmp_path / ".downloads" / "tess") == []


def test_a_wrong_member_stops_all_and_the_next_run_keeps_the_good(server, tmp_path):
    names = ["OAF_back_angry.wav", "OAF_bar_fear.wav"]
    with pytest.raises(CorpusError, match="not the published file"):
        download("tess", tmp_path, sources=[dataverse(server, names, wrong=names[1:])], patience=QUICK)
    assert not (tmp_path / "tess").exists()
    source = dataverse(server, names)
    server.requests.clear()
    download("tess", tmp_path, sources=[source], patience=QUICK)
    assert "/api/access/datafile/0" not in [path for path, _ in server.requests]


def test_a_listing_cannot_name_files_outside(server, tmp_path):
    with pytest.raises(CorpusError, match="not safe"):
        download("tess", tmp_path, sources=[dataverse(server, ["../../OAF_back_angry.wav"])], patience=QUICK)
    with pytest.raises(CorpusError, match="cannot be read"):
        server.files["/api/datasets/:persistentId/?x"] = b"<html>"
        bad = Source(server.base + "/api/datasets/:persistentId/?x", "listing.json")
        download("tess", tmp_path, sources=[bad], patience=QUICK)


def lfs_world(server, contents, stores=("/one", "/two")):
    """A repository's zip with pointers, and LFS servers beside it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in {**contents, "VideoFlash/1001_DFA_ANG_XX.flv": b"video"}.items():
            oid = hashlib.sha256(data).hexdigest()
            pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(data)}\n"
            archive.writestr(f"CREMA-D-master/{name}", pointer)
        archive.writestr("CREMA-D-master/processedResults/tabulatedVotes.csv", "fileName\n")
    for store in stores:

        def answer(question, store=store):
            objects = []
            for entry in question["objects"]:
                data = next(d for d in contents.values() if hashlib.sha256(d).hexdigest() == entry["oid"])
                server.files[f"{store}/{entry['oid']}"] = data
                href = {"href": f"{server.base}{store}/{entry['oid']}"}
                objects.append({"oid": entry["oid"], "size": entry["size"], "actions": {"download": href}})
            return 200, {"objects": objects}

        server.answers[f"{store}.git/info/lfs/objects/batch"] = answer
    plan = [offer(server, out.getvalue(), algorithm="", size=False)]
    return plan + [Source(f"{server.base}{store}.git/info/lfs", "AudioWAV") for store in stores]


def test_git_lfs_pointers_become_recordings(server, tmp_path):
    contents = {
        "AudioWAV/1001_DFA_ANG_XX.wav": b"angry" * 100,
        "AudioWAV/1001_DFA_HAP_XX.wav": b"happy" * 100,
        "AudioWAV/1002_DFA_HAP_XX.wav": b"happy" * 100,  # the same bytes under two names
    }
    plan = lfs_world(server, contents)
    server.answers["/one.git/info/lfs/objects/batch"] = lambda _: (403, {"message": "over its data quota"})
    folder = download("crema_d", tmp_path, sources=plan, patience=QUICK)
    for name, data in contents.items():
        assert (folder / "CREMA-D-master" / name).read_bytes() == data
    assert (folder / "CREMA-D-master/processedResults/tabulatedVotes.csv").is_file()
    assert not (folder / "CREMA-D-master/VideoFlash/1001_DFA_ANG_XX.flv").exists()
    assert not (tmp_path / ".downloads" / "crema_d" / "objects").exists()


def test_git_lfs_content_must_have_the_pointers_hash(server, tmp_path):
    plan = lfs_world(server, {"AudioWAV/1001_DFA_ANG_XX.wav": b"angry" * 100}, stores=("/one",))
    real = server.answers["/one.git/info/lfs/objects/batch"]

    def lie(question):
        answer = real(question)
        for path in [path for path in server.files if path.startswith("/one/")]:
            server.files[path] = b"ANGRY" * 100
        return answer

    server.answers["/one.git/info/lfs/objects/batch"] = lie
    with pytest.raises(CorpusError, match=r"No server gave the recordings.*not the published file"):
        download("crema_d", tmp_path, sources=plan, patience=QUICK)
    assert not (tmp_path / "crema-d").exists()


def test_git_lfs_refusals_are_passed_on(server, tmp_path):
    plan = lfs_world(server, {"AudioWAV/1001_DFA_ANG_XX.wav": b"angry" * 100}, stores=("/one",))
    error = {"code": 429, "message": "exceeded its LFS budget"}
    server.answers["/one.git/info/lfs/objects/batch"] = lambda question: (
        200,
        {"objects": [{**entry, "error": error} for entry in question["objects"]]},
    )
    with pytest.raises(CorpusError, match="exceeded its LFS budget"):
        download("crema_d", tmp_path, sources=plan, patience=QUICK)


# ---- the table


@pytest.mark.parametrize("name", ["savee", "aesdd", "casia"])
def test_corpora_without_a_download_tell_the_steps(tmp_path, name):
    with pytest.raises(CorpusError, match="cannot be downloaded directly") as caught:
        download(name, tmp_path)
    assert get_corpus(name).instructions in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_unknown_corpus(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'savee'"):
        download("save", tmp_path)


@pytest.mark.parametrize("name", [name for name in list_corpora() if get_corpus(name).clips])
def test_every_corpus_has_sources_or_instructions(name):
    info = get_corpus(name)
    assert info.sources or info.instructions
    text = describe_sources(name)
    assert info.licence in text
    for source in info.sources:
        assert source.url in text
        assert source.url.startswith(("https://", "http://emodb.bilderbar.info/"))
        Fetch(source, Path(), QUICK)  # a plain file name
        lengths = {"": 0, "md5": 32, "sha256": 64}
        assert len(source.digest) == lengths[source.algorithm]
        assert bool(source.digest) == bool(source.algorithm)


def test_ravdess_hashes_are_those_of_the_record():
    assert [source.bytes for source in get_corpus("ravdess_speech").sources] == [208_468_073]
    assert get_corpus("ravdess_song").sources[0].digest == "5411230427d67a21e18aa4d466e6d1b9"


def test_start_up_stays_light():
    heavy = "{'urllib.request', 'ssl', 'zipfile'}"
    code = f"import sys, hearfelt.corpora.download; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert room.WORK_FOLDER.startswith(".")  # hidden, so that no scan looks into it
