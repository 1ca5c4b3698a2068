"""LLVM IR to object code to a running function."""

import ctypes
import gc
import subprocess
import sys

import pytest

from shinso.compiler import objects
from shinso.compiler.objects import CompileError
from shinso.compiler.target import named, target

RETURN = "define i64 @{name}() {{\n  ret i64 {value}\n}}\n"
CALLS_EXP = """
declare double @exp(double)
define double @f(double %x) {
  %y = call double @exp(double %x)
  ret double %y
}
"""
WITH_HELPER = """
define internal double @twice(double %x) alwaysinline {
  %y = fadd double %x, %x
  ret double %y
}
define double @f(double %x) {
  %y = call double @twice(double %x)
  %z = fadd double %y, 0.125
  ret double %z
}
"""


def call(address, *arguments, result=ctypes.c_int64):
    kinds = [ctypes.c_double if isinstance(a, float) else ctypes.c_int64 for a in arguments]
    return ctypes.CFUNCTYPE(result, *kinds)(address)(*arguments)


def test_compile_load_and_call():
    loaded = objects.load(objects.compile_ir(RETURN.format(name="f", value=41), target()))
    assert call(loaded.address("f")) == 41
    assert loaded.address("f") == loaded.address("f")
    with pytest.raises(CompileError, match='no function "g"'):
        loaded.address("g")


def test_compiling_twice_gives_the_same_bytes():
    text = RETURN.format(name="f", value=1)
    assert objects.compile_ir(text, target()) == objects.compile_ir(text, target())


def test_functions_of_the_c_library_are_found():
    loaded = objects.load(objects.compile_ir(CALLS_EXP, target()))
    assert call(loaded.address("f"), 0.0, result=ctypes.c_double) == 1.0


def test_constants_reach_from_code_and_helpers_are_inlined():
    code = objects.compile_ir(WITH_HELPER, target())
    assert call(objects.load(code).address("f"), 1.5, result=ctypes.c_double) == 3.125
    assert "twice" not in objects.optimized_ir(WITH_HELPER, target())
    assert "twice" not in objects.assembly(WITH_HELPER, target())


@pytest.mark.parametrize("names", [["a", "b", "c"], ["same", "same", "same"]])
def test_many_at_once_also_with_the_same_name(names):
    codes = [
        objects.compile_ir(RETURN.format(name=name, value=number), target())
        for number, name in enumerate(names)
    ]
    loaded = objects.load_many([(code, [name]) for code, name in zip(codes, names, strict=True)])
    assert [call(found[name]) for found, name in zip(loaded.addresses, names, strict=True)] == [
        0,
        1,
        2,
    ]


def test_many_may_be_none():
    assert objects.load_many([]).addresses == []


def test_hundreds_of_objects():
    code = objects.compile_ir(RETURN.format(name="f", value=7), target())
    kept = [objects.load(code) for _ in range(300)]
    assert len({loaded.address("f") for loaded in kept}) == 300
    assert call(kept[-1].address("f")) == 7
    del kept
    gc.collect()
    assert call(objects.load(code).address("f")) == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("this is no module", "cannot read"),
        ("define i64 @f() {\n  ret i32 1\n}\n", "cannot read"),
        (
            "define i64 @f() {\n  %x = add i64 %y, 1\n  %y = add i64 %x, 1\n  ret i64 %x\n}\n",
            "refuse",
        ),
        ('define void @f() {\n  call void asm "nop", ""()\n  ret void\n}\n', "assembly"),
        ('module asm "nop"\n', "assembly"),
    ],
)
def test_invalid_modules_are_errors_and_not_the_end(text, message):
    for attempt in (objects.compile_ir, objects.assembly, objects.optimized_ir):
        with pytest.raises(CompileError, match=message):
            attempt(text, target())


def test_unknown_target():
    class Odd:
        triple, cpu, features = "nosuch-machine", "", ""

    with pytest.raises(CompileError, match="nosuch-machine"):
        objects.compile_ir(RETURN.format(name="f", value=1), Odd())


@pytest.mark.parametrize("name", ["avx512", "avx2", "x86-64", "neon"])
def test_code_for_other_machines(name):
    other = named(name)
    code = objects.compile_ir(RETURN.format(name="f", value=5), other)
    assert "ret" in objects.assembly(RETURN.format(name="f", value=5), other)
    if other.runs_here:
        assert call(objects.load(code).address("f")) == 5


@pytest.mark.parametrize("damage", ["empty", "short", "noise"])
def test_damaged_object_code_is_an_error(damage):
    code = objects.compile_ir(RETURN.format(name="f", value=1), target())
    code = {"empty": b"", "short": code[: len(code) // 2], "noise": b"\x90" * 500}[damage]
    with pytest.raises(CompileError):
        objects.load_many([(code, ["f"])])


def test_missing_functions_are_errors():
    code = objects.compile_ir(RETURN.format(name="f", value=1), target())
    with pytest.raises(CompileError, match="cannot be loaded"):
        objects.load_many([(code, ["g"])])
    unknown = CALLS_EXP.replace("@exp", "@no_such_function_anywhere")
    with pytest.raises(CompileError, match="cannot be loaded"):
        objects.load_many([(objects.compile_ir(unknown, target()), ["f"])])


def test_exported_names():
    text = (
        "define void @plain(ptr %x) {\n ret void\n}\n"
        'define dso_local i64 @"with space"() {\n ret i64 0\n}\n'
        "define internal void @helper() {\n ret void\n}\n"
        "define private void @hidden() {\n ret void\n}\n"
        "declare void @outside()\n"
    )
    assert objects.exported(text) == ("plain", "with space")
    assert objects.exported("") == ()


def test_local_variables_become_registers_and_nothing_is_unrolled():
    text = """
define float @sum(ptr %x, i64 %n) {
entry:
  %total = alloca float
  store float 0.0, ptr %total
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %where = getelementptr float, ptr %x, i64 %i
  %value = load float, ptr %where
  %old = load float, ptr %total
  %new = fadd float %old, %value
  store float %new, ptr %total
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %end
end:
  %result = load float, ptr %total
  ret float %result
}
"""
    clean = objects.optimized_ir(text, target())
    assert "alloca" not in clean
    assert clean.count("fadd") == 1


def test_a_fork_works_on():
    script = (
        "import os\n"
        "from shinso.compiler import objects\n"
        "from shinso.compiler.target import target\n"
        "text = 'define i64 @f() { ret i64 3 }'\n"
        "objects.load(objects.compile_ir(text, target())).address('f')\n"
        "child = os.fork()\n"
        "found = objects.load(objects.compile_ir(text, target())).address('f')\n"
        "if child == 0: os._exit(0 if found else 1)\n"
        "assert os.waitpid(child, 0)[1] == 0 and found\n"
    )
    if not hasattr(__import__("os"), "fork"):
        pytest.skip("no fork on this system")
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_importing_does_not_load_llvm():
    script = (
        "import sys, shinso.compiler.cache, shinso.compiler.workers\n"
        "assert 'llvmlite' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
