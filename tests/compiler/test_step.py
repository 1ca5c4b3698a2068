"""Compiled steps between calls: nothing goes stale, nothing is written by halves, nothing leaks."""

import copy
import gc
import os
import pickle
import threading
import weakref

import numpy as np
import pytest

import shinso
from shinso import TraceError, nn, ops, optim
from shinso.cell import Cell
from shinso.graph import Tensor

X = np.arange(6.0).reshape(2, 3)


# -- calls ----------------------------------------------------------------------------------------


def test_a_function_of_arrays_without_any_tensor():
    step = shinso.compile(lambda a, b: np.tanh(a @ b).sum(axis=0))
    for n in (3, 4, 3):
        a, b = np.linspace(-1, 1, 2 * n).reshape(2, n), np.ones((n, 5))
        y = step(a, b)
        assert type(y) is np.ndarray
        np.testing.assert_array_equal(y, step.numpy(a, b))
    assert step.traces == 4


def test_as_a_decorator_with_options_and_on_methods():
    @shinso.compile(keep_grads=True)
    def twice(x):
        """Two of it."""
        return x * 2

    class Scale:
        def __init__(self, by):
            self.by = by

        @shinso.compile
        def apply(self, x):
            return x * self.by

    assert twice.__doc__ == "Two of it."
    assert twice.__name__ == "twice"
    np.testing.assert_array_equal(twice(X), X * 2)
    three, four = Scale(3), Scale(4)
    for _ in range(2):
        np.testing.assert_array_equal(three.apply(X), X * 3)
        np.testing.assert_array_equal(four.apply(X), X * 4)
    np.testing.assert_array_equal(four.apply.numpy(X), X * 4)
    with pytest.raises(TypeError, match="function"):
        shinso.compile(3)


def test_keys_tell_values_types_and_trees_apart():
    step = shinso.compile(lambda x, how: x + 1 if how else x - 1)
    for how in (True, 1, 0, 0.0, None, "", "a", (), (1,), [1], [], {"a": 1}, {}, 1):
        np.testing.assert_array_equal(step(X, how), step.numpy(X, how))
    signs = shinso.compile(lambda x, by: x * by)
    assert not np.signbit(signs(np.array([1.0]), 0.0))
    assert np.signbit(signs(np.array([1.0]), -0.0))
    traces = signs.traces
    signs(np.array([1.0]), float("nan"))
    signs(np.array([1.0]), float("nan"))
    assert signs.traces == traces + 2


def test_arguments_of_every_kind():
    step = shinso.compile(lambda x: x * 2 + x.sum(axis=0))
    wide = np.arange(48.0).reshape(6, 8)
    frozen = wide.copy()
    frozen.flags.writeable = False
    views = [
        wide,
        wide[::2, ::-1],
        wide.T,
        np.asfortranarray(wide),
        frozen,
        wide[:0],
        wide[:1],
        np.broadcast_to(wide[0], (6, 8)),
        wide.astype(np.float32),
        wide.astype(int),
    ]
    for x in views:
        y = step(x)
        np.testing.assert_array_equal(y, step.numpy(x))
        assert y.dtype == step.numpy(x).dtype
        assert y.flags.writeable
    with pytest.raises(TraceError, match="byte order"):
        step(wide.astype(">f8"))
    with pytest.raises(TraceError, match="numbers"):
        step(np.array(["a"]))


def test_scalars_stay_scalars():
    def kinds(x):
        return x.sum(), x[0, 0], x.reshape(-1)[0:1].reshape(()), np.float64(3), x.mean() * 2

    step = shinso.compile(kinds)
    for a, b in zip(kinds(X), step(X), strict=True):
        assert type(a) is type(b)
        assert a == b
    add = shinso.compile(lambda a, b: a + b)
    assert type(add(np.float64(1), np.float64(2))) is np.float64
    assert type(add(np.array(1.0), np.array(2.0))) is np.float64
    assert add(np.float32(1), 2.0).dtype == np.float32


def test_results_of_every_kind():
    kept = Tensor([1.0, 2.0])

    def mixed(x, t):
        y = x + 1
        return {
            "y": y,
            "again": (y, y),
            "x": x,
            "t": t,
            "cell": kept,
            "name": "n",
            "none": None,
            "view": x[0],
            "tensor": t * 2,
            "state": kept.data,
            "known": np.arange(3),
        }

    step = shinso.compile(mixed)
    t = Tensor(X)
    for _ in range(2):
        found = step(X, t)
        assert found["again"][0] is found["again"][1] is found["y"]
        assert found["x"] is X
        assert found["t"] is t
        assert found["cell"] is kept
        assert (found["name"], found["none"]) == ("n", None)
        assert not np.shares_memory(found["view"], X)
        assert not np.shares_memory(found["state"], kept.data)
        assert type(found["tensor"]) is Tensor
        assert found["tensor"].is_leaf
        np.testing.assert_array_equal(found["tensor"].data, X * 2)
        found["known"][:] = 7  # the caller's to change: the next call's is new
        found["state"][:] = 7
    np.testing.assert_array_equal(step(X, t)["known"], [0, 1, 2])
    np.testing.assert_array_equal(kept.data, [1, 2])
    with pytest.raises(TraceError, match="not a set"):
        shinso.compile(lambda x: {1, 2})(X)


def test_one_inside_another_is_part_of_it():
    inner = shinso.compile(lambda x: np.exp(x))
    outer = shinso.compile(lambda x: inner(x) + 1)
    np.testing.assert_array_equal(outer(X), np.exp(X) + 1)
    assert inner.traces == 0


def test_switched_off(monkeypatch):
    monkeypatch.setenv("SHINSO_COMPILE", "0")
    seen = []
    step = shinso.compile(lambda x: seen.append(type(x)) or x + 1)
    step(X)
    assert seen == [np.ndarray]
    assert step.traces == 0


# -- tensors as arguments -------------------------------------------------------------------------


def test_gradients_of_arguments_are_delivered():
    def loss(x):
        y = ops.sum(x * x)
        y.backward()
        return y

    step = shinso.compile(loss)
    for i in range(4):
        x = Tensor(X + i, requires_grad=True)
        step(x)
        np.testing.assert_array_equal(x.grad, 2 * (X + i))
        step(x)
        np.testing.assert_array_equal(x.grad, 4 * (X + i))  # added, as in NumPy
    assert step.traces <= 6
    detached = Tensor(X).detach()
    detached.requires_grad = True
    step(detached)
    np.testing.assert_array_equal(detached.grad, 2 * X)
    with pytest.raises(TraceError, match="detach"):
        step(Tensor(X, requires_grad=True) * 2)


def test_a_tensor_argument_that_is_also_a_variable():
    w = Tensor(X.copy())

    def add(t):
        w.data = w.data + 1
        return t.data * 1

    step = shinso.compile(add)
    other = Tensor(X * 10)
    for given in (w, other, w, other, Tensor(X), w):
        before = w.numpy()
        expected = before + 1 if given is w else given.numpy()
        np.testing.assert_array_equal(step(given), expected)
        np.testing.assert_array_equal(w.data, before + 1)


def test_the_same_tensor_or_array_twice():
    def both(a, b):
        a.data = a.data + 1
        return a.data + b.data

    step = shinso.compile(both)
    a, b = Tensor([1.0]), Tensor([5.0])
    assert step(a, b) == 7
    assert step(a, a) == 6
    assert a.data == 3
    assert step(b, a) == 9
    add = shinso.compile(lambda x, y: x + y)
    np.testing.assert_array_equal(add(X, X), X + X)
    np.testing.assert_array_equal(add(X, X[::-1]), X + X[::-1])


def test_an_argument_that_shares_memory_with_a_cell():
    cell = Tensor(X.copy())

    def step(x):
        y = x * 2
        cell.data = cell.data + 1
        return y, x[0]

    compiled = shinso.compile(step)
    for _ in range(2):
        before = cell.numpy()
        y, row = compiled(cell.data)
        np.testing.assert_array_equal(y, before * 2)
        assert not np.shares_memory(row, cell.data)


# -- gradients ------------------------------------------------------------------------------------


def linear_step(keep_grads, order):
    shinso.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def step(x):
        if order == "before":
            optimizer.zero_grad()
        loss = ops.sum(model(x) * model(x))
        loss.backward()
        optimizer.step()
        if order == "after":
            optimizer.zero_grad()
        return loss

    return model, optimizer, shinso.compile(step, keep_grads=keep_grads)


def test_gradients_are_none_after_zero_grad():
    model, _, step = linear_step(False, "after")
    step(X.astype(np.float32))
    assert model.weight.grad is None


def test_a_gradient_that_is_not_kept_says_so():
    x = X.astype(np.float32)
    model, optimizer, step = linear_step(False, "before")
    for _ in range(3):
        step(x)
    assert step.traces == 2
    with pytest.raises(RuntimeError, match="keep_grads=True"):
        _ = model.weight.grad
    with pytest.raises(RuntimeError, match="keep_grads=True"):
        ops.sum(model(x)).backward()
    with pytest.raises(RuntimeError, match="keep_grads=True"):
        optimizer.step()
    copied = copy.deepcopy(model)
    with pytest.raises(RuntimeError, match="keep_grads=True"):
        _ = copied.weight.grad
    optimizer.zero_grad()
    ops.sum(model(x)).backward()
    assert model.weight.grad.shape == (2, 3)


def test_gradients_kept_when_asked_for():
    x = X.astype(np.float32)
    model, _, step = linear_step(True, "before")
    plain, _, other = linear_step(True, "before")
    for _ in range(3):
        step(x)
        other.numpy(x)
        np.testing.assert_array_equal(model.weight.grad, plain.weight.grad)
        np.testing.assert_array_equal(model.bias.grad, plain.bias.grad)


def test_gradients_that_add_up_over_calls():
    model, plain = nn.Linear(3, 2), nn.Linear(3, 2)
    plain.load_state_dict(model.state_dict())
    x = X.astype(np.float32)

    def collect(model):
        return lambda x: ops.sum(model(x) * model(x)).backward()

    step = shinso.compile(collect(model), keep_grads=True)
    for i in range(4):
        step(x + i)
        collect(plain)(x + i)
        np.testing.assert_array_equal(model.weight.grad, plain.weight.grad)
    model.zero_grad()
    plain.zero_grad()
    step(x)
    collect(plain)(x)
    np.testing.assert_array_equal(model.weight.grad, plain.weight.grad)


# -- what may not go stale ------------------------------------------------------------------------


class Counter:
    def __init__(self):
        self.t = 0

    def step(self, x):
        self.t += 1
        return x * self.t


def test_a_counter_in_python_is_found():
    with pytest.raises(TraceError, match=r"from 1\.0 to 2\.0") as found:
        shinso.compile(Counter().step)(X)
    assert "return x * self.t" in str(found.value)
    assert "test_step.py" in str(found.value)


def test_random_numbers_of_numpy_are_found():
    with pytest.raises(TraceError, match="random"):
        shinso.compile(lambda x: x + np.random.default_rng().normal(size=3))(X)


def test_a_first_step_that_differs_is_found():
    seen = {}

    def step(x):
        y = x if "last" not in seen else x * 2
        seen["last"] = True
        return y + 1

    with pytest.raises(TraceError, match="second time"):
        shinso.compile(step)(X)


def test_a_counter_in_a_cell_counts():
    t = Cell(np.int64(0))

    def step(x):
        t.data = t.data + 1
        return x * t.data

    compiled = shinso.compile(step)
    for i in range(1, 5):
        np.testing.assert_array_equal(compiled(X), X * i)
    assert t.data == 4
    assert t.data.dtype == np.int64


def test_a_buffer_made_on_the_first_step_is_found():
    class Lazy:
        buffer = None

        def step(self, x):
            if self.buffer is None:
                self.buffer = Tensor(np.zeros(3))
            self.buffer.data = self.buffer.data + x.sum(axis=0)
            return self.buffer.data * 1

    with pytest.raises(TraceError, match="__init__") as found:
        shinso.compile(Lazy().step)(X)
    assert "self.buffer = Tensor(np.zeros(3))" in str(found.value)


def test_a_tensor_made_and_dropped_in_the_step_is_a_constant():
    step = shinso.compile(lambda x: ops.sum(shinso.tensor(x.shape[0] * [1.0]) + 1.0) * 2.0)
    assert step(X).data == 8
    w = shinso.compile(lambda x: Tensor(np.array([1.0, 2.0])))
    np.testing.assert_array_equal(w(X).data, [1, 2])


GLOBAL = 2.0


def test_variables_around_the_function_are_seen():
    global GLOBAL
    scale = 3.0

    def step(x):
        return x * scale * GLOBAL

    compiled = shinso.compile(step)
    np.testing.assert_array_equal(compiled(X), X * 6)
    scale = 5.0
    np.testing.assert_array_equal(compiled(X), X * 10)
    GLOBAL = 4.0
    np.testing.assert_array_equal(compiled(X), X * 20)
    GLOBAL = 2.0


def test_another_model_in_the_same_variable_is_seen():
    model = nn.Linear(3, 2)

    def predict(x):
        return model(x)

    step = shinso.compile(predict)
    x = X.astype(np.float32)
    step(x)
    model = nn.Linear(3, 2)
    np.testing.assert_array_equal(step(x).data, model(x).data)


def test_an_array_read_before_a_write_shows_it():
    cell = Tensor(X.copy())

    def step():
        before = cell.data
        part = before[1:]
        kept = before * 1
        cell.data = cell.data + 1
        return before * 1, part * 1, kept

    plain = step()
    cell.data = X
    made = shinso.compile(step)()
    for a, b in zip(plain, made, strict=True):
        np.testing.assert_array_equal(a, b)


def test_cells_that_change_places():
    a, b = Tensor([1.0]), Tensor([2.0])

    def swap():
        first, second = a.data * 1, b.data * 1
        a.data, b.data = second, first

    def exchange():
        first = a.data
        a.data = b.data
        b.data = first  # shows b already, in NumPy too

    for step in (swap, exchange):
        a.data, b.data = [1.0], [2.0]
        step()
        expected = float(a.data[0]), float(b.data[0])
        a.data, b.data = [1.0], [2.0]
        shinso.compile(step)()
        assert (float(a.data[0]), float(b.data[0])) == expected


def test_a_cell_that_gets_another_shape():
    cell = Tensor(np.zeros(2))

    def grow():
        cell.data = np.concatenate([cell.data, cell.data])

    step = shinso.compile(grow)
    for n in (4, 8, 16):
        step()
        assert cell.shape == (n,)
    cell.data = np.zeros(3)
    step()
    assert cell.shape == (6,)


def test_a_number_written_to_a_cell_takes_its_dtype():
    cell = Tensor(np.zeros(()), dtype="float32")

    def step():
        cell.data = 3

    shinso.compile(step)()
    assert cell.data == 3
    assert cell.dtype == np.float32


def test_gradient_mode_and_default_dtype_are_part_of_the_key():
    w = Tensor([2.0], requires_grad=True)
    step = shinso.compile(lambda x: (w * x).requires_grad)
    assert step(np.float32(1))
    with shinso.no_grad():
        assert not step(np.float32(1))
    made = shinso.compile(lambda x: shinso.tensor([1.0]).data + x)
    assert made(np.float32(1)).dtype == np.float32
    shinso.set_default_dtype("float64")
    try:
        assert made(np.float32(1)).dtype == np.float64
    finally:
        shinso.set_default_dtype("float32")


# -- failure, threads, processes, copies ----------------------------------------------------------


def test_an_exception_in_the_middle_leaves_everything_as_it_was():
    cell = Tensor([1.0])
    failing = [True]

    def step(x):
        cell.data = cell.data + 1
        cell.grad = cell.data * 3
        if failing:
            raise KeyError("midway")
        return x + cell.data

    compiled = shinso.compile(step)
    with pytest.raises(KeyError, match="midway"):
        compiled(X)
    assert cell.data == 1
    assert cell.grad is None
    failing.clear()
    np.testing.assert_array_equal(compiled(X), X + 2)
    assert cell.data == 2


def test_an_error_at_run_time_writes_nothing():
    cell = Tensor(np.array([1.0]))

    def step(x):
        cell.data = cell.data + 1
        return np.log(x)

    compiled = shinso.compile(step)
    compiled(np.array([1.0]))
    with pytest.raises(FloatingPointError):
        compiled(np.array([-1.0]))
    assert cell.data == 2


def test_two_steps_that_share_parameters():
    model = nn.Linear(3, 1)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    plain = copy.deepcopy(model)
    other = optim.SGD(plain.parameters(), lr=0.01)

    def learn(model, optimizer):
        def step(x):
            loss = ops.sum(model(x) * model(x))
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss

        return step

    x = X.astype(np.float32)
    step, predict = shinso.compile(learn(model, optimizer)), shinso.compile(lambda x: model(x))
    reference = learn(plain, other)
    for _ in range(3):
        step(x)
        reference(x)
        np.testing.assert_array_equal(predict(x).data, plain(x).data)
        model.weight.data = model.weight.data * 2
        plain.weight.data = plain.weight.data * 2
    assert predict.traces == 2


def test_calls_from_several_threads():
    total = Tensor(np.zeros(3))
    layer = nn.Dropout(0.5)

    def step(x):
        total.data = total.data + x
        return layer(x)

    compiled = shinso.compile(step)
    errors = []

    def work():
        try:
            for _ in range(20):
                y = compiled(np.ones(3))
                assert set(np.unique(y.data)) <= {0.0, 2.0}
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    np.testing.assert_array_equal(total.data, [80, 80, 80])


def test_each_thread_draws_its_own_numbers():
    layer = nn.Dropout(0.5)
    compiled = shinso.compile(lambda x: layer(x))
    x = np.ones(64)
    found = {}

    def work(name, function):
        found[name] = function(x).data

    shinso.manual_seed(0)
    for name, function in (("plain", layer), ("made", compiled)):
        compiled(x)
        shinso.manual_seed(0)
        thread = threading.Thread(target=work, args=(name, function))
        thread.start()
        thread.join()
    np.testing.assert_array_equal(found["plain"], found["made"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_fork_after_use():
    step = shinso.compile(lambda x: np.tanh(x).sum())
    expected = step(X)
    child = os.fork()
    if child == 0:
        good = step(X) == expected and step(X[:1]) == np.tanh(X[:1]).sum()
        os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0


@shinso.compile
def module_level(x):
    return x + 1


class Owner:
    def __init__(self):
        self.scale = Tensor([2.0])
        self.step = shinso.compile(self.apply)

    def apply(self, x):
        return x * self.scale.data


def test_copies_and_pickles_leave_the_plans_behind():
    assert pickle.loads(pickle.dumps(module_level)) is module_level
    owner = Owner()
    owner.step(X)
    copied = copy.deepcopy(owner)
    assert copied.step.traces == 0
    copied.scale.data = [5.0]
    np.testing.assert_array_equal(copied.step(X), X * 5)
    np.testing.assert_array_equal(owner.step(X), X * 2)
    again = pickle.loads(pickle.dumps(owner))
    again.scale.data = [7.0]
    np.testing.assert_array_equal(again.step(X), X * 7)


def test_a_step_does_not_keep_dead_models_alive():
    step = shinso.compile(lambda model, x: model(x))
    model = nn.Linear(3, 2)
    x = X.astype(np.float32)
    step(model, x)
    seen = weakref.ref(model), weakref.ref(model.weight)
    del model
    gc.collect()
    assert [r() for r in seen] == [None, None]
    other = nn.Linear(3, 2)
    np.testing.assert_array_equal(step(other, x).data, other(x).data)


def test_a_module_is_a_function_too():
    model = nn.Linear(3, 2)
    step = shinso.compile(model)
    x = X.astype(np.float32)
    np.testing.assert_array_equal(step(x).data, model(x).data)
    assert not hasattr(step, "weight")


def test_old_kinds_of_calls_are_forgotten():
    step = shinso.compile(lambda x, k: x + k)
    for k in range(300):
        assert step(1.0 * np.ones(1), k) == 1 + k
    assert len(step._plans) <= 130
    assert len(step._executables) <= 130
    assert step(np.ones(1), 0) == 1


def test_long_chains_of_scalars():
    """A hundred and more sums of sums, as a check of every gradient of a deep network makes."""
    xs = [np.full(3, i, np.float64) for i in range(400)]

    def total(*xs):
        result = (xs[0] * xs[0]).sum()
        for x in xs[1:]:
            result = result + (x * x).sum()
        return result

    assert shinso.compile(total)(*xs) == total(*xs)


def test_a_step_shows_its_graph_and_names_what_goes_in():
    w, counter = Tensor(np.ones(3), requires_grad=True, name="w"), Tensor(0.0)

    @shinso.compile
    def step(x, pair, flag, *, scale):
        counter.data = counter.data + 1
        return (w * x).data * pair[0] + pair[1] * scale

    with pytest.raises(RuntimeError, match="call step once"):
        _ = step.graph
    a, b = np.ones((2, 3)), np.full(3, 2.0)
    step(X, (a, b), True, scale=np.ones(3))
    assert step.argument_names == ("x", "pair 0", "pair 1", "scale")
    assert [node.shape for node in step.graph.outputs] == [(2, 3)]
    assert any(cell is w and slot == "data" for cell, slot in step.cells)
    (update,) = step.graph.updates
    assert step.cells[update.cell][0] is counter
    step(X, (X, X), True, scale=np.ones(3))  # the last one counts; the same array twice
    assert step.argument_names == ("x", "pair 0", "pair 1", "scale")


def test_a_tensor_given_twice_has_the_name_it_has_first():
    step = shinso.compile(lambda a, b: a.data + b.data)
    x = Tensor(X)
    step(x, x)
    assert step.argument_names == ("a",)


def test_names_of_a_method_and_of_a_function_without_a_signature():
    class Scale:
        @shinso.compile
        def apply(self, x):
            return x * 2

    scale = Scale()
    scale.apply(X)
    assert scale.apply.argument_names == ("x",)
    assert scale.apply.cells == []
    assert len(scale.apply.graph.outputs) == 1
    step = shinso.compile(np.add)
    step(X, X)
    assert len(step.argument_names) == 2
