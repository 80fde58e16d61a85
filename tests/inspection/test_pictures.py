"""Every picture is drawn, with a title and units, over the time that it says."""

from __future__ import annotations

import pytest

from hearfelt.inspection.pictures import pictures

NAMES = [
    "waveform",
    "magnitude_spectrum",
    "spectrogram",
    "log_amplitude_spectrogram",
    "mel_spectrogram",
    "descriptors",
    "emotions",
    "explanation_occlusion",
]


def test_names(inspection) -> None:
    assert [picture.name for picture in pictures(inspection)] == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_pictures_say_what_they_show(inspection, name) -> None:
    picture = next(picture for picture in pictures(inspection) if picture.name == name)
    figure = picture.draw(False)
    first = figure.axes[0]
    assert first.get_title(loc="left")
    labels = " ".join(axes.get_xlabel() for axes in figure.axes)
    if picture.begin is None:
        assert "Hz" in labels
    else:
        assert "seconds" in labels
        assert first.get_xlim() == pytest.approx((picture.begin, picture.end))
    assert len(picture.text) > 15
