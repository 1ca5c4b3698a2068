import copy
import gc
import sys
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest

from shinso.compiler.runtime import layout
from shinso.compiler.runtime.driver import Plan, Record
from shinso.compiler.runtime.entry import (
    ArrayArgument,
    Entry,
    Holder,
    Maker,
    ObjectArgument,
    Patch,
    Result,
)
from shinso.compiler.runtime.team import team
from shinso.graph.tensor import Tensor

TENSOR = Holder(Tensor, "_view", {"_requires_grad": False, "_creator": None})
MAKE_TENSOR = Maker(
    Tensor,
    "_view",
    {"name": None, "_store": None, "_grad": None, "_creator": None, "_index": 0,
     "_requires_grad": False},
)  # fmt: skip


def slow(*arguments, **named):
    return "slow", arguments, named


def failed(status):
    raise ArithmeticError(f"status {status}")


class Adder:
    """Makes entries whose plan sets each result's first element to x[0] + 1 (float32)."""

    def __init__(self, kernels):
        self.kernels = kernels

    def __call__(self, arguments=None, results=None, threads=1, kernel="add_one", **options):
        arguments = [ArrayArgument("f4", (2, 3))] if arguments is None else arguments
        results = [Result("f4", (4,))] if results is None else results
        args = np.zeros(max(2, 2 * len(results)), np.int64)
        n = len(arguments)
        records = [Record(getattr(self.kernels, kernel), 2 * j) for j in range(len(results))]
        patches = [Patch(0, 2 * j) for j in range(len(results))]
        patches += [Patch(n + j, 2 * j + 1) for j in range(len(results))]
        plan = Plan(records, args, threads)
        options = {"slow": slow, "failed": failed, **options}
        return Entry(plan, arguments, results, patches, **options)


@pytest.fixture
def adder(kernels):
    return Adder(kernels)


@pytest.fixture
def x():
    return np.arange(5, 11, dtype=np.float32).reshape(2, 3)


# -- what comes back -----------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("release", [False, True])
def test_array(adder, x, threads, release):
    entry = adder(threads=threads, release=release)
    first, second = entry.call(x), entry.call(x + 1)
    assert type(first) is np.ndarray
    assert (first.dtype, first.shape) == (np.float32, (4,))
    assert first.flags.owndata
    assert first.flags.writeable
    assert (first[0], second[0]) == (6, 7)


def test_scalars_and_0d_arrays(adder, x):
    scalar = adder(results=[Result("f4", (), scalar=True)]).call(x)
    assert type(scalar) is np.float32
    assert scalar == 6
    array = adder(results=[Result("f4", ())]).call(x)
    assert type(array) is np.ndarray
    assert array.shape == ()
    assert array == 6


def test_nothing(adder, x):
    assert adder(results=[], returns="none").call(x) is None


def test_tuple(adder, x):
    results = [Result("f4", (1,)), Result("f4", (), scalar=True), Result("f4", (2, 2))]
    answer = adder(results=results, returns="tuple").call(x)
    assert type(answer) is tuple
    assert [a.shape for a in answer] == [(1,), (), (2, 2)]
    assert [a.flat[0] if a.shape else a for a in answer] == [6, 6, 6]
    assert adder(results=[], returns="tuple").call(x) == ()


def test_wrap(adder, x):
    results = [Result("f4", (1,)), Result("f4", (), scalar=True)]
    answer = adder(results=results, returns=lambda a, b: {"a": a, "b": b}).call(x)
    assert answer == {"a": np.float32(6), "b": np.float32(6)}


@pytest.mark.parametrize("scalar", [False, True])
def test_tensor(adder, x, scalar):
    t = adder(results=[Result("f4", (), scalar=scalar, maker=MAKE_TENSOR)]).call(x)
    assert type(t) is Tensor
    assert t.item() == 6
    assert type(t._view) is (np.float32 if scalar else np.ndarray)
    assert (t.name, t._store, t.grad, t.creator, t._index, t.requires_grad) == (
        None, None, None, None, 0, False,
    )  # fmt: skip
    assert weakref.ref(t)() is t
    assert gc.is_tracked(t) == gc.is_tracked(Tensor(1.0))


def test_offsets_of_patches(adder, x):
    entry = adder()
    entry = Entry(
        entry.plan, entry.arguments, entry.results, [Patch(0, 0, 8), Patch(1, 1, 12)],
        slow=slow, failed=failed,
    )  # fmt: skip
    assert entry.call(x)[3] == 8


# -- what is not as expected goes to `slow` ------------------------------------------------------


def _is_slow(answer, *arguments, **named):
    return (
        answer[0] == "slow"
        and len(answer[1]) == len(arguments)
        and all(a is b for a, b in zip(answer[1], arguments, strict=True))
        and answer[2] == named
    )


def _misaligned():
    return np.zeros(25, np.uint8)[1:].view(np.float32).reshape(2, 3)


class Subclass(np.ndarray):
    pass


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.tolist(),
        lambda x: None,
        lambda x: x.astype(np.float64),
        lambda x: x.astype(">f4"),
        lambda x: x.astype(np.int32),
        lambda x: x.reshape(3, 2),
        lambda x: x.reshape(6),
        lambda x: x.reshape(2, 3, 1),
        lambda x: x[0, 0],
        lambda x: x[:0],
        lambda x: np.asfortranarray(x),
        lambda x: np.zeros((2, 6), np.float32)[:, ::2],
        lambda x: x[:, ::-1],
        lambda x: _misaligned(),
        lambda x: x.view(Subclass),
        lambda x: Tensor(x),
        lambda x: x.astype([("a", "f4")]),
    ],
)
def test_other_arguments(adder, x, make):
    entry = adder()
    other = make(x)
    assert _is_slow(entry.call(other), other)
    assert entry.call(x)[0] == 6


def test_other_numbers_of_arguments(adder, x):
    call = adder().call
    assert _is_slow(call())
    assert _is_slow(call(x, x), x, x)
    assert _is_slow(call(x, out=3), x, out=3)
    assert call(*[x])[0] == 6


def test_objects(adder, x):
    mark = object()
    entry = adder([ArrayArgument("f4", (2, 3)), ObjectArgument(mark), ObjectArgument(None)])
    assert entry.call(x, mark, None)[0] == 6
    assert _is_slow(entry.call(x, None, mark), x, None, mark)
    other = object()
    assert _is_slow(entry.call(x, other, None), x, other, None)


def test_tensor_arguments(adder, x):
    entry = adder([ArrayArgument("f4", (2, 3), TENSOR)])
    t = Tensor(x)
    assert entry.call(t)[0] == 6
    t.data = x + 1
    assert entry.call(t)[0] == 7
    t.requires_grad = True
    assert _is_slow(entry.call(t), t)
    for other in (x, Tensor(x.astype(np.float64)), Tensor(x[:, :2]), Tensor.__new__(Tensor), 3):
        assert _is_slow(entry.call(other), other)


def test_slots_that_hold_no_array(adder, x):
    entry = adder([ArrayArgument("f4", (), TENSOR)])
    scalar = Tensor._of(np.float32(3), None, 0)
    assert _is_slow(entry.call(scalar), scalar)
    assert entry.call(Tensor(np.float32(3)))[0] == 4


def test_version(adder, x):
    version = np.array([7], np.int64)
    entry = adder(version=version, expected=7)
    assert entry.call(x)[0] == 6
    version[0] = 8
    assert _is_slow(entry.call(x), x)
    entry.renew(8)
    assert entry.call(x)[0] == 6


def test_views_of_written_cells(adder):
    cells = [np.zeros((2, 3), np.float32) for _ in range(5)]
    entry = adder(written=cells[1:4])
    for k, cell in enumerate(cells):
        view = cell.view()
        view.flags.writeable = False
        answer = entry.call(view)
        assert _is_slow(answer, view) if 1 <= k <= 3 else answer[0] == 1
    within = np.concatenate([cells[2].reshape(-1), np.zeros(6, np.float32)])
    entry = adder(written=[within[4:7]])
    for start, overlaps in ((0, True), (6, True)):
        part = within[start : start + 6].reshape(2, 3)
        part.flags.writeable = False
        assert _is_slow(entry.call(part), part) == overlaps
    apart = adder(written=[within[:6]])
    part = within[6:].reshape(2, 3)
    part.flags.writeable = False
    assert apart.call(part)[0] == 1


# -- errors --------------------------------------------------------------------------------------


def test_status(kernels, x):
    args = np.zeros(2, np.int64)
    plan = Plan([Record(kernels.report, 0)], args, 1)
    args[:] = plan.status_address, 12
    seen = []
    entry = Entry(
        plan, [ArrayArgument("f4", (2, 3))], [Result("f4", (3,))], [], slow=slow,
        failed=lambda status: seen.append(status) or "instead",
    )  # fmt: skip
    assert entry.call(x) == "instead"
    assert seen == [12]
    args[1] = 0
    assert entry.call(x).shape == (3,)
    args[1] = 4
    entry = Entry(plan, [], [Result("f4", ())], [], slow=slow, failed=failed)
    with pytest.raises(ArithmeticError, match="status 4"):
        entry.call()


def test_errors_come_through(adder, x):
    def angry(*arguments):
        raise LookupError("no")

    with pytest.raises(LookupError):
        adder(slow=angry).call()
    with pytest.raises(LookupError):
        adder(returns=angry).call(x)
    assert adder().call(x)[0] == 6


def test_results_too_large(adder, x):
    entry = adder(results=[Result("f4", (1,)), Result("f4", (1 << 45,))], returns="tuple")
    for _ in range(3):
        with pytest.raises(MemoryError):
            entry.call(x)


# -- nothing leaks -------------------------------------------------------------------------------


def _memory():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("what", ["array", "tensor", "tuple", "slow", "failed", "wrap"])
def test_references_are_exact(adder, kernels, x, what):
    mark = object()
    t = Tensor(x)
    arguments = [
        ArrayArgument("f4", (2, 3)),
        ArrayArgument("f4", (2, 3), TENSOR),
        ObjectArgument(mark),
    ]
    results = [Result("f4", (50,))]
    options = {}
    if what == "tensor":
        results = [Result("f4", (), scalar=True, maker=MAKE_TENSOR)]
    elif what == "tuple":
        results = [Result("f4", (50,)), Result("f4", (), scalar=True)]
        options = {"returns": "tuple"}
    elif what == "wrap":
        options = {"returns": lambda a: a}
    elif what == "slow":
        options = {"version": np.array([3]), "slow": lambda *_: None}
    entry = adder(arguments, results, **options)
    if what == "failed":
        args = np.zeros(2, np.int64)
        plan = Plan([Record(kernels.report, 0)], args, 1)
        args[:] = plan.status_address, 1 << 40
        entry = Entry(plan, arguments, results, [], slow=slow, failed=lambda status: None)
    call = entry.call
    watched = [x, t, t._view, mark, np.dtype(np.float32), Tensor, entry, call, slow]
    loose = [None, False, 0]  # the interpreter itself keeps and drops references to these

    def many(n):
        for _ in range(n):
            call(x, t, mark)

    many(20_000)
    before = [sys.getrefcount(w) for w in watched + loose]
    memory = _memory()
    many(300_000 if what != "array" else 1_000_000)
    after = [sys.getrefcount(w) for w in watched + loose]
    n = len(watched)
    assert after[:n] == before[:n]
    assert max(abs(a - b) for a, b in zip(after[n:], before[n:], strict=True)) < 100
    assert _memory() - memory < 2 << 20


def test_function_keeps_its_parts_and_dies_with_them(adder, x):
    class Owner:
        def slow(self, *arguments):
            return "slow"

    owner = Owner()
    owner.entry = adder(slow=owner.slow, results=[Result("f4", (2,), maker=MAKE_TENSOR)])
    call = owner.entry.call
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert call(x).data[0] == 6
    assert call() == "slow"
    assert call.__name__ == "step"
    del call
    gc.collect()
    assert gone() is None


# -- threads -------------------------------------------------------------------------------------


def test_calls_from_several_threads(adder):
    """Every caller must get its own numbers, beside a thread that is always busy."""
    entries = [adder(threads=n, release=release) for n in (1, 2) for release in (False, True)]
    stop = threading.Event()
    wrong = []

    def be_busy():
        while not stop.is_set():
            sum(range(1000))

    def work(k, entry):
        for i in range(400):
            value = 1000 * k + i
            if entry.call(np.full((2, 3), value, np.float32))[0] != value + 1:
                wrong.append((k, i))

    busy = threading.Thread(target=be_busy)
    busy.start()
    workers = [threading.Thread(target=work, args=(k, entries[k % 4])) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    stop.set()
    busy.join()
    assert wrong == []


def test_released_lock_lets_python_go_on(kernels):
    flag = np.zeros(1, np.int64)
    args = np.array([flag.ctypes.data], np.int64)
    entry = Entry(
        Plan([Record(kernels.wait, 0)], args, 2), [], [], [], slow=slow, failed=failed,
        returns="none", release=True,
    )  # fmt: skip
    waiting = threading.Thread(target=entry.call)
    waiting.start()
    other = threading.Thread(target=entry.call)  # waits for the run lock, and lets us go on, too
    other.start()
    assert waiting.is_alive()
    flag[0] = 1
    waiting.join()
    other.join()


# -- the way through Python ----------------------------------------------------------------------


def test_run(adder, x):
    entry = adder(threads=2)
    (y,) = entry.new_results()
    assert entry.run([x, y]) == 0
    assert y[0] == 6
    status, seconds = entry.run_timed([x + 1, y])
    assert (status, y[0], seconds.shape) == (0, 7, (1, 2, 2))


@pytest.mark.parametrize(
    ("spoil", "match"),
    [
        (lambda x, y: [x], "2 are needed"),
        (lambda x, y: [x, y, y], "2 are needed"),
        (lambda x, y: [None, y], "array 0 must be float32 .2, 3., not nothing"),
        (lambda x, y: [x.astype("f8"), y], "array 0 .* not float64"),
        (lambda x, y: [x[:1], y], "array 0"),
        (lambda x, y: [np.asfortranarray(x), y], "contiguous"),
        (lambda x, y: [x, np.broadcast_to(np.float32(1), (4,))], "array 1"),
        (lambda x, y: [x, np.frombuffer(bytes(16), np.float32)], "writable"),
    ],
)
def test_run_with_wrong_arrays(adder, x, spoil, match):
    entry = adder()
    with pytest.raises(ValueError, match=match):
        entry.run(spoil(x, entry.new_results()[0]))


def test_without_the_fast_call(adder, x, monkeypatch):
    monkeypatch.setattr(layout, "trouble", lambda: "a strange Python")
    entry = adder()
    assert entry.trouble == "a strange Python"
    assert entry.call is slow
    (y,) = entry.new_results()
    entry.run([x, y])
    assert y[0] == 6


def test_more_arguments_than_the_fast_call_takes(adder, x):
    entry = adder([ArrayArgument("f4", (2, 3))] * 33)
    assert "32" in entry.trouble
    assert entry.call is slow
    entry = adder([ArrayArgument("f4", (2, 3))] * 32, [Result("f4", (1,))] * 32, returns="tuple")
    answer = entry.call(*[x] * 32)
    assert [a[0] for a in answer] == [6] * 32


def test_parts_that_do_not_fit(adder, x):
    entry = adder()

    def make(patches=(), results=entry.results, arguments=entry.arguments, **options):
        return Entry(entry.plan, arguments, results, patches, slow=slow, failed=failed, **options)

    for patch in (Patch(2, 0), Patch(-1, 0), Patch(0, 2), Patch(0, -1)):
        with pytest.raises(ValueError, match="outside the plan"):
            make([patch])
    with pytest.raises(ValueError, match="no array"):
        make([Patch(0, 0)], arguments=[ObjectArgument(None)])
    with pytest.raises(ValueError, match="cannot be a scalar"):
        make(results=[Result("f4", (1,), scalar=True)])
    with pytest.raises(ValueError, match="'two'"):
        make(returns="two")
    with pytest.raises(ValueError, match="there are 2"):
        make(results=[Result("f4", ())] * 2)
    with pytest.raises(ValueError, match="version"):
        make(version=np.zeros(1, np.int32))
    with pytest.raises(TypeError, match="slots"):
        make(results=[Result("f4", (), maker=Maker(threading.Thread, "name"))])
    with pytest.raises(TypeError, match="_vew"):
        make(arguments=[ArrayArgument("f4", (), Holder(Tensor, "_vew"))])


def test_entries_are_not_copied(adder):
    with pytest.raises(TypeError, match="addresses"):
        copy.copy(adder())


def test_a_team_that_is_too_small_is_no_obstacle(adder, x):
    """A forked child has no workers: the call goes to `slow`, whose `run` gets some."""
    entry = adder(threads=3)
    block = team()._block
    workers, block[0] = int(block[0]), 0
    try:
        assert _is_slow(entry.call(x), x)
    finally:
        block[0] = workers
    assert entry.call(x)[0] == 6
