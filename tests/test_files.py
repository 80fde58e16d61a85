"""A file is written whole or not at all."""

from __future__ import annotations

import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hearfelt.errors import CorpusError, HearfeltError
from hearfelt.files import atomic_writer, lock, read_json, write_atomically, write_json


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new" / "folder" / "a.txt", "grüße")
    assert (tmp_path / "new/folder/a.txt").read_bytes() == "grüße".encode()
    write_json(tmp_path / "a.json", {"x": [1, "ü"]})
    assert read_json(tmp_path / "a.json") == {"x": [1, "ü"]}


def test_an_error_leaves_what_was_there_and_no_rubbish(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_writer(target) as file:
        file.write(b"half of the new")
        raise ZeroDivisionError
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_an_interruption_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_writer(target) as file:
        file.write(b"new")
        raise KeyboardInterrupt
    assert (target.read_text(), names(tmp_path)) == ("old", ["a.txt"])


def test_the_file_has_the_usual_mode(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"")
    (tmp_path / "b").touch()
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE((tmp_path / "b").stat().st_mode)


def test_a_folder_that_is_a_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(HearfeltError, match=r"^Cannot write .*/a/b: .*\. Nothing was changed\.$"):
        write_atomically(tmp_path / "a" / "b", b"")


def test_a_disk_without_space_is_one_clear_error(tmp_path: Path) -> None:
    def little_space() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    code = (
        "from hearfelt.files import write_atomically; from hearfelt.errors import HearfeltError\n"
        f"try: write_atomically({str(tmp_path / 'a')!r}, bytes(5000))\n"
        "except HearfeltError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=little_space, timeout=60
    )
    assert "Nothing was changed." in done.stdout, done.stderr
    assert names(tmp_path) == []


def test_numbers_that_json_does_not_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", float("nan"))
    assert names(tmp_path) == []


def test_reading_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"Cannot read .*: No such file or directory"):
        read_json(tmp_path / "a.json", CorpusError)
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(CorpusError, match="is damaged: it is not JSON"):
        read_json(tmp_path / "a.json", CorpusError)


def test_a_lock_is_held_by_one_and_dies_with_its_process(tmp_path: Path) -> None:
    holder = "import sys, time\nfrom hearfelt.files import lock\n"
    holder += "with lock(sys.argv[1]):\n    print(flush=True)\n    time.sleep(60)"
    for place in (tmp_path, tmp_path / "lockfile"):
        process = subprocess.Popen([sys.executable, "-c", holder, str(place)], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            with pytest.raises(BlockingIOError), lock(place):
                pass
        finally:
            process.kill()
            process.wait()
        with lock(place) as held, lock(tmp_path / "another", wait=True):
            assert held


def test_a_pipe_or_a_device_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "pipe", Path("/dev/hearfelt-is-not-here")):
        with pytest.raises(HearfeltError, match=r"it is a device or a pipe\. Name a file\.$"):
            write_atomically(place, b"")
    assert names(tmp_path) == ["pipe"] and (tmp_path / "pipe").is_fifo()
