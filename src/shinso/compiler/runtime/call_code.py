"""Native code of the fast call: a Python function that checks its arguments and runs a plan.

It is a builtin function of the kind METH_FASTCALL | METH_KEYWORDS whose `self` is a tuple. The
tuple's first item is an int64 array, the table: all that is to be checked and done, as words. The
rest of the tuple keeps alive what the table's words point to. So this code is made once, and every
compiled step only has another table. The words of the table and of its parts:
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shinso.compiler.runtime import layout
from shinso.compiler.runtime.team_code import THREADS, WORKERS, the_team

if TYPE_CHECKING:
    from collections.abc import Callable

    from shinso.compiler.runtime.words import Module, Routine, Word

(PLAN, N_ARGUMENTS, ARGUMENTS, N_RESULTS, RESULTS, N_PATCHES, PATCHES, N_WRITTEN, WRITTEN,
 VERSION, EXPECTED, SLOW, FAILED, WRAP, RETURNS, RELEASE) = (8 * i for i in range(16))  # fmt: skip
TABLE_WORDS = 16

# An argument: what it must be. KIND: one of the three below; IDENTITY: the type of a holder, or the
# very object; SLOT: where a holder has its array; SAME: pairs (offset, object) it must have, too.
KIND, IDENTITY, SLOT, N_SAME, SAME, DTYPE, ND, DIMS, BYTES = (8 * i for i in range(9))
ARGUMENT_WORDS = 9
ARRAY, HOLDER, OBJECT = 0, 1, 2

# A result: SCALAR: as a NumPy scalar, not an array; MAKER: the type to make, or 0; FILL: pairs
# (offset, object), where 0 stands for the result itself.
SCALAR, R_DTYPE, R_ND, R_DIMS, MAKER, N_FILL, FILL = (8 * i for i in range(7))
RESULT_WORDS = 7

# What is returned (RETURNS).
NOTHING, ONE, TUPLE, WRAPPED = 0, 1, 2, 3

MOST = 32
"""The most arguments and the most results. (The frame must stay below a page for Windows.)"""

FUNCTIONS = (
    "Py_IncRef", "Py_DecRef", "PyObject_Vectorcall", "PyEval_SaveThread", "PyEval_RestoreThread",
    "PyType_GenericAlloc", "PyTuple_New", "PyTuple_SetItem", "PyLong_FromLongLong",
)  # fmt: skip
"""Python's functions that the code calls; `none`, `ndarray` and two of NumPy's come besides."""


def emit(module: Module, api: Callable[..., Word], constant: Callable[..., Word]) -> None:
    """Define `call`.

    api: a function (routine, name, *arguments) that emits a call; constant: (routine, name) gives
    the address that stands in the api table.
    """
    _emit_fits(module, constant)
    _emit_outside(module)
    _emit_drop(module, api)
    _emit_collect(module, api, constant)
    _emit_launch(module, api)
    _emit_value(module, api)
    _emit_answer(module, api, constant)
    _emit_call(module, api)


def _emit_fits(module: Module, constant: Callable[..., Word]) -> None:
    """fits(object, spec, table): the argument's array; 1 if right, but no array; 0 if wrong."""
    with module.routine("fits", 3) as f:
        thing, spec, table = f.arguments
        kind, identity = f.load(spec + KIND), f.load(spec + IDENTITY)
        with f.when(kind.equals(OBJECT)):
            f.give(f.choose(thing.equals(identity), 1, 0))
        found = f.variable(thing)
        with f.when(kind.equals(HOLDER)):
            _unless_equal(f, f.load(thing + layout.TYPE), identity)
            same = f.load(spec + SAME)
            with f.count(f.load(spec + N_SAME)) as i:
                pair = same + i * 16
                _unless_equal(f, f.load(thing + f.load(pair)), f.load(pair + 8))
            found.set(f.load(thing + f.load(spec + SLOT)))
            with f.when(found.get().equals(0)):
                f.give(0)
        array = found.get()
        _unless_equal(f, f.load(array + layout.TYPE), constant(f, "ndarray"))
        _unless_equal(f, f.load(array + layout.DESCR), f.load(spec + DTYPE))
        nd = f.load(spec + ND)
        _unless_equal(f, f.load32(array + layout.ND), nd)
        flags = f.load32(array + layout.FLAGS)
        good = layout.C_CONTIGUOUS | layout.ALIGNED
        _unless_equal(f, flags & good, f.word(good))
        has, wants = f.load(array + layout.DIMS), f.load(spec + DIMS)
        with f.count(nd) as i:
            _unless_equal(f, f.load(has + i * 8), f.load(wants + i * 8))
        # Only read-only arrays can be views of a cell that the step writes.
        with f.when((flags & layout.WRITEABLE).equals(0)):
            data = f.load(array + layout.DATA)
            apart = f.call("outside", table, data, data + f.load(spec + BYTES))
            _unless_equal(f, apart, f.word(1))
        f.give(array)


def _unless_equal(f: Routine, a: Word, b: Word) -> None:
    """Return 0 unless two words are the same."""
    with f.when(a.differs(b)):
        f.give(0)


def _emit_outside(module: Module) -> None:
    """outside(table, start, stop): 1 if this memory has nothing in common with written cells.

    The first range encloses all the others, so that one comparison mostly suffices.
    """
    with module.routine("outside", 3) as f:
        table, start, stop = f.arguments
        ranges = f.load(table + WRITTEN)
        hit = f.variable(0)
        with f.count(f.load(table + N_WRITTEN)) as i:
            first, last = f.load(ranges + i * 16), f.load(ranges + i * 16 + 8)
            hit.set(0)
            with f.when(start < last), f.when(stop > first):
                hit.set(1)
            with f.when(i.equals(0)), f.when(hit.get().equals(0)):
                f.give(1)
            with f.when(i > 0), f.when(hit.get().differs(0)):
                f.give(0)
        f.give(1)


def _emit_drop(module: Module, api: Callable[..., Word]) -> None:
    """drop(first, n): give back the references in n words; 0 stands for none."""
    with module.routine("drop", 2) as f:
        first, n = f.arguments
        with f.count(n) as i:
            thing = f.load(first + i * 8)
            with f.when(thing.differs(0)):
                api(f, "Py_DecRef", thing)


def _emit_collect(module: Module, api: Callable[..., Word], constant: Callable[..., Word]) -> None:
    """collect(table, args, held, data, scratch): check the arguments, make the result arrays.

    held: references, first of the arguments' arrays (another thread may put a new array into a
    tensor), then of the results; data: where their elements are. Returns 1, or 0 if an argument is
    wrong, or -1 if there is no memory; then nothing is held any more.
    """
    with module.routine("collect", 5) as f:
        table, args, held, data, scratch = f.arguments
        n, specs = f.load(table + N_ARGUMENTS), f.load(table + ARGUMENTS)
        with f.count(n) as i:
            array = f.call("fits", f.load(args + i * 8), specs + i * (8 * ARGUMENT_WORDS), table)
            with f.when(array.equals(0)):
                f.call("drop", held, i)
                f.give(0)
            f.store(held + i * 8, 0)
            with f.when(array.differs(1)):
                api(f, "Py_IncRef", array)
                f.store(held + i * 8, array)
                f.store(data + i * 8, f.load(array + layout.DATA))
        results = f.load(table + RESULTS)
        with f.count(f.load(table + N_RESULTS)) as j:
            spec, k = results + j * (8 * RESULT_WORDS), n + j
            f.store(held + k * 8, 0)
            f.store(data + k * 8, scratch + j * 16)
            with f.when(f.load(spec + SCALAR).equals(0)):
                dtype, nd, dims = (f.load(spec + o) for o in (R_DTYPE, R_ND, R_DIMS))
                api(f, "Py_IncRef", dtype)  # NewFromDescr takes this reference
                array = api(
                    f, "PyArray_NewFromDescr", constant(f, "ndarray"), dtype, nd, dims, 0, 0, 0, 0
                )
                with f.when(array.equals(0)):
                    f.call("drop", held, k)
                    f.give(-1)
                f.store(held + k * 8, array)
                f.store(data + k * 8, f.load(array + layout.DATA))
        f.give(1)


def _emit_launch(module: Module, api: Callable[..., Word]) -> None:
    """launch(table, data, status): take the run lock and run the plan. 0 if it may not be run.

    Whoever waits for the lock has let go of Python's lock; so it may be taken in either order.
    """
    with module.routine("launch", 3) as f:
        table, data, status = f.arguments
        plan = f.load(table + PLAN)
        with f.when(f.call("try_lock").equals(0)):
            state = api(f, "PyEval_SaveThread")
            f.call("lock")
            api(f, "PyEval_RestoreThread", state)
        few = f.load(the_team(f) + WORKERS) < f.load(plan + THREADS) - 1
        stale = f.load(f.load(table + VERSION)).differs(f.load(table + EXPECTED))
        with f.when(few | stale):
            f.call("unlock")
            f.give(0)
        f.call("patch", f.load(table + N_PATCHES), f.load(table + PATCHES), data)
        with f.when(f.load(table + RELEASE).differs(0)):
            state = api(f, "PyEval_SaveThread")
            f.store(status, f.call("run_locked", plan, 0))
            f.call("unlock")
            api(f, "PyEval_RestoreThread", state)
            f.give(1)
        f.store(status, f.call("run_locked", plan, 0))
        f.call("unlock")
        f.give(1)


def _emit_value(module: Module, api: Callable[..., Word]) -> None:
    """value(spec, array, data): the object that one result becomes; takes over the array's
    reference. 0 if that failed.
    """
    with module.routine("value", 3) as f:
        spec, array, data = f.arguments
        thing = f.variable(array)
        with f.when(f.load(spec + SCALAR).differs(0)):
            thing.set(api(f, "PyArray_Scalar", data, f.load(spec + R_DTYPE), 0))
            with f.when(thing.get().equals(0)):
                f.give(0)
        kind = f.load(spec + MAKER)
        with f.when(kind.equals(0)):
            f.give(thing.get())
        made = api(f, "PyType_GenericAlloc", kind, 0)
        with f.when(made.equals(0)):
            api(f, "Py_DecRef", thing.get())
            f.give(0)
        fill = f.load(spec + FILL)
        with f.count(f.load(spec + N_FILL)) as i:
            offset, other = f.load(fill + i * 16), f.load(fill + i * 16 + 8)
            f.store(made + offset, f.choose(other.equals(0), thing.get(), other))
            with f.when(other.differs(0)):
                api(f, "Py_IncRef", other)
        f.give(made)


def _emit_answer(module: Module, api: Callable[..., Word], constant: Callable[..., Word]) -> None:
    """answer(table, held, data): what the caller gets. held and data: of the results."""
    with module.routine("answer", 3) as f:
        table, held, data = f.arguments
        n, specs, returns = (f.load(table + o) for o in (N_RESULTS, RESULTS, RETURNS))
        with f.count(n) as j:
            spec = specs + j * (8 * RESULT_WORDS)
            thing = f.call("value", spec, f.load(held + j * 8), f.load(data + j * 8))
            f.store(held + j * 8, thing)
            with f.when(thing.equals(0)):
                f.call("drop", held, n)
                f.give(0)
        with f.when(returns.equals(ONE)):
            f.give(f.load(held))
        with f.when(returns.equals(TUPLE)):
            made = api(f, "PyTuple_New", n)
            with f.when(made.equals(0)):
                f.call("drop", held, n)
                f.give(0)
            with f.count(n) as j:
                api(f, "PyTuple_SetItem", made, j, f.load(held + j * 8))
            f.give(made)
        with f.when(returns.equals(WRAPPED)):
            made = api(f, "PyObject_Vectorcall", f.load(table + WRAP), held, n, 0)
            f.call("drop", held, n)
            f.give(made)
        f.call("drop", held, n)
        none = constant(f, "none")
        api(f, "Py_IncRef", none)
        f.give(none)


def _emit_call(module: Module, api: Callable[..., Word]) -> None:
    """call(self, args, n, names): the builtin function itself. names: of keyword arguments."""
    with module.routine("call", 4, export=True) as f:
        this, args, given, names = f.arguments
        table = f.load(f.load(this + layout.ITEMS) + layout.DATA)
        n, n_results = f.load(table + N_ARGUMENTS), f.load(table + N_RESULTS)
        held, data, scratch = f.frame(2 * MOST), f.frame(2 * MOST), f.frame(2 * MOST)
        status = f.frame(1)
        run = f.variable(0)
        with f.when(names.equals(0)), f.when(given.equals(n)):
            run.set(f.call("collect", table, args, held, data, scratch))
            with f.when(run.get() < 0):
                f.give(0)
            with f.when(run.get().equals(1)):
                run.set(f.call("launch", table, data, status))
                f.call("drop", held, n)
                with f.when(run.get().equals(0)):
                    f.call("drop", held + n * 8, n_results)
        with f.when(run.get().equals(0)):
            f.give(api(f, "PyObject_Vectorcall", f.load(table + SLOW), args, given, names))
        with f.when(f.load(status).differs(0)):
            f.call("drop", held + n * 8, n_results)
            number = api(f, "PyLong_FromLongLong", f.load(status))
            with f.when(number.equals(0)):
                f.give(0)
            f.store(status, number)
            answer = api(f, "PyObject_Vectorcall", f.load(table + FAILED), status, 1, 0)
            api(f, "Py_DecRef", number)
            f.give(answer)
        f.give(f.call("answer", table, held + n * 8, data + n * 8))
