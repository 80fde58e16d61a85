"""LSTM and GRU networks hear what torch's own layers hear, whatever pads a row."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from hearfelt.errors import RecipeError
from hearfelt.models._masked import MaskedBatchNorm, MaskedGroupNorm
from hearfelt.models._recurrent import Cell, Recurrent, RecurrentOptions, stack_frames
from hearfelt.models._registry import create_model

FRAMES = (9, 5, 1)


def torchs_own(ours: Recurrent, cell: Cell, inputs: int, options: RecurrentOptions) -> nn.Module:
    """torch's bidirectional layers with our weights."""
    layers = options.layers
    theirs = (nn.LSTM if cell == "lstm" else nn.GRU)(
        inputs, options.width, layers, batch_first=True, bidirectional=options.bidirectional
    )
    weights = {}
    for number in range(layers):
        ways = [("", ours.ahead)] + ([("_reverse", ours.back)] if options.bidirectional else [])
        for suffix, side in ways:
            for name, value in side[number].state_dict().items():
                weights[name.removesuffix("_l0") + f"_l{number}{suffix}"] = value
    theirs.load_state_dict(weights)
    return theirs


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_padded_rows_are_heard_as_torch_hears_each_alone(cell: Cell, bidirectional: bool) -> None:
    torch.manual_seed(0)
    options = RecurrentOptions(width=4, layers=2, bidirectional=bidirectional, dropout=0)
    ours = Recurrent(cell, 3, options)
    theirs = torchs_own(ours, cell, 3, options)
    batch = torch.full((len(FRAMES), 3, max(FRAMES)), 7.0)  # what pads a row must not matter
    rows = [torch.randn(3, count) for count in FRAMES]
    for place, row in zip(batch, rows, strict=True):
        place[:, : row.shape[1]] = row
    with torch.no_grad():
        given = ours(batch, torch.tensor(FRAMES))
        for heard, row in zip(given, rows, strict=True):
            expected = theirs(row.T[None])[0][0].T
            assert torch.allclose(heard[:, : row.shape[1]], expected, atol=1e-6)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_last_state_is_torchs_last_state(bidirectional: bool) -> None:
    torch.manual_seed(0)
    options = {"width": 4, "layers": 1, "bidirectional": bidirectional, "pooling": "last", "stack": 1}
    model = create_model("gru", class_count=2, mel_count=3, options=options).eval()
    settings = RecurrentOptions(width=4, layers=1, bidirectional=bidirectional)
    theirs = torchs_own(model.head.recurrent, "gru", 3, settings)
    row = torch.randn(1, 3, 6)
    padded = torch.cat([row, torch.randn(1, 3, 4)], dim=2)
    with torch.no_grad():
        last = theirs(row.transpose(1, 2))[1].transpose(0, 1).flatten(1)
        assert torch.allclose(model(padded, torch.tensor([6])), model.head.output(last), atol=1e-6)


def test_frames_are_joined_in_order_and_the_last_step_is_filled_up() -> None:
    x = torch.arange(10.0).reshape(1, 2, 5)
    stacked, lengths = stack_frames(x, torch.tensor([5]), 2)
    assert stacked[0].T.tolist() == [[0, 5, 1, 6], [2, 7, 3, 8], [4, 9, 0, 0]]
    assert lengths.tolist() == [3]


def test_an_lstm_begins_by_remembering() -> None:
    model = create_model("lstm", class_count=2, mel_count=8, options={"width": 5})
    bias = model.head.recurrent.ahead[0].bias_ih_l0
    assert bias[5:10].tolist() == [1.0] * 5
    assert bias.sum() == 5


@pytest.mark.parametrize(("name", "weights"), [("lstm", 0.4e6), ("gru", 0.3e6)])
def test_they_are_as_large_as_they_say(name: str, weights: float) -> None:
    model = create_model(name, class_count=8, mel_count=64)
    assert sum(parameter.numel() for parameter in model.parameters()) == pytest.approx(weights, rel=0.05)


def test_training_in_16_bits_gives_32_bit_answers() -> None:
    for name in ("lstm", "gru"):
        model = create_model(name, class_count=2, mel_count=8, options={"width": 4})
        with torch.autocast("cpu", torch.bfloat16):
            pooled = model.head.recurrent(torch.randn(2, 16, 7), torch.tensor([7, 3]))
        assert pooled.dtype == torch.float32
        pooled.sum().backward()


def test_wrong_options_are_one_sentence() -> None:
    with pytest.raises(RecipeError, match=r"gru.*pooling: Input should be 'attention', 'mean' or 'last'"):
        create_model("gru", class_count=2, mel_count=8, options={"pooling": "max"})


def test_batch_norm_learns_from_valid_frames_alone() -> None:
    ours, theirs = MaskedBatchNorm(3), nn.BatchNorm1d(3)
    x = torch.randn(2, 3, 5, 8) * 2 + 1
    mask = torch.ones(2, 8)
    mask[1, 3:] = 0
    x[1, :, :, 3:] = 100.0
    given = ours(x, mask)
    frames = torch.cat([x[0].transpose(0, 2).flatten(0, 1), x[1, :, :, :3].transpose(0, 2).flatten(0, 1)])
    expected = theirs(frames)
    assert torch.allclose(given[0].transpose(0, 2).flatten(0, 1), expected[:40], atol=1e-5)
    assert torch.equal(given[1, :, :, 3:], torch.zeros(3, 5, 5))
    assert torch.allclose(ours.running_mean, theirs.running_mean, atol=1e-6)
    assert torch.allclose(ours.running_var, theirs.running_var, atol=1e-5)
    assert torch.equal(ours.eval()(x, mask)[1, :, :, 3:], torch.zeros(3, 5, 5))


def test_group_norm_is_torchs_of_each_row_alone() -> None:
    ours, theirs = MaskedGroupNorm(8, 4), nn.GroupNorm(4, 8)
    x = torch.randn(2, 8, 6)
    given = ours(x, torch.tensor([[1.0] * 6, [1.0] * 2 + [0.0] * 4]))
    assert torch.allclose(given[:1], theirs(x[:1]), atol=1e-5)
    assert torch.allclose(given[1:, :, :2], theirs(x[1:, :, :2]), atol=1e-5)
    assert torch.equal(given[1, :, 2:], torch.zeros(8, 4))
