import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearfelt.audio.windows import ONE_PIECE, Cutter, cut, window_starts, windows
from hearfelt.errors import AudioError

lengths = st.integers(1, 4000)


@st.composite
def cuts(draw: st.DrawFn) -> tuple[int, int]:
    window = draw(st.integers(1, 500))
    return window, draw(st.integers(1, window))


@given(lengths, cuts())
@settings(deadline=None)
def test_no_sample_is_left_out_and_none_is_invented(samples: int, shape: tuple[int, int]) -> None:
    seen = np.zeros(samples, dtype=int)
    for start, end in windows(samples, *shape):
        assert 0 <= start < end <= samples
        seen[start:end] += 1
    assert seen.all()


@given(lengths, cuts())
def test_windows_are_full_in_order_and_a_hop_apart_but_for_the_tail(
    samples: int, shape: tuple[int, int]
) -> None:
    window, hop = shape
    found = windows(samples, window, hop)
    if samples <= ONE_PIECE * window:
        assert found == [(0, samples)]
        return
    assert all(end - start == window for start, end in found)
    steps = np.diff([start for start, _ in found])
    assert (steps[:-1] == hop).all() and 0 < steps[-1] <= hop
    assert found[-1][1] == samples


@given(lengths, cuts(), st.lists(st.integers(0, 700), min_size=1, max_size=30))
@settings(deadline=None)
def test_a_stream_is_cut_as_the_whole(samples: int, shape: tuple[int, int], sizes: list[int]) -> None:
    signal = np.arange(samples, dtype=np.float32)
    edges = np.minimum(np.cumsum(sizes), samples)
    blocks = np.split(signal, edges)
    found = list(cut(iter(blocks), *shape))
    assert [(start, start + part.size) for start, part in found] == windows(samples, *shape)
    for start, part in found:
        np.testing.assert_array_equal(part, signal[start : start + part.size])


def test_a_stream_holds_little() -> None:
    """What is held while an endless stream is cut does not grow."""
    base: list[int] = []
    blocks = (np.zeros(1000, dtype=np.float32) for _ in range(1000))
    for _, part in cut(blocks, 300, 100):
        base.append(part.base.size if part.base is not None else part.size)
    assert max(base) < 2 * 300 + 1000


def test_sound_that_comes_sample_by_sample_is_cut_once_a_window_is_full() -> None:
    cutter = Cutter(100, 50)
    found = {count: pushed for count in range(1, 331) if (pushed := cutter.push(np.zeros(1, np.float32)))}
    assert {count: [start for start, _ in pushed] for count, pushed in found.items()} == {
        126: [0],  # the first sample beyond one piece
        150: [50],
        200: [100],
        250: [150],
        300: [200],
    }
    assert [(start, part.size) for start, part in cutter.finish()] == [(230, 100)]


def test_an_empty_stream_has_no_windows() -> None:
    assert list(cut(iter([]), 10, 5)) == []


@pytest.mark.parametrize(("window", "hop"), [(0, 0), (10, 0), (10, 11), (-1, 1)])
def test_windows_that_would_skip_samples_are_refused(window: int, hop: int) -> None:
    with pytest.raises(AudioError, match="hop must be"):
        window_starts(100, window, hop)
