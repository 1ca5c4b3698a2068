"""Whole training steps as machine code against the NumPy run, in float64: R8's 1e-9."""

import numpy as np
import pytest

import shinso
from bench import networks
from bench.networks import Framework
from shinso import nn, ops, optim

SHAPES = {"tiny": (2,), "mlp": (784,), "lenet": (1, 28, 28), "resnet20": (3, 32, 32)}


@pytest.fixture(autouse=True)
def double():
    before = shinso.get_default_dtype()
    shinso.set_default_dtype(np.float64)
    yield
    shinso.set_default_dtype(before)


def train(name, compiled, sizes, make=lambda p: optim.SGD(p, lr=0.05, momentum=0.9)):
    """Losses, parameters and an evaluation after a few steps on batches of these sizes."""
    shinso.manual_seed(3)
    model = networks.NETWORKS[name](Framework(nn, nn.ReLU, ops.pad))
    optimizer = make(model.parameters())

    def step(x, t):
        y = model(x)
        loss = ops.mse_loss(y, t) if name == "tiny" else ops.cross_entropy(y, t)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    def evaluate(x):
        with shinso.no_grad():
            return model(x)

    if compiled:
        step, evaluate = shinso.compile(step), shinso.compile(evaluate)
    rng = np.random.default_rng(0)
    results = []
    for n in sizes:
        x = rng.standard_normal((n, *SHAPES[name]))
        t = rng.standard_normal((n, 1)) if name == "tiny" else rng.integers(0, 10, n)
        results.append(step(x, t).numpy())
    model.eval()
    results.append(evaluate(rng.standard_normal((3, *SHAPES[name]))).numpy())
    return results + list(model.state_dict().values())


def assert_same(name, sizes, **options):
    for x, y in zip(
        train(name, False, sizes, **options), train(name, True, sizes, **options), strict=True
    ):
        scale = max(np.abs(x).max(initial=0.0), 1e-3)
        np.testing.assert_allclose(y, x, rtol=0, atol=1e-9 * scale)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", list(SHAPES))
def test_networks(name, threads):
    from shinso.compiler.runtime.affinity import get_num_threads, set_num_threads

    before = get_num_threads()
    set_num_threads(threads)
    try:
        assert_same(name, [6, 6, 4])  # a smaller last batch
    finally:
        set_num_threads(before)


@pytest.mark.parametrize(
    "make",
    [
        lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda p: optim.Adagrad(p, lr=0.1),
        lambda p: optim.RMSprop(p, lr=0.01, centered=True, momentum=0.5),
        lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
        lambda p: optim.AdamW(p, lr=0.01),
        lambda p: optim.Adadelta(p),
        lambda p: optim.NAdam(p, lr=0.01),
        lambda p: optim.RAdam(p, lr=0.01),
    ],
    ids=["sgd", "adagrad", "rmsprop", "adam", "adamw", "adadelta", "nadam", "radam"],
)
def test_optimizers(make):
    assert_same("tiny", [8] * 7, make=make)


@pytest.mark.parametrize("name", ["mlp", "lenet", "dropout"])
def test_another_batch_compiles_nothing(name):
    """Kernels take the batch's length when they run: a new one plans memory, no more."""
    if name == "dropout":
        model = nn.Sequential(nn.Linear(9, 5), nn.Dropout(0.5), nn.BatchNorm1d(5), nn.Linear(5, 3))
        shape, classes = (9,), 3
    else:
        model = networks.NETWORKS[name](Framework(nn, nn.ReLU, ops.pad))
        shape, classes = SHAPES[name], 10
    optimizer = optim.Adam(model.parameters())
    rng = np.random.default_rng(0)

    @shinso.compile
    def step(x, t):
        loss = ops.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    def kernels(n):
        step(rng.standard_normal((n, *shape)), rng.integers(0, classes, n))
        executable = list(step._executables.values())[-1]
        return set(executable.addresses)

    first = kernels(32)
    for n in (31, 9, 64):
        assert kernels(n) == first
