"""What every registered architecture promises; a new model is tried by being there."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import onnxruntime
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from hearfelt.errors import RecipeError, UnknownNameError
from hearfelt.models._registry import ModelConfig, create_model, get_model, list_models

NAMES = list_models()
BANDS = 66  # also three pictures of 22


def variants(name: str) -> list[dict[str, Any]]:
    """Options that change how a model takes clips: coloured pictures, and every way of pooling."""
    fields = get_model(name).config.model_fields
    found: list[dict[str, Any]] = [{}]
    if "input_channels" in fields:
        found.append({"input_channels": 3})
    if "pooling" in fields:
        usual = fields["pooling"].default
        found += [{"pooling": way} for way in get_args(fields["pooling"].annotation) if way != usual]
    return found


CASES = [
    pytest.param(name, options, id="-".join([name, *map(str, options.values())]))
    for name in NAMES
    for options in variants(name)
]


def make(
    name: str, options: dict[str, Any] | None = None, class_count: int = 4, mel_count: int = BANDS
) -> nn.Module:
    torch.manual_seed(0)
    return create_model(name, class_count=class_count, mel_count=mel_count, options=options)


def lived_in(model: nn.Module) -> nn.Module:
    """As after some training: running statistics that are not those of a fresh network."""
    model.train()
    with torch.no_grad():
        for _ in range(3):
            model(torch.randn(6, BANDS, 150) * 2 + 0.5, torch.tensor([150, 140, 130, 120, 110, 100]))
    return model.eval()


def clips(*frames: int) -> tuple[Tensor, Tensor]:
    features = torch.zeros(len(frames), BANDS, max(frames))  # as the front end leaves padding
    for row, count in zip(features, frames, strict=True):
        row[:, :count] = torch.randn(BANDS, count, generator=torch.Generator().manual_seed(count))
    return features, torch.tensor(frames)


def test_names_are_found() -> None:
    assert {"four_block", "residual_attention"} <= set(NAMES)
    assert list_models("four*") == ["four_block"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("class_count", "mel_count"), [(2, 40), (8, 64), (9, 128)])
def test_any_classes_any_bands(name: str, class_count: int, mel_count: int) -> None:
    model = make(name, {}, class_count, mel_count).eval()
    logits = model(torch.randn(2, mel_count, 120), torch.tensor([120, 90]))
    assert logits.shape == (2, class_count)
    assert logits.isfinite().all()


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("frames", [1, 2, 7, 33, 500])
def test_any_length(name: str, options: dict[str, Any], frames: int) -> None:
    logits = lived_in(make(name, options))(*clips(frames))
    assert logits.shape == (1, 4)
    assert logits.isfinite().all()


@pytest.mark.parametrize(("name", "options"), CASES)
def test_rows_do_not_see_each_other_nor_the_padding(name: str, options: dict[str, Any]) -> None:
    model = lived_in(make(name, options))
    with torch.no_grad():
        together = model(*clips(150, 149, 97, 40, 3))
        alone = torch.cat([model(*clips(count)) for count in (150, 149, 97, 40, 3)])
    assert torch.allclose(together, alone, atol=1e-4)
    assert together.std(0).max() > 1e-5  # and they are not one constant answer


@pytest.mark.parametrize(("name", "options"), CASES)
def test_every_weight_learns(name: str, options: dict[str, Any]) -> None:
    model = make(name, options).train()
    # one long clip: of 150 frames ds_cnn leaves one, and over one frame attention has nothing to learn
    nn.functional.cross_entropy(model(*clips(300, 120, 100, 90)), torch.tensor([0, 1, 2, 3])).backward()
    for place, parameter in model.named_parameters():
        assert parameter.grad is not None, place
        assert parameter.grad.isfinite().all(), place
        assert parameter.grad.abs().sum() > 0 or place.endswith("bias"), place


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_what_can_be_learnt(name: str) -> None:
    features, lengths = clips(*[100 + number for number in range(8)])
    features[:4, : BANDS // 2] += 1.0
    features[4:, BANDS // 2 :] += 1.0
    truth = torch.tensor([0] * 4 + [1] * 4)
    model = make(name).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses: list[float] = []
    while len(losses) < 60 and min(losses, default=1.0) > 0.45 * max(losses[:1], default=1.0):
        loss = nn.functional.cross_entropy(model(features, lengths), truth)
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] <= 0.45 * losses[0]  # small ones without norms need more steps than others


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_the_weights(name: str) -> None:
    first, again = make(name).state_dict(), make(name).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)


@pytest.mark.parametrize("name", NAMES)
def test_weights_survive_their_file(name: str, tmp_path: Path) -> None:
    model = lived_in(make(name))
    save_file(
        {key: value.contiguous() for key, value in model.state_dict().items()},
        tmp_path / "weights.safetensors",
    )
    torch.manual_seed(99)
    fresh = create_model(name, class_count=4, mel_count=BANDS)
    fresh.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    with torch.no_grad():
        assert torch.equal(fresh.eval()(*clips(80, 50)), model(*clips(80, 50)))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "options"), CASES)
def test_onnx_equals_torch_at_other_lengths_and_batches(
    name: str, options: dict[str, Any], tmp_path: Path
) -> None:
    model = lived_in(make(name, options))
    torch.onnx.export(
        model,
        clips(120, 100),
        str(tmp_path / "model.onnx"),
        input_names=["features", "lengths"],
        output_names=["logits"],
        dynamic_axes={"features": {0: "batch", 2: "frames"}, "lengths": {0: "batch"}, "logits": {0: "batch"}},
        dynamo=False,
    )
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    for frames in ((77,), (201, 5, 64), (1, 2)):
        features, lengths = clips(*frames)
        (logits,) = session.run(None, {"features": features.numpy(), "lengths": lengths.numpy()})
        with torch.no_grad():
            assert torch.allclose(torch.from_numpy(logits), model(features, lengths), atol=1e-4), frames


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_is(name: str) -> None:
    entry = get_model(name)
    assert entry.summary
    assert issubclass(entry.config, ModelConfig)
    documented = entry.config.__doc__ or ""
    assert all(f"{option}:" in documented for option in entry.config.model_fields)


def test_unknown_names_and_options_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="'four_block'"):
        create_model("four_blok", class_count=2, mel_count=64)
    with pytest.raises(RecipeError, match=r"four_block.*wide.*It has: bands"):
        create_model("four_block", class_count=2, mel_count=64, options={"wide": 3})


@pytest.mark.parametrize("name", [name for name in NAMES if {"input_channels": 3} in variants(name)])
def test_every_stacked_picture_is_seen_as_one_of_its_own(name: str) -> None:
    model = lived_in(make(name, {"input_channels": 3}))
    features, lengths = clips(90)
    red, green, blue = features.chunk(3, dim=1)
    with torch.no_grad():
        usual, turned = model(features, lengths), model(torch.cat([green, blue, red], 1), lengths)
        without = [
            model(torch.cat(kept, 1), lengths)
            for kept in ((red * 0, green, blue), (red, green * 0, blue), (red, green, blue * 0))
        ]
    assert all((other - usual).abs().max() > 1e-5 for other in (turned, *without))
    with pytest.raises(RecipeError, match="64 bands cannot be divided into 3 input_channels"):
        make(name, {"input_channels": 3}, mel_count=64)
