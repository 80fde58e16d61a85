"""Augmentation of waveforms, spectrograms and batches: parameters are drawn, then applied."""

from hearfelt.augment._base import (
    Augmentation,
    ClipProvider,
    Parameters,
    SpectrogramAugmentation,
    WaveformAugmentation,
)
from hearfelt.augment._registry import (
    AugmentationConfig,
    augment_batch,
    augment_spectrogram,
    augment_waveform,
    create_augmentation,
    list_augmentations,
    replay_waveform,
)

__all__ = [
    "Augmentation",
    "AugmentationConfig",
    "ClipProvider",
    "Parameters",
    "SpectrogramAugmentation",
    "WaveformAugmentation",
    "augment_batch",
    "augment_spectrogram",
    "augment_waveform",
    "create_augmentation",
    "list_augmentations",
    "replay_waveform",
]
