"""The functions call nothing: no mathematics library, on any target, for numbers or vectors."""

import re

import numpy as np
import pytest
from llvmlite import binding, ir

from shinso.compiler.target import NAMES, named
from shinso.compiler.vector_math import FUNCTIONS
from shinso.compiler.vector_math.lanes import Lanes
from tests.compiler.elementwise import add_loop, case

# A call, or (x86, code that may lie anywhere) an address that is loaded to be called.
CALL = re.compile(r"^\s+(?:callq?|jmpq?|bl|b|movabsq)\s+\$?([A-Za-z_][\w.@$]*)", re.MULTILINE)
TWO = {"arctan2", "copysign", "floor_divide", "fmod", "heaviside", "hypot", "logaddexp",
       "logaddexp2", "nextafter", "power", "remainder"}  # fmt: skip


def assembly(name, target):
    module = ir.Module()
    module.triple = target.triple
    number = 0
    for char in "fd":
        for lanes in (0, target.lanes(char)):
            types = char * (2 if name in TWO else 1)
            emit, kinds, _, _ = case(name, types, char, lanes)
            add_loop(module, f"f{number}", emit, kinds, kinds[0], lanes, target)
            number += 1
    parsed = binding.parse_assembly(str(module))
    parsed.verify()
    return target.machine().emit_assembly(parsed)


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_calls_nothing(name, target):
    text = assembly(name, named(target))
    called = {c for c in CALL.findall(text) if not c.startswith((".L", "shinso."))}
    assert called == set()
    assert "f3" in text


@pytest.mark.parametrize("target", NAMES)
def test_a_call_would_be_seen(target):
    module = ir.Module()
    module.triple = named(target).triple
    number = np.dtype(np.float64)

    def library(b, t, values):
        return Lanes(b, t, values[0]).intrinsic("sin").value

    add_loop(module, "f", library, [number], number, 0, named(target))
    text = named(target).machine().emit_assembly(binding.parse_assembly(str(module)))
    assert "sin" in CALL.findall(text)
