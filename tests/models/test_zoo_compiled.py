"""Every model of the zoo as machine code: one training step and one evaluation, as NumPy has them.

Networks that differ in depth or width only are one case: one block in each stage, few channels.
"""

import inspect
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

import shinso
from shinso import data, graph, models, nn, optim
from shinso.compiler.program import HostCall
from shinso.graph import no_grad
from shinso.models.entry import Entry

SMALL = {
    "layers": None,  # as many stages as the model has
    "width_mult": 0.125,
    "width": 8,
    "depth": 10,
    "widen_factor": 1,
    "widths": (8, 16, 16),
    "growth_rate": 4,
    "block_config": None,
    "alpha": 8,
    "reduction": 4,
}
"""Options that make a model small, where it has them."""


def builder(entry: Entry) -> tuple[Callable, dict]:
    """What builds the entry's network in the end, and the options fixed on the way to it."""
    build, fixed = entry.build, {}
    while isinstance(build, partial):
        fixed, build = {**build.keywords, **fixed}, build.func
    return build, fixed


def options_of(entry: Entry) -> dict:
    """The entry's fixed options and all others that its builder has by name."""
    build, fixed = builder(entry)
    named = inspect.signature(build).parameters.values()
    return {p.name: p.default for p in named if p.default is not p.empty} | fixed


def small(entry: Entry) -> dict:
    """Options for a narrow, shallow network of the same kind."""
    known = options_of(entry)
    chosen = {}
    for name, value in SMALL.items():
        if name not in known:
            continue
        if value is None:
            stages = known[name]
            chosen[name] = tuple(min(n, 2 if name == "block_config" else 1) for n in stages)
        else:
            chosen[name] = value
    if entry.name in OPTIONS:
        chosen |= OPTIONS[entry.name]
    return chosen


NARROW = {"layers": (1, 1, 1, 1), "width": 8}
OPTIONS: dict[str, dict] = {
    "seresnet50": NARROW,
    "cifar_resnet110_sd": {"width": 8},
    "fractalnet20": {"dropout": (0.0, 0.1, 0.2)},
    "alexnet_lrn": {"dropout": 0.0},  # on eight images dropout drowns what 20 steps gain
    "zfnet": {"dropout": 0.0},
    "inception_v3": {"aux_logits": False},  # its heads need 299 pixels; googlenet has such, too
    "xception": {"middle": 1},
    "resnext50_32x4d": {"width": 16},
    "resnext101_64x4d": {"width": 16},
    "seresnext50_32x4d": NARROW | {"width": 16},
    "legacy_seresnext50_32x4d": {"width": 16},
    "senet154": {"width": 32},
}
"""What some models need besides."""

SIZES: dict[str, int] = {"inception_v3": 75}
"""Sides of images, where the smallest possible will not do."""


def cases() -> dict[str, list[str]]:
    """Names of models by the case that stands for them."""
    found: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    for name in models.list():
        entry = models.entry(name)
        if entry.vector:
            continue
        build, _ = builder(entry)
        same = {k: v for k, v in options_of(entry).items() if k not in SMALL}
        key = f"{build} {sorted((k, str(v)) for k, v in (same | small(entry)).items())}"
        found.setdefault(first.setdefault(key, name), []).append(name)
    return found


CASES = cases()


def made(name: str) -> tuple[nn.Module, np.ndarray, np.ndarray]:
    """A small network, digits of the size it takes, and their classes."""
    entry = models.entry(name)
    side = SIZES.get(name, entry.smallest or entry.image_size)
    shinso.manual_seed(3)
    network = models.create(name, 10, in_channels=1, **small(entry))
    count = 64 if side <= 80 else 8
    images, classes = data.load("digits").train[:count]
    x = data.Resize((side, side))(images.astype(np.float32) / images.max())
    return network, (x - x.mean()) / x.std(), classes


RATES = {"alexnet_lrn": 0.001}
"""Learning rates, where the usual one is too high."""


def step_of(network: nn.Module, name: str):
    optimizer = optim.SGD(network.parameters(), lr=RATES.get(name, 0.02), momentum=0.9)
    loss_of = nn.AuxiliaryLoss(nn.CrossEntropyLoss())

    def step(x, t):
        loss = loss_of(network(x), t)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return step


def close(a, b, rtol, what):
    scale = max(np.abs(b).max(initial=0), 1e-30)
    assert np.abs(a - b).max(initial=0) <= rtol * scale, what


@pytest.fixture
def float64():
    graph.set_default_dtype(np.float64)
    yield
    graph.set_default_dtype(np.float32)


@pytest.mark.parametrize("name", list(CASES))
def test_training(name, float64):
    """One step as in NumPy, and 20 more, in which the loss falls."""
    network, x, t = made(name)
    x = x.astype(np.float64)
    start = {key: value.copy() for key, value in network.state_dict().items()}
    step = step_of(network, name)
    shinso.manual_seed(7)
    expected = step(x, t).item()
    state = {key: value.copy() for key, value in network.state_dict().items()}
    network.load_state_dict(start)
    compiled = shinso.compile(step_of(network, name))
    shinso.manual_seed(7)
    loss = compiled(x, t).item()
    assert loss == pytest.approx(expected, rel=1e-9)
    moved = {key: value - start[key] for key, value in state.items()}
    most = max(np.abs(x).max() for x in moved.values())
    for key, value in network.state_dict().items():
        # Some gradients are zero but for rounding, as that of a bias before batch normalization.
        off = np.abs(value - start[key] - moved[key]).max()
        assert off <= 1e-7 * max(np.abs(moved[key]).max(), 1e-4 * most), key
    (executable,) = compiled._executables.values()
    assert not any(isinstance(call, HostCall) for call in executable.wiring.calls)
    losses = [compiled(x, t).item() for _ in range(20)]
    assert np.mean(losses[-5:]) < expected


@pytest.mark.parametrize("name", list(CASES))
def test_an_evaluation(name):
    network, x, _ = made(name)
    network.eval()
    x = x[:2]
    with no_grad():
        expected = network(x).data
        compiled = shinso.compile(lambda x: network(x))
        found = compiled(x).data
    close(found, expected, 1e-4, name)
    (executable,) = compiled._executables.values()
    assert not any(isinstance(call, HostCall) for call in executable.wiring.calls)


def test_every_model_has_a_case():
    named = {name for names in CASES.values() for name in names}
    assert named == {name for name in models.list() if not models.entry(name).vector}
