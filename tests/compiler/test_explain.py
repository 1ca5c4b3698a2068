"""What a compiled step tells of itself: exact counts, true sources, nothing changed by asking."""

import copy
import math
import re

import numpy as np
import pytest

import shinso
from shinso import nn, ops, optim
from shinso.cell import Cell, version
from shinso.compiler import plan
from shinso.compiler.executable import Executable
from shinso.compiler.explain import explain
from shinso.compiler.interpret import interpret
from shinso.compiler.key import Call
from shinso.compiler.nest import Apply, Axis, Block, Buffer, Folded, For, Load, Store, Sum, affine
from shinso.compiler.peak import Peak, peak
from shinso.compiler.stages import STAGES
from shinso.compiler.target import target
from shinso.compiler.work import count

F = np.float32


def flops(explanation) -> int:
    return sum(k.flops for k in explanation.kernels)


# -- counts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(32, 40, 24), (1, 7, 3), (65, 129, 33)])
def test_a_matrix_product_is_two_operations_per_multiply_add(shape, dtype):
    m, k, n = shape
    step = shinso.compile(lambda a, b: a @ b)
    e = step.explain(np.ones((m, k), dtype), np.ones((k, n), dtype))
    assert flops(e) == 2 * m * k * n
    assert f"matmul {m}×{k} · {k}×{n}" in str(e)
    (kernel,) = [x for x in e.kernels if x.flops]
    assert kernel.bytes == np.dtype(dtype).itemsize * (m * k + k * n + m * n)


def test_a_convolution_and_its_bias():
    x, w, b = np.ones((4, 3, 10, 10), F), np.ones((8, 3, 3, 3), F), np.ones(8, F)
    e = shinso.compile(lambda x, w, b: ops.conv2d(x, w, b).data).explain(x, w, b)
    results = 4 * 8 * 8 * 8
    assert flops(e) == 2 * 27 * results + results
    assert "convolve" in str(e)


def test_elements_and_folds_are_one_operation_each():
    x = np.ones((50, 30), F)
    e = shinso.compile(lambda x: np.exp(x * 2 + 1)).explain(x)
    assert (flops(e), e.kernels[0].bytes) == (3 * x.size, 2 * x.nbytes)
    assert "exp" in e.kernels[0].doing
    e = shinso.compile(lambda x: x.sum(axis=1)).explain(x)
    assert (flops(e), e.kernels[0].bytes) == (x.size, x.nbytes + 4 * 50)
    e = shinso.compile(lambda i: i + 1).explain(np.arange(9))
    assert flops(e) == 0  # integers
    e = shinso.compile(lambda x, i: x[i]).explain(np.ones((1000, 8), F), np.arange(5))
    moved = next(k for k in e.kernels if "float32 1000×8" in "".join(k.buffers))
    assert moved.bytes < 1000  # not the whole table


def test_both_threads_count_once():
    a, b = np.ones((64, 50), F), np.ones((50, 48), F)
    graph = plan.trace(lambda a, b: np.tanh(a @ b), Call((a, b), {}), keep_grads=False).graph
    one, two = (explain(Executable(graph, threads=n), (a, b), ()) for n in (1, 2))
    assert flops(one) == flops(two) == 2 * 64 * 50 * 48 + 64 * 48
    assert (one.threads, two.threads) == (1, 2)


def test_counting_in_loops():
    a, b, s = Buffer("a", np.dtype(F)), Buffer("b", np.dtype(F)), Buffer("s", np.dtype(F), 100)
    scaled = Apply("multiply", (Load(a, affine(0, i=1)), Load(a, affine(0, i=1))), np.dtype(F))
    product = Apply("multiply", (scaled, Load(b, affine(0, k=8, j=1))), np.dtype(F))
    block = Block(
        (("i", 4),), "j", 8, (Axis("k", "N*3", 2),), (Sum("add", product, np.dtype(F)),),
        (Store(s, affine(0, i=8, j=1), Folded(0, np.dtype(F))),),
    )  # fmt: skip
    nest = For("p", "N", (For("i", 10, (For("j", 8, (block,), 8),), 4),), parallel=True)
    work = count((nest,), batch=5, threads=2)
    # `scaled` does not vary along k or j: once for each row of each tile.
    assert work.flops == {4: 5 * (10 + 2 * 10 * 8 * 15)}
    assert (work.read, work.written) == ({"a": 10, "b": 15 * 8}, {})


# -- what is said ---------------------------------------------------------------------------------


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.drop = nn.Dropout(0.2)
        self.out = nn.Linear(4 * 6 * 6, 5)

    def forward(self, x):
        return self.out(ops.flatten(self.drop(ops.relu(self.norm(self.conv(x)))), 1))


def training(keep_grads=False):
    shinso.manual_seed(3)
    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(x, t):
        loss = ops.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    for name, parameter in model.named_parameters():
        parameter.name = name
    return model, optimizer, shinso.compile(step, keep_grads=keep_grads)


rng = np.random.default_rng(0)
X, T = rng.standard_normal((8, 2, 6, 6)).astype(F), np.arange(8) % 5


def test_every_kernel_has_its_lines_loops_and_numbers():
    _, _, step = training()
    e = step.explain(X, T)
    assert [k.number for k in e.kernels] == list(range(len(e.kernels)))
    for k in e.kernels:
        assert k.sources
        assert all(s.line > 0 and s.text for s in k.sources)
        assert k.nest
        assert k.path
        assert k.doing
        assert k.buffers
        assert k.bound in ("compute", "memory")
        assert k.seconds >= 0
        assert math.isfinite(k.at_best)
        assert k.share >= 0
        assert re.fullmatch("kernel_[0-9a-f]{24}", k.name)
    assert any("conv.weight" in k.reads for k in e.kernels)
    assert any("out.weight" in k.writes for k in e.kernels)
    assert not e.hosts
    assert e.memory > 0
    assert e.seconds > 0


def test_the_table_is_for_people():
    _, _, step = training()
    e = step.explain(X, T)
    text = str(e)
    assert text == repr(e) == e.text()
    assert max(map(len, text.splitlines())) <= 120
    assert f"{len(e.kernels)} kernels" in text
    assert "GFLOP/s" in text
    assert "ops/contraction.py:" in text
    assert "peak measured here" in text
    top = e.text(top=2, by_time=True)
    assert f"{len(e.kernels) - 2} more" in top
    first, second = (
        int(x) for x in re.findall(r"^ *(\d+) +[\d.,]+ +[\d.]+ +[\d.,]+ +\d", top, re.M)
    )
    seconds = sorted((k.seconds for k in e.kernels), reverse=True)
    assert [e.kernels[first].seconds, e.kernels[second].seconds] == seconds[:2]
    full = e.kernel(0)
    assert e.kernels[0].name in full
    assert "operations" in full
    assert "b0: " in full
    with pytest.raises(IndexError, match="0 to"):
        e.kernel(1000)


def test_a_call_of_numpy_is_named():
    step = shinso.compile(lambda a: np.linalg.inv(a) * 2)
    e = step.explain(np.eye(4) + 1)
    (host,) = e.hosts
    assert host.function == "np.linalg.inv"
    assert host.seconds > 0
    assert "np.linalg.inv(a) * 2" in host.sources[0].text
    assert "np.linalg.inv, called as it is" in str(e)
    assert "call of NumPy" in str(e)
    assert "NumPy's np.linalg.inv" in step.ir()
    with pytest.raises(IndexError, match="call of NumPy"):
        step.ir(host.number)


def test_a_kernel_that_occurs_twice_is_written_once():
    step = shinso.compile(lambda a, b: (a.sum(axis=0), b.sum(axis=0)))
    e = step.explain(np.ones((5, 40), F), np.ones((5, 40), F))
    assert [k.same_as for k in e.kernels] == [None, 0]
    assert step.ir().count("define ") == 1
    assert "kernel 1: the same as kernel 0" in step.ir()
    assert step.ir(0) == step.ir(1)


def test_an_empty_program():
    step = shinso.compile(lambda a: a)
    e = step.explain(np.ones(3))
    assert e.kernels == ()
    assert "0 kernels" in str(e)
    assert step.ir() == step.asm() == ""
    with pytest.raises(IndexError, match="no kernel 0"):
        step.ir(0)
    with pytest.raises(IndexError):
        e.kernel(0)
    e = shinso.compile(lambda a: a * 2).explain(np.ones((0, 3)))
    assert flops(e) == 0


# -- nothing changes ------------------------------------------------------------------------------


def cells(model, optimizer) -> list[np.ndarray]:
    found = [p.data for p in model.parameters()] + [b.data for b in model.buffers()]
    held = [v for s in optimizer.state.values() for v in s.values() if isinstance(v, Cell)]
    return [np.array(x) for x in [*found, *(c.data for c in held)]]


@pytest.mark.parametrize("calls", [0, 1, 3])
@pytest.mark.parametrize("labels", [T, T + 77], ids=["right", "out of range"])
def test_no_cell_changes(calls, labels):
    model, optimizer, step = training()
    twin, other, again = training()
    shinso.manual_seed(5)
    for _ in range(calls):
        step(X, T)
    x, before, number = X.copy(), cells(model, optimizer), version()
    random = repr(shinso.get_rng_state())
    grads = [p.grad is None for p in model.parameters()] if not calls else None
    e = step.explain(x, labels)
    assert e.kernels
    if calls:
        step.explain()
    assert version() == number
    assert repr(shinso.get_rng_state()) == random
    if grads:
        assert [p.grad is None for p in model.parameters()] == grads
    for old, new in zip(before, cells(model, optimizer), strict=True):
        assert old.tobytes() == new.tobytes()
    assert x.tobytes() == X.tobytes()
    losses = [float(step(X, T).data) for _ in range(2)]
    shinso.manual_seed(5)
    for _ in range(calls):
        again(X, T)
    assert losses == [float(again(X, T).data) for _ in range(2)]
    for old, new in zip(cells(twin, other), cells(model, optimizer), strict=True):
        assert old.tobytes() == new.tobytes()


def test_explaining_traces_and_compiles_for_the_call_that_follows():
    step = shinso.compile(lambda x: x * 2)
    step.explain(np.ones(4))
    traces = step.traces
    np.testing.assert_array_equal(step(np.arange(4.0)), np.arange(4.0) * 2)
    assert step.traces == traces
    _, _, training_step = training()
    training_step.explain(X, T + 77)
    with pytest.raises(ValueError, match="label"):
        training_step(X, T + 77)


def test_gradients_that_are_read_and_arguments_that_are_tensors():
    w = shinso.Tensor(np.ones(5, F), requires_grad=True, name="w")

    @shinso.compile(keep_grads=True)
    def step(x):
        (x * w).sum().backward()

    x = shinso.Tensor(np.arange(5, dtype=F))
    for expected in (1, 2, 3):
        step(x)
        step.explain(x)
        step.explain()
        np.testing.assert_array_equal(w.grad, expected * np.arange(5))
    assert "w.grad" in step.explain(x).text()


def test_methods():
    class Scale:
        by = 3

        @shinso.compile
        def apply(self, x):
            return x * self.by

    scale = Scale()
    assert scale.apply.explain(np.ones(3)).kernels
    assert scale.apply.explain().kernels
    assert "define" in scale.apply.ir()
    assert scale.apply.asm(0)
    assert scale.apply.stage("graph")


# -- stages ---------------------------------------------------------------------------------------


def test_every_stage_in_writing():
    _, _, step = training()
    step(X, T)
    texts = {stage: step.stage(stage) for stage in STAGES}
    assert "Σ %" in texts["graph"]
    assert "state 0" in texts["graph"]
    assert "demand %" in texts["graph"]
    assert len(texts["rewritten"].splitlines()) < len(texts["graph"].splitlines())
    assert "level 1: example by example, 8 of them" in texts["plan"]
    assert "in place in cell" in texts["plan"]
    assert "; kernel 0: kernel_" in texts["loops"]
    assert "block rows" in texts["loops"]
    assert step.ir() == texts["ir"]
    assert step.asm(0) in texts["asm"]
    assert step.ir(0) in texts["ir"]
    assert "define void" in step.ir(0)
    name = step.explain().kernels[0].name
    assert name in step.ir(0)
    assert name in step.asm(0)


def test_graphs_of_all_kinds_of_nodes_can_be_written_down():
    def everything(x, i):
        y = np.pad(x, 1)[::-1, 1:4]
        z = np.concatenate([y, y.T.reshape(6, 3)]).cumsum(axis=0) + np.arange(3.0)
        z[0] += 1.0
        z[1] = x[i[:3], 0]
        np.add.at(z, i, 2.0)
        u = np.linalg.pinv(z)
        return z.argmax(axis=0), np.sort(z, axis=0), z.astype(np.float32).max(), u

    step = shinso.compile(everything)
    x, i = np.ones((4, 4)), np.array([0, 2, 2])
    step(x, i)
    text = step.stage("graph")
    for words in ("pad", "concatenate", "running add", "+=", "argmax", "NumPy's", "reshape"):
        assert words in text
    for stage in STAGES[1:]:
        assert step.stage(stage)


# -- errors ---------------------------------------------------------------------------------------


def test_nothing_to_explain(monkeypatch):
    def grow(x):
        return x * 2

    step = shinso.compile(grow)
    for ask in (step.explain, step.ir, step.asm, lambda: step.stage("graph")):
        with pytest.raises(RuntimeError, match="call grow once, or use explain"):
            ask()
    step(np.ones(3))
    assert step.explain().kernels
    assert copy.deepcopy(step)._last is None
    with pytest.raises(ValueError, match="'plan'"):
        step.stage("plans")
    with pytest.raises(IndexError, match="there is no kernel 7: the kernels are 0 to 0"):
        step.asm(7)
    monkeypatch.setenv("SHINSO_COMPILE", "0")
    with pytest.raises(RuntimeError, match="SHINSO_COMPILE=0"):
        shinso.compile(grow).explain(np.ones(3))


def test_in_numpy_and_inside_a_trace(monkeypatch):
    inner = shinso.compile(lambda x: x + 1)
    inner(np.ones(3))
    with pytest.raises(RuntimeError, match="inside"):
        shinso.compile(lambda x: inner.explain(x))(np.ones(3))
    monkeypatch.setattr(plan, "prepare", plan.Interpreted)
    step = shinso.compile(lambda x: x + 1)
    step(np.ones(3))
    with pytest.raises(RuntimeError, match="NumPy"):
        step.explain()


# -- the machine's best ---------------------------------------------------------------------------


def test_the_peak_is_measured_once():
    best = peak(target(), 1)
    assert best is peak(target(), 1)
    again = peak(target(), 1, again=True)
    assert again.float32 >= best.float32
    assert again is peak(target(), 1)
    assert again.memory >= best.memory
    numbers = [best.float32, best.float64, best.memory, *(s for _, s in best.bandwidths)]
    assert all(0 < x < math.inf for x in numbers)
    assert [n for n, _ in best.bandwidths] == sorted(n for n, _ in best.bandwidths)


def test_data_are_measured_against_the_memory_that_holds_them():
    best = Peak(2, 100.0, 50.0, ((1000, 9.0), (5000, 4.0), (90000, 1.0)))
    assert [best.bandwidth(n) for n in (0, 1000, 1001, 5000, 5001, 10**9)] == [9, 9, 4, 4, 1, 1]
    assert best.arithmetic({4: 200, 8: 50}) == 3
    assert best.memory == 1


def test_explaining_computes_what_numpy_does():
    """The rehearsal's runs are whole runs: what they leave in copies is what a step computes."""
    x = np.linspace(-1, 1, 600, dtype=F).reshape(20, 30)
    step = shinso.compile(lambda x: np.tanh(x) @ x.T)
    step.explain(x)
    graph = step._last.graph
    (expected,), _ = interpret(graph, (x,), ())
    np.testing.assert_allclose(step(x), expected, rtol=2e-5, atol=2e-5)
