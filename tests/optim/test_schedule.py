"""Schedules: PyTorch's sequences, saving and loading, and what they refuse."""

import copy
import json
import math
import runpy
from pathlib import Path

import numpy as np
import pytest

from shinso import optim
from shinso.cell import version
from shinso.graph import Tensor

GOLDEN = Path(__file__).parent.parent / "golden"
TABLE = runpy.run_path(str(GOLDEN / "optim_cases.py"))
STEPS = TABLE["SCHEDULE_STEPS"]


def optimizer_for(kind=TABLE["SCHEDULED"]):
    name, arguments, second = kind
    groups = [{"params": [Tensor(np.zeros(1), requires_grad=True)]} for _ in range(2)]
    groups[1]["lr"] = second
    return getattr(optim, name)(groups, **arguments)


def make(name, arguments, optimizer=None):
    arguments = {k: TABLE["resolve"](v) for k, v in arguments.items()}
    return getattr(optim, name)(optimizer_for() if optimizer is None else optimizer, **arguments)


def make_sequence(label):
    parts, milestones = TABLE["SEQUENCES"][label]
    optimizer = optimizer_for()
    inner = [make(name, arguments, optimizer) for name, arguments in parts]
    return optim.SequentialLR(optimizer, inner, milestones)


def make_plateau(label):
    return optim.ReduceLROnPlateau(optimizer_for(), **TABLE["PLATEAUS"][label][0])


# key -> (recorded arguments, how to make it, metric of each step or None)
CASES = {
    f"{name}/{label}": (arguments, lambda n=name, a=arguments: make(n, a), None)
    for name, labels in TABLE["SCHEDULES"].items()
    for label, arguments in labels.items()
}
_three = TABLE["SCHEDULES"]["OneCycleLR"]["three"]
CASES["OneCycleLR/adam"] = (
    _three, lambda: make("OneCycleLR", _three, optimizer_for(TABLE["SCHEDULED_ADAM"])), None,
)  # fmt: skip
CASES |= {
    f"SequentialLR/{label}": ([*row], lambda k=label: make_sequence(k), None)
    for label, row in TABLE["SEQUENCES"].items()
}
CASES |= {
    f"ReduceLROnPlateau/{label}": ([*case], lambda k=label: make_plateau(k), case[1])
    for label, case in TABLE["PLATEAUS"].items()
}
every_case = pytest.mark.parametrize("key", CASES)


def advance(scheduler, metrics, step):
    scheduler.step(*([] if metrics is None else [metrics[step]]))


def lrs(scheduler):
    return [group["lr"] for group in scheduler.optimizer.param_groups]


def momenta(scheduler):
    return [
        group["betas"][0] if "betas" in group else group["momentum"]
        for group in scheduler.optimizer.param_groups
    ]


@every_case
def test_golden(key):
    golden = np.load(GOLDEN / "optim" / "schedules.npz")
    arguments, build, metrics = CASES[key]
    assert str(golden[f"{key}/arguments"]) == json.dumps(arguments), "run make_optim.py again"
    scheduler = build()
    found, swings = [], []
    for step in range(STEPS + 1):
        found.append(lrs(scheduler))
        swings.append(momenta(scheduler))
        assert scheduler.get_last_lr() == found[-1]
        if step < STEPS:
            advance(scheduler, metrics, step)
    np.testing.assert_allclose(found, golden[f"{key}/lr"], rtol=1e-12, atol=1e-15)
    if f"{key}/momentum" in golden:
        np.testing.assert_allclose(swings, golden[f"{key}/momentum"], rtol=1e-12)


@every_case
def test_saved_as_json_and_loaded_it_goes_on(key):
    _, build, metrics = CASES[key]
    straight = build()
    for step in range(13):
        advance(straight, metrics, step)
    saved = json.loads(json.dumps(straight.state_dict(), allow_nan=False))
    groups = straight.optimizer.state_dict()
    resumed = build()
    resumed.optimizer.load_state_dict(groups)
    resumed.load_state_dict(saved)
    assert resumed.get_last_lr() == straight.get_last_lr()
    for step in range(13, STEPS):
        advance(straight, metrics, step)
        advance(resumed, metrics, step)
        assert lrs(resumed) == lrs(straight)
        assert momenta(resumed) == momenta(straight)


@pytest.mark.parametrize("key", [key for key, case in CASES.items() if case[2] is None])
def test_lr_at_foretells(key):
    scheduler = CASES[key][1]()
    ahead = [[scheduler.lr_at(t, group) for group in (0, 1)] for t in range(STEPS)]
    assert lrs(scheduler) == ahead[0]
    for step in range(1, STEPS):
        scheduler.step()
        assert lrs(scheduler) == ahead[step]


@every_case
def test_a_step_is_no_change_of_the_program(key):
    _, build, metrics = CASES[key]
    scheduler = build()
    before = version()
    for step in range(STEPS):
        advance(scheduler, metrics, step)
    assert version() == before


@every_case
def test_a_copy_goes_its_own_way(key):
    _, build, metrics = CASES[key]
    scheduler = build()
    other = copy.deepcopy(scheduler)
    before = lrs(scheduler)
    for step in range(STEPS):
        advance(other, metrics, step)
    assert lrs(scheduler) == before


def test_every_schedule_is_in_the_table():
    kinds = {key.split("/")[0] for key in CASES} | {"WarmupLR", "LRScheduler"}
    public = {
        name
        for name in optim.__all__
        if isinstance(getattr(optim, name), type)
        and issubclass(getattr(optim, name), (optim.LRScheduler, optim.ReduceLROnPlateau))
    }
    assert public == kinds


def test_warmup():
    optimizer = optimizer_for()
    scheduler = optim.WarmupLR(optim.CosineAnnealingLR(optimizer, T_max=10), 5, start_factor=0.2)
    found = []
    for _ in range(16):
        found.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    np.testing.assert_allclose(found[:6], [0.02, 0.036, 0.052, 0.068, 0.084, 0.1])
    np.testing.assert_allclose(
        found[5:], [0.05 * (1 + math.cos(math.pi * t / 10)) for t in range(11)], atol=1e-17
    )


def test_warm_restarts_at_fractions_of_an_epoch():
    optimizer = optimizer_for()
    scheduler = optim.CosineAnnealingWarmRestarts(optimizer, T_0=2, T_mult=2)
    scheduler.step(2.5)  # half an epoch into the second cycle of four
    expected = 0.05 * (1 + math.cos(math.pi * 0.5 / 4))
    assert optimizer.param_groups[0]["lr"] == pytest.approx(expected)
    assert scheduler.last_epoch == 2
    scheduler.step()
    expected = 0.05 * (1 + math.cos(math.pi * 1.5 / 4))
    assert optimizer.param_groups[0]["lr"] == pytest.approx(expected)


def test_resuming_by_last_epoch():
    optimizer = optimizer_for()
    first = optim.StepLR(optimizer, 2, gamma=0.5)
    for _ in range(3):
        first.step()
    second = optim.StepLR(optimizer, 2, gamma=0.5, last_epoch=2)
    assert second.last_epoch == 3
    assert second.get_last_lr() == first.get_last_lr()
    with pytest.raises(ValueError, match='no "initial_lr"'):
        optim.StepLR(optimizer_for(), 2, last_epoch=2)


def test_one_cycle_turns_the_momentum_on():
    p = Tensor(np.zeros(1), requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1)
    optim.OneCycleLR(optimizer, 0.1, total_steps=10)
    assert optimizer.param_groups[0]["momentum"] == 0.95
    assert "momentum_buffer" in optimizer.state[p]


def test_one_cycle_of_very_few_steps():
    for total in (1, 2, 3, 4):
        for three_phase in (False, True):
            optimizer = optimizer_for()
            scheduler = optim.OneCycleLR(optimizer, 0.1, total, three_phase=three_phase)
            for _ in range(total - 1):
                scheduler.step()
            assert all(0 <= lr <= 0.1 * (1 + 1e-12) for lr in scheduler.get_last_lr())


def test_plateau_metrics_that_are_no_good():
    scheduler = optim.ReduceLROnPlateau(optimizer_for(), patience=1)
    seen = [(math.nan, 0.1), (math.inf, 0.01), (np.float32(1.0), 0.01), (Tensor(0.5), 0.01)]
    for metric, lr in seen:
        scheduler.step(metric)
        assert scheduler.get_last_lr()[0] == pytest.approx(lr)
    assert scheduler.best == 0.5
    for lr in (0.01, 0.001):
        scheduler.step(math.nan)
        assert scheduler.get_last_lr()[0] == pytest.approx(lr)


REFUSED = [
    (lambda o: optim.StepLR("sgd", 3), TypeError, "takes an optimizer first, not str"),
    (lambda o: optim.ReduceLROnPlateau(1), TypeError, "takes an optimizer first, not int"),
    (lambda o: optim.LRScheduler(o), NotImplementedError, "must define lr_at"),
    (lambda o: optim.StepLR(o, 0), ValueError, "step_size=0"),
    (lambda o: optim.ConstantLR(o, 1.5), ValueError, "factor=1.5"),
    (lambda o: optim.LinearLR(o, 0.0), ValueError, "start_factor=0.0"),
    (lambda o: optim.LinearLR(o, total_iters=0), ValueError, "total_iters=0"),
    (lambda o: optim.PolynomialLR(o, 0), ValueError, "total_iters=0"),
    (lambda o: optim.CosineAnnealingLR(o, 0), ValueError, "T_max=0"),
    (lambda o: optim.CosineAnnealingWarmRestarts(o, 1.5), ValueError, "T_0=1.5"),
    (lambda o: optim.CosineAnnealingWarmRestarts(o, 1).step(-1), ValueError, "epoch=-1"),
    (lambda o: optim.LambdaLR(o, [math.sin]), ValueError, "1 values for 2 parameter groups"),
    (lambda o: optim.OneCycleLR(o, 0.1), ValueError, "needs total_steps"),
    (lambda o: optim.OneCycleLR(o, 0.1, 0), ValueError, "total_steps=0"),
    (lambda o: optim.OneCycleLR(o, 0.1, epochs=2, steps_per_epoch=1.5), ValueError, "steps_per_ep"),
    (lambda o: optim.OneCycleLR(o, 0.1, 9, pct_start=2.0), ValueError, "pct_start=2.0"),
    (lambda o: optim.OneCycleLR(o, 0.1, 9, anneal_strategy="x"), ValueError, "'x' is out of"),
    (lambda o: optim.ReduceLROnPlateau(o, "low"), ValueError, '"min" or "max"'),
    (lambda o: optim.ReduceLROnPlateau(o, factor=1.0), ValueError, "less than 1"),
    (lambda o: optim.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, '"rel" or "abs"'),
    (lambda o: optim.ReduceLROnPlateau(o, min_lr=[1.0]), ValueError, "1 values for 2"),
    (lambda o: optim.SequentialLR(o, [], []), ValueError, "one milestone fewer"),
    (lambda o: optim.SequentialLR(o, [optim.StepLR(o, 1)], [3]), ValueError, "one milestone fewer"),
    (
        lambda o: optim.SequentialLR(o, [optim.StepLR(o, 1)] * 3, [5, 3]),
        ValueError,
        r"\[5, 3\] must grow",
    ),
    (
        lambda o: optim.SequentialLR(o, [optim.ReduceLROnPlateau(o)], []),
        TypeError,
        "schedule 0 is a ReduceLROnPlateau",
    ),
    (
        lambda o: optim.SequentialLR(o, [optim.StepLR(optimizer_for(), 1)], []),
        ValueError,
        "belongs to another optimizer",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_messages(call, error, message):
    with pytest.raises(error, match=message):
        call(optimizer_for())


def test_one_cycle_needs_a_momentum_and_an_end():
    p = Tensor(np.zeros(1), requires_grad=True)
    with pytest.raises(ValueError, match="Adagrad has no momentum to cycle"):
        optim.OneCycleLR(optim.Adagrad([p]), 0.1, 10)
    optim.OneCycleLR(optim.Adagrad([p]), 0.1, 10, cycle_momentum=False)
    scheduler = optim.OneCycleLR(optimizer_for(), 0.1, 3)
    for _ in range(3):
        scheduler.step()
    with pytest.raises(ValueError, match="made for 3 steps; this would be number 4"):
        scheduler.step()


def test_a_group_added_later():
    optimizer = optimizer_for()
    scheduler = optim.StepLR(optimizer, 1)
    optimizer.add_param_group({"params": [Tensor(np.zeros(1), requires_grad=True)]})
    with pytest.raises(RuntimeError, match="made for 2 parameter groups; the optimizer now has 3"):
        scheduler.step()


def test_a_state_of_another_schedule():
    state = optim.StepLR(optimizer_for(), 1).state_dict()
    with pytest.raises(ValueError, match=r"does not fit ExponentialLR.*step_size"):
        optim.ExponentialLR(optimizer_for(), 0.9).load_state_dict(state)
    with pytest.raises(ValueError, match="holds 0 schedules"):
        make_sequence("three").load_state_dict(state)
