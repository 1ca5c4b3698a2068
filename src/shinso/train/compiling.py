"""Which of a Trainer's steps run as machine code, and the rule by which "auto" decides.

The rule: a run begins in NumPy. After its first `MEASURED` steps the quickest of them, except the
very first, says what a step costs. Compiled it is taken to cost `1 - SAVED` of that, and compiling
to take `SECONDS + SECONDS_PER_LAYER * layers`. If the steps that are left save more than compiling
takes, the rest of the run is compiled. This is decided once per run, and saved with it: a run that
is resumed goes on as it was.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from shinso.compiler import Step, TraceError, compile
from shinso.compiler.objects import CompileError
from shinso.compiler.runtime.affinity import get_num_threads
from shinso.compiler.target import target
from shinso.graph import Tensor
from shinso.graph.mode import mode
from shinso.train.outputs import check_single, main_output

if TYPE_CHECKING:
    from shinso.train.trainer import Trainer

MEASURED = 4
SAVED = 0.5
SECONDS = 0.5
SECONDS_PER_LAYER = 0.3
NUMPY, COMPILED = "numpy", "compiled"

_CANNOT = (TraceError, CompileError, NotImplementedError, ImportError)


def predicted_saving(seconds: float, steps: int) -> float:
    """Seconds that compiled code saves in so many steps that take `seconds` each in NumPy."""
    return SAVED * seconds * steps


def predicted_cost(layers: int) -> float:
    """Seconds that compiling the training step of a network with so many layers takes."""
    return SECONDS + SECONDS_PER_LAYER * layers


class Compiling:
    """Runs a trainer's steps, in NumPy or compiled.

    choice: "auto", True or False. executor: "numpy" or "compiled" once that is decided; decided_at:
    after how many steps it was.
    """

    def __init__(self, trainer: Trainer, choice: bool | str) -> None:
        if choice not in (True, False, "auto"):
            raise ValueError(f'compile is "auto", True or False, not {choice!r}')
        self.trainer, self.choice = trainer, choice
        self.executor: str | None = None
        self.decided_at: int | None = None
        if choice != "auto":
            self.decide(bool(choice), 0)
        self.left = 0
        self._times: list[float] = []
        self._saved: Mapping[str, Any] = {}
        self._train = compile(lambda x, t: trainer.train_step(x, t))
        self._test = compile(lambda x, t: _judge(trainer, x, t))
        self._predict = compile(lambda x: main_output(trainer.model(x)))

    def decide(self, compiled: bool, step: int) -> None:
        """From here on the run is compiled, or in NumPy."""
        self.executor, self.decided_at = COMPILED if compiled else NUMPY, step

    # -- steps -----------------------------------------------------------------------------------

    def train_step(self, x: Any, t: Any) -> Any:
        """`trainer.train_step(x, t)`. `left` must say how many steps the run has left."""
        if self.executor is not None:
            return self._run(self._train, x, t)
        start = time.perf_counter()
        result = self.trainer.train_step(x, t)
        self._times.append(time.perf_counter() - start)
        if len(self._times) == MEASURED:
            layers = sum(not list(m.children()) for m in self.trainer.model.modules())
            saving = predicted_saving(min(self._times[1:]), self.left - 1)
            self.decide(saving > predicted_cost(layers), self.trainer.step + 1)
        return result

    def test_step(self, x: Any, t: Any) -> tuple[Tensor, Tensor]:
        """Main output and loss of a batch."""
        result: tuple[Tensor, Tensor] = self._run(self._test, x, t)
        return result

    def predict_step(self, x: Any) -> Tensor:
        """The main output of a batch."""
        result: Tensor = self._run(self._predict, x)
        return result

    def _run(self, step: Step, *batch: Any) -> Any:
        """One step. Who watches every operation sees them in NumPy only."""
        if self.executor != COMPILED or mode.observer is not None:
            return step.numpy(*batch)
        try:
            with self._telling():
                return step(*batch)
        except _CANNOT as error:
            if isinstance(error, TraceError) and self.choice is True:
                raise
            self.decide(False, self.trainer.step)
            self._notice(error)
        return step.numpy(*batch)

    # -- telling ---------------------------------------------------------------------------------

    def _notice(self, error: Exception) -> None:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        text = f"not compiled, the run goes on in NumPy: {first}"
        if self.trainer.progress and self.trainer.display is not None:
            self.trainer.say(f"note: {text}")
        else:
            warnings.warn(text, RuntimeWarning, stacklevel=4)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say so when compiling takes over a second."""
        # Needs LLVM's names only when something is compiled.
        from shinso.compiler.cache import kernel_cache

        cache = kernel_cache()
        before, told = cache.progress, False

        def progress(done: int, total: int, seconds: float) -> None:
            nonlocal told
            if not told:
                told = True
                self.trainer.say(f"compiling… ({total} kernels, about {seconds:.0f} s)")

        cache.progress = before or progress
        try:
            yield
        finally:
            cache.progress = before

    # -- with the run ----------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps: the bits depend on all of it (the target only if compiled)."""
        compiled = self.executor == COMPILED
        return {
            "executor": self.executor,
            "decided_at": self.decided_at,
            "target": target().name if compiled else None,
            "threads": get_num_threads() if compiled else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on as the run did; True and False, which someone said, count more than the file."""
        executor = state["executor"]
        if executor not in (None, NUMPY, COMPILED):
            raise ValueError(f"its executor is {executor!r}")
        self._saved = state
        if self.choice == "auto":
            self.executor, self.decided_at = executor, state["decided_at"]

    def difference(self) -> str | None:
        """How the executor differs from that of the run that is resumed, in words, or None."""
        now = self.state()
        names = [n for n in ("executor", "target", "threads") if self._saved.get(n) != now[n]]
        if not self._saved or self._saved["executor"] is None or not names:
            return None
        return ", ".join(f"{n} {self._saved.get(n)} then, {now[n]} now" for n in names)


def _judge(trainer: Trainer, x: Any, t: Any) -> tuple[Any, Any]:
    y = trainer.model(x)
    check_single(y, trainer.loss)
    return main_output(y), trainer.loss(y, t)
