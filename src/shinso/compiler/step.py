"""`shinso.compile`: a function that is traced on its first call and run as one program after that.

A call is looked up by its key (see `key.py`) and by the version of the program's surroundings. A
call that was not met before is traced; the first trace of a program is made twice and compared, so
that what Python changes in between cannot be built in unnoticed.
"""

from __future__ import annotations

import copy
import functools
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, overload

from shinso.cell import Cell, Overlay, _thread, ambient, overlaid, version
from shinso.compiler.missed import MISS

if TYPE_CHECKING:
    from shinso.compiler.executable import Executable as Compiled
    from shinso.compiler.explain import Explanation
    from shinso.compiler.fast import Fast
    from shinso.compiler.graph import Graph
    from shinso.compiler.key import Call, Surroundings
    from shinso.compiler.plan import Executable, Plan

_KINDS = 128
"""How many kinds of calls a step remembers; the oldest is forgotten, and traced again if needed."""


_lock = threading.RLock()
"""One step at a time traces or runs in a process: they write the same cells."""


def _after_fork() -> None:
    global _lock
    _lock = threading.RLock()  # another thread of the parent may have held it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Python's search for cycles is put off: many nodes are made, and all of them are needed."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Step:
    """A compiled function. Call it as the function it was made from.

    `.numpy(...)` runs that function in NumPy. `.traces` counts how often it was traced.
    `.explain(...)` shows its kernels and what each takes, `.stage(...)`, `.ir()` and `.asm()` show
    what it became on the way to machine code; `.graph` is what was traced.
    """

    def __init__(self, function: Callable[..., Any], keep_grads: bool = False) -> None:
        if not callable(function):
            raise TypeError(f"shinso.compile takes a function, not a {type(function).__name__}")
        functools.update_wrapper(self, function, updated=())
        self.function, self.keep_grads = function, keep_grads
        self.compiled = os.environ.get("SHINSO_COMPILE", "1") != "0"
        self.traces = 0
        self._plans: dict[Any, list[Plan]] = {}
        self._executables: dict[Any, Executable] = {}
        self._surroundings: Surroundings | None = None
        self._fast: Fast | None = None
        self._last: Plan | None = None  # called or explained last

    def numpy(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function as it is written, in NumPy."""
        return self.function(*args, **kwargs)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the compiled function; trace it first if this call is of a new kind."""
        if not self.compiled or _thread.overlay is not None:  # inside another trace: part of it
            return self.function(*args, **kwargs)
        if self._fast is not None and not kwargs:
            with _lock:
                fast = self._fast
                answer = MISS if fast is None else fast.call(args)
            if answer is not MISS:
                return answer
        from shinso.compiler.key import Call  # the tracer is loaded when it is needed

        call = Call(args, kwargs)
        with _lock:
            with _uncollected():
                plan = self._plan(call)
            try:
                answer = plan.run(call)
            except Exception as error:
                self._replay(call, error)
                raise
            self._fast, self._last = self._bound(plan, call), plan
            return answer

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method, the instance is the first argument."""
        if instance is None:
            return self
        return Method(self, instance)

    # -- plans -----------------------------------------------------------------------------------

    def _plan(self, call: Call) -> Plan:
        """A plan that fits this call: one that is there, or a new one."""
        from shinso.compiler.key import Surroundings  # as above

        if self._surroundings is None:
            self._surroundings = Surroundings(self.function)
        key = (call.key, ambient(), self._surroundings.key())
        plans = self._plans.setdefault(key, [])
        now = version()
        for plan in plans:
            if plan.version == now and plan.fits(call):
                return plan
        made = self._make(call)
        kept = [p for p in plans if p.version == made.version and p.alive()]
        same = next((p for p in kept if p.same_but_for_tensors(made)), None)
        if same is not None:
            same.share()
            return same
        while len(self._plans) > _KINDS:
            self._plans.pop(next(iter(self._plans)))
        self._plans[key] = [*kept, made]
        return made

    def _make(self, call: Call) -> Plan:
        from shinso.compiler import plan as plans  # as above

        made = plans.trace(self.function, call, self.keep_grads)
        self.traces += 1
        executable = self._executables.get(made.key)
        while len(self._executables) > _KINDS:
            self._executables.pop(next(iter(self._executables)))
        if executable is None:
            again = plans.trace(self.function, call, self.keep_grads)
            self.traces += 1
            plans.compare(made, again)
            made = again
            executable = self._executables[made.key] = plans.prepare(made.graph)
        made.executable = executable
        return made

    def _bound(self, plan: Plan, call: Call) -> Fast | None:
        """The short way for calls like this one, looked for once in a plan's life."""
        if plan.bound is None:
            from shinso.compiler.fast import bind  # needs LLVM

            assert self._surroundings is not None
            plan.bound = (bind(plan, call, self._surroundings),)
        return plan.bound[0]

    def _replay(self, call: Call, error: Exception) -> None:
        """Let NumPy say what is wrong: the function again, with nothing written, as it stands."""
        args, kwargs = call.rebuilt(call.leaves)
        tensors = [x for x in call.leaves if isinstance(x, Cell)]
        before = [(x, x._view, getattr(x, "_grad", None)) for x in tensors]
        try:
            with overlaid(Overlay()):
                self.function(*args, **kwargs)
        except Exception as found:
            raise found from None
        finally:
            for cell, view, grad in before:
                cell._view = view
                if hasattr(cell, "_grad"):
                    cell._grad = grad
        from shinso.compiler.interpret import CheckFailed  # as above

        if isinstance(error, CheckFailed):
            raise ValueError(
                "a check of values failed in the compiled step and passed in NumPy: a value lies "
                "at the very limit"
            ) from None

    # -- looking inside --------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """What the program that was called or explained last computes, as it was traced.

        Raises RuntimeError if nothing has been compiled.
        """
        return self._asked((), {})[0].graph

    @property
    def argument_names(self) -> tuple[str, ...]:
        """What the function calls each `Argument` of `graph`, by its number."""
        return self._asked((), {})[0].arguments

    @property
    def cells(self) -> list[tuple[Cell | None, str]]:
        """Cell and slot ("data" or "grad") behind each `State` and `Update` of `graph`, by number.

        None stands for a cell that was an argument, or is gone.
        """
        places = self._asked((), {})[0].places
        return [(None if p.cell is None else p.cell(), p.slot) for p in places]

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """Run the compiled program on copies of its arrays and tell what every kernel takes.

        args, kwargs: as for a call: the program for these arguments is explained, and compiled
        first if need be; nothing is written to any cell. Without arguments, the program that was
        called or explained last, on random arguments.
        Returns an Explanation; printed, it is a table of the kernels. Raises RuntimeError if there
        is nothing compiled to explain.
        """
        from shinso.compiler.explain import explain  # needs LLVM

        with _lock:
            plan, call = self._asked(args, kwargs)
            leaves = [] if call is None else call.leaves
            arguments = [] if call is None else call.arrays()
            return explain(_machine_code(plan), arguments, plan.states(leaves), plan.names())

    def stage(self, name: str, kernel: int | None = None) -> str:
        """A stage of the program that was called or explained last, in writing.

        name: "graph" (what was traced), "rewritten" (the same with less work), "plan" (what is
        computed together), "loops" (the kernels), "ir" (in LLVM's language), "asm" (machine code).
        kernel: the number of one kernel, as in `explain()`, for the last three.
        Raises RuntimeError if nothing has been compiled, ValueError for another name, IndexError
        for a kernel that there is not.
        """
        from shinso.compiler.stages import stage_text  # needs LLVM

        with _lock:
            made = _machine_code(self._asked((), {})[0])
            return stage_text(made.graph, made.program, made.target, name, kernel)

    def ir(self, kernel: int | None = None) -> str:
        """LLVM IR of one kernel or of all, as it is handed to LLVM: `stage("ir", kernel)`."""
        return self.stage("ir", kernel)

    def asm(self, kernel: int | None = None) -> str:
        """Machine code of one kernel or of all, in writing: `stage("asm", kernel)`."""
        return self.stage("asm", kernel)

    def _asked(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Plan, Call | None]:
        """The plan to look into: for these arguments, or the last one."""
        from shinso.compiler.key import Call  # as above

        name = getattr(self.function, "__name__", "the function")
        if not self.compiled:
            raise RuntimeError(
                f"{name} runs in NumPy, because SHINSO_COMPILE=0 was set when it was made: there "
                "is no machine code to look into"
            )
        if _thread.overlay is not None:
            raise RuntimeError(f"{name} cannot be explained inside a function that is traced")
        if args or kwargs:
            call = Call(args, kwargs)
            with _uncollected():
                self._last = self._plan(call)
            return self._last, call
        if self._last is None:
            raise RuntimeError(
                f"nothing is compiled yet: call {name} once, or use explain with the arguments of "
                "a call"
            )
        return self._last, None

    # -- copies ----------------------------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Step:
        made = Step(copy.deepcopy(self.function, memo), self.keep_grads)
        memo[id(self)] = made
        return made

    def __reduce__(self) -> Any:
        name = getattr(self.function, "__qualname__", "")
        module = sys.modules.get(getattr(self.function, "__module__", ""))
        if "." not in name and getattr(module, name, None) is self:
            return name  # a decorated function of a module: pickled by its name, as functions are
        return Step, (self.function, self.keep_grads)

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", repr(self.function))
        return f"<compiled {name}, {self.traces} traces>"


def _machine_code(plan: Plan) -> Compiled:
    """The compiled program of a plan."""
    from shinso.compiler.executable import Executable  # as above

    if not isinstance(plan.executable, Executable):
        raise RuntimeError("this function runs in NumPy here: there is no machine code")
    return plan.executable


class Method:
    """A compiled method of one object."""

    def __init__(self, step: Step, instance: Any) -> None:
        self.step, self.instance = step, instance
        self.__name__ = getattr(step, "__name__", "step")
        self.__doc__ = step.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the method."""
        return self.step(self.instance, *args, **kwargs)

    def numpy(self, *args: Any, **kwargs: Any) -> Any:
        """Run the method in NumPy."""
        return self.step.numpy(self.instance, *args, **kwargs)

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """Explain the method for these arguments, or its last call; see `Step.explain`."""
        if args or kwargs:
            return self.step.explain(self.instance, *args, **kwargs)
        return self.step.explain()

    def stage(self, name: str, kernel: int | None = None) -> str:
        """A stage of the last program, in writing; see `Step.stage`."""
        return self.step.stage(name, kernel)

    def ir(self, kernel: int | None = None) -> str:
        """LLVM IR of the last program; see `Step.ir`."""
        return self.step.ir(kernel)

    def asm(self, kernel: int | None = None) -> str:
        """Machine code of the last program; see `Step.asm`."""
        return self.step.asm(kernel)

    @property
    def graph(self) -> Graph:
        """What the last program computes; see `Step.graph`."""
        return self.step.graph

    @property
    def argument_names(self) -> tuple[str, ...]:
        """What the method calls its arrays; see `Step.argument_names`."""
        return self.step.argument_names

    @property
    def cells(self) -> list[tuple[Cell | None, str]]:
        """The cells of the last program; see `Step.cells`."""
        return self.step.cells

    @property
    def traces(self) -> int:
        """How often the method was traced, for all objects together."""
        return self.step.traces


@overload
def compile(fn: Callable[..., Any], *, keep_grads: bool = False) -> Step: ...
@overload
def compile(fn: None = None, *, keep_grads: bool = False) -> Callable[[Any], Step]: ...
def compile(fn: Any = None, *, keep_grads: bool = False) -> Any:
    """Compile a function written in NumPy: a whole training step, an inference, any computation.

        @shinso.compile
        def step(x, t):
            loss = ops.cross_entropy(model(x), t)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss

    fn: the function or bound method; without it, a decorator with options is returned. Arrays and
    tensors among its arguments may change from call to call; a new shape, dtype or Python value is
    traced anew. Parameters, running statistics, optimizer state and random numbers that it reads
    and writes are found by themselves.
    keep_grads: leave the gradients that are there at the end in `.grad`. Otherwise only those of
    tensors passed as arguments are; reading another afterwards raises RuntimeError.
    NumPy arrays and plain objects' attributes that the function reads from outside are part of the
    program, as they were when it was traced.
    With SHINSO_COMPILE=0 in the environment the function runs in NumPy.
    Returns a function of the same arguments and results. Raises TraceError, with the line and what
    to write instead, where the function does something that cannot be compiled.
    """
    if fn is None:
        return lambda function: Step(function, keep_grads)
    return Step(fn, keep_grads)
