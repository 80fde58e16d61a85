"""Known stretches come out exactly, whatever the blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hearfelt.audio.spans import cut_spans
from hearfelt.errors import AudioError


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.data())
def test_each_span_is_cut_exactly(sizes, data) -> None:
    samples = np.arange(sum(sizes), dtype=np.float32)
    blocks = np.split(samples, np.cumsum(sizes)[:-1])
    points = st.tuples(st.integers(0, samples.size), st.integers(0, samples.size)).map(sorted)
    spans = sorted(tuple(pair) for pair in data.draw(st.lists(points, max_size=8)) if pair[0] < pair[1])
    for (start, end), cut in zip(spans, cut_spans(blocks, spans), strict=True):
        assert np.array_equal(cut, samples[start:end])


def test_blocks_that_are_passed_are_let_go() -> None:
    read = []

    def blocks():
        for number in range(100):
            read.append(number)
            yield np.full(10, number, np.float32)

    cuts = cut_spans(blocks(), [(0, 10), (500, 520)])
    next(cuts)
    assert len(read) == 1
    assert next(cuts).tolist() == [50.0] * 10 + [51.0] * 10
    assert len(read) == 52


def test_a_span_beyond_the_end() -> None:
    with pytest.raises(AudioError, match="ends after 5 samples; a part up to 9"):
        list(cut_spans([np.zeros(5, np.float32)], [(0, 9)]))
