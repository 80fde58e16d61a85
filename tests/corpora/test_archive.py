"""Unpacking: the right content from every format, and nothing at all from a malicious one."""

import io
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from hearfelt.corpora import _unpack_tools
from hearfelt.corpora.archive import Limits, detect_format, unpack
from hearfelt.errors import CorpusError

FILES = {"a/one.wav": b"one" * 1000, "a/b/two words ä.wav": os.urandom(5000), "three.txt": b""}
FORMATS = ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "7z", "rar"]


def vint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def rar_block(kind, fields, data=None):
    """RAR 5 as its format notes describe it, stored without compression (no free program writes rar)."""
    body = vint(kind) + (vint(2) + vint(len(data)) if data is not None else vint(0)) + fields
    body = vint(len(body)) + body
    return struct.pack("<I", zlib.crc32(body)) + body + (data or b"")


def make_rar(files):
    out = b"Rar!\x1a\x07\x01\x00" + rar_block(1, vint(0))
    for name, data in files.items():
        encoded = name.encode()
        fields = vint(4) + vint(len(data)) + vint(0o100644) + struct.pack("<I", zlib.crc32(data))
        out += rar_block(2, fields + vint(0) + vint(1) + vint(len(encoded)) + encoded, data)
    return out + rar_block(5, vint(0))


def make(kind, files, path):
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    elif kind == "7z":
        py7zr = pytest.importorskip("py7zr")
        with py7zr.SevenZipFile(path, "w") as archive:
            for name, data in files.items():
                archive.writestr(data, name)
    elif kind == "rar":
        path.write_bytes(make_rar(files))
    else:
        with tarfile.open(path, "w:" + kind.partition(".")[2]) as archive:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return path


def make_evil(kind, name, path):
    """An archive with one name as no honest program writes it."""
    if kind != "7z":
        return make(kind, {"good.wav": b"x", name: b"evil"}, path)
    py7zr = pytest.importorskip("py7zr")
    placeholder = "X" * len(name)
    with py7zr.SevenZipFile(path, "w") as file:  # py7zr will not write such a name, so it is patched in
        file.set_encoded_header_mode(False)
        file.writestr(b"evil", placeholder)
    data = path.read_bytes()
    assert placeholder.encode("utf-16-le") in data
    path.write_bytes(_seven_patch(data, placeholder.encode("utf-16-le"), name.encode("utf-16-le")))
    return path


def _seven_patch(data, old, new):
    data = bytearray(data.replace(old, new))
    offset, size = struct.unpack_from("<QQ", data, 12)
    struct.pack_into("<I", data, 28, zlib.crc32(data[32 + offset : 32 + offset + size]))
    struct.pack_into("<I", data, 8, zlib.crc32(data[12:32]))
    return bytes(data)


def need_tool(kind):
    tools = [tool.program for tool in _unpack_tools.TOOLS.get(kind, ())]
    if kind == "rar" and not any(map(shutil.which, tools)):
        pytest.skip(f"none of {', '.join(tools)} is installed")


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def nothing_left(folder, *, but):
    assert sorted(p.name for p in folder.iterdir()) == sorted(but)


@pytest.mark.parametrize("kind", FORMATS)
def test_content_comes_out_whatever_the_suffix(tmp_path, kind):
    need_tool(kind)
    archive = make(kind, FILES, tmp_path / "archive.dat")
    assert detect_format(archive) == kind.partition(".")[0]
    seen = []
    paths = unpack(archive, tmp_path / "out", progress=lambda *p: seen.append(p))
    assert content(tmp_path / "out") == FILES
    assert paths == sorted(tmp_path / "out" / name for name in FILES)
    assert seen[-1][0] == seen[-1][1]
    assert all(0 <= done <= total for done, total in seen)
    nothing_left(tmp_path, but=["archive.dat", "out"])


@pytest.mark.parametrize("program", ["bsdtar", "7z", "7za", "7zz", "unrar"])
@pytest.mark.parametrize("kind", ["7z", "rar"])
def test_installed_programs(tmp_path, monkeypatch, kind, program):
    tools = [tool for tool in _unpack_tools.TOOLS[kind] if tool.program == program]
    if not tools or not shutil.which(program):
        pytest.skip(f"{program} is not installed, or does not read {kind}")
    archive = make(kind, FILES, tmp_path / "a")
    up = make_evil(kind, "../x.wav", tmp_path / "b")
    absolute = make_evil(kind, "/abs/x.wav", tmp_path / "c")
    monkeypatch.setitem(sys.modules, "py7zr", None)
    monkeypatch.setitem(_unpack_tools.TOOLS, kind, tuple(tools))
    unpack(archive, tmp_path / "out")
    assert content(tmp_path / "out") == FILES
    with pytest.raises(CorpusError, match="the limit"):
        unpack(archive, tmp_path / "no", limits=Limits(max_bytes=3500))
    for evil in (up, absolute):
        with pytest.raises(CorpusError, match=r"not safe"):
            unpack(evil, tmp_path / "no")
    archive.write_bytes(archive.read_bytes()[:-200])
    with pytest.raises(CorpusError, match=f"damaged.*{program}: "):
        unpack(archive, tmp_path / "no")
    nothing_left(tmp_path, but=["a", "b", "c", "out"])


@pytest.mark.parametrize("kind", ["7z", "rar"])
def test_a_missing_program_is_named(tmp_path, monkeypatch, kind):
    archive = make(kind, FILES, tmp_path / "a")
    monkeypatch.setitem(sys.modules, "py7zr", None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(
        CorpusError, match=rf"is a {kind} archive, and nothing here can unpack it\. Install .*apt install"
    ):
        unpack(archive, tmp_path / "out")
    nothing_left(tmp_path, but=["a"])


def test_listings_tell_links_and_devices():
    """What the programs print, as recorded from them; a link or device anywhere refuses the archive."""
    seven = (
        "Path = a.wav\nSize = 3\nAttributes = A -rw-r--r--\n\nPath = l\nSize = 9\nAttributes = A lrwxrwxrwx\n"
    )
    assert [(e.name, e.bytes, e.plain) for e in _unpack_tools._parse_7z(seven)] == [
        ("a.wav", 3, True),
        ("l", 9, False),
    ]
    tar = (
        "drwxr-xr-x  0 root root 0 Nov 21 09:00 a/\n-rw-r--r--  0 root root 12 Nov 21  2020 a/two words.wav\n"
        "lrwxrwxrwx  0 root root 0 Nov 21 09:00 l -> /etc\nhrw-r--r--  0 root root 0 Nov 21 09:00 h link to "
        "a\n"
    )
    parsed = _unpack_tools._parse_bsdtar(tar)
    assert [e.plain for e in parsed] == [True, True, False, False]
    assert (parsed[1].name, parsed[1].bytes) == ("a/two words.wav", 12)
    rar = (
        "        Name: a b.wav\n        Type: File\n        Size: 7\n\n"
        "        Name: l\n        Type: Unix symbolic link\n"
    )
    parsed = _unpack_tools._parse_unrar(rar)
    assert [(e.name, e.bytes, e.plain) for e in parsed] == [("a b.wav", 7, True), ("l", 0, False)]


# ---- names


BAD_NAMES = {
    "../up.wav": "climbs out",
    "a/../../up.wav": "climbs out",
    "/abs/absolute.wav": "absolute path",
    "C:/drive.wav": "drive letter",
    "..\\up.wav": "backslash",
    "a\\b.wav": "backslash",
    "n" * 300 + ".wav": "255 bytes",
}


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_lead_out(tmp_path, kind, name):
    archive = make(kind, {"good.wav": b"x", name: b"evil"}, tmp_path / "a")
    with pytest.raises(CorpusError, match=f"not safe.*{BAD_NAMES[name]}"):
        unpack(archive, tmp_path / "deep" / "out")
    nothing_left(tmp_path, but=["a", "deep"])
    nothing_left(tmp_path / "deep", but=[])


@pytest.mark.parametrize("name", ["../up.wav", "/abs/absolute.wav"])
def test_names_that_lead_out_of_7z(tmp_path, name):
    archive = make_evil("7z", name, tmp_path / "a")
    with pytest.raises(CorpusError, match="not safe"):
        unpack(archive, tmp_path / "out")
    nothing_left(tmp_path, but=["a"])


def test_a_nul_in_a_name(tmp_path):
    archive = make("zip", {"goodXwav": b"x"}, tmp_path / "a")
    archive.write_bytes(archive.read_bytes().replace(b"goodXwav", b"good\0wav"))
    with pytest.raises(CorpusError, match="NUL"):
        unpack(archive, tmp_path / "out")
    nothing_left(tmp_path, but=["a"])


def test_the_same_name_twice(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(tmp_path / "a", "w") as archive:
        archive.writestr("x.wav", b"1")
        archive.writestr("x.wav", b"2")
    with pytest.raises(CorpusError, match="twice"):
        unpack(tmp_path / "a", tmp_path / "out")
    nothing_left(tmp_path, but=["a"])


# ---- links and devices


def tar_with(path, *infos):
    with tarfile.open(path, "w") as archive:
        for name, kind, target, data in infos:
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, target, len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret", "a/../../secret", "..", "", "..\\secret"])
@pytest.mark.parametrize("kind", ["symlink", "hardlink", "zip symlink"])
def test_links_that_lead_out(tmp_path, kind, target):
    (tmp_path / "secret").write_text("secret")
    if kind == "zip symlink":
        with zipfile.ZipFile(tmp_path / "a", "w") as archive:
            info = zipfile.ZipInfo("link")
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, target)
    else:
        tar_with(
            tmp_path / "a", ("link", tarfile.SYMTYPE if kind == "symlink" else tarfile.LNKTYPE, target, b"")
        )
    with pytest.raises(CorpusError, match="leads out"):
        unpack(tmp_path / "a", tmp_path / "out")
    nothing_left(tmp_path, but=["a", "secret"])


def test_writing_through_a_link_is_impossible(tmp_path):
    """The classic: a link to a folder, then a file below the link."""
    (tmp_path / "victim").mkdir()
    archive = tar_with(
        tmp_path / "a",
        ("sub/file", tarfile.REGTYPE, "", b"x"),
        ("link", tarfile.SYMTYPE, "sub", b""),
        ("link/evil", tarfile.REGTYPE, "", b"evil"),
    )
    with pytest.raises(CorpusError):
        unpack(archive, tmp_path / "out")
    nothing_left(tmp_path, but=["a", "victim"])


def test_links_inside_become_copies(tmp_path):
    archive = tar_with(
        tmp_path / "a",
        ("sub/early", tarfile.SYMTYPE, "../real.wav", b""),
        ("real.wav", tarfile.REGTYPE, "", b"sound"),
        ("hard.wav", tarfile.LNKTYPE, "real.wav", b""),
        ("chain.wav", tarfile.SYMTYPE, "hard.wav", b""),
    )
    unpack(archive, tmp_path / "out")
    assert content(tmp_path / "out") == dict.fromkeys(
        ["sub/early", "real.wav", "hard.wav", "chain.wav"], b"sound"
    )
    assert not any(
        path.is_symlink() or path.stat().st_nlink > 1 for path in (tmp_path / "out").rglob("*.wav")
    )


def test_a_link_in_a_7z(tmp_path):
    py7zr = pytest.importorskip("py7zr")
    (tmp_path / "link").symlink_to("/etc/passwd")
    with py7zr.SevenZipFile(tmp_path / "a", "w") as archive:
        archive.write(tmp_path / "link", "link")
    with pytest.raises(CorpusError, match="not a plain file"):
        unpack(tmp_path / "a", tmp_path / "out")
    nothing_left(tmp_path, but=["a", "link"])


@pytest.mark.parametrize("links", [[("a", "b"), ("b", "a")], [("a", "a")], [("a", "nowhere")]])
def test_links_to_nothing(tmp_path, links):
    archive = tar_with(tmp_path / "x", *[(name, tarfile.SYMTYPE, target, b"") for name, target in links])
    with pytest.raises(CorpusError, match="names no file"):
        unpack(archive, tmp_path / "out")
    nothing_left(tmp_path, but=["x"])


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_and_pipes(tmp_path, kind):
    archive = tar_with(tmp_path / "a", ("good", tarfile.REGTYPE, "", b"x"), ("evil", kind, "", b""))
    with pytest.raises(CorpusError, match="device"):
        unpack(archive, tmp_path / "out")
    nothing_left(tmp_path, but=["a"])


def test_a_device_in_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "a", "w") as archive:
        info = zipfile.ZipInfo("evil")
        info.external_attr = (stat.S_IFCHR | 0o666) << 16
        archive.writestr(info, b"")
    with pytest.raises(CorpusError, match="device"):
        unpack(tmp_path / "a", tmp_path / "out")


# ---- bombs


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.xz", "7z"])
def test_too_many_bytes(tmp_path, kind):
    archive = make(kind, {"zeros.wav": bytes(5_000_000)}, tmp_path / "a")
    assert archive.stat().st_size < 50_000
    with pytest.raises(CorpusError, match="more than 1,000,000 bytes"):
        unpack(archive, tmp_path / "out", limits=Limits(max_bytes=1_000_000))
    nothing_left(tmp_path, but=["a"])


def test_a_bomb_that_lies_about_its_size(tmp_path):
    archive = make("zip", {"zeros.wav": bytes(5_000_000)}, tmp_path / "a")
    data = archive.read_bytes().replace(struct.pack("<I", 5_000_000), struct.pack("<I", 5))
    archive.write_bytes(data)
    with pytest.raises(CorpusError, match=r"damaged|more than"):
        unpack(archive, tmp_path / "out", limits=Limits(max_bytes=1_000_000))
    nothing_left(tmp_path, but=["a"])


@pytest.mark.parametrize("kind", ["zip", "tar", "7z"])
def test_too_many_files(tmp_path, kind):
    archive = make(kind, {f"{number}.wav": b"" for number in range(30)}, tmp_path / "a")
    with pytest.raises(CorpusError, match="more than 20 entries"):
        unpack(archive, tmp_path / "out", limits=Limits(max_files=20))
    nothing_left(tmp_path, but=["a"])


def test_links_count_as_bytes(tmp_path):
    links = [(f"l{number}", tarfile.SYMTYPE, "big", b"") for number in range(20)]
    archive = tar_with(tmp_path / "a", ("big", tarfile.REGTYPE, "", bytes(100_000)), *links)
    with pytest.raises(CorpusError, match="more than 1,000,000 bytes"):
        unpack(archive, tmp_path / "out", limits=Limits(max_bytes=1_000_000))


def test_too_little_disk(tmp_path, monkeypatch):
    from types import SimpleNamespace

    archive = make("zip", FILES, tmp_path / "a")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10))
    with pytest.raises(CorpusError, match="unpacks to 8,000 bytes, but only 10 are free"):
        unpack(archive, tmp_path / "out")
    nothing_left(tmp_path, but=["a"])


# ---- damage, and what stands there already


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_and_flipped(tmp_path, kind):
    """No mutation ends in anything but the right content or one clear error, and never in half of it."""
    need_tool(kind)
    whole = make(kind, FILES, tmp_path / "a").read_bytes()
    mutations = [whole[: len(whole) * part // 8] for part in range(1, 8)]
    for at in range(8, len(whole), max(1, len(whole) // 12)):
        mutations.append(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
    for data in mutations:
        (tmp_path / "a").write_bytes(data)
        try:
            unpack(tmp_path / "a", tmp_path / "out")
        except CorpusError:
            nothing_left(tmp_path, but=["a"])
        else:
            shutil.rmtree(tmp_path / "out")
            nothing_left(tmp_path, but=["a"])


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz", "7z", "rar"])
def test_a_flipped_byte_of_content_is_seen(tmp_path, kind):
    """gzip's checksum stands at the end, where tarfile does not look by itself."""
    if kind == "rar" and not (shutil.which("7z") or shutil.which("7zz") or shutil.which("unrar")):
        pytest.skip("no program is installed that looks at a rar's checksums")
    noise = os.urandom(100_000)
    archive = make(kind, {"noise.wav": noise}, tmp_path / "a")
    data = bytearray(archive.read_bytes())
    for at in (20_000, 50_000, 90_000):
        data[at] ^= 0x10
    archive.write_bytes(data)
    with pytest.raises(CorpusError, match="damaged"):
        unpack(archive, tmp_path / "out")
    nothing_left(tmp_path, but=["a"])


def test_a_tar_cut_between_two_files(tmp_path):
    """tarfile takes the end of the file, or a broken header, for the end of the archive."""
    archive = make("tar", {"one.wav": b"1" * 512, "two.wav": b"2" * 512}, tmp_path / "a")
    whole = archive.read_bytes()
    for data in (whole[:1024], whole[:1024] + b"junk" * 128 + whole[1536:]):
        archive.write_bytes(data)
        with pytest.raises(CorpusError, match="ends in the middle"):
            unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("data", [b"", b"<html>", b"RIFF....WAVE", b"PK", b"\x1f\x8b", b"BZh9junk"])
def test_no_archive(tmp_path, data):
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(CorpusError, match=r"is not an archive|is damaged"):
        unpack(tmp_path / "a.zip", tmp_path / "out")
    nothing_left(tmp_path, but=["a.zip"])


def test_a_missing_archive_and_a_folder(tmp_path):
    with pytest.raises(CorpusError, match="No such file"):
        unpack(tmp_path / "none.zip", tmp_path / "out")
    with pytest.raises(CorpusError, match="is a folder"):
        unpack(tmp_path, tmp_path / "out")


def test_an_encrypted_zip(tmp_path):
    archive = make("zip", {"a.wav": b"x"}, tmp_path / "a")
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(CorpusError, match="encrypted"):
        unpack(archive, tmp_path / "out")


def test_twice_is_once(tmp_path):
    archive = make("zip", FILES, tmp_path / "a")
    first = unpack(archive, tmp_path / "out")
    assert unpack(archive, tmp_path / "out") == first
    assert content(tmp_path / "out") == FILES


def test_other_files_of_the_target_stay(tmp_path):
    (tmp_path / "out" / "a").mkdir(parents=True)
    (tmp_path / "out" / "a" / "mine.wav").write_bytes(b"mine")
    unpack(make("zip", FILES, tmp_path / "z"), tmp_path / "out")
    assert content(tmp_path / "out") == {**FILES, "a/mine.wav": b"mine"}


def test_a_link_in_the_target_leads_nowhere(tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").symlink_to(tmp_path / "victim")
    with pytest.raises(CorpusError, match="leads out of"):
        unpack(make("zip", FILES, tmp_path / "z"), tmp_path / "out")
    assert list((tmp_path / "victim").iterdir()) == []


def test_what_a_killed_run_left_is_removed(tmp_path):
    """A real process is killed while unpacking; nothing stands under the name, and the next run tidies up."""
    make("tar.gz", {f"{number}.wav": os.urandom(1 << 20) for number in range(12)}, tmp_path / "a")
    code = "import sys; from hearfelt.corpora.archive import unpack; unpack(sys.argv[1], sys.argv[2])"
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "a"), str(tmp_path / "out")])
    deadline = time.monotonic() + 20
    while not any(Path(tmp_path).glob(".out.unpacking-*/files/*")) and time.monotonic() < deadline:
        time.sleep(0.001)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert any(tmp_path.glob(".out.unpacking-*"))
    assert not (tmp_path / "out").exists()
    assert len(unpack(tmp_path / "a", tmp_path / "out")) == 12
    nothing_left(tmp_path, but=["a", "out"])


def test_modes_are_plain(tmp_path):
    """Nothing comes out executable or set-uid, whatever the archive says."""
    with tarfile.open(tmp_path / "a", "w") as archive:
        info = tarfile.TarInfo("run.sh")
        info.mode, info.size = 0o6777, 1
        archive.addfile(info, io.BytesIO(b"x"))
    unpack(tmp_path / "a", tmp_path / "out")
    assert (tmp_path / "out" / "run.sh").stat().st_mode & 0o6111 == 0
