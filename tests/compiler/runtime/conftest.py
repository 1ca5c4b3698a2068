"""Kernels for the run time's tests, written in LLVM's language, and a loop that runs plans."""

import ctypes

import numpy as np
import pytest

from shinso.compiler.objects import compile_ir, load
from shinso.compiler.runtime.driver import Plan
from shinso.compiler.runtime.native import native
from shinso.compiler.target import target

WORD = ctypes.c_int64

# nothing(): does nothing.
# mix(source, target): target[thread] = 3 · sum(source[:threads]) + thread + 1
# add_one(source, target): target[0] = source[0] + 1, float32
# report(status, bits): status |= bits
# mark(counts): counts[thread] += 1
# wait(flag): until flag is not 0
# loop(run, plan, n): runs a plan n times
TEXT = """
define void @nothing(ptr %args, i64 %thread, i64 %threads) { ret void }

define void @mix(ptr %args, i64 %thread, i64 %threads) {
entry:
  %source = load ptr, ptr %args
  %second = getelementptr i64, ptr %args, i64 1
  %target = load ptr, ptr %second
  br label %body
body:
  %i = phi i64 [0, %entry], [%next, %body]
  %sum = phi i64 [0, %entry], [%more, %body]
  %at = getelementptr i64, ptr %source, i64 %i
  %x = load i64, ptr %at
  %more = add i64 %sum, %x
  %next = add i64 %i, 1
  %again = icmp slt i64 %next, %threads
  br i1 %again, label %body, label %end
end:
  %three = mul i64 %more, 3
  %plus = add i64 %three, %thread
  %value = add i64 %plus, 1
  %place = getelementptr i64, ptr %target, i64 %thread
  store i64 %value, ptr %place
  ret void
}

define void @add_one(ptr %args, i64 %thread, i64 %threads) {
  %source = load ptr, ptr %args
  %second = getelementptr i64, ptr %args, i64 1
  %target = load ptr, ptr %second
  %x = load float, ptr %source
  %y = fadd float %x, 1.0
  store float %y, ptr %target
  ret void
}

define void @report(ptr %args, i64 %thread, i64 %threads) {
  %status = load ptr, ptr %args
  %second = getelementptr i64, ptr %args, i64 1
  %bits = load i64, ptr %second
  %old = atomicrmw or ptr %status, i64 %bits seq_cst
  ret void
}

define void @mark(ptr %args, i64 %thread, i64 %threads) {
  %counts = load ptr, ptr %args
  %place = getelementptr i64, ptr %counts, i64 %thread
  %old = load i64, ptr %place
  %new = add i64 %old, 1
  store i64 %new, ptr %place
  ret void
}

define void @wait(ptr %args, i64 %thread, i64 %threads) {
entry:
  %flag = load ptr, ptr %args
  br label %body
body:
  %now = load atomic i64, ptr %flag seq_cst, align 8
  %done = icmp ne i64 %now, 0
  br i1 %done, label %end, label %body
end:
  ret void
}

define i64 @loop(ptr %run, i64 %plan, i64 %n) {
entry:
  br label %body
body:
  %i = phi i64 [0, %entry], [%next, %body]
  %status = call i64 %run(i64 %plan, i64 0, i64 0, i64 0, i64 0)
  %next = add i64 %i, 1
  %again = icmp slt i64 %next, %n
  br i1 %again, label %body, label %end
end:
  ret i64 %status
}
"""


class Kernels:
    """Addresses of the kernels above, by name."""

    def __init__(self) -> None:
        native()  # with everything as it is, before a test pretends otherwise
        self._code = load(compile_ir(TEXT, target()))
        self._loop = ctypes.CFUNCTYPE(WORD, WORD, WORD, WORD)(self._code.address("loop"))

    def __getattr__(self, name: str) -> int:
        return self._code.address(name)

    def repeat(self, plan: Plan, n: int) -> int:
        """Run a plan n times without Python in between. Returns the last status."""
        plan.run()  # makes sure that there are enough workers
        return self._loop(native().address("run"), plan.address, n - 1)


@pytest.fixture(scope="session")
def kernels() -> Kernels:
    return Kernels()


def address(array: np.ndarray) -> int:
    return array.ctypes.data


@pytest.fixture(scope="session")
def address_of():
    return address
