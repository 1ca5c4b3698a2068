"""When a number is not finite: which layer was the first, in forward or backward, and why.

The loss and all gradients are checked before anything is updated (`Trainer.prepare_update`). When
the check fails, the batch is run once more under an observer that looks at every operation, with
the same random masks, and with all writes caught in an overlay: the weights, running statistics and
random counter stay as they were before the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from shinso.cell import Array, Overlay, overlaid
from shinso.graph import Function, Observer, observe
from shinso.nn.errors import describe
from shinso.nn.module import Module
from shinso.train.causes import likely_causes

if TYPE_CHECKING:
    from shinso.train.trainer import Trainer

NON_FINITE = "the loss or a gradient of this batch is not finite; nothing was updated"


@dataclass(frozen=True)
class Finding:
    """The first operation whose result is not finite although what it got is.

    layer: the innermost layer around it, in words. op: its class. direction: "forward" or
    "backward". inputs: what it computed with (in backward: the gradients it got, then what it got
    in forward). outputs: what came out.
    """

    layer: str
    op: str
    direction: str
    inputs: tuple[Array, ...]
    outputs: tuple[Array, ...]


class NonFiniteError(ArithmeticError):
    """A loss or gradient is NaN or infinite. The message is a report; the parts are attributes.

    epoch and batch count from 0. finding: None if the data or the weights were bad to begin with.
    samples: the places in the batch whose input or target is not finite.
    """

    def __init__(
        self, message: str, epoch: int, batch: int, finding: Finding | None, samples: list[int]
    ) -> None:
        super().__init__(message)
        self.epoch, self.batch, self.finding, self.samples = epoch, batch, finding, samples


def is_non_finite(error: ValueError) -> bool:
    """Whether this is the error of the Trainer's check."""
    return error.args == (NON_FINITE,)


class FirstBad(Observer):
    """Watches a pass for the first result that is not finite, in each direction."""

    def __init__(self, model: Module, loss: Any) -> None:
        self.paths = {id(module): path for path, module in model.named_modules()}
        self.model, self.loss = model, loss
        self.open: list[Module] = []
        self.homes: dict[int, str] = {}
        self.operands: dict[int, tuple[Any, ...]] = {}
        self.forward_finding: Finding | None = None
        self.backward_finding: Finding | None = None
        self.last: tuple[Any, ...] = ()

    @property
    def loss_is_finite(self) -> bool:
        """Whether the last operation of the forward pass, which gives the loss, went well."""
        return _finite(self.last)

    def enter(self, module: Module) -> None:
        """A layer begins."""
        self.open.append(module)

    def leave(self, module: Module) -> None:
        """A layer has ended."""
        self.open.pop()

    def _home(self) -> str:
        if not self.open:
            name = getattr(self.loss, "__name__", type(self.loss).__name__)
            return f"the loss function {name}"
        module = self.open[-1]
        if id(module) in self.paths:
            return describe(module, self.paths[id(module)])
        return f"the loss {describe(module, '')}" if self.open[0] is self.loss else repr(module)

    def forward(
        self, function: Function, inputs: tuple[Any, ...], outputs: tuple[Any, ...]
    ) -> None:
        """Look at an operation's results."""
        home = self._home()
        self.homes[id(function)] = home
        self.operands[id(function)] = inputs
        self.last = outputs
        if self.forward_finding is None and not _finite(outputs) and _finite(inputs):
            self.forward_finding = Finding(
                home, type(function).__name__, "forward", _arrays(inputs), _arrays(outputs)
            )

    def backward(self, function: Function, dout: tuple[Any, ...], din: tuple[Any, ...]) -> None:
        """Look at the gradients that an operation hands on."""
        if self.backward_finding is None and not _finite(din) and _finite(dout):
            operands = self.operands.get(id(function), ())
            self.backward_finding = Finding(
                self.homes.get(id(function), "an unknown layer"),
                type(function).__name__,
                "backward",
                _arrays((*dout, *operands)),
                _arrays(din),
            )


def diagnose(trainer: Trainer, x: Array, t: Array, numbers: Array | None) -> NonFiniteError:
    """The report on a batch whose loss or gradient is not finite; to be raised by the caller.

    The trainer must be in the state before the batch; it is left in that state.
    numbers: which samples of the data set are in the batch.
    """
    watch = replay(trainer, x, t)
    what = "gradient" if watch.loss_is_finite else "loss"
    head = (
        f"The {what} is not finite: epoch {trainer.epoch + 1}, batch {trainer.batch + 1}. "
        "The weights are as they were before this batch."
    )
    samples = sorted({*_bad_samples(x), *_bad_samples(t)})
    bad = [name for name, p in trainer.model.named_parameters() if not _finite((p.data,))]
    finding = None
    if samples:
        body = _data_report(x, t, samples, numbers)
    elif bad:
        body = _weights_report(trainer, bad)
    else:
        finding = watch.forward_finding
        if watch.loss_is_finite:
            # An infinity in forward may be meant (a mask); what the gradient met first counts.
            finding = watch.backward_finding or finding
        body = _finding_report(trainer, finding)
    return NonFiniteError(f"{head}\n{body}", trainer.epoch, trainer.batch, finding, samples)


def replay(trainer: Trainer, x: Array, t: Array) -> FirstBad:
    """Run the batch again under an observer; every write is thrown away afterwards."""
    watch = FirstBad(trainer.model, trainer.loss)
    with overlaid(Overlay()), observe(watch), np.errstate(all="ignore"):
        try:
            trainer.train_step(x, t)
        except ValueError as error:
            if not is_non_finite(error):
                raise
    return watch


# -- the report ----------------------------------------------------------------------------------


def _data_report(x: Array, t: Array, samples: list[int], numbers: Array | None) -> str:
    which = "input" if _bad_samples(x) else "target"
    values = x if which == "input" else t
    nans, infinite = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    known = "" if numbers is None else f" (in the data set: {_list(numbers[samples].tolist())})"
    return (
        f"The {which} data itself is not finite: {nans} NaN and {infinite} infinite values, in "
        f"samples {_list(samples)} of the batch{known}.\n"
        "What to do: find out where they come from; drop these samples or fill in the values."
    )


def _weights_report(trainer: Trainer, bad: list[str]) -> str:
    rate = trainer.optimizer.param_groups[0]["lr"]
    return (
        f"Before this batch the weights were already not finite: {_list(bad)}. Either the last "
        "update did that, or they were so from the start.\n"
        f"Likely cause: the learning rate, {rate:g}, is too large. Try a tenth of it, or "
        "clip_grad_norm=1.0."
    )


def _finding_report(trainer: Trainer, finding: Finding | None) -> str:
    if finding is None:
        return (
            "Running the batch again, no single operation turned finite numbers into others: the "
            "gradients' squares add up to more than their dtype holds, or the forward pass differs "
            "from run to run (random numbers that do not come from shinso).\n"
            "What to do: a smaller learning rate, clip_grad_norm=1.0, float64."
        )
    name = f"{finding.op} in {finding.layer}"
    verb = "came out of" if finding.direction == "forward" else "came out of the backward pass of"
    lines = [f"The first bad number {verb} {name}.", "  it computed with"]
    lines += [f"    {statistics(array)}" for array in finding.inputs]
    lines += ["  and gave" if finding.direction == "forward" else "  and gave the gradients"]
    lines += [f"    {statistics(array)}" for array in finding.outputs]
    causes = likely_causes(finding, trainer.optimizer.param_groups[0]["lr"])
    return "\n".join([*lines, "Likely causes:", *(f"  - {cause}" for cause in causes)])


def statistics(array: Array) -> str:
    """Shape, range and bad values of an array in one line."""
    shape = f"{array.dtype}{list(array.shape)}"
    if array.size == 0:
        return f"{shape}: empty"
    good = array[np.isfinite(array)]
    counts = (("NaN", np.isnan(array)), ("+inf", np.isposinf(array)), ("-inf", np.isneginf(array)))
    bad = [f"{name}: {int(mask.sum())} of {array.size}" for name, mask in counts if mask.any()]
    if good.size:
        mean = good.mean(dtype=np.float64)
        bad.insert(0, f"min {good.min():.4g}, mean {mean:.4g}, max {good.max():.4g}")
    return f"{shape}: {'; '.join(bad)}"


def _bad_samples(values: Array) -> list[int]:
    if values.dtype.kind != "f":
        return []
    bad = ~np.isfinite(values)
    return np.flatnonzero(bad.any(axis=tuple(range(1, values.ndim)))).tolist()


def _arrays(values: tuple[Any, ...]) -> tuple[Array, ...]:
    """The arrays and numbers among the operands, as float arrays or integers."""
    kept = [np.asarray(v) for v in values if v is not None]
    return tuple(v for v in kept if v.dtype.kind in "fiu")


def _finite(values: tuple[Any, ...]) -> bool:
    return all(bool(np.isfinite(v).all()) for v in _arrays(values) if v.dtype.kind == "f")


def _list(items: list[Any]) -> str:
    shown = ", ".join(map(str, items[:8]))
    return f"{shown}, ... ({len(items)} in all)" if len(items) > 8 else shown
