"""Native code of the team: barrier, run lock, and the life of a worker.

All of the team's memory is one block of 128-byte lines, so that threads that watch different words
do not disturb each other:

    line 0  number of workers; patience and limits of spinning; whether the team is shut down
    line 1  the barrier: how many threads have come; its generation, which grows when all have come;
            the verdict, which is the plan's status at that moment
    line 2  the run lock: 0 free, 1 taken, 2 taken and somebody sleeps before it
    line 3+ a box for each thread: ticket (grows when there is work), the plan, its table for
            times, whether the thread is asleep, its usual gap between plans, whether it is here yet
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shinso.compiler.runtime.words import Module, Routine, Word

# The words of a plan; see driver_code.py.
THREADS, NUMBER, RECORDS, STATUS = (8 * i for i in range(4))

LINE = 128
WORKERS, PATIENCE, LEAST, LONGEST, STOPPED = (8 * i for i in range(5))
COUNT, GENERATION, VERDICT = (LINE + 8 * i for i in range(3))
LOCK, BOXES = 2 * LINE, 3 * LINE
TICKET, PLAN, TIMES, ASLEEP, GAP, ALIVE = (8 * i for i in range(6))


def emit(module: Module) -> None:
    """Define the barrier, the lock, and the workers' life."""
    module.table("team", 1)
    with module.routine("install", 1, export=True) as f:
        f.store(the_team(f, address=True), f.arguments[0])
    _emit_barrier(module)
    _emit_lock(module)
    _emit_wait(module)
    _emit_worker(module)
    _emit_call_up(module)


def the_team(f: Routine, address: bool = False) -> Word:
    """The address of the team's block (0: none yet); or where that address is written."""
    place = f.place("team")
    return place if address else f.load(place)


def _emit_barrier(module: Module) -> None:
    """meet(team, plan, stay): wait for all threads; who does not stay only says it has come.

    The last one to come copies the plan's status, so that all see the same verdict, and rewinds
    the counter before the generation lets anyone go.
    """
    with module.routine("meet", 3) as f:
        team, plan, stay = f.arguments
        generation = f.watch(team + GENERATION)
        # Read now: once we have come, the others may finish, and the plan may be gone.
        threads = f.load(plan + THREADS)
        before = f.add_to(team + COUNT, 1)
        with f.when(before.equals(threads - 1)):
            f.store(team + COUNT, 0)
            f.store(team + VERDICT, f.load(f.load(plan + STATUS)))
            f.publish(team + GENERATION, generation + 1)
            f.give()
        with f.when(stay.differs(0)):
            f.call("spin", team + GENERATION, generation, f.load(team + PATIENCE), 0)


def _emit_lock(module: Module) -> None:
    """try_lock() says 1 if it got the run lock; lock() waits for it; unlock() gives it back."""
    with module.routine("try_lock", 0, export=True) as f:
        free = f.swap_if(the_team(f) + LOCK, 0, 1)
        f.give(f.choose(free, 1, 0))
    with module.routine("lock", 0, export=True) as f:
        word = the_team(f) + LOCK
        with f.when(f.call("try_lock").differs(0)):
            f.give()
        with f.repeat() as loop:
            loop.leave_if(f.exchange(word, 2).equals(0))
            f.call("park", word, 2)
    with module.routine("unlock", 0, export=True) as f:
        word = the_team(f) + LOCK
        with f.when(f.exchange(word, 0).equals(2)):
            f.call("wake", word)


def _emit_wait(module: Module) -> None:
    """wait(team, box, old): the worker's box until it has a new ticket, which is returned."""
    with module.routine("wait", 3) as f:
        team, box, old = f.arguments
        began = f.call("ticks")
        gap = f.load(box + GAP)
        longest, least = f.load(team + LONGEST), f.load(team + LEAST)
        now = f.variable(old)
        with f.when(gap <= longest):
            twice = gap + gap
            limit = f.choose(twice < least, least, f.choose(twice > longest, longest, twice))
            now.set(f.call("spin", box + TICKET, old, f.load(team + PATIENCE), limit))
        with f.when(now.get().equals(old)):
            f.exchange(box + ASLEEP, 1)
            with f.repeat() as loop:
                now.set(f.watch(box + TICKET))
                loop.leave_if(now.get().differs(old))
                f.call("park", box + TICKET, old)
            f.exchange(box + ASLEEP, 0)
        # The usual gap forgets slowly; one pause of seconds must not count for more than a few.
        this = f.call("ticks") - began
        this = f.choose(this > longest + longest, longest + longest, this)
        f.store(box + GAP, (gap * 3 + this) >> 2)
        f.give(now.get())


def _emit_worker(module: Module) -> None:
    """live(team, thread): a worker's life. Returns when the team is shut down."""
    with module.routine("live", 2, export=True) as f:
        team, thread = f.arguments
        box = team + BOXES + thread * LINE
        ticket = f.variable(0)
        f.publish(box + ALIVE, 1)
        with f.repeat() as loop:
            ticket.set(f.call("wait", team, box, ticket.get()))
            loop.leave_if(f.load(team + STOPPED).differs(0))
            plan, times = f.load(box + PLAN), f.load(box + TIMES)
            f.call("work", team, plan, thread, times)
            f.call("meet", team, plan, 0)


def _emit_call_up(module: Module) -> None:
    """call_up(team, threads, plan, times): hand the plan to the workers 1 … threads - 1."""
    with module.routine("call_up", 4, export=True) as f:
        team, threads, plan, times = f.arguments
        with f.count(threads - 1) as k:
            box = team + BOXES + LINE + k * LINE
            f.store(box + PLAN, plan)
            f.store(box + TIMES, times)
            f.exchange(box + TICKET, f.load(box + TICKET) + 1)
            with f.when(f.watch(box + ASLEEP).differs(0)):
                f.call("wake", box + TICKET)
