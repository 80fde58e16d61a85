"""Search over any field of a recipe with Optuna: grid, random or TPE, bad trials stopped early, resumable."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import yaml
from pydantic import Field, model_validator

from hearfelt.errors import HearfeltError, require
from hearfelt.evaluation._figures import both, percent
from hearfelt.evaluation._html import escape, paragraph, table
from hearfelt.files import write_atomically
from hearfelt.studies._cells import Base, Cell, write_plan
from hearfelt.studies._loop import finish_cell, give_up, prepare_cell
from hearfelt.studies._pool import Job, Pool
from hearfelt.studies._search_pictures import plot_history, plot_importances, plot_parallel
from hearfelt.studies._space import Dimension, settings_of
from hearfelt.studies._study import Folder, Note, Study, Tell
from hearfelt.studies._trials import (
    ActiveTrial,
    begun_states,
    best_value,
    folds_of,
    last_value,
    open_journal,
    short,
    state_of,
)

CHOSEN = "chosen.yaml"
_SHARE = 1000


class SearchStudy(Study):
    """Options of ``hearfelt study search``.

    Attributes:
        space: fields and their ranges or choices.
        trials: how many are begun; a grid has as many as it has points, at most.
        sampler: ``tpe`` learns from what was tried; ``random``; ``grid``.
        pruner: ``median`` stops a trial whose validation is below the median of the others at the same epoch;
            ``hyperband`` gives most trials few epochs; ``none``.
        startup: trials before the sampler learns and the median counts.
        patience_epochs: epochs that every trial has before it may be stopped.
        seed: of the sampler.
    """

    kind: ClassVar[str] = "search"
    question: ClassVar[str] = "Which settings are best, and which of them matter?"

    space: tuple[Dimension, ...] = Field(min_length=1)
    trials: int = Field(default=20, ge=2)
    sampler: Literal["tpe", "random", "grid"] = "tpe"
    pruner: Literal["median", "hyperband", "none"] = "median"
    startup: int = Field(default=5, ge=1)
    patience_epochs: int = Field(default=2, ge=0)
    seed: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> SearchStudy:
        if len({dimension.field for dimension in self.space}) < len(self.space):
            raise ValueError("a field is in the space twice")
        return self

    @property
    def count(self) -> int:
        """Trials that are begun."""
        if self.sampler != "grid":
            return self.trials
        return min(self.trials, math.prod(len(dimension.grid()) for dimension in self.space))

    def first(self, base: Base, runs: Path) -> list[Cell]:
        """None are known beforehand; every field and its ends are tried on the recipe."""
        from hearfelt.training.recipe import check_recipe

        require("optuna", "train", "searching")
        for dimension in self.space:
            for value in {str(v): v for v in (dimension.grid()[0], dimension.grid()[-1])}.values():
                check_recipe(base.of(self._cell(0, {dimension.field: dimension.read(value)}), runs))
        return []

    def preview(self, base: Base, runs: Path) -> list[Cell]:
        """As many cells as there will be trials, for the estimate; all as the recipe is."""
        self.first(base, runs)
        return [self._cell(number, {}) for number in range(self.count)]

    def _cell(self, number: int, values: Mapping[str, Any]) -> Cell:
        shown = ", ".join(f"{key.split('.')[-1]} {short(value)}" for key, value in values.items())
        return Cell(
            f"trial_{number:04d}",
            f"{number}: {shown}" if shown else f"{number}",
            settings=settings_of(values),
            axes=dict(values),
        )

    def loop(self, folder: Folder, pool: Pool, tell: Tell, note: Note) -> None:
        """Ask, train, report every epoch, stop what is not worth it; what a kill left running goes on."""
        optuna: Any = require("optuna", "train", "searching")
        study = self._optuna(folder)
        state = optuna.trial.TrialState
        active: dict[str, ActiveTrial] = {}
        for frozen in study.get_trials(deepcopy=False):
            name = self._cell(frozen.number, {}).name
            if frozen.state == state.PRUNED:
                folder.pruned[name] = str(frozen.user_attrs.get("reason", ""))
            elif frozen.state == state.FAIL:
                folder.failed[name] = str(frozen.user_attrs.get("reason", ""))
            elif frozen.state == state.RUNNING:
                self._begin(folder, optuna.trial.Trial(study, frozen._trial_id), active, note)
        while True:
            self._fill(folder, pool, study, active, note)
            if not pool.jobs:
                return
            event = pool.wait()
            current = active[event.job.cell]
            if event.error:
                give_up(folder, event.job.cell, event.error, note)
                self._close(study, active, event.job.cell, state.FAIL, folder.failed[event.job.cell])
                continue
            stop = self._report(current, event.job, folder)
            if stop and not (event.finished and not current.jobs):
                where = f"stopped in fold {event.job.fold} after {current.epochs} epochs"
                pool.stop(event.job)
                folder.pruned[event.job.cell] = where
                note(f"Trial {current.cell.title}: {where}, {percent(current.value)} % validation UAR")
                self._close(study, active, event.job.cell, state.PRUNED, where)
            elif event.finished and not current.jobs:
                finish_cell(folder, event.job.cell, note)
                study.tell(current.trial, folder.validation(event.job.cell))
                del active[event.job.cell]
            elif event.finished:
                pool.start(current.next())
            else:
                current.share = event.done / max(1, event.total)
            over = len(folder.done()) + len(folder.failed) + len(folder.pruned)
            part = sum(one.progress for one in active.values())
            tell("trials", round(_SHARE * min(self.count, over + part)), _SHARE * self.count)

    def _fill(
        self, folder: Folder, pool: Pool, study: Any, active: dict[str, ActiveTrial], note: Note
    ) -> None:
        for current in active.values():
            if (
                pool.has_room()
                and current.jobs
                and not any(job.cell == current.cell.name for job in pool.jobs)
            ):
                pool.start(current.next())
        while pool.has_room() and len(study.get_trials(deepcopy=False, states=begun_states())) < self.count:
            trial = study.ask()
            if (begun := self._begin(folder, trial, active, note)) is not None:
                pool.start(begun.next())

    def _begin(
        self, folder: Folder, trial: Any, active: dict[str, ActiveTrial], note: Note
    ) -> ActiveTrial | None:
        """Make the run of a trial, or take up that of one that was killed; None where there is nothing to train."""
        cell = self._cell(trial.number, {d.field: d.suggest(trial) for d in self.space})
        if cell not in folder.cells:
            folder.cells.append(cell)
            write_plan(folder.path / "plan.json", folder.cells, folder.base, folder.runs)
        jobs = prepare_cell(folder, cell, note)
        if cell.name in folder.failed:
            trial.set_user_attr("reason", folder.failed[cell.name])
            trial.study.tell(trial, state=state_of("FAIL"))
            return None
        reported = set(trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values)
        every = folds_of(folder, cell)
        active[cell.name] = ActiveTrial(cell, trial, jobs, every, reported)
        if not jobs:  # killed between the last fold and its mark in the journal
            finish_cell(folder, cell.name, note)
            trial.study.tell(trial, folder.validation(cell.name))
            del active[cell.name]
        return active.get(cell.name)

    def _close(self, study: Any, active: dict[str, ActiveTrial], cell: str, state: Any, reason: str) -> None:
        current = active.pop(cell)
        current.trial.set_user_attr("reason", reason)
        study.tell(current.trial, state=state)

    def _report(self, current: ActiveTrial, job: Job, folder: Folder) -> bool:
        """Tell Optuna of epochs that are new; whether the trial is to be stopped."""
        path = job.place / "metrics.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        training = folder.base.of(current.cell, folder.runs).training
        epochs = training.epochs
        before = [best_value(one.place) for one in current.every if one.fold < job.fold and one.is_done()]
        best = -math.inf
        for number, line in enumerate(lines):
            if "validation_uar" not in line:
                if (number + 1) % training.validate_every:
                    continue
                raise HearfeltError(
                    "A search needs validation rows to choose by. Set protocol.validation_fraction above 0."
                )
            best = max(best, float(line["validation_uar"]))
            current.value = float(np.mean([*before, best]))
            place = [one.fold for one in current.every].index(job.fold) * epochs + number
            if place in current.reported:
                continue
            current.reported.add(place)
            current.epochs = number + 1
            current.trial.report(current.value, place)
            if place + 1 > self.patience_epochs and current.trial.should_prune():
                return True
        return False

    def _optuna(self, folder: Folder) -> Any:
        return open_journal(folder, self)

    def findings(self, folder: Folder, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Importances, values by epoch, and the chosen recipe, which is also written as a file."""
        study = self._optuna(folder)
        trials = [
            {
                "cell": f"trial_{trial.number:04d}",
                "values": {str(step): value for step, value in sorted(trial.intermediate_values.items())},
            }
            for trial in study.get_trials(deepcopy=False, states=begun_states())
        ]
        chosen = self.choose(folder)
        if chosen:
            write_atomically(folder.path / CHOSEN, self._recipe_text(folder, chosen[0]))
        spent = sum(entry["epochs"] for entry in cells)
        return {
            "importances": self._importances(study),
            "trials": trials,
            "pruned": sum(entry["state"] == "pruned" for entry in cells),
            "epochs": spent,
            "recipe": CHOSEN if chosen else "",
        }

    def _importances(self, study: Any) -> dict[str, float]:
        """Share of each field in what makes a trial good (PED-ANOVA, Watanabe et al. 2023); empty with few trials."""
        import warnings

        optuna: Any = require("optuna", "train", "searching")

        complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        if len(complete) < 4 or len({trial.value for trial in complete}) < 2 or len(self.space) < 2:
            return {}
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                found = optuna.importance.get_param_importances(study, evaluator=evaluator)
            except (ValueError, RuntimeError):
                return {}
        return {name: float(value) for name, value in found.items() if math.isfinite(value)}

    def _recipe_text(self, folder: Folder, name: str) -> str:
        from hearfelt.training._settings import apply_setting

        base, cell = folder.base, folder.cell(name)
        content = json.loads(json.dumps(dict(base.content), default=str))
        for text in (*base.settings, *cell.settings):
            apply_setting(content, text)
        content["name"] = f"{base.recipe.name}_chosen"
        comment = f"# Chosen by validation UAR of {len(folder.done())} trials of a search ({cell.name}).\n"
        return comment + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)

    def sections(self, folder: Path, results: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """History, importances, parallel coordinates, the chosen recipe."""
        extra, found = results["findings"], []
        done = [entry for entry in results["cells"] if entry["state"] == "done" and entry["validation"]]
        values = [(entry, entry["validation"]["uar"]["value"]) for entry in done]
        chosen = [entry["cell"] for entry in results["chosen"]]
        words = (
            f"{len(results['cells'])} trials, {extra['pruned']} stopped early, {extra['epochs']} epochs in all. Points "
            "are trials in the order of their beginning, the line is the best so far, crosses were stopped."
        )
        history = [
            (
                entry["name"],
                entry["validation"]["uar"]["value"]
                if entry["validation"]
                else last_value(extra, entry["name"]),
                entry["state"],
            )
            for entry in results["cells"]
        ]
        if done:
            figure = both(lambda dark: plot_history(history, dark=dark), words)
            found.append(("history", "The search", paragraph(words, "muted") + figure))
        if extra["importances"]:
            words = (
                "How much a field's values differ between the better trials and all of them (PED-ANOVA), as shares. "
                "With few trials this is a hint and no more."
            )
            figure = both(lambda dark: plot_importances(extra["importances"], dark=dark), words)
            found.append(("importances", "Which fields matter", paragraph(words, "muted") + figure))
        if len(done) > 1:
            words = (
                "Every line is a trial from its settings to its validation UAR; strong colours are better, the thick "
                "line was chosen."
            )
            figure = both(lambda dark: plot_parallel(self.space, values, chosen, dark=dark), words)
            found.append(("parallel", "Settings and figures together", paragraph(words, "muted") + figure))
        ranges = [
            [
                d.field,
                "one of " + ", ".join(map(str, d.choices))
                if d.choices
                else f"{d.low:g} to {d.high:g}{', logarithmic' if d.log else ''}",
            ]
            for d in self.space
        ]
        found.append(
            ("space", "What was varied", table("Fields", ["field", "values"], ranges, text_columns=2))
        )
        if extra["recipe"] and (folder / extra["recipe"]).exists():
            text = (folder / extra["recipe"]).read_text(encoding="utf-8")
            found.append(
                (
                    "recipe",
                    f"The chosen recipe ({extra['recipe']})",
                    f"<pre><code>{escape(text)}</code></pre>",
                )
            )
        return found
