"""The space of a search: a field of the recipe a dimension, as people write it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from hearfelt.errors import RecipeError
from hearfelt.studies._cells import setting

_GRID_POINTS = 5
_FORMS = "log:1e-4:1e-2, 0.1:0.6, 0.1:0.6:0.1 (with a step), 1:8 (whole numbers) or [adam, sgd]"


class Dimension(BaseModel):
    """One field: choices, or a range.

    Attributes:
        field: dotted name of the recipe's field.
        choices: its values; any YAML.
        low: of a range.
        high: of a range.
        step: of a range; on a logarithmic one there is none.
        log: draw orders of magnitude alike.
        whole: whole numbers only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    field: str
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    step: float | None = None
    log: bool = False
    whole: bool = False

    @model_validator(mode="after")
    def _check(self) -> Dimension:
        if self.choices:
            if self.low is not None or self.high is not None:
                raise ValueError(f"{self.field} has choices and a range; give one")
            if len({json.dumps(choice) for choice in self.choices}) < len(self.choices):
                raise ValueError(f"{self.field} has a choice twice")
            return self
        if self.low is None or self.high is None or not self.low < self.high:
            raise ValueError(f"{self.field} needs a low and a higher end, or choices")
        if self.log and self.low <= 0:
            raise ValueError(f"{self.field}: a logarithmic range begins above 0, got {self.low:g}")
        if self.step is not None and (self.log or self.step <= 0):
            raise ValueError(f"{self.field}: a step is above 0 and for ranges that are not logarithmic")
        return self

    def suggest(self, trial: Any) -> Any:
        """Let Optuna draw a value."""
        if self.choices:
            return json.loads(trial.suggest_categorical(self.field, [json.dumps(c) for c in self.choices]))
        low, high = float(self.low or 0), float(self.high or 0)
        if self.whole:
            return trial.suggest_int(self.field, int(low), int(high), step=int(self.step or 1), log=self.log)
        return trial.suggest_float(self.field, low, high, step=self.step, log=self.log)

    def grid(self) -> list[Any]:
        """Values of a grid, as Optuna holds them: all choices or steps, else five over the range."""
        if self.choices:
            return [json.dumps(choice) for choice in self.choices]
        low, high = float(self.low or 0), float(self.high or 0)
        if self.step is not None or self.whole:
            step = self.step or (1 if not self.log else 0)
            if step:
                count = math.floor((high - low) / step + 1e-9) + 1
                values = [low + step * number for number in range(count)]
                return [int(v) if self.whole else round(v, 10) for v in values]
        shares = [number / (_GRID_POINTS - 1) for number in range(_GRID_POINTS)]
        values = [
            math.exp(math.log(low) + share * (math.log(high) - math.log(low)))
            if self.log
            else low + share * (high - low)
            for share in shares
        ]
        values = [min(high, max(low, value)) for value in values]
        return sorted({round(v) for v in values}) if self.whole else values

    def read(self, value: Any) -> Any:
        """A value as Optuna holds it, as the recipe does."""
        return json.loads(value) if self.choices else value

    def middle(self) -> Any:
        """Some value, to try whether the field exists."""
        return self.read(self.grid()[0])


def parse_space(given: Mapping[str, Any]) -> tuple[Dimension, ...]:
    """Dimensions of a mapping field -> range or choices, as ``space.yaml`` holds it.

    Raises:
        RecipeError: no such form.

    >>> [dimension] = parse_space({"training.learning_rate": "log:1e-4:1e-2"})
    >>> dimension.low, dimension.high, dimension.log
    (0.0001, 0.01, True)
    >>> parse_space({"training.epochs": "5:20:5"})[0].grid()
    [5, 10, 15, 20]
    """
    if not given:
        raise RecipeError(f"A search needs a field to vary: --vary FIELD={_FORMS}.")
    return tuple(_dimension(field, value) for field, value in given.items())


def parse_vary(texts: list[str] | tuple[str, ...]) -> dict[str, Any]:
    """Field -> range or choices, from ``field=value`` texts of the command line.

    >>> parse_vary(["training.optimizer=[adam, sgd]", "model.options.dropout=0.1:0.6"])
    {'training.optimizer': ['adam', 'sgd'], 'model.options.dropout': '0.1:0.6'}
    """
    found: dict[str, Any] = {}
    for text in texts:
        field, equals, value = text.partition("=")
        if not equals or not field.strip() or not value.strip():
            raise RecipeError(f"--vary {text!r} is not of the form FIELD=VALUES, such as {_FORMS}.")
        if field.strip() in found:
            raise RecipeError(f"--vary names {field.strip()} twice.")
        try:
            found[field.strip()] = yaml.safe_load(value) if value.lstrip()[0] in "[{" else value.strip()
        except yaml.YAMLError as error:
            raise RecipeError(f"--vary {text!r} is not YAML: {' '.join(str(error).split())}") from error
    return found


def _dimension(field: str, value: Any) -> Dimension:
    try:
        if isinstance(value, list | tuple):
            return Dimension(field=field, choices=tuple(value))
        if isinstance(value, Mapping):
            content = {
                key: _number(value[key]) if key in ("low", "high", "step") else value[key] for key in value
            }
            whole = all(isinstance(content.get(key), int) for key in ("low", "high"))
            return Dimension(**{"field": field, "whole": whole, **content})
        parts = str(value).split(":")
        log = parts[0] == "log"
        numbers = parts[1:] if log else parts
        if len(numbers) not in ((2,) if log else (2, 3)):
            raise ValueError(f"{field} is {value!r}; expected {_FORMS}")
        whole = all(re.fullmatch(r"[+-]?\d+", number) for number in numbers)
        low, high, *step = (float(number) for number in numbers)
        return Dimension(
            field=field, low=low, high=high, step=step[0] if step else None, log=log, whole=whole
        )
    except (ValueError, TypeError) as error:
        message = (
            "; ".join(item["msg"] for item in error.errors()) if hasattr(error, "errors") else str(error)
        )
        raise RecipeError(f"The space is wrong: {message.removeprefix('Value error, ')}.") from error


def _number(value: Any) -> Any:
    """YAML reads 1e-4 as text."""
    return float(value) if isinstance(value, str) else value


def settings_of(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Settings of a recipe that make these values."""
    return tuple(setting(field, value) for field, value in values.items())
