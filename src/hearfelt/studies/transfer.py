"""Does training elsewhere first help: frozen, thawed or fine-tuned, over the number of clips there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hearfelt.corpora.manifest import Manifest
from hearfelt.emotions import ALL_EMOTIONS
from hearfelt.errors import RecipeError, UnknownNameError
from hearfelt.evaluation._figures import both, signed, with_interval
from hearfelt.evaluation._html import paragraph, table
from hearfelt.studies._cells import RUNS, Base, Cell, setting
from hearfelt.studies._pictures import Point, plot_curves
from hearfelt.studies._report import verdict
from hearfelt.studies._study import Folder, Study

Method = Literal["scratch", "frozen", "gradual", "full"]
METHODS: Mapping[str, str] = {
    "scratch": "from scratch",
    "frozen": "frozen trunk",
    "gradual": "gradual unfreezing",
    "full": "full fine-tuning",
}
_ENGLISH = ("crema_d", "ravdess_speech", "savee", "tess")
_RAVDESS = {"name": "published", "scheme": "emobox_ravdess"}


class Task(BaseModel):
    """From somewhere to somewhere.

    Attributes:
        source: corpora that are trained on first; none where `start` is given.
        target: corpora that are trained on and tested.
        protocol: of the target; the recipe's where not given. The source has the same where people are in both.
        start: a run or a bundle that is there already, instead of a source.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: tuple[str, ...] = ()
    target: tuple[str, ...] = Field(min_length=1)
    protocol: dict[str, Any] | None = None
    start: str = ""

    @model_validator(mode="after")
    def _check(self) -> Task:
        if bool(self.source) == bool(self.start):
            raise ValueError("a task has source corpora or a start, a run or bundle, and not both")
        return self


TASKS: Mapping[str, Task] = {
    "song_to_speech": Task(source=("ravdess_song",), target=("ravdess_speech",), protocol=_RAVDESS),
    "speech_to_song": Task(source=("ravdess_speech",), target=("ravdess_song",), protocol=_RAVDESS),
    "english_to_german": Task(
        source=_ENGLISH, target=("emodb",), protocol={"name": "grouped_kfold", "folds": 5}
    ),
    "english_to_greek": Task(
        source=_ENGLISH, target=("aesdd",), protocol={"name": "published", "scheme": "aesdd_loso"}
    ),
}


class TransferStudy(Study):
    """Options of ``hearfelt study transfer``.

    Attributes:
        tasks: name -> from where to where; names of `TASKS` need nothing more.
        methods: which are tried; from scratch is what the others are compared with.
        clips: numbers of training clips a fold; null is all that there are.
        fine_tuning_rate: factor on the learning rate where all of a trained network is trained on.
    """

    kind: ClassVar[str] = "transfer"
    question: ClassVar[str] = "Does it help to have learnt elsewhere first, and with how many clips?"

    tasks: dict[str, Task] = Field(default_factory=lambda: dict(TASKS), min_length=1)
    methods: tuple[Method, ...] = ("scratch", "frozen", "gradual", "full")
    clips: tuple[int | None, ...] = (50, 100, 200, 400, None)
    fine_tuning_rate: float = Field(default=0.3, gt=0, le=1)

    @field_validator("tasks", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            if unknown := [name for name in value if name not in TASKS]:
                raise ValueError(str(UnknownNameError("transfer task", str(unknown[0]), TASKS)))
            return {name: TASKS[name] for name in value}
        return value

    @model_validator(mode="after")
    def _check(self) -> TransferStudy:
        if "scratch" not in self.methods or len(set(self.methods)) < max(2, len(self.methods)):
            raise ValueError("methods are scratch and at least one other, each once")
        if not self.clips or len(set(self.clips)) < len(self.clips):
            raise ValueError("clips are different numbers; null is all")
        return self

    def first(self, base: Base, runs: Path) -> list[Cell]:
        """Each source once, then every method with every number of clips."""
        del runs
        cells: list[Cell] = []
        sources: dict[str, Cell] = {}
        for name, task in self.tasks.items():
            frames = _frames(base, task)
            start = task.start
            if task.source:
                source = Cell(
                    f"source_{'_'.join(task.source)}" if not frames.shared else f"source_of_{name}",
                    f"source: {', '.join(task.source)}",
                    frame=frames.source,
                    settings=frames.source_last,
                    axes={"task": name, "method": "source", "clips": None},
                    candidate=False,
                    group=name,
                )
                if source.name not in sources:
                    sources[source.name] = source
                    cells.append(source)
                start = f"{RUNS}/{source.name}"
            for clips in self.clips:
                cells += [self._cell(name, method, clips, frames, start, base) for method in self.methods]
        return cells

    def _cell(
        self, task: str, method: str, clips: int | None, frames: _Frames, start: str, base: Base
    ) -> Cell:
        size = "all" if clips is None else str(clips)
        settings = [setting("data.max_training_clips", clips)]
        if method != "scratch":
            settings.append(setting("training.start_from", start))
            settings += frames.start_last
        if method in ("frozen", "gradual"):
            settings.append(setting("training.freeze", {"frozen": "trunk"}.get(method, method)))
        if method in ("gradual", "full"):
            rate = base.recipe.training.learning_rate * self.fine_tuning_rate
            settings.append(setting("training.learning_rate", round(rate, 10)))
        return Cell(
            f"{task}_{size}_{method}",
            f"{task.replace('_', ' ')}, {size} clips, {METHODS[method]}",
            frame=frames.target,
            settings=(*frames.target_last, *settings),
            axes={"task": task, "method": method, "clips": clips},
            baseline="" if method == "scratch" else f"{task}_{size}_scratch",
            group=f"{task}, {size} clips",
        )

    def findings(self, folder: Folder, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """A sentence on each task and number of clips, and the number of clips that "all" was."""
        verdicts = []
        for task in self.tasks:
            for clips in self.clips:
                tried = [
                    entry
                    for entry in cells
                    if entry["axes"]["task"] == task
                    and entry["axes"]["method"] not in ("source", "scratch")
                    and entry["axes"]["clips"] == clips
                    and entry["validation"] is not None
                ]
                if not tried:
                    continue
                best = max(tried, key=lambda entry: entry["validation"]["uar"]["value"])
                size = "all" if clips is None else clips
                words = f"{task.replace('_', ' ')}, {size} clips, {METHODS[best['axes']['method']]}"
                verdicts.append(
                    {
                        "task": task,
                        "clips": clips,
                        "method": best["axes"]["method"],
                        "difference": best["difference"]["test"],
                        "sentence": verdict(best["difference"]["test"], words, "training from scratch"),
                    }
                )
        return {"verdicts": verdicts, "all_clips": _all_clips(folder)}

    def sections(self, folder: Path, results: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Whether it helps, in sentences, and a curve over the number of clips for each task."""
        del folder
        extra = results["findings"]
        sentences = "".join(paragraph(entry["sentence"]) for entry in extra["verdicts"])
        words = (
            "Of the ways to use the trained network the one with the best validation is compared with training from "
            "scratch on the same clips; intervals are paired."
        )
        found = [("verdict", "Does it help?", paragraph(words, "muted") + sentences)]
        for task in self.tasks:
            cells = [
                entry
                for entry in results["cells"]
                if entry["axes"]["task"] == task and entry["axes"]["method"] != "source" and entry["test"]
            ]
            curves: dict[str, list[Point]] = defaultdict(list)
            for entry in cells:
                clips = entry["axes"]["clips"]
                number = clips or extra["all_clips"].get(task) or 1
                uar = entry["test"]["uar"]
                name = str(clips) if clips else f"all\n({number})"
                curves[METHODS[entry["axes"]["method"]]].append(
                    Point(name, uar["value"], uar["low"], uar["high"], number)
                )
            if not curves:
                continue
            shown = f"UAR on the test of {task.replace('_', ' ')} over the number of training clips a fold."
            figure = both(
                lambda dark, curves=curves: plot_curves(  # type: ignore[misc]
                    curves, x="training clips a fold", named=False, dark=dark
                ),
                shown,
            )
            rows = [
                [
                    f"{entry['axes']['clips'] or 'all'}, {METHODS[entry['axes']['method']]}",
                    with_interval(entry["test"]["uar"]),
                    signed(entry["difference"]["test"]),
                ]
                for entry in cells
            ]
            listing = table("UAR in percent", ["clips, method", "test UAR", "against scratch"], rows)
            title = task.replace("_", " ").capitalize()
            found.append((task, title, paragraph(shown, "muted") + figure + listing))
        return found


class _Frames:
    """Settings that make the source and the target of a task; `..._last` go over the user's own."""

    def __init__(self) -> None:
        self.source: tuple[str, ...] = ()
        self.source_last: tuple[str, ...] = ()
        self.target: tuple[str, ...] = ()
        self.target_last: tuple[str, ...] = ()
        self.start_last: tuple[str, ...] = ()
        self.shared = False


def _frames(base: Base, task: Task) -> _Frames:
    from hearfelt.training.run import find_rows

    config = base.recipe.data.model_copy(update={"corpora": (*task.source, *task.target), "manifests": ()})
    rows = find_rows(config, base.data or None)
    of = {side: rows.where(lambda row, names=names: row.corpus in names) for side, names in _sides(task)}  # type: ignore[misc]
    frames = _Frames()
    protocol = [] if task.protocol is None else [setting("protocol", task.protocol)]
    both_sides = (*task.source, *task.target)
    people = {side: {row.speaker for row in manifest} for side, manifest in of.items()}
    frames.shared = bool(people.get("source", set()) & people["target"])
    for side, names in _sides(task):
        labels = setting("data.labels", _classes(of[side], names))
        corpora = both_sides if frames.shared else names
        settings = [labels, setting("data.corpora", list(corpora)), setting("data.manifests", [])]
        settings.append(setting("data.only", list(names) if frames.shared else []))
        if side == "target":
            frames.target, frames.target_last = tuple(protocol), tuple(settings)
        elif frames.shared:
            # the same people must be apart in both, so that the source is trained fold by fold
            frames.source, frames.source_last = tuple(protocol), tuple(settings)
        else:
            count = min(5, len(people["source"]))
            one: dict[str, Any] = {"name": "grouped_kfold", "folds": count, "fold": [0]}
            if count < 2:  # nobody can be kept apart; what matters is that nobody of the target is there
                one = {"name": "stratified_random", "fold": [0]}
            frames.source_last = (*settings, setting("protocol", one))
            frames.start_last = (setting("training.start_fold", 0),)
    return frames


def _sides(task: Task) -> list[tuple[str, tuple[str, ...]]]:
    return [(side, names) for side, names in (("source", task.source), ("target", task.target)) if names]


def _classes(rows: Manifest, corpora: Sequence[str]) -> dict[str, list[str]]:
    """The emotions that all these corpora have, in the vocabulary's order; the others are dropped."""
    having = {corpus: {row.emotion for row in rows if row.corpus == corpus} for corpus in corpora}
    common = set.intersection(*having.values()) if having else set()
    every = set().union(*having.values())
    order = [*ALL_EMOTIONS, *sorted(every - set(ALL_EMOTIONS))]
    if len(common) < 2:
        raise RecipeError(
            f"{', '.join(corpora)} have {len(common)} emotions in common; two are needed at least to train on them."
        )
    return {
        "keep": [emotion for emotion in order if emotion in common],
        "drop": [emotion for emotion in ALL_EMOTIONS if emotion not in common],
    }


def _all_clips(folder: Folder) -> dict[str, int]:
    """Task -> training clips of a fold where all are used."""
    from hearfelt.training.run import open_run

    found: dict[str, int] = {}
    for cell in folder.done():
        task = str(cell.axes["task"])
        if cell.axes["clips"] is None and cell.axes["method"] != "source" and task not in found:
            run = open_run(folder.run(cell.name))
            counts = [len(run.split.folds[fold].train) for fold in run.folds]
            found[task] = round(sum(counts) / len(counts))
    return found
