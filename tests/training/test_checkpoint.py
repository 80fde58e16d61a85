"""What goes into a checkpoint comes out of it, and nothing else does."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import load

from hearfelt.errors import HearfeltError, RecipeError
from hearfelt.training.checkpoint import SafetensorsIO, load_checkpoint, save_checkpoint

DTYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool)


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    values = torch.randn(shape, generator=torch.Generator().manual_seed(draw(st.integers(0, 99)))) * 50
    tensor = values.abs().to(draw(st.sampled_from(DTYPES)))
    return tensor.transpose(0, 1) if tensor.ndim > 1 and draw(st.booleans()) else tensor


keys = st.one_of(
    st.text(max_size=5), st.integers(), st.booleans(), st.none(), st.tuples(st.integers(), st.text())
)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), tensors())
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(keys, inner, max_size=4),
        st.fixed_dictionaries({"tensor": inner, "items": inner, "tuple": inner}),  # our own marks as keys
    ),
    max_leaves=12,
)


def same(a: Any, b: Any) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@given(value=values)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_nesting_comes_back(tmp_path: Path, value: Any) -> None:
    save_checkpoint(tmp_path / "c.safetensors", value)
    assert same(load_checkpoint(tmp_path / "c.safetensors"), value)


def test_what_is_no_number_comes_back(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", [float("nan"), float("inf"), torch.tensor(float("nan"))])
    first, second, third = load_checkpoint(tmp_path / "c")
    assert first != first and second == float("inf") and third.isnan()


def test_the_state_of_an_optimizer_comes_back(tmp_path: Path) -> None:
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    state = optimizer.state_dict()
    save_checkpoint(tmp_path / "c", {"optimizer": state})
    assert same(load_checkpoint(tmp_path / "c"), {"optimizer": state})


def test_tensors_are_copies(tmp_path: Path) -> None:
    weights = torch.zeros(3, requires_grad=True)
    save_checkpoint(tmp_path / "c", {"a": weights, "b": weights})  # safetensors refuses shared memory
    back = load_checkpoint(tmp_path / "c")
    back["a"] += 1
    assert back["b"].tolist() == [0, 0, 0] and not back["a"].requires_grad


class Stranger:
    pass


@pytest.mark.parametrize(
    "value",
    [Stranger(), {"deep": [Stranger()]}, b"bytes", {1, 2}, len, torch.zeros(2).to_sparse(),
     torch.zeros(2, dtype=torch.complex128)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_other_objects_are_refused_and_nothing_is_written(tmp_path: Path, value: Any) -> None:
    save_checkpoint(tmp_path / "c", "before")
    with pytest.raises(TypeError, match="a checkpoint"):
        save_checkpoint(tmp_path / "c", value)
    assert load_checkpoint(tmp_path / "c") == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


VALUE = {
    "weights": {"a": torch.arange(40.0), "b": torch.ones(3, dtype=torch.int64)},
    "epoch": 3,
    "pair": (1, 2),
}


def test_every_truncation_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, VALUE)
    whole = path.read_bytes()
    for size in {0, 1, 7, 8, 9, 50, *range(0, len(whole), 37), len(whole) - 1}:
        path.write_bytes(whole[:size])
        with pytest.raises(RecipeError, match=r"c\.safetensors is missing or damaged"):
            load_checkpoint(path)


def test_every_flipped_byte_is_noticed_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, VALUE)
    whole = path.read_bytes()
    noticed, places = 0, range(0, len(whole), 2)
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        try:
            assert same(load_checkpoint(path), VALUE), place
        except RecipeError:
            noticed += 1
    assert noticed > 0.9 * len(places)


def test_what_is_no_checkpoint_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("weights")
    (tmp_path / "pickle").write_bytes(pickle.dumps({"weights": 1}))
    for name in ("text", "pickle", "none", "."):
        with pytest.raises(RecipeError, match="missing or damaged"):
            load_checkpoint(tmp_path / name)


def test_a_checkpoint_of_another_program_is_one_sentence(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"weight": torch.ones(2)}, tmp_path / "c")
    with pytest.raises(RecipeError, match="damaged"):
        load_checkpoint(tmp_path / "c")
    for state in (
        '{"tensor": "9"}',
        '{"tensor": [1]}',
        '{"items": 3}',
        '{"items": [[[], 1]]}',
        "{}",
        "nonsense",
    ):
        save_file({"0": torch.ones(2)}, tmp_path / "c", metadata={"state": state})
        with pytest.raises(RecipeError, match="damaged"):
            load_checkpoint(tmp_path / "c")


def test_it_is_safetensors_and_json_and_no_pickle(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, VALUE)
    assert torch.equal(load(path.read_bytes())["0"], VALUE["weights"]["a"])  # type: ignore[index]
    with safe_open(path, framework="pt") as file:
        state = json.loads(file.metadata()["state"])
    assert state["items"][1] == ["epoch", 3]
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(path.read_bytes())  # noqa: S301 - that it cannot be is the point


def test_an_interrupted_save_leaves_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, {"epoch": 1})

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fail)
        with pytest.raises(HearfeltError, match="No space left"):
            save_checkpoint(path, {"epoch": 2})
    assert load_checkpoint(path) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_lightning_saves_and_removes_through_it(tmp_path: Path) -> None:
    io, path = SafetensorsIO(), tmp_path / "deep" / "last.safetensors"
    io.save_checkpoint({"epoch": 3, "state_dict": {"w": torch.ones(2)}}, path)
    assert io.load_checkpoint(path)["epoch"] == 3
    io.remove_checkpoint(path)
    io.remove_checkpoint(path)  # a second time is no mistake
    assert not path.exists()


def test_big_numbers_come_back(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c", [2**200, -sys.maxsize, 5e-324, 0.1 + 0.2])
    assert load_checkpoint(tmp_path / "c") == [2**200, -sys.maxsize, 5e-324, 0.1 + 0.2]
