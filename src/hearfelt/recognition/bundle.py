"""The exported folder, read and checked: ``model.onnx``, ``model.json`` and the model card."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hearfelt.errors import BundleError
from hearfelt.files import read_json
from hearfelt.models.specification import BUNDLE_VERSION, Specification

GRAPH_FILE = "model.onnx"
SPECIFICATION_FILE = "model.json"
CARD_FILE = "README.md"

#: Name of the model that comes with the package.
DEFAULT = "default"
#: Where bundled models live, one folder each.
MODELS_FOLDER = Path(__file__).resolve().parent.parent / "assets" / "models"

_INPUTS = {
    "waveform": {"waveform": ("tensor(float)", 2), "lengths": ("tensor(int64)", 1)},
    "picture": {"picture": ("tensor(uint8)", 4)},
}
_OUTPUTS = {"logits": ("tensor(float)", 2), "probabilities": ("tensor(float)", 2)}


@dataclass(frozen=True)
class Bundle:
    """A checked bundle.

    Attributes:
        folder: where it was read from.
        specification: the contents of ``model.json``.
        graph: the bytes of ``model.onnx``.
    """

    folder: Path
    specification: Specification
    graph: bytes


def bundled_models() -> list[str]:
    """Names of the models that come with the package."""
    if not MODELS_FOLDER.is_dir():
        return []
    return sorted(entry.name for entry in MODELS_FOLDER.iterdir() if (entry / SPECIFICATION_FILE).is_file())


def find_bundle(model: str | os.PathLike[str] = DEFAULT) -> Path:
    """Folder of a model: a name of `bundled_models`, or a path.

    Raises:
        BundleError: there is no such folder.
    """
    if isinstance(model, str) and model in bundled_models():
        return MODELS_FOLDER / model
    folder = Path(model)
    if folder.is_file() and folder.name in (GRAPH_FILE, SPECIFICATION_FILE):
        return folder.parent
    if folder.is_dir():
        return folder
    names = ", ".join(bundled_models()) or "none in this installation"
    what = "is a file" if folder.exists() else "does not exist"
    raise BundleError(
        f"There is no model {str(model)!r}: it {what}. Give a folder with {GRAPH_FILE} and "
        f"{SPECIFICATION_FILE}, as `hearfelt export` writes, or the name of a bundled model ({names})."
    )


def read_bundle(model: str | os.PathLike[str] = DEFAULT) -> Bundle:
    """Read a bundle and check that its files belong together.

    Raises:
        BundleError: missing, damaged, from a newer version, or changed after its export.
    """
    folder = find_bundle(model)
    specification = read_specification(folder)
    path = folder / GRAPH_FILE
    try:
        graph = path.read_bytes()
    except OSError as error:
        raise BundleError(f"Cannot read {path}: {error.strerror}. Export the model again.") from error
    expected = specification.provenance.model_sha256
    if expected:
        found = hashlib.sha256(graph).hexdigest()
        if found != expected:
            raise BundleError(
                f"{path} is damaged or was changed: its SHA-256 is {found[:12]}…, {SPECIFICATION_FILE} says "
                f"{expected[:12]}…. Copy the bundle or export it again."
            )
    return Bundle(folder, specification, graph)


def read_specification(folder: Path) -> Specification:
    """Read ``model.json`` of a bundle.

    Raises:
        BundleError: missing, no JSON, from a newer version, or a field is wrong.
    """
    path = folder / SPECIFICATION_FILE
    if not path.is_file():
        raise BundleError(
            f"{folder} is not a bundle: it has no {SPECIFICATION_FILE}. `hearfelt export` writes bundles."
        )
    try:
        fields = read_json(path, BundleError)
    except RecursionError as error:
        raise BundleError(f"{path} is damaged: it is nested too deeply.") from error
    if not isinstance(fields, dict):
        raise BundleError(f"{path} is damaged: it holds a {type(fields).__name__}, not an object.")
    version = fields.get("bundle_version", BUNDLE_VERSION)
    if isinstance(version, int) and version > BUNDLE_VERSION:
        raise BundleError(
            f"{path} was written by a newer hearfelt: bundle version {version}, this one reads up to "
            f"{BUNDLE_VERSION}. Update with: pip install -U hearfelt"
        )
    try:
        return Specification.model_validate(fields)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'the whole'}: {fault['msg']}"
            for fault in error.errors()[:3]
        )
        raise BundleError(f"{path} is damaged: {faults}.") from error


def open_session(bundle: Bundle, threads: int = 1) -> Any:
    """An onnxruntime session on a bundle's graph, with the graph's face checked.

    Args:
        bundle: what to run.
        threads: within one run of the graph.

    Returns:
        ``onnxruntime.InferenceSession``; its ``run`` may be called from several threads.

    Raises:
        BundleError: damaged, or its inputs and outputs are not those of the contract.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what goes wrong is raised
    options.enable_mem_pattern = False  # lengths vary: a plan a shape would only pile up
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(bundle.graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exceptions share no base class
        raise BundleError(
            f"{bundle.folder / GRAPH_FILE} cannot be loaded: {_first_line(error)}. Copy the bundle or export "
            "it again."
        ) from error
    _check_face(bundle, session)
    return session


def _check_face(bundle: Bundle, session: Any) -> None:
    """Inputs and outputs have the names, types and ranks of the contract, and one column a label."""
    path = bundle.folder / GRAPH_FILE
    labels = bundle.specification.labels
    width = None
    for kind, wanted, nodes in (
        ("inputs", _INPUTS[bundle.specification.front_end.takes], session.get_inputs()),
        ("outputs", _OUTPUTS, session.get_outputs()),
    ):
        try:
            face = {node.name: (node.type, len(node.shape)) for node in nodes}
        except UnicodeDecodeError as error:
            raise BundleError(f"{path} is damaged: its {kind} have names that are no text.") from error
        if face != wanted:
            raise BundleError(
                f"{path} has the {kind} {_describe(face)}; a bundle has {_describe(wanted)}. Export it with "
                "`hearfelt export`."
            )
        width = nodes[0].shape[1]
    if isinstance(width, int) and width != len(labels):
        raise BundleError(
            f"{path} gives {width} probabilities, {SPECIFICATION_FILE} names {len(labels)} labels "
            f"({', '.join(labels)}). They do not belong together."
        )


def _describe(face: dict[str, tuple[str, int]]) -> str:
    return ", ".join(f"{name} {kind} of {rank} dimensions" for name, (kind, rank) in sorted(face.items()))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300].rstrip(".")
