"""What is wrong with a recipe, in plain words."""

from __future__ import annotations

import difflib
import re
import reprlib
from collections.abc import Iterable
from typing import Any, get_args

from pydantic import BaseModel

from hearfelt.errors import UnknownNameError
from hearfelt.features._registry import get_front_end, list_front_ends


def explain(item: Any, schema: type[BaseModel]) -> str:
    """One of pydantic's errors on a recipe in plain words; unknown keys name the nearest."""
    loc, front_end = item["loc"], item["loc"][:1] == ("front_end",) and len(item["loc"]) > 1
    if front_end:
        loc = loc[:1] + loc[2:]  # its name is a step that no recipe has
    # a choice of types adds steps of its own, such as dict[str,float]
    if item["type"] == "extra_forbidden":
        known = (
            list(get_front_end(item["loc"][1]).model_fields) if front_end else _fields_at(loc[:-1], schema)
        )
        return unknown("key", ".".join(map(str, loc)), known)
    if item["type"] == "union_tag_invalid" and loc == ("front_end",):
        return f"{loc[0]}: {UnknownNameError('front end', item['ctx']['tag'], list_front_ends())}"
    location = ".".join(str(step) for step in loc if re.fullmatch(r"[\w -]+", str(step)))
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "missing":
        return f"the key {location} is missing"
    message = _PLAINLY.get(item["type"], message)
    got = "" if item["type"] == "value_error" else f", got {_SHORT.repr(item['input'])}"
    return f"{location}: {message}{got}" if location else message


#: pydantic speaks of Python, recipes are YAML.
_PLAINLY = {
    "tuple_type": "should be a list",
    "dict_type": "should be keys and values",
    "model_type": "should be keys and values",
    "model_attributes_type": "should be keys and values",
    "union_tag_not_found": "should be keys and values",
}
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_SHORT.maxlist = 3


def unknown(kind: str, location: str, known: Iterable[str]) -> str:
    """A sentence on a name that is not there, with the nearest that are."""
    names = sorted(known)
    near = difflib.get_close_matches(location.split(".")[-1], names, n=2, cutoff=0.5)
    hint = f", did you mean {' or '.join(near)}?" if near else ""
    return f"there is no {kind} {location}{hint} (known: {', '.join(names)})"


def _fields_at(location: tuple[Any, ...], schema: type[BaseModel]) -> list[str]:
    kind: Any = schema
    for step in location:
        field = getattr(kind, "model_fields", {}).get(step)
        if field is None:
            return []
        kinds = [field.annotation, *get_args(field.annotation)]
        kind = next((k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)), None)
    return list(getattr(kind, "model_fields", {}))
