import os
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest

from shinso.compiler.runtime import team_code as code
from shinso.compiler.runtime.driver import Plan, Record
from shinso.compiler.runtime.native import native
from shinso.compiler.runtime.team import team


def _counting(kernels, address_of, threads):
    counts = np.zeros(threads, np.int64)
    args = np.array([address_of(counts)], np.int64)
    return Plan([Record(kernels.mark, 0)], args, threads, keep=counts), counts


def test_team_grows_and_never_shrinks():
    team().ensure(3)
    before = team().workers
    assert before >= 2
    team().ensure(1)
    assert team().workers == before
    team().ensure(before + 2)
    assert team().workers == before + 1


@pytest.mark.parametrize("pause", [0, 1e-5, 1e-4, 5e-4, 5e-3])
def test_sleepers_are_woken(kernels, address_of, pause):
    plan, counts = _counting(kernels, address_of, 3)
    rounds = 2000 if pause < 1e-3 else 50
    for _ in range(rounds):
        assert plan.run() == 0
        end = time.perf_counter() + pause
        while time.perf_counter() < end:
            pass
    assert counts.tolist() == [rounds] * 3


def _boxes(word, threads):
    block = team()._block
    return [int(block[(code.BOXES + k * code.LINE + word) // 8]) for k in range(1, threads)]


def test_idle_workers_fall_asleep(kernels, address_of):
    plan, _ = _counting(kernels, address_of, 3)
    plan.run()
    for _ in range(2000):
        if _boxes(code.ASLEEP, 3) == [1, 1]:
            break
        time.sleep(0.005)
    assert _boxes(code.ASLEEP, 3) == [1, 1]


def test_workers_learn_the_usual_gap(kernels, address_of):
    plan, _ = _counting(kernels, address_of, 2)
    longest = int(team()._block[code.LONGEST // 8])
    for _ in range(12):
        plan.run()
        time.sleep(0.002)
    plan.run()
    assert _boxes(code.GAP, 2)[0] > longest  # so they do not spin at all
    for _ in range(10):  # another process may have the processor for a while
        kernels.repeat(plan, 2000)
        if _boxes(code.GAP, 2)[0] < longest:
            break
    assert _boxes(code.GAP, 2)[0] < longest


def test_python_threads_take_turns(kernels, address_of):
    """Several threads run plans of one and of several threads while another one is busy."""
    stop = threading.Event()

    def be_busy():
        while not stop.is_set():
            sum(range(1000))

    plans = [_counting(kernels, address_of, threads) for threads in (2, 1, 3, 2)]
    callers = [
        threading.Thread(target=lambda plan=plan: [plan.run() for _ in range(300)])
        for plan, _ in plans
        for _ in range(2)
    ]
    busy = threading.Thread(target=be_busy)
    busy.start()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    stop.set()
    busy.join()
    for _, counts in plans:
        assert (counts == 600).all()  # an update lost between two threads would show


def test_holder_of_the_lock_keeps_others_out(kernels, address_of):
    plan, counts = _counting(kernels, address_of, 2)
    other = threading.Thread(target=plan.run)
    with team().locked():
        assert native().try_lock() == 0
        other.start()
        time.sleep(0.02)
        assert counts.tolist() == [0, 0]
        assert plan.run_locked() == 0
    other.join()
    assert counts.tolist() == [2, 2]
    assert native().try_lock() == 1
    native().unlock()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("locked", [False, True])
def test_fork(kernels, address_of, locked):
    """The child has no workers, and a lock that its parent held is free. So has the grandchild."""
    plan, counts = _counting(kernels, address_of, 2)
    plan.run()

    def child(depth):
        ok = team().workers == 0 and plan.run() == 0 and team().workers == 1
        ok = ok and counts.tolist() == [2 + depth] * 2
        if ok and depth == 0:
            ok = _fork(lambda: child(1))
        return ok

    if locked:
        with team().locked():
            assert _fork(lambda: child(0))
    else:
        assert _fork(lambda: child(0))
    plan.run()  # the parent's team is as it was
    assert counts.tolist() == [2, 2]


def _fork(work):
    """Run work() in a child; whether it returned something true within 20 seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork() in a process with threads
        child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 3)
        finally:
            os._exit(4)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.005)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False


PROGRAM = """
import ctypes, threading, time
import numpy as np
from shinso.compiler.objects import compile_ir, load
from shinso.compiler.runtime import team_code as code
from shinso.compiler.runtime.driver import Plan, Record
from shinso.compiler.target import target
code = load(compile_ir('''
define void @nothing(ptr %a, i64 %t, i64 %n) { ret void }
''', target()))
plan = Plan([Record(code.address("nothing"), 0)], np.zeros(1, np.int64), 3, keep=code)
plan.run()
"""

# A worker needs Python's lock to get into native code, and must have been there before the first
# plan runs that keeps the lock.
IMPATIENT = """
import time
import numpy as np
from shinso.compiler.objects import compile_ir, load
from shinso.compiler.runtime.driver import Plan, Record
from shinso.compiler.runtime.entry import Entry
from shinso.compiler.runtime.team import team
from shinso.compiler.target import target
code = load(compile_ir("define void @nothing(ptr %a, i64 %t, i64 %n) { ret void }", target()))
plan = Plan([Record(code.address("nothing"), 0)], np.zeros(1, np.int64), 4, keep=code)
live = team().functions.live
team().functions.live = lambda *words: (time.sleep(0.05), live(*words))
call = Entry(plan, [], [], [], slow=None, failed=None, returns="none").call
print(call())
"""


def test_new_workers_need_not_wait_for_pythons_lock():
    done = subprocess.run(
        [sys.executable, "-c", IMPATIENT], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("None\n", "")


ENDINGS = {
    "at once": "",
    "asleep": "time.sleep(0.05)",
    "error": "raise SystemExit(0)",
    "while a daemon thread runs plans": """
def work():
    try:
        while True:
            plan.run()
    except RuntimeError as error:
        assert "shutting down" in str(error)
threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
""",
    "while a daemon thread is in a plan": """
waiting = load(compile_ir('''
define void @forever(ptr %a, i64 %t, i64 %n) {
entry:
  br label %body
body:
  %x = load atomic i64, ptr %a seq_cst, align 8
  %stop = icmp ne i64 %x, 0
  br i1 %stop, label %end, label %body
end:
  ret void
}
''', target()))
endless = Plan([Record(waiting.address("forever"), 0)], np.zeros(1, np.int64), 2)
threading.Thread(target=endless.run, daemon=True).start()
time.sleep(0.05)
""",
    "while a thread runs plans": """
def work():
    for _ in range(3000):
        plan.run()
threading.Thread(target=work).start()
""",
    "plan at exit": """
import atexit
def late():
    try:
        plan.run()
    except RuntimeError as error:
        assert "shutting down" in str(error)
    else:
        raise AssertionError("a plan ran after the team was gone")
from shinso.compiler.runtime import team
atexit.unregister(team._end)
atexit.register(late)
atexit.register(team._end)
""",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_exit_is_clean(ending):
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM + ENDINGS[ending]],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
