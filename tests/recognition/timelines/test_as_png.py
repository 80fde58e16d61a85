import io

import matplotlib.image
import pytest

from hearfelt.recognition.timeline import TimelineSegment
from hearfelt.recognition.timelines.as_png import PngWriter, places


@pytest.mark.parametrize("name", ["talk", "call", "silent"])
def test_it_is_a_picture(name, request) -> None:
    data = PngWriter().render(request.getfixturevalue(name))
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    picture = matplotlib.image.imread(io.BytesIO(data))
    assert picture.shape[:2] == (990, 1200)
    assert picture[..., :3].std() > 0.05


def window(start: float, end: float, emotion: str) -> TimelineSegment:
    return TimelineSegment(
        start, end, emotion, 0.8, {"angry": 0.8 if emotion == "angry" else 0.2, "sad": 0.2}
    )


def test_few_windows_stay_as_they_are() -> None:
    windows = [window(0, 2, "angry"), window(2, 3, "sad")]
    assert places(windows, 10.0, 10) == [item.to_dict() for item in windows]


def test_many_windows_become_places() -> None:
    windows = [window(k, k + 1, "angry" if k < 60 else "sad") for k in range(100) if not 20 <= k < 40]
    found = places(windows, 100.0, 10)
    assert [place["start"] for place in found] == pytest.approx(
        [0, 10, 40, 50, 60, 70, 80, 90]
    )  # gaps are gaps
    assert [place["emotion"] for place in found] == ["angry"] * 4 + ["sad"] * 4
    assert found[0]["probabilities"]["angry"] == pytest.approx(0.8)


def test_windows_that_overlap_are_shared() -> None:
    found = places([window(0, 6, "angry"), window(4, 10, "sad")], 10.0, 5)
    assert [place["emotion"] for place in found] == ["angry", "angry", "angry", "sad", "sad"]
    assert found[2]["probabilities"]["angry"] == pytest.approx(0.5)
