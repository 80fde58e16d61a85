"""What travels with a model: everything needed to feed it, to name its answers and to judge it.

`model.json` of a bundle is this schema. Recognition, the service and the web page configure themselves from it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hearfelt.features._registry import AnyFrontEnd
from hearfelt.features.log_mel import LogMelConfig

#: Raised when a field changes its meaning or goes; readers refuse a newer one with a clear sentence.
BUNDLE_VERSION = 1


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Calibration(_Strict):
    """How logits become probabilities: softmax(logits / temperature + bias).

    Attributes:
        temperature: divides the logits; fitted on validation speakers; 1 changes nothing.
        bias: added a class after the temperature; empty adds nothing.
        fitted_on: one sentence on which rows.
    """

    temperature: float = Field(default=1.0, gt=0)
    bias: tuple[float, ...] = ()
    fitted_on: str = ""


class Provenance(_Strict):
    """Where the weights came from, so that they can be made again.

    Attributes:
        seeds: of the runs that were averaged; one where it was one run.
        members: networks in the graph.
        folds: of the run that they are of; several are `members` with different unheard speakers.
    """

    hearfelt_version: str = ""
    created: str = ""
    recipe_name: str = ""
    command: str = ""
    commit: str = ""
    manifest_hash: str = ""
    seeds: tuple[int, ...] = ()
    members: int = 1
    folds: tuple[int, ...] = ()
    libraries: dict[str, str] = Field(default_factory=dict)
    model_sha256: str = ""


class Specification(_Strict):
    """Everything `model.onnx` does not say itself.

    The graph takes ``waveform`` (batch, samples) float32 in [-1, 1] at `sample_rate` and ``lengths`` (batch,) int64,
    the number of valid samples of each row, and gives ``logits`` and ``probabilities`` (batch, labels) float32.
    The front end, every normalisation and the calibration are inside it.

    Attributes:
        bundle_version: version of this schema.
        name: model name.
        labels: classes in output order.
        sample_rate: of the waveform, in hertz.
        window_seconds: what recognition cuts long recordings into; the training crop.
        hop_seconds: step between windows.
        min_seconds: shorter input is padded with silence up to this.
        front_end: parameters of the front end inside the graph.
        architecture: registry name and options of the network.
        parameters: number of weights.
        training_corpora: corpus -> number of clips trained on.
        held_out_speakers: speakers that were never trained on.
        metrics: corpus or "all" -> measure -> value, with the protocol in `metrics_protocol`.
        metrics_protocol: one sentence: protocol, folds, seeds.
        calibration: as folded into the graph.
        licence: of the weights, with its reason.
        provenance: how to make it again.
    """

    bundle_version: Literal[1] = 1
    name: str
    labels: tuple[str, ...] = Field(min_length=2)
    sample_rate: int = Field(default=16000, gt=0)
    window_seconds: float = Field(default=3.0, gt=0)
    hop_seconds: float = Field(default=1.5, gt=0)
    min_seconds: float = Field(default=0.25, gt=0)
    front_end: AnyFrontEnd = LogMelConfig()
    architecture: dict[str, object] = Field(default_factory=dict)
    parameters: int = 0
    training_corpora: dict[str, int] = Field(default_factory=dict)
    held_out_speakers: tuple[str, ...] = ()
    metrics: dict[str, dict[str, float]] = Field(default_factory=dict)
    metrics_protocol: str = ""
    calibration: Calibration = Calibration()
    licence: str = ""
    provenance: Provenance = Provenance()

    @model_validator(mode="after")
    def _check(self) -> Specification:
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"labels repeat: {list(self.labels)}")
        if self.hop_seconds > self.window_seconds:
            raise ValueError(
                f"hop_seconds {self.hop_seconds} is longer than window_seconds {self.window_seconds}: speech between "
                "windows would be skipped"
            )
        if self.calibration.bias and len(self.calibration.bias) != len(self.labels):
            raise ValueError(f"{len(self.calibration.bias)} biases for {len(self.labels)} labels")
        return self
