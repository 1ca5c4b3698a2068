"""Programs that were lowered before: their wiring comes from the disk."""

import numpy as np
import pytest

import shinso
from shinso import nn, optim
from shinso.compiler import executable as executables
from shinso.compiler.cache import kernel_cache
from shinso.compiler.executable import Executable
from shinso.compiler.key import Call
from shinso.compiler.plan import trace
from shinso.compiler.program import Delivery, Slot
from shinso.compiler.wiring import Link, Wiring, description, from_bytes, to_bytes

FLOAT = np.dtype(np.float32)


def graph_of(function, *arrays):
    return trace(function, Call(arrays, {}), False).graph


def refuse(*_):
    raise AssertionError("lowered again")


def step_of(seed):
    shinso.manual_seed(seed)
    model = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Dropout(0.25), nn.Linear(7, 3))
    optimizer = optim.Adam(model.parameters())

    def step(x, t):
        loss = shinso.ops.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return step


def test_a_training_step_is_lowered_once(monkeypatch):
    x, t = np.random.default_rng(0).standard_normal((6, 5), dtype=np.float32), np.arange(6) % 3
    first = shinso.compile(step_of(0))
    losses = [first(x, t).item() for _ in range(3)]
    monkeypatch.setattr(executables, "lower", refuse)
    again = shinso.compile(step_of(0))
    assert [again(x, t).item() for _ in range(3)] == losses


def test_what_is_inside_is_made_when_it_is_asked_for():
    def gauge(x):
        return np.tanh(x * 3 + 1.5).sum(axis=1)

    x = np.linspace(0, 1, 12).reshape(3, 4)
    shinso.compile(gauge)(x)
    step = shinso.compile(gauge)
    step(x)
    made = next(iter(step._executables.values()))
    assert "program" not in made.__dict__
    assert "tanh" in str(step.explain(x)) + step.stage("loops")
    assert [c.kernel for c in made.wiring.calls] == [0]
    assert len(made.program.calls) == 1


def test_a_kernel_that_is_gone_is_compiled_again():
    graph = graph_of(lambda x: np.cosh(x) - 0.625, np.linspace(0, 1, 9))
    Executable(graph)
    cache = kernel_cache()
    kept = from_bytes(cache.store.read(cache.key(description(graph, 1))))
    ((name, key),) = kept.kernels
    assert cache.find_many([(name, key)])
    cache.store._path(key).unlink()
    del cache._addresses[key]
    assert cache.find_many([(name, key)]) is None
    x = np.linspace(0, 1, 9)
    (y,), _ = Executable(graph).run([x], [])
    np.testing.assert_allclose(y, np.cosh(x) - 0.625, rtol=1e-14)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]\0", b'{"slots":[[1]]}\0', b"\xff\0"])
def test_damaged_content_counts_as_missing(content):
    assert from_bytes(content) is None


def test_constants_cut_short_count_as_missing():
    wiring = Wiring(1, constants=[np.arange(4.0)])
    assert from_bytes(to_bytes(wiring)[:-1]) is None


def test_there_and_back():
    a, b = Slot("argument", 0, (2, 3), FLOAT), Slot("temporary", 0, (), FLOAT, 2)
    wiring = Wiring(
        2,
        [("kernel_a", "0" * 64)],
        [Link(0, (a, b), (7, -1), 64, True, False)],
        [np.arange(3, dtype=np.int16), np.zeros((0, 2)), np.array(True)],
        [b],
        [b, a],
        [Delivery(0, "data", b, True), Delivery(1, "grad", None, False)],
        [a],
    )
    back = from_bytes(to_bytes(wiring))
    for x, y in zip(wiring.constants, back.constants, strict=True):
        np.testing.assert_array_equal(x, y, strict=True)
    back.constants = wiring.constants
    assert back == wiring


def test_large_constants_are_not_kept():
    assert to_bytes(Wiring(1, constants=[np.zeros(2 << 20)])) is None


def test_what_counts_in_a_description():
    def scaled(by):
        return graph_of(lambda x: x * np.full(4, by), np.ones(4))

    text = description(scaled(2.0), 1)
    assert text == description(scaled(2.0), 1)
    assert text != description(scaled(3.0), 1)
    assert text != description(scaled(2.0), 2)
    assert text != description(graph_of(lambda x: x * np.full(4, 2.0), np.ones(4, np.float32)), 1)
    assert text != description(graph_of(lambda x: (x * np.full(4, 2.0), x + 1), np.ones(4)), 1)


def test_host_calls_have_no_description():
    graph = graph_of(lambda x: np.linalg.inv(x) + 1, np.eye(3))
    assert description(graph, 1) is None
    (y,), _ = Executable(graph).run([np.eye(3) * 2], [])
    np.testing.assert_allclose(y, np.eye(3) / 2 + 1)


def test_demands_are_still_met(monkeypatch):
    def picked(x, i):
        return x[i] * 2

    x = np.arange(4.0)
    shinso.compile(picked)(x, np.array([0, 3]))
    monkeypatch.setattr(executables, "lower", refuse)
    step = shinso.compile(picked)
    np.testing.assert_array_equal(step(x, np.array([1, 2])), [2, 4])
    with pytest.raises(IndexError, match="4"):
        step(x, np.array([1, 4]))
