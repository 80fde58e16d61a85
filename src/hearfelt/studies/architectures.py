"""Every architecture on the same folds: UAR with interval beside parameters, size, latency and training time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from hearfelt.errors import HearfeltError, RecipeError
from hearfelt.evaluation import plots
from hearfelt.evaluation._figures import both, percent, with_interval
from hearfelt.evaluation._html import details, paragraph, table
from hearfelt.files import read_json, write_json
from hearfelt.studies._cells import Base, Cell, setting
from hearfelt.studies._pictures import plot_scatter
from hearfelt.studies._report import point
from hearfelt.studies._study import Folder, Note, Study, Tell

_COST_FILE = "cost.json"
_REPEATS = 12
#: Parts of an architecture's own recipe that are taken over; data, classes, folds and seed are the study's.
_OWN = ("front_end", "model", "augmentation", "training")

#: What architectures without a recipe of their own were made for, as their papers say.
_MADE_FOR: Mapping[str, Mapping[str, Any]] = {
    "light_sernet": {
        "front_end": {
            "name": "mfcc",
            "cepstra": 40,
            "deltas": 0,
            "mel_count": 128,
            "window_seconds": 0.064,
            "min_hz": 80,
        },
    },
    "tim_net": {"front_end": {"name": "mfcc", "cepstra": 39, "deltas": 0, "mel_count": 128}},
    "res_lstm": {
        "front_end": {
            "name": "mfcc",
            "cepstra": 34,
            "deltas": 0,
            "mel_count": 128,
            "window_seconds": 0.085,
            "hop_seconds": 0.0425,
        },
    },
}


class ArchitecturesStudy(Study):
    """Options of ``hearfelt study architectures``.

    Attributes:
        models: names of the catalogue, or patterns such as ``*cnn*``; all where none is given.
        baseline: what the others are compared with; the study's own recipe's model where not given.
        own_recipes: take front end, options, augmentation and training from ``<model>.yaml`` beside the recipe, where
            there is one; otherwise, and where the recipe is of pictures, all are trained as the recipe says.
        latency_seconds: length of the clip whose recognition is timed.
    """

    kind: ClassVar[str] = "architectures"
    question: ClassVar[str] = "Which architecture, for what it costs?"

    models: tuple[str, ...] = ()
    baseline: str = ""
    own_recipes: bool = True
    latency_seconds: float = Field(default=3.0, ge=0.1, le=60)

    @field_validator("models")
    @classmethod
    def _different(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value))

    def first(self, base: Base, runs: Path) -> list[Cell]:
        """A cell an architecture."""
        del runs
        from hearfelt.models._registry import get_model, list_models

        names: dict[str, None] = {}
        for pattern in self.models or ("*",):
            found = list_models(pattern)
            names |= dict.fromkeys(found or [get_model(pattern).name])
        baseline = self.baseline or base.recipe.model.name
        if baseline not in names:
            if self.baseline:
                get_model(baseline)
                raise RecipeError(f"The baseline {baseline!r} is not among the models: {', '.join(names)}.")
            baseline = next(iter(names))
        cells = []
        for name in sorted(names, key=lambda model: (model != baseline, model)):
            frame, source = self._settings(name, base)
            cells.append(
                Cell(
                    name,
                    name,
                    frame=tuple(frame),
                    settings=(setting("model.name", name),),
                    axes={"model": name, "recipe": source},
                    baseline="" if name == baseline else baseline,
                )
            )
        return cells

    def _settings(self, name: str, base: Base) -> tuple[list[str], str]:
        from hearfelt.training._settings import read_recipe_file

        own = Path(base.recipes) / f"{name}.yaml"
        own_recipes = self.own_recipes and base.recipe.front_end.takes == "waveform"
        if own_recipes and base.recipes and own.is_file():
            content = read_recipe_file(own)
            if (content.get("model") or {}).get("name") == name:
                return [setting(part, content[part]) for part in _OWN if part in content], own.name
        if name == base.recipe.model.name:
            return [], ""
        made_for = _MADE_FOR.get(name, {}) if own_recipes else {}
        parts = [setting(part, value) for part, value in made_for.items()]
        return [setting("model.options", {}), *parts], "front end of its paper" if parts else ""

    def loop(self, folder: Folder, pool: Any, tell: Tell, note: Note) -> None:
        """Train, then weigh and time each architecture as it would be deployed."""
        super().loop(folder, pool, tell, note)
        done = folder.done()
        for number, cell in enumerate(done):
            target = folder.run(cell.name) / _COST_FILE
            if not target.exists():
                try:
                    write_json(target, cost_of(folder.run(cell.name), self.latency_seconds))
                except HearfeltError as error:
                    note(f"{cell.title} cannot be timed: {error}")
                    write_json(target, {"reason": str(error)})
            tell("timing", number + 1, len(done))

    def findings(self, folder: Folder, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Parameters, bytes, milliseconds and seconds an epoch, confusion and classes of each architecture."""
        models = {}
        for entry in cells:
            run = folder.run(entry["name"])
            if entry["state"] != "done":
                continue
            cost = read_json(run / _COST_FILE) if (run / _COST_FILE).exists() else {}
            metrics = read_json(run / "metrics.json")
            models[entry["name"]] = {
                **cost,
                "seconds_per_epoch": round(entry["seconds"] / max(1, entry["epochs"]), 2),
                "labels": metrics["labels"],
                "confusion": metrics["confusion"]["matrix"],
                "per_class": {
                    label: {key: row[key] for key in ("precision", "recall", "f1", "support")}
                    for label, row in metrics["per_class"].items()
                },
                "per_corpus": {corpus: row["uar"]["value"] for corpus, row in metrics["per_corpus"].items()},
            }
        return {"models": models, "latency_seconds": self.latency_seconds}

    def sections(self, folder: Path, results: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Scatter of UAR over cost, the table, and confusion and classes of each."""
        del folder
        models = results["findings"]["models"]
        cells = [entry for entry in results["cells"] if entry["name"] in models and entry["test"]]
        timed = next((facts["timed"] for facts in models.values() if "timed" in facts), "a clip")
        panels = {}
        for key, name, factor in (
            ("parameters", "parameters", 1.0),
            ("milliseconds", f"ms for {timed}, one thread", 1.0),
        ):
            points = [
                drawn
                for entry in cells
                if models[entry["name"]].get(key)
                and (drawn := point(entry, x=factor * models[entry["name"]][key]))
            ]
            if points:
                panels[name] = points
        marked = [entry["cell"] for entry in results["chosen"]]
        words = (
            "UAR on the test with 95 % intervals over what an architecture costs: parameters, and the time that ONNX "
            f"Runtime takes on one thread of this machine, from {timed} to probabilities."
        )
        found = []
        if panels:
            scatter = both(lambda dark: plot_scatter(panels, marked=marked, dark=dark), words)
            found.append(
                ("cost", "Quality over cost", paragraph(words, "muted") + scatter + _costs(cells, models))
            )
        content = []
        for entry in cells:
            facts = models[entry["name"]]
            figure = both(
                lambda dark, facts=facts, entry=entry: plots.plot_confusion(  # type: ignore[misc]
                    facts["confusion"], facts["labels"], title=entry["title"], dark=dark
                ),
                f"Confusion matrix of {entry['title']}.",
            )
            rows = [
                [label, *(percent(row[key]) for key in ("precision", "recall", "f1")), row["support"]]
                for label, row in facts["per_class"].items()
            ]
            report = table(
                f"Classification report of {entry['title']}, in percent",
                ["class", "precision", "recall", "F1", "clips"],
                rows,
            )
            content.append(
                details(f"{entry['title']}: UAR {with_interval(entry['test']['uar'])}", figure + report)
            )
        found.append(("classes", "Confusion matrix and classes of each", "".join(content)))
        corpora = sorted({corpus for facts in models.values() for corpus in facts["per_corpus"]})
        if len(corpora) > 1:
            rows = [
                [entry["title"], *(percent(models[entry["name"]]["per_corpus"].get(c)) for c in corpora)]
                for entry in cells
            ]
            found.append(
                ("corpora", "Each corpus", table("UAR on the test, in percent", ["model", *corpora], rows))
            )
        return found


def _costs(cells: Sequence[Mapping[str, Any]], models: Mapping[str, Any]) -> str:
    rows = []
    for entry in sorted(cells, key=lambda entry: -entry["test"]["uar"]["value"]):
        facts = models[entry["name"]]
        rows.append(
            [
                entry["title"],
                entry["axes"]["recipe"] or None,
                with_interval(entry["test"]["uar"]),
                facts.get("parameters"),
                None if facts.get("bytes") is None else f"{facts['bytes'] / 1e6:.2f}",
                None if facts.get("milliseconds") is None else f"{facts['milliseconds']:.1f}",
                f"{facts['seconds_per_epoch']:.1f}",
                entry["epochs"],
            ]
        )
    return table(
        "What each costs; without a recipe of its own a model was trained as the study's recipe says",
        ["model", "recipe", "test UAR", "parameters", "ONNX, MB", "latency, ms", "s an epoch", "epochs"],
        rows,
        text_columns=2,
    )


def cost_of(run_folder: Path, seconds: float) -> dict[str, Any]:
    """Parameters, size of the ONNX graph and its latency on one thread (and for what), of a run's first trained fold.

    Args:
        run_folder: a finished run.
        seconds: length of the clip that is timed, where the network does not take pictures; the median of some repeats.

    Raises:
        HearfeltError: the network cannot be exported.
    """
    import onnxruntime

    from hearfelt.features.picture import PictureConfig
    from hearfelt.models.specification import Calibration
    from hearfelt.training.export import deployed, load_network, to_onnx
    from hearfelt.training.network import parameter_count
    from hearfelt.training.run import open_run

    run = open_run(run_folder)
    network = load_network(run, run.folds[0])
    front_end = network.front_end.config
    try:
        graph = to_onnx(deployed([network], Calibration()))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # exporter and runtime have many, and the other architectures are to go on
        raise HearfeltError(
            f"{run.recipe.model.name} cannot be exported: {' '.join(str(error).split())[:200]}"
        ) from error
    generator = np.random.default_rng(0)
    if isinstance(front_end, PictureConfig):
        shape = (1, front_end.height, front_end.width, front_end.channels)
        timed = "a picture"
        given: dict[str, Any] = {"picture": generator.integers(256, size=shape, dtype=np.uint8)}
    else:
        timed = f"{seconds:g} s of sound"
        samples = round(seconds * front_end.sample_rate)
        sound = generator.standard_normal((1, samples)).astype(np.float32) * 0.1
        given = {"waveform": sound, "lengths": np.array([samples])}
    taken = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        session.run(None, given)
        taken.append(time.perf_counter() - start)
    return {
        "parameters": parameter_count(network),
        "bytes": len(graph),
        "milliseconds": round(1000 * float(np.median(taken)), 3),
        "timed": timed,
    }
