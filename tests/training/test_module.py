"""The Lightning module without Lightning's loop: loss, masks, averages, scores and the schedule."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, f1_score

from hearfelt.training.batches import EvaluationBatches, TrainingBatches
from hearfelt.training.module import TrainingModule
from hearfelt.training.network import Network
from hearfelt.training.run import open_run


@pytest.fixture
def make(tiny_run, tiny_recipe):
    """A module of the tiny run, with a trainer that only counts."""
    run = open_run(tiny_run)
    clips, fold = run.clips(), run.split.folds[0]

    def module(*settings: str, epoch: int = 0, steps: int = 100) -> TrainingModule:
        torch.manual_seed(0)
        recipe = tiny_recipe(*settings)
        made = TrainingModule(
            recipe,
            Network.from_recipe(recipe),
            clips,
            fold=0,
            train_rows=fold.train,
            validation_rows=fold.validation,
        )
        made.trainer = SimpleNamespace(
            current_epoch=epoch, global_step=0, estimated_stepping_batches=steps, optimizers=[]
        )
        return made

    return module


def batch(module: TrainingModule):
    dataset = TrainingBatches(module.clips, module.train_rows, module.recipe, fold=0, epoch=0)
    return dataset[0]


def test_a_step_is_a_function_of_seed_epoch_and_batch(make) -> None:
    """Whatever else draws from torch's generator in between, as loaders do."""
    losses = []
    for noise in (0, 7):
        module = make()
        torch.rand(noise)
        losses.append(float(module.training_step(batch(module)).detach()))
    other = make(epoch=1)
    assert losses[0] == losses[1] != float(other.training_step(batch(other)).detach())


def test_dropout_is_among_what_is_seeded(make) -> None:
    quiet = ("augmentation=[]", "training.average_decay=0")
    module = make(*quiet)
    first = module.training_step(batch(module)).detach()
    torch.rand(3)
    assert torch.equal(first, module.training_step(batch(module)).detach())
    module.trainer.current_epoch = 1
    assert not torch.equal(first, module.training_step(batch(module)).detach())


def test_every_weight_learns(make) -> None:
    module = make()
    module.training_step(batch(module)).backward()
    for name, parameter in module.network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name
    assert all(parameter.grad is None for parameter in module.average.parameters())


def test_the_average_moves_towards_the_weights(make) -> None:
    module = make("training.average_decay=0.9")
    before = {key: value.clone() for key, value in module.average.state_dict().items()}
    with torch.no_grad():
        for value in module.network.state_dict().values():
            value.add_(1)
    for step, decay in ((0, 0.1), (1000, 0.9)):
        module.average.load_state_dict(before)
        module.trainer.global_step = step
        module.on_train_batch_end()
        for key, value in module.average.state_dict().items():
            whole = not value.is_floating_point()
            torch.testing.assert_close(value, before[key] + 1 if whole else before[key] + (1 - decay))


def test_without_averaging_the_network_is_the_average(make) -> None:
    module = make("training.average_decay=0")
    assert module.average is module.network
    before = {key: value.clone() for key, value in module.network.state_dict().items()}
    module.on_train_batch_end()
    assert all(torch.equal(value, before[key]) for key, value in module.network.state_dict().items())


def test_scores_of_an_epoch_are_those_of_scikit_learn(make, monkeypatch) -> None:
    module = make()
    module.average.eval()
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.25)
    monkeypatch.setattr(module, "optimizers", lambda: optimizer)
    clips = EvaluationBatches(module.clips, module.validation_rows, batch_size=5)
    truth, answers, losses = [], [], []
    for number in range(len(clips)):
        part = clips[number]
        module.validation_step(part)
        logits = module.average(part.waveform, part.lengths).detach()
        truth += part.targets.argmax(1).tolist()
        answers += logits.argmax(1).tolist()
        losses += torch.nn.functional.cross_entropy(logits, part.targets, reduction="none").tolist()
    entry = module.end_epoch()
    assert entry["epoch"] == 0 and entry["learning_rate"] == 0.25 and "train_loss" not in entry
    assert entry["validation_uar"] == pytest.approx(balanced_accuracy_score(truth, answers), abs=1e-6)
    f1 = f1_score(truth, answers, average="macro", zero_division=0)
    assert entry["validation_macro_f1"] == pytest.approx(f1, abs=1e-6)
    assert entry["validation_loss"] == pytest.approx(np.mean(losses), abs=1e-5)
    assert module.history == [entry]


def test_masked_classes_are_never_answered(make) -> None:
    module = make("training.mask_labels_by_corpus=true")
    part = EvaluationBatches(module.clips, module.validation_rows)[0]
    allowed = part.targets > 0  # the truth alone is possible
    module.average.eval()
    module.validation_step(part._replace(allowed=allowed))
    logits, truth, _ = module._seen["validation"][0]
    assert torch.equal(logits.argmax(1), truth)


@pytest.mark.parametrize(
    ("schedule", "warmup", "expected"),
    [
        ("constant", 4, [0.25, 0.5, 0.75, 1.0, 1.0]),
        ("constant", 0, [1.0] * 5),
        ("cosine", 0, [0.5 * (1 + np.cos(np.pi * step / 100)) for step in range(5)]),
    ],
)
def test_the_schedule_counts_steps(make, schedule, warmup, expected) -> None:
    module = make(
        f"training.schedule={schedule}", f"training.warmup_steps={warmup}", "training.learning_rate=2"
    )
    made = module.configure_optimizers()
    scheduler = made["lr_scheduler"]
    assert scheduler["interval"] == "step"
    rates = []
    for _ in expected:
        rates.append(made["optimizer"].param_groups[0]["lr"] / 2)
        made["optimizer"].step()
        scheduler["scheduler"].step()
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "kind"), [("adamw", torch.optim.AdamW), ("adam", torch.optim.Adam), ("sgd", torch.optim.SGD)]
)
def test_weights_decay_and_biases_do_not(make, name, kind) -> None:
    module = make(f"training.optimizer={name}", "training.weight_decay=0.3")
    optimizer = module.configure_optimizers()["optimizer"]
    assert type(optimizer) is kind
    decayed, rest = optimizer.param_groups
    assert decayed["weight_decay"] == 0.3 and rest["weight_decay"] == 0
    assert all(parameter.ndim > 1 for parameter in decayed["params"])
    assert all(parameter.ndim <= 1 for parameter in rest["params"])
    count = sum(1 for _ in module.network.parameters())
    assert len(decayed["params"]) + len(rest["params"]) == count


def test_history_travels_with_the_checkpoint(make) -> None:
    module, checkpoint = make(), {}
    module.history.append({"epoch": 0})
    module.on_save_checkpoint(checkpoint)
    other = make()
    other.on_load_checkpoint(checkpoint)
    assert other.history == [{"epoch": 0}]
