"""Many modules to object code: here if it is quick, else in worker processes.

llvmlite holds one lock, so threads gain nothing, and an error inside LLVM ends its process. What
is predicted to take more than a second therefore goes to worker processes, as many as the CPUs
this process may use. They live as long as the call; one that dies takes its module with it, is
reported as a `CompilerCrash`, and a new one goes on with the rest.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

from shinso.compiler.objects import CompileError, Machine, compile_ir, llvm_folder
from shinso.compiler.runtime.affinity import usable_cpus
from shinso.compiler.worker_main import ANSWER, DONE, HELLO, receive, send

IN_PROCESS_SECONDS = 1.0
"""Work predicted to take longer than this goes to worker processes."""
_SCRIPT = Path(__file__).with_name("worker_main.py")


class CompilerCrash(CompileError):
    """LLVM ended the worker process that compiled `kernel`; `kernels` are all that failed."""

    def __init__(self, kernel: str, reason: str) -> None:
        super().__init__(
            f'The process that compiled kernel "{kernel}" died: {reason}. This is a fault in '
            "the compiler, not in your program, which can go on without that kernel."
        )
        self.kernel = kernel
        self.kernels: tuple[str, ...] = (kernel,)


class Job(NamedTuple):
    """A module to compile: the name people know it by, and its LLVM IR."""

    name: str
    text: str


class Result(NamedTuple):
    """What became of a job: object code, or why there is none."""

    number: int
    outcome: bytes | CompileError
    seconds: float


class Expected(NamedTuple):
    """A job, its number, and the seconds it is predicted to take."""

    number: int
    job: Job
    seconds: float


Progress = Callable[[int, int, float], None]
"""Called with (modules done, modules in all, seconds of work predicted for those that remain)."""


class WorkerUnavailable(Exception):
    """A worker process cannot be started here."""


class Prediction:
    """How long a module will take: proportional to its size, learned from what has been done."""

    def __init__(self, per_kilobyte: float = 3e-4) -> None:
        self._kilobytes = 50.0  # as if so much had already been compiled, at that rate
        self._seconds = self._kilobytes * per_kilobyte

    def seconds(self, job: Job) -> float:
        """The predicted time: 1 ms, and something for every kilobyte."""
        return 1e-3 + len(job.text) / 1000 * self._seconds / self._kilobytes

    def learn(self, job: Job, seconds: float) -> None:
        """Take in a measurement; older ones count less and less."""
        self._kilobytes = 0.95 * self._kilobytes + len(job.text) / 1000
        self._seconds = 0.95 * self._seconds + max(seconds - 1e-3, 0.0)


PREDICTION = Prediction()


def compile_all(
    jobs: Iterable[Job],
    target: Machine,
    done: Callable[[Result], None],
    *,
    total: int,
    progress: Progress | None = None,
    workers: int | None = None,
) -> None:
    """Compile modules; call `done` in this thread with each result, in any order.

    `jobs` is consumed while workers already compile, so it may be a generator that makes the
    modules' text; `total` is how many it will give. `workers`: 0 for none, None for as many as
    CPUs. `progress` is called only if more than a second is predicted. An exception in `jobs`,
    `done` or `progress`, Ctrl-C too, ends the workers before it goes on.
    """
    count = (usable_cpus() if workers is None else workers) if _can_start() else 0
    ledger = _Ledger(total, done, progress)
    expected = map(ledger.enter, jobs)
    held: list[Expected] = []
    for item in expected:
        held.append(item)
        if count > 0 and ledger.predicted > IN_PROCESS_SECONDS:
            _compile_in_workers(chain(held, expected), target, min(count, total), ledger)
            return
    for item in held:
        ledger.close(item, _compile_here(item, target))


class _Ledger:
    """Counts jobs in and out; hands on results and progress."""

    def __init__(
        self, total: int, done: Callable[[Result], None], progress: Progress | None
    ) -> None:
        self._total, self._done, self._progress = total, done, progress
        self._entered = self._finished = 0
        self.predicted = self._remaining = 0.0

    def enter(self, job: Job) -> Expected:
        """Number a job and predict its time."""
        item = Expected(self._entered, job, PREDICTION.seconds(job))
        self._entered += 1
        self.predicted += item.seconds
        self._remaining += item.seconds
        return item

    def close(self, item: Expected, result: Result) -> None:
        """Learn from a result and pass it on."""
        self._finished += 1
        self._remaining -= item.seconds
        if isinstance(result.outcome, bytes):
            PREDICTION.learn(item.job, result.seconds)
        self._done(result)
        if self._progress is not None and self.predicted > IN_PROCESS_SECONDS:
            self._progress(self._finished, self._total, max(self._remaining, 0.0))


def _compile_here(item: Expected, target: Machine) -> Result:
    """Compile in this process."""
    start = time.perf_counter()
    outcome: bytes | CompileError
    try:
        outcome = compile_ir(item.job.text, target)
    except CompileError as error:
        outcome = _refused(item.job, str(error))
    return Result(item.number, outcome, time.perf_counter() - start)


def _refused(job: Job, reason: str) -> CompileError:
    """An invalid module, with the kernel's name."""
    return CompileError(f'Kernel "{job.name}": {reason}')


def _compile_in_workers(
    items: Iterator[Expected], target: Machine, count: int, ledger: _Ledger
) -> None:
    """Feed a pool, taking results in between; what the pool cannot do is done here."""
    open_items: dict[int, Expected] = {}
    warned = False
    with _Pool(target, count) as pool:
        more = True
        while more or open_items:
            item = next(items, None) if more else None
            more = item is not None
            if item is not None:
                open_items[item.number] = item
                pool.submit(item)
            for number, result in pool.finished(wait=not more and bool(open_items)):
                item = open_items.pop(number)
                if isinstance(result, WorkerUnavailable):
                    if not warned:
                        warned = True
                        warnings.warn(
                            f"No process for compiling could be started ({result}): shinso "
                            "compiles in this one, which takes longer.",
                            RuntimeWarning,
                            stacklevel=2,
                        )
                    result = _compile_here(item, target)
                ledger.close(item, result)


class _Pool:
    """Threads that each keep one worker process busy. Leaving the block ends all of them."""

    def __init__(self, target: Machine, count: int) -> None:
        self._target = target
        self._waiting: queue.SimpleQueue[Expected | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[tuple[int, Result | WorkerUnavailable]]
        self._finished = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running: set[_Worker] = set()
        self._closed = False
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(count)]

    def __enter__(self) -> _Pool:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            with self._lock:
                self._closed = True
                for worker in self._running:
                    worker.kill()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def submit(self, item: Expected) -> None:
        """Give a job to whichever worker is free next."""
        self._waiting.put(item)

    def finished(self, *, wait: bool) -> Iterator[tuple[int, Result | WorkerUnavailable]]:
        """Give the results that are there; with `wait`, at least one."""
        while wait:
            try:  # with a time limit, so that Ctrl-C is seen on every system
                first = self._finished.get(timeout=0.5)
            except queue.Empty:
                continue
            yield first
            break
        while not self._finished.empty():
            yield self._finished.get()

    def _serve(self) -> None:
        """One thread: take jobs until told to end; replace a worker that died."""
        worker: _Worker | None = None
        while (item := self._waiting.get()) is not None:
            if self._closed:
                continue
            result: Result | WorkerUnavailable
            try:
                worker = worker or self._start()
                result = worker.compile(item)
            except WorkerUnavailable as error:
                result = error
            except CompilerCrash as crash:
                result = Result(item.number, crash, 0.0)
                self._end(worker)
                worker = None
            except Exception as error:  # a thread that ended silently would leave us waiting
                result = WorkerUnavailable(repr(error))
            self._finished.put((item.number, result))
        self._end(worker)

    def _start(self) -> _Worker:
        """A new worker, known to `__exit__`."""
        with self._lock:
            if self._closed:
                raise WorkerUnavailable("compilation was interrupted")
            worker = _Worker(self._target)
            self._running.add(worker)
        try:
            worker.greet()
        except WorkerUnavailable:
            self._end(worker)
            raise
        return worker

    def _end(self, worker: _Worker | None) -> None:
        """Let a worker go and wait until its process is gone."""
        if worker is not None:
            worker.stop()
            with self._lock:
                self._running.discard(worker)


class _Worker:
    """One process that compiles."""

    def __init__(self, target: Machine) -> None:
        self._target = target
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in stop)
        command = [sys.executable, "-I", "-S", str(_SCRIPT), llvm_folder()]
        try:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            self._errors.close()
            raise WorkerUnavailable(str(error)) from error

    @property
    def _pipes(self) -> tuple[Any, Any]:
        """To the process, and from it."""
        return self.process.stdin, self.process.stdout

    def greet(self) -> None:
        """Wait until the process is ready, tell it the target. Raises WorkerUnavailable."""
        there, back = self._pipes
        target = self._target
        try:
            if receive(back) != HELLO:
                raise WorkerUnavailable(f"{sys.executable} gave an unknown answer")
            send(there, *(word.encode() for word in (target.triple, target.cpu, target.features)))
        except (EOFError, OSError) as error:
            raise WorkerUnavailable(self._cause_of_death()) from error

    def compile(self, item: Expected) -> Result:
        """Have a job done. Raises CompilerCrash if the process dies over it."""
        there, back = self._pipes
        try:
            send(there, item.job.text.encode())
            answer = receive(back)
        except (EOFError, OSError) as error:
            raise CompilerCrash(item.job.name, self._cause_of_death()) from error
        status, seconds = ANSWER.unpack_from(answer)
        payload = answer[ANSWER.size :]
        if status == DONE:
            return Result(item.number, payload, seconds)
        return Result(item.number, _refused(item.job, payload.decode()), seconds)

    def kill(self) -> None:
        """End the process at once, whatever it does."""
        self.process.kill()

    def stop(self) -> None:
        """End the process when it is idle, and free what it held."""
        there, back = self._pipes
        with suppress(OSError):
            send(there, b"")
        with suppress(OSError):
            there.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        back.close()
        self._errors.close()

    def _cause_of_death(self) -> str:
        """How the process ended and the last line it wrote about it."""
        try:
            code = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:  # it closed its output and lives on
            self.process.kill()
            code = self.process.wait()
        how = f"it ended with status {code}"
        if code < 0:
            with suppress(ValueError):
                how = f"it was ended by {signal.Signals(-code).name}"
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(self._errors.tell() - 2000, 0))
        lines = [line for line in self._errors.read().decode(errors="replace").splitlines() if line]
        said = [line for line in lines if "LLVM ERROR" in line] or lines[-1:]
        return f"{how}, saying {said[0].strip()!r}" if said else how


def _can_start() -> bool:
    """Whether a Python can be started that would run a file: not in a frozen or embedded one."""
    name = Path(sys.executable or "").name.lower()
    return name.startswith(("python", "pypy")) and not hasattr(sys, "frozen") and _SCRIPT.is_file()
