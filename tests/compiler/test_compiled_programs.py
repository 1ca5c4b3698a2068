"""Random NumPy programs as machine code, and what they have found.

Integers, shapes, dtypes, NaNs and infinities are NumPy's exactly; floats but for rounding (see
`rounding`). Every kernel is proved to stay inside its memory, and every pass's graph is verified.
"""

import numpy as np
import pytest

import shinso
from shinso import Tensor, TraceError, nn, optim
from shinso.compiler import assemble
from shinso.compiler.executable import IN_PLACE, Executable
from shinso.compiler.extent import check_call
from shinso.compiler.graph import Argument, Constant, Graph, Node, Reshape, State, Update, View
from shinso.compiler.interpret import interpret
from shinso.compiler.key import Call
from shinso.compiler.nest import Fold, For
from shinso.compiler.plan import trace
from shinso.compiler.program import HostCall
from shinso.compiler.simplify import rebuild
from shinso.compiler.verify import verify
from tests.compiler import more_lines
from tests.compiler import test_random_programs as programs
from tests.compiler.rounding import agree

WIDE = [1, 2, 3, 5, 8, 9, 16, 17, 31, 64]


class Program(programs.Program):
    """A random program that keeps nothing in float16, which is not compiled."""

    def __init__(self, seed, lines=12, kinds=programs.KINDS):
        super().__init__(seed, lines)
        self.kinds = kinds

    def __call__(self, *arrays):
        rng = np.random.default_rng(self.seed)
        pool = list(arrays)
        for _ in range(self.lines):
            x = pool[rng.integers(len(pool))]
            kind = self.kinds[rng.integers(len(self.kinds))]
            try:
                made = kind(rng, x, pool)
            except (TraceError, AssertionError):
                raise
            except (ValueError, TypeError, IndexError, OverflowError):
                continue  # a line that NumPy refuses
            if made is not None and np.size(made) < 5000 and made.dtype != np.float16:
                pool.append(made)
        return pool


def wide_inputs(seed):
    """Arrays of several vectors; most begin with an axis of the same length."""
    rng = np.random.default_rng(seed)
    arrays, n = [], int(rng.choice(WIDE[1:]))
    for _ in range(int(rng.integers(1, 4))):
        shape = [int(x) for x in rng.choice(WIDE, size=rng.integers(0, 4))]
        if shape and rng.random() < 0.6:
            shape[0] = n
        if len(shape) > 1 and rng.random() < 0.3:
            shape[1] = shape[0]
        while np.prod(shape) > 3000:
            shape.pop()
        array = np.asarray(rng.normal(0, 2, shape))
        arrays.append(array.astype(programs.DTYPES[rng.integers(len(programs.DTYPES))]))
    return arrays


def with_cells(graph, arrays, rng):
    """The graph with some arguments as cells, which get new values; and its arrays and states."""
    held = [bool(rng.random() < 0.7) for _ in arrays]
    number = [sum(held[:i]) if h else i - sum(held[:i]) for i, h in enumerate(held)]

    def rule(node, operands):
        if not isinstance(node.operation, Argument):
            return Node(node.operation, operands, node.shape, node.dtype)
        i = node.operation.index
        return Node((State if held[i] else Argument)(number[i]), (), node.shape, node.dtype)

    graph = rebuild(Graph(graph.outputs, (), ()), rule)
    nodes, updates = graph.nodes(), []
    for node in nodes:
        if isinstance(node.operation, State) and rng.random() < 0.8:
            alike = [
                x for x in nodes
                if (x.shape, x.dtype) == (node.shape, node.dtype)
                and x is not node and not isinstance(x.operation, Constant)
            ]  # fmt: skip
            if alike:
                value = alike[rng.integers(len(alike))]
                updates.append(Update(node.operation.index, "data", value))
    outputs = [x for x in graph.outputs if not _is_held(x) and rng.random() < 0.6]
    passed = [a for a, h in zip(arrays, held, strict=True) if not h]
    states = [np.array(a, order="C") for a, h in zip(arrays, held, strict=True) if h]
    return Graph(tuple(outputs), tuple(updates), ()), passed, states


def _is_held(x):
    """Whether a node is only another look at a cell, which no step returns."""
    while isinstance(x.operation, (View, Reshape)):
        x = x.operands[0]
    return isinstance(x.operation, State)


@pytest.fixture(autouse=True)
def verified(monkeypatch):
    """Verify what each pass makes."""

    def checked(run):
        def change(*arguments):
            graph = run(*arguments)
            verify(graph)
            return graph

        return change

    for name in ("simplify", "rewrite"):
        monkeypatch.setattr(assemble, name, checked(getattr(assemble, name)))
    with np.errstate(all="ignore"):
        yield


def compiled(graph, threads, monkeypatch=None):
    """Machine code for a graph whose accesses are all proved to lie inside."""
    if monkeypatch is not None:  # even the smallest loops are split between threads
        monkeypatch.setattr(assemble, "_WORTH_A_TEAM", 0)
    executable = Executable(graph, threads=threads)
    for call in executable.program.calls:
        if not isinstance(call, HostCall):
            check_call(call, executable.program.batch, threads)
    return executable


def run(executable, arguments, states=()):
    """Outputs and new values of cells of two calls, which must be the same."""
    calls = []
    for _ in range(2):
        mine = [s.copy() for s in states]
        outputs, updates = executable.run([np.array(a, order="K") for a in arguments], mine)
        graph = executable.graph
        for update, value in zip(graph.updates, updates, strict=True):
            outputs = [*outputs, mine[update.cell] if value is IN_PLACE else value]
        calls.append([np.asarray(x) for x in outputs])
    assert [x.tobytes() for x in calls[0]] == [x.tobytes() for x in calls[1]]
    return calls[0]


def check(graph, arguments, states, threads, monkeypatch=None):
    outputs, updates = interpret(graph, arguments, [s.copy() for s in states])
    found = run(compiled(graph, threads, monkeypatch), arguments, states)
    agree(found, [*outputs, *updates], graph, arguments, states)


def traced(function, *arrays):
    return trace(function, Call(arrays, {}), False).graph


@pytest.mark.parametrize("start", range(0, 120, 10))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_programs(start):
    """Against the very program, as a caller sees it."""
    for seed in range(start, start + 10):
        arrays, program = programs.inputs(seed), Program(seed)
        plan = trace(program, Call(tuple(arrays), {}), False)
        plan.executable = compiled(plan.graph, 1 + seed % 2)
        plain, made = program(*arrays), plan.run(Call(tuple(arrays), {}))
        assert [type(x) for x in made] == [type(x) for x in plain]
        number = {i: r.output for i, r in enumerate(plan.structure.items) if hasattr(r, "output")}
        outputs = [None] * len(plan.graph.outputs)
        expected = list(outputs)
        for i, k in number.items():
            outputs[k], expected[k] = made[i], plain[i]
        agree(outputs, expected, plan.graph, arrays)


@pytest.mark.parametrize("start", range(1000, 1060, 10))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_wide_programs(start, monkeypatch):
    for seed in range(start, start + 10):
        arrays = wide_inputs(seed)
        check(traced(Program(seed), *arrays), arrays, (), 1 + seed % 2, monkeypatch)


@pytest.mark.parametrize("start", range(2000, 2080, 10))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_programs_with_cells(start, monkeypatch):
    kinds = programs.KINDS + more_lines.LINES
    for seed in range(start, start + 10):
        arrays = programs.inputs(seed)
        graph = traced(Program(seed, kinds=kinds), *arrays)
        check(*with_cells(graph, arrays, np.random.default_rng(seed)), 1 + seed % 2, monkeypatch)


# -- what such programs have found ----------------------------------------------------------------


def test_scan_along_the_batch_beside_work_by_example():
    """A running sum needs its examples in order, whatever its readers could do."""
    x = np.array([3, -1, 4])
    check(traced(lambda x: np.where(x > 0, np.cumsum(x), 1), x), [x], (), threads=1)
    y = np.arange(16.0).reshape(4, 4)
    check(traced(lambda y: np.where(y > 5, np.cumsum(y, 0), 1), y), [y], (), threads=2)


def test_reshape_of_an_argument_beside_a_constant_result():
    x = np.arange(8, dtype=np.int32).reshape(2, 4)

    def run(x):
        zeros = np.zeros_like(x, np.float64, shape=(8,))
        return zeros, x.reshape(8) / (zeros + 1), x.reshape(8) * zeros

    check(traced(run, x), [x], (), threads=1)


def test_one_element_of_merged_axes():
    x = np.arange(16.0).reshape(4, 4, 1)
    check(traced(lambda x: (x.reshape(-1)[6], x.reshape(-1)[-1:]), x), [x], (), threads=1)


X = np.full((3, 4), 2, np.float32)


def side_by_side(make, calls=4):
    """What a step returns and leaves in cells a and c, compiled and not."""
    found = []
    for wrap in (lambda f: f, shinso.compile):
        a, c = (Tensor(np.arange(12, dtype=np.float32).reshape(3, 4) + k) for k in (0, 7))
        step = wrap(make(a, c))
        results = [np.asarray(step(X + k)) for k in range(calls)]
        found.append([*results, a.numpy().copy(), c.numpy().copy()])
    for plain, made in zip(*found, strict=True):
        np.testing.assert_allclose(made, plain, rtol=2e-6)


@pytest.mark.parametrize("look", [lambda y: y, lambda y: y.reshape(4, 3).reshape(3, 4),
                                  lambda y: y[::-1][::-1]])  # fmt: skip
def test_the_old_value_of_a_cell_goes_into_another(look):
    """a gets what c held, though c is written as well."""

    def make(a, c):
        def step(x):
            a.data = look(c.data)
            c.data = c.data + x
            return x.sum()

        return step

    side_by_side(make)


def test_cells_change_places():
    def make(a, c):
        def step(x):
            old = c.data.copy()
            c.data = a.data
            a.data = old
            return x.sum()

        return step

    side_by_side(make)


def test_a_cell_is_read_in_another_shape_after_its_new_value_is_known():
    """The reader waits for a sum; the update, made along with its terms, waits for the reader."""

    def make(a, c):
        def step(x):
            terms = np.exp(a.data * 0.1)
            result = a.data.reshape(2, 6) * terms.sum()
            a.data = terms + 1
            return result

        return step

    side_by_side(make)


def test_cheap_work_done_again_reads_a_cell_before_it_is_written():
    """What a later batch phase works out again must find the old value there."""
    x = np.arange(6).reshape(3, 2)
    held = np.zeros((3, 3, 1), bool)

    def run(x, held):
        larger = np.maximum(x, held)
        places = np.minimum(np.abs(np.sum(larger.reshape(3, -1), 1)), 2)
        return np.tanh(larger * 1.0)[places], np.logical_not(held)

    graph = traced(run, x, held)

    def rule(node, operands):
        if node.operation == Argument(1):
            return Node(State(0), (), node.shape, node.dtype)
        return Node(node.operation, operands, node.shape, node.dtype)

    graph = rebuild(Graph(graph.outputs, (), ()), rule)
    result, new = graph.outputs
    check(Graph((result,), (Update(0, "data", new),), ()), [x], [held], threads=1)


def test_a_cell_is_cleared_and_what_it_held_is_kept():
    """Both new values are made in one loop: what the cell held is read before the zeros go in."""

    def make(a, c):
        def step(x):
            held = c.data.copy()
            c.data = zeros = np.zeros_like(held)
            a.data = np.where(held > zeros, a.data, 2) + a.data
            return x.sum()

        return step

    side_by_side(make)


def test_a_write_beside_another_shape_of_what_it_writes_into():
    """The other one leaves the step: the write may not happen where it lies."""
    x = np.arange(1.0, 18)

    def run(x):
        pairs = np.lib.stride_tricks.sliding_window_view(np.sqrt(x), 2)
        y = np.zeros_like(pairs)
        y[...] = pairs
        y[1:] += 1.5
        return y, pairs.reshape(4, 8)

    check(traced(run, x), [x], (), threads=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_first_element_is_added_to_the_others_and_itself(dtype):
    """It is read long after it has been written, so the sum goes into other memory."""
    x = np.arange(40, dtype=dtype) + 1

    def run(x):
        y = np.cumsum(x)
        y[:-1] += y[0]
        return y

    check(traced(run, x), [x], (), threads=1)


def test_a_cell_gets_a_border_around_what_it_held():
    def make(a, c):
        def step(x):
            c.data = np.pad(np.exp(-c.data)[:, 1:], [(0, 0), (1, 0)])
            a.data = np.pad(a.data[1:-1, 1:-1] * 2 + x[1:-1, 1:-1], 1)
            return x.sum()

        return step

    side_by_side(make)


def test_what_two_operands_give_of_one_array_stays_inside_it():
    """The proof that no kernel leaves its memory sees through one concatenation in another."""
    x = np.arange(3, dtype=np.float32)

    def turned(x):
        return np.concatenate([x[1:], x[:1] * 2])

    check(traced(lambda x: turned(turned(np.tanh(x))), x), [x], (), threads=1)


def test_quotients_that_are_counted_are_exact():
    """floor(49 / 49) is 1: a product with 1 / 49 would be a little less."""
    x, y = np.arange(400.0), np.array([49.0])

    def run(x, y):
        z = x / y
        return np.floor(z), z == 1, (x / y).astype(np.int64), (x.reshape(8, 50) / y).T >= 3

    found, _ = compiled(traced(run, x, y), 1).run([x, y], [])
    for a, b in zip(found, run(x, y), strict=True):
        np.testing.assert_array_equal(a, b)


def test_threads_do_not_add_to_one_element_at_a_time():
    """A kernel's gradient on a map of 2×2 is put together from products that overlap."""
    x = np.random.default_rng(0).standard_normal((64, 64, 2, 2), np.float32)
    layer = nn.Conv2d(64, 64, 3, padding=1, bias=False)
    optimizer = optim.SGD(layer.parameters(), lr=0.1)

    def step(x):
        y = layer(x)
        (y * y).sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    graph = trace(step, Call((x,), {}), False).graph
    program = Executable(graph, threads=2).program
    blocks = [b for call in program.calls for b in _blocks_of(call.kernel.body, False)]
    adding = [[s for s in b.then if isinstance(s, Fold)] for b in blocks]
    assert any(adding)
    assert max(map(len, adding)) == 1


def _blocks_of(body, shared):
    """Blocks inside loops that are split between threads, but for those over the batch."""
    for s in body:
        if isinstance(s, For):
            yield from _blocks_of(s.body, shared or (s.parallel and s.extent != "N"))
        elif shared:
            yield s
