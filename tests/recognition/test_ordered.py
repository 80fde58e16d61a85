import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hearfelt.recognition.ordered import grouped, map_ordered


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 5), st.integers(1, 9))
@settings(deadline=None)
def test_it_is_map(items, threads, ahead) -> None:
    def slow(item: int) -> int:
        time.sleep(item * 1e-5)
        return item * 2

    assert list(map_ordered(slow, iter(items), threads, ahead)) == [item * 2 for item in items]


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_is_taken_than_asked(threads) -> None:
    taken = []
    answers = map_ordered(abs, (taken.append(item) or item for item in range(1000)), threads, ahead=5)
    for _ in range(10):
        next(answers)
    assert len(taken) <= 10 + 5 + 2
    answers.close()
    assert len(taken) <= 10 + 5 + 2


def test_threads_work_at_the_same_time() -> None:
    meeting = threading.Barrier(3, timeout=10)
    list(map_ordered(lambda _: meeting.wait(), range(3), threads=3, ahead=3))


@pytest.mark.parametrize("threads", [1, 2])
def test_errors_arrive_in_their_turn(threads) -> None:
    answers = map_ordered(lambda item: 1 // item, [1, 1, 0, 1], threads, ahead=4)
    assert [next(answers), next(answers)] == [1, 1]
    with pytest.raises(ZeroDivisionError):
        next(answers)


@given(st.lists(st.integers(), max_size=50), st.integers(1, 10))
def test_groups_are_the_items(items, size) -> None:
    groups = list(grouped(items, size))
    assert [item for group in groups for item in group] == items
    assert all(len(group) == size for group in groups[:-1])
