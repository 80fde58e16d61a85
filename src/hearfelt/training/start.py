"""Start a fold from the weights of an earlier run, refusing those that have heard the fold's test or validation."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from hearfelt.corpora.manifest import Manifest
from hearfelt.errors import ProtocolError, RecipeError
from hearfelt.protocols.split import Fold
from hearfelt.training.checkpoint import load_checkpoint
from hearfelt.training.network import Network


def load_start(run_folder: str, fold: int, manifest: Manifest, division: Fold, network: Network) -> str:
    """Load the selected weights of the same fold of another run into a network.

    Args:
        run_folder: of the earlier run.
        fold: number of the fold in both runs.
        manifest: rows of this run.
        division: this run's fold.
        network: gets the weights; same architecture, classes and front end.

    Returns:
        one sentence on what was loaded.

    Raises:
        RecipeError: no such trained fold, or another architecture.
        ProtocolError: the earlier fold was trained or selected on speakers or clips that this one is tested on, or
            trained on those that it validates on.
    """
    from hearfelt.training.run import open_run

    earlier = open_run(run_folder)
    if fold >= len(earlier.split.folds) or not (earlier.fold_folder(fold) / "done.json").exists():
        raise RecipeError(
            f"training.start_from names {run_folder}, which has no trained fold {fold}. Train it there first."
        )
    before = earlier.split.folds[fold]
    trained = _heard(earlier.manifest, before.train)
    looked_at = trained | _heard(earlier.manifest, before.validation)
    for part, rows, known in (
        ("tests", division.test, looked_at),
        ("validates", division.validation, trained),
    ):
        both = sorted(_heard(manifest, rows) & known)
        if both:
            raise ProtocolError(
                f"Fold {fold} {part} on {len(both)} speakers or clips that {run_folder} has heard in its fold {fold}, "
                f"such as {', '.join(both[:3])}. Start from a run with the same protocol, seed and corpora."
            )
    saved = load_checkpoint(Path(earlier.fold_folder(fold)) / "best.safetensors")
    weights: dict[str, Tensor] = saved["weights"]
    own = network.state_dict()
    differing = [
        name
        for name in sorted(own.keys() | weights.keys())
        if name not in own or name not in weights or own[name].shape != weights[name].shape
    ]
    if differing:
        raise RecipeError(
            f"The weights of {run_folder} do not fit: {len(differing)} of {len(own)} differ, such as {differing[0]}. "
            "Both recipes need the same model, options, bands and classes."
        )
    network.load_state_dict(weights)
    return f"started from fold {fold} of {run_folder}, epoch {saved['epoch']}"


def _heard(manifest: Manifest, rows: tuple[int, ...]) -> set[str]:
    """Speakers and audio of rows."""
    picked = [manifest[row] for row in rows]
    return {row.speaker for row in picked} | {row.audio_hash for row in picked if row.audio_hash}
