"""What holds for every format."""

import itertools

import pytest

from hearfelt.errors import UnknownNameError
from hearfelt.recognition.timelines._base import TimelineWriter, tiers
from hearfelt.recognition.timelines._registry import FORMATS, create_writer


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_everything(name, talk, call, silent) -> None:
    writer = create_writer(name)
    assert isinstance(writer, TimelineWriter)
    assert writer.suffix.startswith(".")
    assert isinstance(writer.begin(talk.labels) + writer.failure("x.wav", "gone") + writer.end(), str)
    for timeline in (talk, call, silent):
        found = writer.render(timeline)
        assert isinstance(found, bytes if writer.binary else str)


def test_suffixes_differ() -> None:
    suffixes = [create_writer(name).suffix for name in FORMATS]
    assert len(set(suffixes)) == len(suffixes)


def test_an_unknown_format() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'textgrid'"):
        create_writer("text-grid")


def test_tiers_never_overlap(call) -> None:
    found = tiers(call)
    assert sum(len(row) for _, row in found) == len(call.segments)
    for _, row in found:
        assert all(a.end <= b.start for a, b in itertools.pairwise(row))
