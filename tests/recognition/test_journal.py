import errno
import io
import json

import pytest

from hearfelt.errors import HearfeltError
from hearfelt.recognition.formats import create_format
from hearfelt.recognition.journal import Journal

SETTINGS = {"model": "m", "window_seconds": 3.0}
PATHS = ["a.wav", "b\udcff.wav", "c.wav"]


def answer(path: str, **more) -> dict:
    return {"path": path, "emotion": "sad"} | more


def test_it_becomes_the_file_and_goes(tmp_path) -> None:
    out = tmp_path / "deep" / "o.json"
    with Journal(out, SETTINGS, resume=False) as journal:
        for path in reversed(PATHS):
            journal.add(answer(path))
            assert not out.exists()
        assert journal.finish(PATHS, create_format("json", ["sad", "happy"]))
    assert json.loads(out.read_text()) == [answer(path) for path in PATHS]
    assert list(out.parent.iterdir()) == [out]


def test_interrupted_between_two_steps_it_tells_what_is_on_disk(tmp_path) -> None:
    class Interrupting(dict):
        def __getitem__(self, key):
            raise KeyboardInterrupt

    with Journal(tmp_path / "o.jsonl", SETTINGS, resume=False) as journal:
        journal.add(answer(PATHS[0]))
        with pytest.raises(KeyboardInterrupt):
            journal.add(Interrupting(answer(PATHS[1])))
        assert journal.kept() == 2 and PATHS[1] in journal
        journal.add(answer(PATHS[2]))
        assert [found["path"] for found in journal.read(PATHS)] == PATHS


def test_an_interrupted_run_goes_on(tmp_path) -> None:
    out = tmp_path / "o.jsonl"
    with Journal(out, SETTINGS, resume=True) as journal:
        journal.add(answer(PATHS[0]))
        journal.add({"path": PATHS[1], "error": "It vanished."})
    with Journal(out, SETTINGS, resume=True) as journal:
        assert journal.kept() == 1 and PATHS[0] in journal
        assert PATHS[1] not in journal  # a failure is tried again
        journal.add(answer(PATHS[1]))
        journal.add({"path": PATHS[2], "error": "Bad."})
        assert not journal.finish(PATHS, create_format("jsonl", ["sad", "happy"]))
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert lines == [answer(PATHS[0]), answer(PATHS[1]), {"path": PATHS[2], "error": "Bad."}]


def test_a_torn_line_is_cut_off_wherever_it_tore(tmp_path) -> None:
    out = tmp_path / "o.jsonl"
    with Journal(out, SETTINGS, resume=True) as journal:
        journal.add(answer("a.wav"))
        journal.add(answer("b.wav"))
    whole = journal.path.read_bytes()
    first = whole.index(b"\n", whole.index(b"\n") + 1) + 1
    for size in range(len(whole)):
        journal.path.write_bytes(whole[:size])
        with Journal(out, SETTINGS, resume=True) as torn:
            assert ("a.wav" in torn) == (size >= first) and "b.wav" not in torn
            torn.add(answer("c.wav"))
            assert [*torn.read(["c.wav"])] == [answer("c.wav")]


def test_work_is_not_thrown_away_by_forgetting_resume(tmp_path) -> None:
    with Journal(tmp_path / "o.json", SETTINGS, resume=False) as journal:
        journal.add(answer("a.wav"))
    with pytest.raises(HearfeltError, match="--resume, or delete it"):
        Journal(tmp_path / "o.json", SETTINGS, resume=False)


def test_other_settings_are_not_mixed(tmp_path) -> None:
    Journal(tmp_path / "o.json", SETTINGS, resume=False).__exit__(None, None, None)
    with pytest.raises(HearfeltError, match=r"other settings \(window_seconds\)"):
        Journal(tmp_path / "o.json", SETTINGS | {"window_seconds": 2.0}, resume=True)


def test_places_that_cannot_be_written(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HearfeltError, match="Cannot write"):
        Journal(tmp_path / "file" / "o.json", SETTINGS, resume=False)
    with pytest.raises(HearfeltError, match="is a folder"):
        Journal(tmp_path, SETTINGS, resume=False)


def test_a_full_disk_is_one_sentence(tmp_path) -> None:
    with Journal(tmp_path / "o.json", SETTINGS, resume=False) as journal:

        class Full:
            def __getattr__(self, name):
                return getattr(real, name)

            def flush(self):
                raise OSError(28, "No space left on device")

        real, journal._file = journal._file, Full()
        with pytest.raises(HearfeltError, match=r"No space left on device.*--resume"):
            journal.add(answer("a.wav"))
        journal._file = real


def test_what_did_not_fit_is_said_once_and_well(tmp_path) -> None:
    """Closing tries to write the rest again; its failure must not hide the sentence that says how to go on."""

    class FullDisk(io.BytesIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(HearfeltError, match=r"The answers so far are kept; go on with --resume\."):  # noqa: SIM117
        with Journal(tmp_path / "o.jsonl", SETTINGS, resume=False) as journal:
            journal._file.close()
            journal._file = FullDisk()
            journal.add(answer(PATHS[0]))
