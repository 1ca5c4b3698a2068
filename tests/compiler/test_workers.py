"""Worker processes: results, crashes, interruptions, and no orphans."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from shinso.compiler import workers
from shinso.compiler.objects import CompileError, compile_ir
from shinso.compiler.target import named, target
from shinso.compiler.workers import CompilerCrash, Job, Prediction, compile_all

CRASH = """
declare <16 x float> @llvm.x86.avx512.rsqrt14.ps.512(<16 x float>, <16 x float>, i16)
define <16 x float> @crash(<16 x float> %x) {
  %y = call <16 x float> @llvm.x86.avx512.rsqrt14.ps.512(<16 x float> %x, <16 x float> %x, i16 -1)
  ret <16 x float> %y
}
"""
posix = pytest.mark.skipif(os.name != "posix", reason="signals and /proc-like process ids")


def tiny(number):
    return Job(f"f{number}", f"define i64 @f{number}() {{\n  ret i64 {number}\n}}\n")


def long(number, lines=20_000):
    """A module that keeps LLVM busy for about a second."""
    body = "\n".join(
        f"  %x{n} = load volatile i64, ptr %p\n  store volatile i64 %x{n}, ptr %p"
        for n in range(lines)
    )
    return Job(f"long{number}", f"define void @long{number}(ptr %p) {{\n{body}\n  ret void\n}}\n")


def collect(jobs, machine=None, **options):
    results = {}
    jobs = list(jobs)
    compile_all(
        iter(jobs),
        machine or target(),
        lambda result: results.__setitem__(result.number, result.outcome),
        total=len(jobs),
        **options,
    )
    return [results[number] for number in range(len(jobs))]


@pytest.fixture
def always(monkeypatch):
    """Send everything to workers."""
    monkeypatch.setattr(workers, "IN_PROCESS_SECONDS", 0.0)


@pytest.fixture
def started(monkeypatch):
    """The processes that were started."""
    processes = []
    greet = workers._Worker.greet

    def noted(worker):
        processes.append(worker.process)
        greet(worker)

    monkeypatch.setattr(workers._Worker, "greet", noted)
    return processes


def test_little_work_stays_here(started):
    assert collect([tiny(1), tiny(2)]) == [compile_ir(tiny(n).text, target()) for n in (1, 2)]
    assert started == []


def test_workers_make_the_same_code(always, started):
    jobs = [tiny(number) for number in range(7)]
    assert collect(jobs, workers=2) == [compile_ir(job.text, target()) for job in jobs]
    assert 1 <= len(started) <= 2
    assert all(process.poll() == 0 for process in started)


def test_no_more_workers_than_jobs(always, started):
    collect([tiny(1)], workers=8)
    assert len(started) == 1


def test_no_jobs(always, started):
    assert collect([], workers=2) == []
    assert started == []


def test_workers_none_means_one_per_cpu(always, started, monkeypatch):
    monkeypatch.setattr(workers, "usable_cpus", lambda: 1)
    collect([tiny(number) for number in range(3)])
    assert len(started) == 1


def test_text_beyond_any_pipe_buffer_and_non_ascii(always):
    comment = "; " + "深" * 1_000_000 + "\n"
    job = Job("big", comment + tiny(1).text)
    assert collect([job] * 3, workers=2) == [compile_ir(job.text, target())] * 3


def test_jobs_are_made_while_workers_run(always):
    """The generator sees results arrive before it is exhausted."""
    seen = []

    def jobs():
        for number in range(200):
            yield tiny(number)
            if seen:
                return
            time.sleep(0.05)

    compile_all(jobs(), target(), seen.append, total=200, workers=1)
    assert seen


def test_invalid_module_in_a_worker(always):
    good, bad = collect([tiny(1), Job("bad", "nonsense")], workers=1)
    assert isinstance(good, bytes)
    assert isinstance(bad, CompileError)
    assert not isinstance(bad, CompilerCrash)
    assert str(bad).startswith('Kernel "bad": LLVM cannot read')


@pytest.mark.skipif(not named("x86-64").runs_here, reason="the crashing module is for x86")
def test_a_crash_of_llvm_takes_only_its_own_kernel(always, started):
    jobs = [tiny(0), Job("crash", CRASH), tiny(2), Job("again", CRASH), tiny(4)]
    results = collect(jobs, named("x86-64"), workers=1)
    assert [type(result) for result in results] == [
        bytes,
        CompilerCrash,
        bytes,
        CompilerCrash,
        bytes,
    ]
    assert results[1].kernel == "crash"
    assert "LLVM ERROR" in str(results[1])
    assert "SIGABRT" in str(results[1])
    assert len(started) == 3


@posix
def test_a_killed_worker_is_replaced(always, started):
    killed = []

    def kill_first(done, total, seconds):
        if not killed:
            killed.append(started[0].pid)
            os.kill(started[0].pid, signal.SIGKILL)

    jobs = [tiny(0), *(tiny(number) for number in range(1, 6))]
    results = collect(jobs, workers=1, progress=kill_first)
    failed = [result for result in results if not isinstance(result, bytes)]
    assert len(failed) <= 1  # none, if the worker had already finished the last job
    assert all("SIGKILL" in str(error) for error in failed)
    assert isinstance(results[0], bytes)


@posix
def test_a_worker_killed_at_work_is_reported(always, started):
    def jobs():
        yield long(0)
        while not started:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(started[0].pid, signal.SIGKILL)
        yield tiny(1)

    results = {}
    compile_all(jobs(), target(), lambda r: results.update({r.number: r}), total=2, workers=1)
    assert isinstance(results[0].outcome, CompilerCrash)
    assert results[0].outcome.kernel == "long0"
    assert "SIGKILL" in str(results[0].outcome)
    assert isinstance(results[1].outcome, bytes)
    assert len(started) == 2


@pytest.mark.parametrize("where", ["done", "progress", "jobs"])
def test_an_interruption_ends_the_workers_and_goes_on(always, started, where):
    threads = threading.active_count()

    def interrupt(*_):
        raise KeyboardInterrupt

    def jobs():
        yield tiny(0)
        yield long(1)
        yield long(2)
        if where == "jobs":
            while len(started) < 2:
                time.sleep(0.01)
            interrupt()

    with pytest.raises(KeyboardInterrupt):
        compile_all(
            jobs(),
            target(),
            interrupt if where == "done" else lambda result: None,
            total=3,
            progress=interrupt if where == "progress" else None,
            workers=2,
        )
    assert started
    assert all(process.poll() is not None for process in started)
    assert threading.active_count() == threads


def test_a_python_that_does_not_start(always, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python-that-is-not-there"))
    with pytest.warns(RuntimeWarning, match="No process for compiling could be started"):
        results = collect([tiny(1), tiny(2)], workers=2)
    assert results == [compile_ir(tiny(n).text, target()) for n in (1, 2)]


def test_a_worker_that_cannot_import_llvm(always, monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "llvm_folder", lambda: str(tmp_path))
    with pytest.warns(RuntimeWarning, match="llvmlite"):
        results = collect([tiny(1)], workers=1)
    assert results == [compile_ir(tiny(1).text, target())]


@pytest.mark.parametrize("executable", ["", None, "/opt/program/bin/blender"])
def test_no_python_to_start(always, started, monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    assert isinstance(collect([tiny(1)], workers=2)[0], bytes)
    assert started == []


def test_frozen_programs_compile_in_process(always, started, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert isinstance(collect([tiny(1)], workers=2)[0], bytes)
    assert started == []


def test_progress_only_for_long_work(always, monkeypatch):
    calls = []
    jobs = [tiny(number) for number in range(3)]
    collect(jobs, workers=0, progress=lambda *news: calls.append(news))
    assert [news[:2] for news in calls] == [(1, 3), (2, 3), (3, 3)]
    assert calls[-1][2] == pytest.approx(0, abs=1e-9)
    assert calls[0][2] > 0
    monkeypatch.setattr(workers, "IN_PROCESS_SECONDS", 1.0)
    calls.clear()
    collect(jobs, workers=0, progress=lambda *news: calls.append(news))
    assert calls == []


def test_prediction_follows_measurements():
    prediction = Prediction(per_kilobyte=1e-3)
    job = Job("f", " " * 100_000)
    assert prediction.seconds(job) == pytest.approx(0.101)
    for _ in range(100):
        prediction.learn(job, 1.001)
    assert prediction.seconds(job) == pytest.approx(1.001, rel=1e-2)
    assert prediction.seconds(Job("empty", "")) == pytest.approx(1e-3)


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_workers import long
from shinso.compiler import workers
from shinso.compiler.target import target
workers.IN_PROCESS_SECONDS = 0.0
greet = workers._Worker.greet
def noted(worker):
    greet(worker)
    sys.stdout.write(f"{{worker.process.pid}}\\n")  # two threads: a line in one piece
    sys.stdout.flush()
workers._Worker.greet = noted
jobs = [long(n, 200_000) for n in range(2)]
try:
    workers.compile_all(iter(jobs), target(), print, total=2, workers=2)
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(7)
"""


def alive(pid):
    """Whether a process runs; one that only waits to be buried does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


@posix
@pytest.mark.parametrize("end", ["ctrl-c", "kill"])
def test_the_end_of_the_parent_is_the_end_of_its_workers(end):
    parent = subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(tests=str(Path(__file__).parent))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        if end == "ctrl-c":
            os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: to all of them
        else:
            parent.kill()
        out, errors = parent.communicate(timeout=60)
    finally:
        parent.kill()
    assert (out, errors) == ("interrupted\n" if end == "ctrl-c" else "", "")
    assert parent.returncode == (7 if end == "ctrl-c" else -signal.SIGKILL)
    deadline = time.monotonic() + 30
    while any(alive(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in pids)


@posix
def test_a_worker_whose_parent_closes_the_line_ends():
    worker = workers._Worker(target())
    worker.greet()
    worker.process.stdin.close()
    assert worker.process.wait(timeout=60) == 1
    worker.process.stdout.close()
    worker._errors.close()


def test_a_worker_imports_neither_numpy_nor_the_package():
    script = (
        "import sys, runpy\n"
        f"module = runpy.run_path({str(workers._SCRIPT)!r})\n"
        "sys.path.append(sys.argv[1])\n"
        "objects = module['_load_objects']()\n"
        "machine = module['WireTarget'](*sys.argv[2:])\n"
        "assert objects.compile_ir('define void @f() { ret void }', machine)\n"
        "assert 'numpy' not in sys.modules and 'shinso' not in sys.modules\n"
    )
    here = target()
    subprocess.run(
        [
            *(sys.executable, "-I", "-S", "-c", script, workers.llvm_folder()),
            *(here.triple, here.cpu, here.features),
        ],
        check=True,
        timeout=60,
    )
