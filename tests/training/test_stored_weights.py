"""Weights in fewer bits: what comes back is what `rounded` said, however the exporter turned or joined it."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from hearfelt.training import stored_weights
from hearfelt.training.stored_weights import rounded, store, widened


@pytest.fixture(autouse=True)
def _nothing_is_small(monkeypatch) -> None:
    monkeypatch.setattr(stored_weights, "SMALL", 0)


def weights(generator, *shape: int) -> torch.Tensor:
    """Rows of very different size, one of them zero."""
    size = generator.uniform(1e-6, 30.0, (shape[0], *[1] * (len(shape) - 1)))
    size[0] = 0
    return torch.from_numpy((generator.standard_normal(shape) * size).astype(np.float32))


def graph(values: np.ndarray) -> onnx.ModelProto:
    node = helper.make_node("Add", ["x", "w"], ["y"])
    face = [helper.make_tensor_value_info(name, TensorProto.FLOAT, values.shape) for name in "xy"]
    made = helper.make_graph([node], "g", face[:1], face[1:], [numpy_helper.from_array(values, "w")])
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def stored(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


@pytest.mark.parametrize("shape", [(7, 5), (6, 4, 3, 3), (12, 1, 5)])
@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_what_was_rounded_comes_back_exactly(generator, shape, precision) -> None:
    values = rounded(weights(generator, *shape), precision).numpy()
    joined = [np.stack([values, values[::-1]])] if values.ndim == 2 else []  # as recurrent layers are
    for turned in (values, np.ascontiguousarray(values.T), *joined):
        model = graph(turned)
        store(model, precision)
        onnx.checker.check_model(model)
        kept = stored(model)
        assert {"float16": "w.half", "int8": "w.integers"}[precision] in kept and "w" not in kept
        np.testing.assert_array_equal(widened(kept)["w"], turned)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        np.testing.assert_array_equal(session.run(None, {"x": np.zeros_like(turned)})[0], turned)


def test_integers_err_by_half_a_step_of_their_row(generator) -> None:
    values = weights(generator, 9, 4, 3)
    step = values.abs().amax(dim=(1, 2), keepdim=True) / 127
    found = rounded(values, "int8")
    assert bool(((found - values).abs() <= 0.51 * step + 1e-12).all())
    assert bool((found[1:] != values[1:]).any())
    torch.testing.assert_close(rounded(found, "int8"), found, rtol=0, atol=0)


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
def test_biases_counters_and_what_was_not_rounded_stay(generator, precision) -> None:
    bias, counter = torch.rand(5), torch.tensor([[3]])
    assert rounded(bias, precision) is bias and rounded(counter, precision) is counter
    values = weights(generator, 7, 5).numpy()
    model = graph(values)
    store(model, precision)
    assert list(stored(model)) == ["w"] and len(model.graph.node) == 1
    np.testing.assert_array_equal(stored(model)["w"], values)


def test_names_that_only_look_like_stored_weights_pass() -> None:
    plain = {"layer.scale": np.ones(3, np.float32), "layer.bias": np.zeros(3, np.float32)}
    assert widened(plain) == plain


def test_what_is_small_has_16_bits_beside_8(generator, monkeypatch) -> None:
    values = weights(generator, 7, 5)
    monkeypatch.setattr(stored_weights, "SMALL", 36)
    found = rounded(values, "int8")
    torch.testing.assert_close(found, values.half().float(), rtol=0, atol=0)
    model = graph(found.numpy())
    store(model, "int8")
    assert list(stored(model)) == ["w.half"]
    np.testing.assert_array_equal(widened(stored(model))["w"], found.numpy())
