"""Targets by name, what they can, what the host is, and the sizes of its caches."""

import subprocess
import sys

import numpy as np
import pytest
from llvmlite import binding, ir

from shinso.compiler import target as module
from shinso.compiler.target import NAMES, Caches, Target, caches, named, target

X86 = "x86_64-unknown-linux-gnu"


def test_native_is_the_default(monkeypatch):
    for value in (None, "", "native"):
        if value is None:
            monkeypatch.delenv("SHINSO_TARGET", raising=False)
        else:
            monkeypatch.setenv("SHINSO_TARGET", value)
        here = target()
        assert here.name == "native"
        assert here.runs_here
        assert here.triple == binding.get_process_triple()
        assert here.cpu == binding.get_host_cpu_name()


def test_the_environment_decides(monkeypatch):
    monkeypatch.setenv("SHINSO_TARGET", "x86-64")
    assert target() is named("x86-64")
    monkeypatch.setenv("SHINSO_TARGET", "avx2")
    assert target().vector_bytes == 32


@pytest.mark.parametrize(("wrong", "hint"), [("avx521", "avx512"), ("AVX2", None), ("sse", None)])
def test_unknown_names(monkeypatch, wrong, hint):
    monkeypatch.setenv("SHINSO_TARGET", wrong)
    with pytest.raises(ValueError, match="SHINSO_TARGET is") as error:
        target()
    assert all(name in str(error.value) for name in NAMES)
    if hint:
        assert f"Did you mean {hint!r}?" in str(error.value)


@pytest.mark.parametrize(
    ("name", "width", "registers", "fma"),
    [("avx512", 64, 32, True), ("avx2", 32, 16, True), ("x86-64", 16, 16, False),
     ("neon", 16, 32, True)],
)  # fmt: skip
def test_what_they_can(name, width, registers, fma):
    t = named(name)
    assert (t.name, t.vector_bytes, t.registers, t.fma) == (name, width, registers, fma)
    assert t.flags == (("contract",) if fma else ())
    assert t.lanes(np.float32) == width // 4
    assert t.lanes("d") == width // 8
    assert t.lanes(bool) == width
    assert t.architecture == ("aarch64" if name == "neon" else "x86_64")


@pytest.mark.parametrize(
    ("features", "width", "registers"),
    [("+sse2,-avx2,-fma,-avx512f", 16, 16), ("+sse2,+avx2,-fma", 16, 16),
     ("+sse2,+avx2,+fma,-avx512f", 32, 16), ("+avx2,+fma,+avx512f,-avx512vl", 32, 16),
     ("+avx2,+fma,+avx512f,+avx512vl,+avx512dq,+avx512bw", 64, 32)],
)  # fmt: skip
def test_native_width_follows_the_features(features, width, registers):
    t = module._native(X86, "some", features)
    assert (t.vector_bytes, t.registers) == (width, registers)


def test_native_on_arm():
    t = module._native("arm64-apple-darwin23.0.0", "apple-m1", "+neon")
    assert (t.vector_bytes, t.registers, t.fma, t.architecture) == (16, 32, True, "aarch64")


def test_features_are_whole_names():
    t = Target("native", X86, "x", "+avx512f,-fma,+fma4", 64, 32)
    assert t.has("avx512f")
    assert not t.has("avx512")
    assert not t.has("fma")
    assert not t.fma


def test_another_machine_does_not_run_here():
    here = named("native")
    other = "neon" if here.architecture == "x86_64" else "avx2"
    assert not named(other).runs_here
    impossible = Target("native", here.triple, here.cpu, "+no-such-feature", 16, 16)
    assert not impossible.runs_here


def doubled(t):
    """A function that adds a vector of the target's width to itself."""
    m = ir.Module()
    m.triple = t.triple
    vector = ir.VectorType(ir.FloatType(), t.lanes("f"))
    f = ir.Function(m, ir.FunctionType(ir.VoidType(), (ir.PointerType(),)), name="doubled")
    for attribute in t.function_attributes:
        f.attributes._known = f.attributes._known | {attribute}
        f.attributes.add(attribute)
    b = ir.IRBuilder(f.append_basic_block())
    x = b.load(f.args[0], typ=vector)
    b.store(b.fadd(x, x), f.args[0])
    b.ret_void()
    parsed = binding.parse_assembly(str(m))
    parsed.verify()
    return t.machine().emit_assembly(parsed)


@pytest.mark.parametrize(
    ("name", "register"), [("avx512", "zmm"), ("avx2", "ymm"), ("x86-64", "xmm"), ("neon", ".4s")]
)
def test_vectors_are_as_wide_as_the_registers(name, register):
    """Whole registers, in one addition: LLVM does not halve them."""
    text = doubled(named(name))
    assert register in text
    adds = [line for line in text.splitlines() if "add" in line.split("#")[0].split("\t")[-2:][0]]
    assert len(adds) == 1, text


def test_machines_are_not_shared():
    assert named("native").machine() is not named("native").machine()


def test_import_does_not_load_llvm():
    code = "import sys, shinso.compiler.target; print('llvmlite' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# -- caches ---------------------------------------------------------------------------------------


def test_caches_are_plausible():
    found = caches()
    assert 8 << 10 <= found.level1 <= 1 << 20
    assert found.level1 <= found.level2 <= 64 << 20


def describe(root, index, kind, level, size, sharing):
    folder = root / "cache" / f"index{index}"
    folder.mkdir(parents=True)
    for name, text in (("type", kind), ("level", level), ("size", size),
                       ("shared_cpu_list", sharing)):  # fmt: skip
        (folder / name).write_text(f"{text}\n")


def test_caches_of_linux(tmp_path):
    (tmp_path / "topology").mkdir()
    (tmp_path / "topology" / "thread_siblings_list").write_text("0,8\n")
    describe(tmp_path, 0, "Data", 1, "48K", "0,8")
    describe(tmp_path, 1, "Instruction", 1, "64K", "0,8")
    describe(tmp_path, 2, "Unified", 2, "4M", "0-3,8-11")
    describe(tmp_path, 3, "Unified", 3, "36864K", "0-15")
    assert module._linux_caches(tmp_path) == Caches(48 << 10, 1 << 20, 36 << 20)


def test_caches_without_a_description(tmp_path):
    assert module._linux_caches(tmp_path / "nothing") == module._TYPICAL
    (tmp_path / "topology").mkdir()
    (tmp_path / "topology" / "thread_siblings_list").write_text("0\n")
    describe(tmp_path, 0, "Data", 1, "much", "0")
    describe(tmp_path, 1, "Unified", 2, "0K", "0")
    assert module._linux_caches(tmp_path) == module._TYPICAL


def test_caches_of_apple(monkeypatch):
    told = {"hw.perflevel0.l1dcachesize": 128 << 10, "hw.perflevel0.l2cachesize": 12 << 20,
            "hw.perflevel0.cpusperl2": 4}  # fmt: skip
    monkeypatch.setattr(module, "_sysctl", lambda name: told.get(name, 0))
    assert module._apple_caches() == Caches(128 << 10, 3 << 20, 12 << 20)
    told.clear()
    assert module._apple_caches() == module._TYPICAL
