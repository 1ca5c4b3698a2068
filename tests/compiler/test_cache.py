"""The kernel cache: compiled once per machine, loaded once per process."""

import ctypes
import gc
import os
import subprocess
import sys
import threading

import pytest

from shinso.compiler import cache as module
from shinso.compiler import objects, workers
from shinso.compiler.cache import KernelCache, Request
from shinso.compiler.objects import CompileError
from shinso.compiler.store import Store
from shinso.compiler.target import Target, named, target
from shinso.compiler.workers import CompilerCrash


def ir(symbol, value):
    return f"define i64 @{symbol}() {{\n  ret i64 {value}\n}}\n"


def request(cache, symbol, value):
    return Request(cache.key(f"{symbol} {value}"), symbol, lambda: ir(symbol, value))


def never():
    raise AssertionError("this kernel should have been found")


def run(address):
    return ctypes.CFUNCTYPE(ctypes.c_int64)(address)()


def entries(folder):
    return sorted(folder.glob("*.kernel"))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "kernels"


@pytest.fixture
def make(folder):
    return lambda **options: KernelCache(target(), Store(folder), workers=0, **options)


def test_table_then_disk_then_compiler(make, folder):
    first = make()
    requests = [request(first, f"f{number}", number) for number in range(4)]
    addresses = first.get_many(requests)
    assert [run(address) for address in addresses] == [0, 1, 2, 3]
    assert (first.counters.misses, first.counters.compiled, first.counters.hits) == (4, 4, 0)
    assert first.counters.seconds > 0
    assert first.counters.load_seconds > 0

    known = [one._replace(make_ir=never) for one in requests]
    assert first.get_many(known) == addresses
    assert (first.counters.reused, first.counters.misses) == (4, 4)

    second = make()
    assert [run(address) for address in second.get_many(known)] == [0, 1, 2, 3]
    assert (second.counters.hits, second.counters.misses) == (4, 0)
    assert len(entries(folder)) == 4


def test_no_requests(make):
    assert make().get_many([]) == []


def test_repeated_requests_and_equal_symbols(make):
    cache = make()
    one, other = request(cache, "f", 1), request(cache, "f", 2)
    addresses = cache.get_many([one, other, one, other, other])
    assert [run(address) for address in addresses] == [1, 2, 1, 2, 2]
    assert cache.counters.compiled == 2
    assert [run(a) for a in make().get_many([other, one])] == [2, 1]


def test_key_depends_on_everything_that_code_depends_on(monkeypatch):
    def key(machine=None, text="text"):
        return KernelCache(machine or named("x86-64"), Store(None)).key(text)

    plain = named("x86-64")
    base = key()
    assert len(bytes.fromhex(base)) == 32
    assert key() == base
    fields = (plain.name, plain.triple, plain.cpu, plain.features)
    others = [
        Target(*(f + "x" if n == number else f for n, f in enumerate(fields)), 16, 16)
        for number in range(4)
    ]
    others.append(Target(*fields, 32, 16))
    keys = {base, key(text="text "), *(key(other) for other in others)}
    for name, holder in (("versions", objects), ("sources", module), ("FORMAT", module)):
        with monkeypatch.context() as patch:
            patch.setattr(holder, name, 99 if name == "FORMAT" else lambda: "another")
            module._surroundings.cache_clear()
            keys.add(key())
    module._surroundings.cache_clear()
    assert len(keys) == 10
    assert key() == base


def test_sources_hash_covers_the_whole_compiler(monkeypatch, tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "cache.py").write_text("1")
    (tmp_path / "deep" / "more.py").write_text("2")
    monkeypatch.setattr(module, "__file__", str(tmp_path / "cache.py"))
    compute = module.sources.__wrapped__
    seen = {compute(), compute()}
    (tmp_path / "deep" / "more.py").write_text("3")
    seen.add(compute())
    (tmp_path / "deep" / "more.py").rename(tmp_path / "deep" / "other.py")
    seen.add(compute())
    assert len(seen) == 3
    assert module.sources() == module.sources()


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "noise", "missing"])
def test_a_damaged_entry_is_compiled_again_and_replaced(make, folder, damage):
    requests = [request(make(), f"f{number}", number) for number in range(3)]
    make().get_many(requests)
    victim = entries(folder)[1]
    good = victim.read_bytes()
    if damage == "missing":
        victim.unlink()
    else:
        bad = {"flip": good[:-9] + b"\xff" + good[-8:], "cut": good[:-1], "empty": b""}
        victim.write_bytes(bad.get(damage, b"\x00" * len(good)))
    cache = make()
    assert [run(address) for address in cache.get_many(requests)] == [0, 1, 2]
    assert (cache.counters.hits, cache.counters.misses) == (2, 1)
    assert victim.read_bytes() == good


@pytest.mark.parametrize("content", [b"f1\0no object code", b"f1", b"", b"\0", b"f1\0", b"g\0x"])
def test_an_honest_entry_with_nonsense_in_it_is_replaced(make, folder, content):
    cache = make()
    requests = [request(cache, f"f{number}", number) for number in range(3)]
    make().get_many(requests)
    Store(folder).write(requests[1].key, content)
    assert [run(address) for address in cache.get_many(requests)] == [0, 1, 2]
    assert (cache.counters.hits, cache.counters.misses) == (2, 1)
    assert make().get_many(requests)
    assert Store(folder).read(requests[1].key) != content


def test_without_a_disk(folder):
    cache = KernelCache(target(), Store(None), workers=0)
    one = request(cache, "f", 1)
    assert run(cache.get_many([one])[0]) == 1
    assert cache.get_many([one._replace(make_ir=never)])
    assert not folder.exists()


def test_a_disk_that_refuses_is_no_obstacle(folder):
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    cache = KernelCache(target(), Store(folder), workers=0)
    if not hasattr(os, "geteuid"):
        pytest.skip("no file modes on this system")
    with pytest.warns(RuntimeWarning, match="not kept"):
        addresses = cache.get_many([request(cache, "f", 1), request(cache, "g", 2)])
    assert [run(address) for address in addresses] == [1, 2]


def test_an_invalid_module_names_its_kernel_and_others_are_kept(make, folder):
    cache = make()
    good, bad = request(cache, "good", 1), Request(cache.key("bad"), "bad", lambda: "nonsense")
    with pytest.raises(CompileError, match='Kernel "bad": LLVM cannot read'):
        cache.get_many([bad, good])
    assert cache.counters.failed == 1
    assert len(entries(folder)) == 1
    assert run(cache.get_many([good._replace(make_ir=never)])[0]) == 1
    with pytest.raises(CompileError, match='"bad"'):
        cache.get_many([good, bad._replace(make_ir=never)])


def test_an_error_while_making_the_text_passes_through(make):
    cache = make()

    def broken():
        raise ZeroDivisionError("in the emitter")

    good = request(cache, "good", 1)
    with pytest.raises(ZeroDivisionError):
        cache.get_many([good, Request(cache.key("b"), "b", broken)])
    assert run(cache.get_many([good])[0]) == 1


def test_a_function_that_the_module_lacks(make):
    cache = make()
    wrong = Request(cache.key("f"), "g", lambda: ir("f", 1))
    with pytest.raises(CompileError, match='no function "g", only f'):
        cache.get_many([wrong])


def test_addresses_outlive_their_cache(make):
    address = make().get_many([request(make(), "f", 12)])[0]
    gc.collect()
    make().get_many([request(make(), "g", 13)])
    assert run(address) == 12


def test_a_target_that_cannot_run_here(folder):
    other = named("neon") if target().architecture == "x86_64" else named("avx2")
    cache = KernelCache(other, Store(folder))
    with pytest.raises(CompileError, match="cannot run here"):
        cache.get_many([request(cache, "f", 1)])


def test_fixed_modules(make):
    cache = make()
    found = cache.load_cached("pair", lambda: ir("a", 1) + ir("b", 2))
    assert {name: run(address) for name, address in found.items()} == {"a": 1, "b": 2}
    assert cache.load_cached("pair", never) == found
    again = make().load_cached("pair", never)
    assert {name: run(address) for name, address in again.items()} == {"a": 1, "b": 2}


def test_the_process_has_one_cache_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setenv("SHINSO_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("SHINSO_CACHE", raising=False)
    module._cache_of.cache_clear()
    try:
        assert run(module.load_cached("one", lambda: ir("a", 7))["a"]) == 7
        assert module.kernel_cache() is module.kernel_cache(target())
        monkeypatch.setenv("SHINSO_TARGET", "neon")
        assert module.kernel_cache().target.name == "neon"
        assert len(entries(tmp_path / "kernels")) == 1
    finally:
        module._cache_of.cache_clear()


def test_a_crash_fails_its_kernel_only(folder, monkeypatch, crashing):
    monkeypatch.setattr(workers, "IN_PROCESS_SECONDS", 0.0)
    cache = KernelCache(named("x86-64"), Store(folder), workers=2)
    requests = [request(cache, f"f{number}", number) for number in range(4)]
    bad = [Request(cache.key(name), name, lambda name=name: crashing(name)) for name in ("x", "y")]
    with pytest.raises(CompilerCrash, match="SIGABRT") as caught:
        cache.get_many([*requests[:2], *bad, *requests[2:]])
    assert sorted(caught.value.kernels) == ["x", "y"]
    assert caught.value.kernel in ("x", "y")
    assert (cache.counters.compiled, cache.counters.failed) == (4, 2)
    known = [one._replace(make_ir=never) for one in requests]
    assert [run(address) for address in cache.get_many(known)] == [0, 1, 2, 3]
    with pytest.raises(CompilerCrash):
        cache.get_many([bad[0]._replace(make_ir=never)])


@pytest.fixture
def crashing():
    if not named("x86-64").runs_here:
        pytest.skip("the module that crashes LLVM is for x86")
    return lambda name: (
        "declare <16 x float> @llvm.x86.avx512.rsqrt14.ps.512(<16 x float>, <16 x float>, i16)\n"
        f"define <16 x float> @{name}(<16 x float> %x) {{\n"
        "  %y = call <16 x float> @llvm.x86.avx512.rsqrt14.ps.512("
        "<16 x float> %x, <16 x float> %x, i16 -1)\n"
        "  ret <16 x float> %y\n}\n"
    )


def test_several_threads_share_one_cache(make):
    cache = make()
    requests = [request(cache, f"f{number}", number) for number in range(8)]
    results = []

    def work():
        results.append([run(address) for address in cache.get_many(requests)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [list(range(8))] * 4
    assert cache.counters.compiled == 8


RACE = """
import ctypes
from shinso.compiler.cache import Request, kernel_cache
cache = kernel_cache()
def ir(n): return f"define i64 @f{n}() {{ ret i64 {n} }}"
for start in range(0, 40, 4):
    numbers = range(start, start + 4)
    wanted = [Request(cache.key(f"k{n}"), f"f{n}", lambda n=n: ir(n)) for n in numbers]
    got = [ctypes.CFUNCTYPE(ctypes.c_int64)(address)() for address in cache.get_many(wanted)]
    assert got == list(numbers), got
    cache.store.prune(PRUNE)
print(cache.counters.hits + cache.counters.compiled)
"""


@pytest.mark.parametrize("prune", [1 << 30, 3000])
def test_four_processes_race_on_a_cold_cache(tmp_path, prune):
    environment = {**os.environ, "SHINSO_CACHE_DIR": str(tmp_path), "SHINSO_CACHE": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", RACE.replace("PRUNE", str(prune))],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [answer for answer, _ in answers] == ["40\n"] * 4, answers
    left = os.listdir(tmp_path / "kernels")  # noqa: PTH208
    assert all(name.endswith(".kernel") for name in left)
    if prune > 1 << 20:
        assert len(left) == 40


FORK = """
import os, threading
from shinso.compiler.cache import KernelCache, Request
from shinso.compiler.store import Store
cache = KernelCache(store=Store(None), workers=0)
def ir(n): return f"define i64 @f{n}() {{ ret i64 {n} }}"
def ask(n): return cache.get_many([Request(cache.key(f"k{n}"), f"f{n}", lambda: ir(n))])
ask(0)
inside, leave = threading.Event(), threading.Event()
def slow():
    inside.set()
    leave.wait()
    return ir(1)
holder = threading.Thread(target=lambda: cache.get_many([Request(cache.key("k1"), "f1", slow)]))
holder.start()
inside.wait()
child = os.fork()
if child == 0:
    os._exit(0 if ask(0) and ask(2) else 1)
assert os.waitpid(child, 0)[1] == 0
leave.set()
holder.join()
assert ask(1)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_while_another_thread_compiles():
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORK], check=True, timeout=60)
