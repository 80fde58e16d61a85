"""Which augmentation helps: every kind at every level, their combinations, and a choice by validation alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from hearfelt.augment._registry import create_augmentation
from hearfelt.errors import RecipeError
from hearfelt.evaluation._figures import both, percent, signed
from hearfelt.evaluation._html import paragraph, table
from hearfelt.studies._cells import Base, Cell, setting
from hearfelt.studies._pictures import plot_curves, plot_ranking
from hearfelt.studies._report import point, verdict
from hearfelt.studies._study import Folder, Study

#: What a number means for a kind: the options of the augmentation and how people write it.
LEVELS: Mapping[str, tuple[str, str, str, str]] = {
    "noise": ("{} dB", "min_snr_db", "max_snr_db", "same"),
    "pitch": ("±{} semitones", "min_semitones", "max_semitones", "around zero"),
    "speed": ("±{} %", "min_factor", "max_factor", "around one"),
    "tempo": ("±{} %", "min_factor", "max_factor", "around one"),
    "gain": ("±{} dB", "min_gain_db", "max_gain_db", "around zero"),
    "frequency_warp": ("±{} %", "min_factor", "max_factor", "around one"),
}
#: The kinds of the song and speech project, three levels each from mild to strong.
DEFAULT: Mapping[str, tuple[float, ...]] = {"noise": (30, 20, 10), "pitch": (1, 2, 4), "speed": (5, 10, 20)}
NONE = "none"


class AugmentationStudy(Study):
    """Options of ``hearfelt study augmentation``.

    Attributes:
        levels: augmentation -> its levels, from mild to strong; for kinds beyond `LEVELS` options as keys and values.
        probability: that a clip is changed, each time it is heard.
        combinations: ``all`` sets of the best levels (with three kinds: four sets), ``greedy`` only those on the way,
            or ``none``.
    """

    kind: ClassVar[str] = "augmentation"
    question: ClassVar[str] = "Which augmentation helps, at which level, and together with which other?"

    levels: dict[str, tuple[Any, ...]] = Field(default_factory=lambda: dict(DEFAULT))
    probability: float = Field(default=0.5, gt=0, le=1)
    combinations: str = Field(default="all", pattern="^(all|greedy|none)$")

    @field_validator("levels")
    @classmethod
    def _check(cls, value: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        if not value or any(not levels for levels in value.values()):
            raise ValueError("give each augmentation one level at least")
        for kind, levels in value.items():
            for level in levels:
                try:
                    create_augmentation(step(kind, level, 0.5))
                except RecipeError as error:
                    raise ValueError(str(error)) from error
        return value

    def first(self, base: Base, runs: Path) -> list[Cell]:
        """Nothing, and every kind at every level alone."""
        del base, runs
        return [
            Cell(NONE, "no augmentation", settings=("augmentation=[]",), axes={"kinds": [], "levels": []}),
            *(
                self._cell(((kind, number),))
                for kind, levels in self.levels.items()
                for number in range(len(levels))
            ),
        ]

    def preview(self, base: Base, runs: Path) -> list[Cell]:
        """Also the combinations, which will be of other levels; of the greedy way as many as it tries at most."""
        found, size = self.first(base, runs), len(self.levels)
        if self.combinations == "none" or size < 2:
            return found
        whole = self._cell([(kind, 0) for kind in self.levels])
        count = 2**size - size - 1 if self.combinations == "all" and size <= 4 else size * (size - 1) // 2
        return [*found, *(replace(whole, name=f"set_{number}") for number in range(count))]

    def _cell(self, chosen: Sequence[tuple[str, int]]) -> Cell:
        steps = [step(kind, self.levels[kind][number], self.probability) for kind, number in chosen]
        names = [level_name(kind, self.levels[kind][number]) for kind, number in chosen]
        return Cell(
            name="-".join(f"{kind}_{number + 1}" for kind, number in chosen),
            title=" + ".join(f"{kind} {name}".strip() for (kind, _), name in zip(chosen, names, strict=True)),
            settings=(setting("augmentation", steps),),
            axes={
                "kinds": [kind for kind, _ in chosen],
                "levels": [number for _, number in chosen],
                "names": names,
            },
            baseline=NONE,
        )

    def more(self, folder: Folder) -> list[Cell]:
        """Combinations of each kind's best level: all of them, or those that the greedy way tries next."""
        best = self._best_levels(folder)
        if len(best) < 2 or self.combinations == "none":
            return []
        known = {cell.name for cell in folder.cells}
        if self.combinations == "all" and len(best) <= 4:
            sets = [
                members for size in range(2, len(best) + 1) for members in combinations(best.items(), size)
            ]
        else:
            way = self._way(folder)
            taken = set(way[-1]["kinds"])
            sets = [
                tuple((kind, level) for kind, level in best.items() if kind in taken | {other})
                for other in best
                if taken and other not in taken
            ]
        return [cell for cell in map(self._cell, sets) if cell.name not in known]

    def _best_levels(self, folder: Folder) -> dict[str, int]:
        """Kind -> its best level alone, by validation; in the order of the options."""
        best: dict[str, tuple[float, int]] = {}
        for cell in folder.done():
            if len(cell.axes["kinds"]) == 1:
                kind, value = cell.axes["kinds"][0], folder.validation(cell.name)
                if kind not in best or value > best[kind][0]:
                    best[kind] = (value, cell.axes["levels"][0])
        return {kind: best[kind][1] for kind in self.levels if kind in best}

    def _way(self, folder: Folder) -> list[dict[str, Any]]:
        """The greedy way: from nothing, each time the kind that raises the validation UAR most, as long as one does."""
        best = self._best_levels(folder)
        done = {cell.name for cell in folder.done()}
        if NONE not in done:
            return [{"cell": NONE, "kinds": [], "validation": None}]
        way: list[dict[str, Any]] = [{"cell": NONE, "kinds": [], "validation": folder.validation(NONE)}]
        while True:
            taken = set(way[-1]["kinds"])
            tried = []
            for other in best:
                if other not in taken:
                    cell = self._cell([(k, n) for k, n in best.items() if k in taken | {other}])
                    if cell.name in done:
                        tried.append((folder.validation(cell.name), cell))
            if not tried:
                return way
            value, cell = max(tried, key=lambda pair: pair[0])
            if value <= way[-1]["validation"]:
                return way
            way.append({"cell": cell.name, "kinds": list(cell.axes["kinds"]), "validation": value})

    def choose(self, folder: Folder) -> list[str]:
        """Where the greedy way ends."""
        return [self._way(folder)[-1]["cell"]] if folder.done() else []

    def findings(self, folder: Folder, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The greedy way, step by step."""
        del cells
        return {"way": self._way(folder)}

    def sections(self, folder: Path, results: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Curves over the level, differences with intervals, the greedy way."""
        del folder
        cells = {entry["name"]: entry for entry in results["cells"] if entry["test"] is not None}
        if NONE not in cells:
            return []
        series = {}
        for kind in self.levels:
            of_kind = [entry for entry in cells.values() if entry["axes"]["kinds"] == [kind]]
            points = [
                drawn
                for entry in of_kind
                if (drawn := point(entry, "test", entry["axes"]["names"][0] or "on"))
            ]
            if points:
                series[kind] = points
        baseline = point(cells[NONE])
        others = [entry for name, entry in cells.items() if name != NONE and entry["difference"]["test"]]
        ranked = sorted(others, key=lambda entry: -entry["difference"]["test"]["value"])
        sentences = [
            verdict(entry["difference"]["test"], entry["title"], "no augmentation") for entry in ranked
        ]
        found = []
        if series:
            words = "UAR on the test over the level of each augmentation alone; the band is no augmentation."
            curves = both(lambda dark: plot_curves(series, baseline=baseline, dark=dark), words)
            found.append(("levels", "UAR over level", paragraph(words, "muted") + curves))
        if ranked:
            bars = [_difference(entry) for entry in ranked]
            words = "Difference of UAR to no augmentation on the same test clips, with paired 95 % intervals."
            ranking = both(lambda dark: plot_ranking(bars, zero=True, label="UAR", dark=dark), words)
            items = "".join(paragraph(sentence) for sentence in sentences[:3])
            found.append(("ranked", "What helps", paragraph(words, "muted") + items + ranking))
        rows = [
            [
                cells[entry["cell"]]["title"] if entry["cell"] in cells else entry["cell"],
                percent(entry["validation"]),
                signed(cells[entry["cell"]]["difference"]["validation"]) if entry["cell"] in cells else None,
            ]
            for entry in results["findings"]["way"]
        ]
        words = (
            "From nothing on, each time the augmentation at its best level that raises the validation UAR most is "
            "added, until none does."
        )
        greedy = table("The greedy way, in percent", ["set", "validation UAR", "against none"], rows)
        found.append(("way", "How the set was chosen", paragraph(words, "muted") + greedy))
        return found


def _difference(entry: Mapping[str, Any]) -> Any:
    from hearfelt.studies._pictures import Point

    given = entry["difference"]["test"]
    return Point(entry["title"], given["value"], given["low"], given["high"])


def step(kind: str, level: Any, probability: float) -> dict[str, Any]:
    """An augmentation at a level, as a recipe holds it.

    >>> step("speed", 10, 0.5)
    {'name': 'speed', 'probability': 0.5, 'min_factor': 0.9, 'max_factor': 1.1}

    Raises:
        RecipeError: a number for a kind that has no levels.
    """
    chosen: dict[str, Any] = {"name": kind, "probability": probability}
    if isinstance(level, Mapping):
        return {**chosen, **level}
    create_augmentation(kind)  # an unknown name is the first thing to say
    if kind not in LEVELS or not isinstance(level, int | float):
        raise RecipeError(
            f"The augmentation {kind!r} has no numbered levels; of {', '.join(LEVELS)} there are. Give its options "
            "instead, such as {min_width: 4}, or {} for its defaults."
        )
    _, low, high, form = LEVELS[kind]
    ends = {
        "same": (level, level),
        "around zero": (-level, level),
        "around one": (round(1 - level / 100, 6), round(1 + level / 100, 6)),
    }[form]
    return {**chosen, low: ends[0], high: ends[1]}


def level_name(kind: str, level: Any) -> str:
    """How people write a level.

    >>> level_name("noise", 20), level_name("reverb", {"probability": 0.2})
    ('20 dB', 'probability 0.2')
    """
    if isinstance(level, Mapping):
        return ", ".join(f"{key} {value}" for key, value in level.items())
    return LEVELS[kind][0].format(level)
