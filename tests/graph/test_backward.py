"""Backward: branches, broadcasting, deep graphs, memory, and what goes wrong."""

import gc
import weakref

import numpy as np
import pytest

from shinso import ops
from shinso.graph import Function, Observer, Tensor, no_grad, observe


def leaf(*values, dtype=np.float64):
    return Tensor(np.array(values, dtype=dtype), requires_grad=True)


def test_a_branch_adds_its_gradients():
    x = leaf(3.0)
    (x * x + x).sum().backward()
    assert x.grad.tolist() == [7.0]


def test_calling_backward_twice_adds_up():
    x = leaf(3.0)
    for _ in range(2):
        (x * 2).sum().backward()
    assert x.grad.tolist() == [4.0]
    x.zero_grad()
    assert x.grad is None


def test_f_is_xy_plus_z():
    """The blackboard example: f = xy + z."""
    x, y, z = leaf(2.0), leaf(-4.0), leaf(3.0)
    f = x * y + z
    f.backward()
    assert (f.item(), x.grad[0], y.grad[0], z.grad[0]) == (-5.0, -4.0, 2.0, 1.0)


def test_broadcast_axes_are_summed():
    x, y = leaf(1.0, 2.0), Tensor(np.ones((3, 1)), requires_grad=True)
    (x * y).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert y.grad.tolist() == [[3.0]] * 3


def test_ten_thousand_operations_in_a_row():
    x = leaf(1.0)
    y = x
    for _ in range(10_000):
        y = y + 1.0
    y.backward()
    assert x.grad.tolist() == [1.0]
    del y
    gc.collect()


def test_the_graph_is_freed_after_backward():
    x = leaf(1.0, 2.0)
    hidden = x * x
    watched = weakref.ref(hidden)
    loss = hidden.sum()
    del hidden
    loss.backward()
    assert watched() is None
    with pytest.raises(RuntimeError, match=r"second time.*retain_graph=True"):
        loss.backward()


def test_retain_graph_keeps_it():
    x = leaf(2.0)
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert x.grad.tolist() == [8.0]


def test_discarded_forward_passes_leave_nothing_behind():
    x = Tensor(np.ones(1000), requires_grad=True)
    gc.collect()
    gc.disable()  # reference counts alone must free the graph: no cycles
    try:
        kept = [weakref.ref(((x * 2) + 1).sum()) for _ in range(1000)]
        assert all(r() is None for r in kept)
    finally:
        gc.enable()


def test_memory_stays_flat():
    import tracemalloc

    x = Tensor(np.ones(10_000), requires_grad=True)
    tracemalloc.start()
    try:
        for i in range(1000):
            ((x * 2).relu() + 1).sum()
            if i == 10:
                early = tracemalloc.get_traced_memory()[0]
        assert tracemalloc.get_traced_memory()[0] - early < 80_000
    finally:
        tracemalloc.stop()


def test_gradients_of_intermediates_on_request():
    x = leaf(3.0)
    y = x * 2
    z = x * 5
    y.retain_grad()
    (y * y + z).sum().backward()
    assert y.grad.tolist() == [12.0]
    assert z.grad is None


def test_unused_outputs_have_zero_gradient():
    x = leaf(1.0, 2.0, 3.0)
    first, _ = ops.split(x, 2)
    first.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0, 0.0]


def test_leaves_do_not_share_one_array():
    x, y = leaf(1.0), leaf(2.0)
    (x + y).backward()
    x.grad *= 10
    assert y.grad.tolist() == [1.0]


def test_backward_wants_a_scalar():
    x = leaf(1.0, 2.0)
    y = x * 2
    with pytest.raises(RuntimeError, match=r"scalar.*\(2,\).*sum"):
        y.backward()
    with pytest.raises(ValueError, match=r"\(3,\).*\(2,\)"):
        y.backward(np.ones(3))
    y.backward(Tensor(np.array([1.0, 10.0])))
    assert x.grad.tolist() == [2.0, 20.0]


def test_backward_without_a_graph():
    with pytest.raises(RuntimeError, match="requires_grad=True"):
        Tensor([1.0]).backward()
    x = leaf(1.0)
    with no_grad():
        y = x * 2
    with pytest.raises(RuntimeError, match="no_grad"):
        y.backward()
    with pytest.raises(NotImplementedError, match="create_graph"):
        (x * 2).backward(create_graph=True)


def test_a_wrong_backward_is_named():
    class Forgetful(Function):
        def forward(self, x, y):
            return x + y

        def backward(self, dz):
            return dz

    class Misshapen(Function):
        def forward(self, x):
            return x * 2

        def backward(self, dy):
            return np.ones(7)

    class Empty(Function):
        pass

    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=r"Forgetful\.backward returned 1 gradients for 2"):
        Forgetful()(x, x).sum().backward()
    with pytest.raises(RuntimeError, match=r"Misshapen\.backward .* \(7,\) .* \(2,\)"):
        Misshapen()(x).sum().backward()
    assert x.grad is None
    with pytest.raises(NotImplementedError, match="Empty must define"):
        Empty()(x)


def test_a_function_is_used_once():
    multiply = ops.arithmetic.Multiply()
    x = leaf(1.0)
    multiply(x, x)
    with pytest.raises(RuntimeError, match="new one for every call"):
        multiply(x, x)


def test_gradient_takes_the_dtype_of_its_leaf():
    x = leaf(1.0, dtype=np.float32)
    (x * np.array([2.0])).sum().backward()
    assert x.grad.dtype == np.float32


def test_an_observer_sees_both_passes():
    seen = []

    class Watcher(Observer):
        def forward(self, function, inputs, outputs):
            seen.append(("forward", type(function).__name__, outputs[0].tolist()))

        def backward(self, function, dout, din):
            seen.append(("backward", type(function).__name__, din[0].tolist()))

    x = leaf(2.0)
    with observe(Watcher()):
        (x * 3.0).sum().backward()
    assert seen == [
        ("forward", "Multiply", [6.0]),
        ("forward", "Sum", 6.0),
        ("backward", "Sum", [1.0]),
        ("backward", "Multiply", [3.0]),
    ]


def test_a_gradient_may_be_a_list_or_a_number():
    x = leaf(1.0, 2.0)
    (x * 2).backward([1.0, 3.0])
    assert x.grad.tolist() == [2.0, 6.0]
    (x * 2).sum().backward(0.5)
    assert x.grad.tolist() == [3.0, 7.0]


def test_no_gradient_shares_memory_with_what_the_user_gave_or_kept():
    for make in (lambda x: x, lambda x: x + 0):
        x, given = leaf(1.0, 2.0), np.ones(2)
        y = make(x)
        y.retain_grad()
        y.backward(given)
        given[:] = 7
        if y is not x:
            y.grad[:] = 5
        assert x.grad.tolist() == [1.0, 1.0]


class Twofold(Function):
    """2x, with a choice of what backward returns."""

    def __init__(self, answer):
        self.answer = answer

    def forward(self, x, y):
        return x + y

    def backward(self, dz):
        return self.answer(dz)


def test_backward_may_return_a_list_but_only_of_arrays():
    x = leaf(1.0, 2.0)
    Twofold(lambda dz: [dz, dz])(x, x).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match=r"Twofold\.backward returned a float as gradient"):
        Twofold(lambda dz: (2.0, None))(x, x).sum().backward()


@pytest.mark.parametrize("result", [[1.0, 2.0], None, Tensor([1.0])])
def test_forward_returns_arrays(result):
    class Odd(Function):
        def forward(self, x):
            return result

    with pytest.raises(TypeError, match=r"Odd\.forward returned a"):
        Odd()(leaf(1.0))
