"""Settings: refused before anything is opened, with a sentence."""

from __future__ import annotations

import pytest

from hearfelt.app.settings import ServiceSettings
from hearfelt.errors import HearfeltError


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"workers": 0}, "workers is 0; it has to be 1 at least"),
        ({"max_seconds": float("nan")}, "max_seconds is nan"),
        ({"max_megabytes": 0}, "max_megabytes"),
        ({"queue": -1}, "queue"),
        ({"port": 70000}, "Port 70000"),
        ({"models": ()}, "needs a model"),
        ({"token": "short"}, "16 at least"),
        ({"token": "é" * 20}, "ASCII"),
        ({"cors_origins": ("*",)}, "no origin"),
        ({"cors_origins": ("https://a.org/path",)}, "no origin"),
    ],
)
def test_refused(options, word) -> None:
    with pytest.raises(HearfeltError, match=word.replace("*", r"\*")):
        ServiceSettings(**options)


def test_a_token_is_not_shown() -> None:
    assert "secret" not in repr(ServiceSettings(token="secret-secret-secret"))
