import sys
import threading

import numpy as np
import pytest

import shinso
from shinso import nn, ops, optim
from shinso.graph.tensor import Tensor


def _training(lr=0.1):
    rng = np.random.default_rng(0)
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    for p in net.parameters():
        p.data = rng.standard_normal(p.shape).astype(p.dtype)
    optimizer = optim.SGD(net.parameters(), lr=lr, momentum=0.9)

    def step(x, t):
        loss = ops.mean((net(x) - t) ** 2)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return net, optimizer, step


def _shown(result):
    return result.numpy() if isinstance(result, Tensor) else result


@pytest.fixture
def batch():
    rng = np.random.default_rng(1)
    return rng.standard_normal((6, 2), np.float32), rng.standard_normal((6, 1), np.float32)


def test_training_is_the_same_as_in_numpy(batch):
    net, optimizer, step = _training()
    other, other_optimizer, plain = _training()
    compiled = shinso.compile(step)
    for k in range(8):
        if k == 4:  # a learning rate is a cell: no new trace
            optimizer.param_groups[0]["lr"] = 0.02
            other_optimizer.param_groups[0]["lr"] = 0.02
        a, b = compiled(*batch), plain(*batch)
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-5)
    assert compiled._fast is not None
    assert compiled.traces == 2
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-4, atol=1e-6)
        assert p.grad is None


def test_short_way_is_taken_and_results_are_fresh():
    compiled = shinso.compile(lambda x: (x * 2, x + 1))
    x = np.arange(4.0)
    compiled(x)
    fast = compiled._fast
    a, b = fast.call((x,))
    c, _ = fast.call((x + 1,))
    assert a.tolist() == [0, 2, 4, 6]
    assert b.tolist() == [1, 2, 3, 4]
    assert c.tolist() == [2, 4, 6, 8]
    before = sys.getrefcount(x)
    for _ in range(1000):
        compiled(x)
    assert sys.getrefcount(x) == before


def test_other_arguments_take_the_long_way():
    compiled = shinso.compile(lambda x: x * 2)
    compiled(np.arange(4.0))
    for other in (
        np.arange(3.0), np.arange(4), np.arange(8.0)[::2], np.float64(3), Tensor([1.0]),
        np.arange(4.0),
    ):  # fmt: skip
        shown, given = _shown(compiled(other)), _shown(other)
        assert np.array_equal(shown, given * 2)
        assert shown.dtype == given.dtype


def test_tensor_arguments():
    compiled = shinso.compile(lambda x: x * 3)
    for value in (1.0, 2.0):
        with shinso.no_grad():
            t = (Tensor(np.full(3, value)) * 1).detach()
            assert compiled(t).numpy().tolist() == [3 * value] * 3


def test_evaluation_mode_is_noticed():
    net = nn.Dropout(0.5)
    compiled = shinso.compile(lambda x: net(x))
    x = np.ones(2000, np.float32)
    net.eval()
    for _ in range(3):
        assert _shown(compiled(x)).min() == 1
    net.train()
    assert _shown(compiled(x)).min() == 0
    net.eval()
    assert _shown(compiled(x)).min() == 1


def test_no_grad_here_and_in_another_thread():
    p = Tensor(np.ones(3), requires_grad=True)

    def f(x):
        return x * (2.0 if shinso.is_grad_enabled() else 5.0) + p.data * 0

    compiled = shinso.compile(f)
    x = np.ones(3)
    inside, leave = threading.Event(), threading.Event()

    def other():
        with shinso.no_grad():
            compiled(x)
            compiled(x)
            inside.set()
            leave.wait()

    compiled(x)
    thread = threading.Thread(target=other)
    thread.start()
    inside.wait()
    assert compiled(x).tolist() == [2, 2, 2]
    assert compiled(x).tolist() == [2, 2, 2]
    with shinso.no_grad():
        assert compiled(x).tolist() == [5, 5, 5]
    leave.set()
    thread.join()
    assert compiled(x).tolist() == [2, 2, 2]


def test_values_from_outside_are_noticed():
    scale = 2.0
    compiled = shinso.compile(lambda x: x * scale)
    x = np.ones(2)
    assert compiled(x).tolist() == [2, 2]
    scale = 3.0
    assert compiled(x).tolist() == [3, 3]


def test_a_gradient_put_there_by_hand_is_noticed(batch):
    net, _, step = _training()
    other, _, plain = _training()
    compiled = shinso.compile(step)
    compiled(*batch), compiled(*batch), plain(*batch), plain(*batch)
    for n in (net, other):
        p = next(iter(n.parameters()))
        p.grad = np.ones(p.shape, p.dtype)
    compiled(*batch), plain(*batch)
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-4, atol=1e-6)


def test_failed_checks_write_nothing():
    count = Tensor(np.zeros(()))

    def f(x, t):
        count.data = count.data + 1
        return ops.cross_entropy(x, t)

    compiled = shinso.compile(f)
    x, t = np.ones((2, 3), np.float32), np.array([0, 2])
    for _ in range(3):
        compiled(x, t)
    with pytest.raises((ValueError, IndexError)):
        compiled(x, np.array([0, 7]))
    assert count.numpy() == 3
    compiled(x, t)
    assert count.numpy() == 4


def test_a_view_of_a_cell_as_argument():
    p = Tensor(np.ones(3))

    def f(x):
        p.data = p.data + x
        return x * 2

    compiled, before = shinso.compile(f), np.ones(3)
    compiled(before)
    compiled(before)
    assert compiled(p.data).tolist() == [6, 6, 6]
    assert p.numpy().tolist() == [6, 6, 6]


def test_several_threads():
    compiled = shinso.compile(lambda x: x + 1)
    wrong = []

    def work(k):
        for i in range(300):
            if compiled(np.full(5, 1000.0 * k + i))[2] != 1000 * k + i + 1:
                wrong.append((k, i))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_inside_another_trace():
    inner = shinso.compile(lambda x: x + 1)
    x = np.ones(2)
    inner(x), inner(x)
    outer = shinso.compile(lambda x: inner(x) * 3)
    assert [outer(x).tolist() for _ in range(3)] == [[6, 6]] * 3


def test_kept_gradients_take_the_long_way(batch):
    net, _, _ = _training()

    def f(x, t):
        net.zero_grad()
        ops.mean((net(x) - t) ** 2).backward()

    compiled = shinso.compile(f, keep_grads=True)
    for _ in range(3):
        compiled(*batch)
    kept = [p.grad.copy() for p in net.parameters()]
    f(*batch)
    for p, grad in zip(net.parameters(), kept, strict=True):
        np.testing.assert_allclose(p.grad, grad, rtol=1e-4, atol=1e-6)


def test_a_cell_in_a_new_place_is_noticed():
    p = Tensor(np.ones(3))
    compiled = shinso.compile(lambda x: x + p.data)
    x = np.ones(3)
    compiled(x), compiled(x)
    p.data = np.full((1,), 4.0)
    assert compiled(x).tolist() == [5, 5, 5]


def test_counters_are_copied_into_their_cells():
    count = Tensor(np.zeros((), np.int64))
    moment = Tensor(np.zeros(3))

    def f(x):
        count.data = count.data + 1
        moment.data = moment.data * 0.5 + x
        return moment.data * 2

    compiled, x, expected = shinso.compile(f), np.arange(3.0), np.zeros(3)
    for k in range(1, 6):
        expected = expected * 0.5 + x
        np.testing.assert_allclose(compiled(x), expected * 2)
        np.testing.assert_allclose(moment.numpy(), expected)
        assert count.numpy() == k
    assert compiled._fast is not None
