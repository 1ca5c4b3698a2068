import ctypes

import numpy as np
import pytest

from shinso.compiler.objects import compile_ir, load
from shinso.compiler.runtime.words import Module
from shinso.compiler.target import target

WORD = ctypes.c_int64


def _function(emit, arguments):
    """Emit a routine named f, compile it and return it with what must stay alive."""
    module = Module(target().triple)
    module.table("numbers", 4)
    with module.routine("f", arguments, export=True) as f:
        emit(f)
    code = load(compile_ir(module.text(), target()))
    function = ctypes.CFUNCTYPE(WORD, *[WORD] * arguments)(code.address("f"))
    return lambda *words: (code, function(*words))[1]


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (lambda a, b: a + b, 4),
        (lambda a, b: a - b, -10),
        (lambda a, b: a * b, -21),
        (lambda a, b: a & b, -3 & 7),
        (lambda a, b: a | b, -3 | 7),
        (lambda a, b: b >> 1, 3),
        (lambda a, b: a + 5, 2),
    ],
)
def test_arithmetic(operation, expected):
    assert _function(lambda f: f.give(operation(*f.arguments)), 2)(-3, 7) == expected


@pytest.mark.parametrize("pair", [(-1, 2), (2, -1), (3, 3)])
def test_comparisons_are_signed(pair):
    def emit(f):
        a, b = f.arguments
        total = f.word(0)
        for bit, truth in enumerate((a < b, a > b, a <= b, a >= b, a.equals(b), a.differs(b))):
            total = total + f.choose(truth, 1 << bit, 0)
        f.give(total)

    a, b = pair
    truths = (a < b, a > b, a <= b, a >= b, a == b, a != b)
    assert _function(emit, 2)(a, b) == sum(1 << bit for bit, truth in enumerate(truths) if truth)


@pytest.mark.parametrize("n", [0, 1, 10, -1])
def test_count_and_variables(n):
    def emit(f):
        total = f.variable(100)
        with f.count(f.arguments[0]) as i:
            total.set(total.get() + i)
        f.give(total.get())

    assert _function(emit, 1)(n) == 100 + sum(range(n))


def test_loops_in_loops_and_returning_from_them():
    def emit(f):
        with f.count(10) as i, f.count(10) as j, f.when((i * j).equals(f.arguments[0])):
            f.give(i * 10 + j)
        f.give(-1)

    find = _function(emit, 1)
    assert find(42) == 67
    assert find(13) == -1


def test_the_end_returns_0():
    assert _function(lambda f: None, 0)() == 0


def test_memory():
    def emit(f):
        (row,) = f.arguments
        f.store(row, f.load(row + 8) + f.load32(row + 16))
        f.publish(row + 8, f.watch(row + 8) + 1)
        f.store(row + 24, f.add_to(row + 32, 5) * 100 + f.exchange(row + 40, 9))

    row = np.array([0, 7, (1 << 40) + 4, 0, 3, 2], np.int64)
    _function(emit, 1)(row.ctypes.data)
    assert row.tolist() == [11, 8, (1 << 40) + 4, 302, 8, 9]


def test_swap_if():
    def emit(f):
        f.give(f.choose(f.swap_if(f.arguments[0], 0, 1), 1, 0))

    word = np.zeros(1, np.int64)
    take = _function(emit, 1)
    assert take(word.ctypes.data) == 1
    assert take(word.ctypes.data) == 0
    assert word[0] == 1


def test_frame_table_and_calls():
    seen = []

    @ctypes.CFUNCTYPE(WORD, WORD, WORD)
    def outside(a, b):
        seen.append((a, b))
        return a * b

    def emit(f):
        frame, table = f.frame(3), f.place("numbers")
        f.store(frame + 16, 6)
        f.store(table + 8, 7)
        f.give(f.call_at(f.arguments[0], f.load(frame + 16), f.load(table + 8)))

    assert _function(emit, 1)(ctypes.cast(outside, ctypes.c_void_p).value) == 42
    assert seen == [(6, 7)]


def test_routines_call_each_other_in_any_order():
    module = Module(target().triple)
    with module.routine("first", 1, export=True) as f:
        f.give(f.call("second", f.arguments[0]) + 1)
    with module.routine("second", 1) as f:
        f.give(f.arguments[0] * 2)
    code = load(compile_ir(module.text(), target()))
    assert ctypes.CFUNCTYPE(WORD, WORD)(code.address("first"))(20) == 41
