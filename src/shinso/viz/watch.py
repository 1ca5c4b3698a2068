"""`Watch`: a callback that records what goes on inside of a network while it learns."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from shinso.cell import Array, Overlay, overlaid
from shinso.graph import observe
from shinso.nn.module import Module
from shinso.train.callbacks import Callback, Logs
from shinso.train.diagnose import is_non_finite
from shinso.train.trainer import Trainer
from shinso.viz.distributions import Distributions, measure
from shinso.viz.inside import Inside

KINDS = ("activation", "gradient", "weight", "update")
SHARE = 0.05
"""Of the time of training, what snapshots that may be skipped take at most, together."""


@dataclass(frozen=True)
class Snapshot:
    """The distributions at one moment.

    step: training steps done. epoch: epochs done. of: by kind, "activation", "gradient", "weight"
    and "update"; see `Watch`.
    """

    step: int
    epoch: int
    of: dict[str, Distributions]


class Watch(Callback):
    """Records the distributions of activations, gradients, weights and updates during training.

        watch = viz.Watch()
        Trainer(model, loss, optimizer, callbacks=[watch]).fit(data, epochs=10)
        viz.histograms(watch, "activation").save("activations.png")

    every: steps between two snapshots. None: at the end of each epoch, but an epoch is skipped
    where snapshots would take more than 5 % of the time so far; never the first and the last one.
    Before the first step there is always a snapshot. examples: how many of the first batch are
    kept to look at. bins: of each histogram.

    A snapshot makes one training step in NumPy on the kept examples, in training mode, and looks at

    - "activation": the outputs of all layers that have none below them,
    - "gradient": the loss's gradients with respect to these,
    - "weight": the parameters of at least two axes (no biases, no scales of normalizations),
    - "update": what the optimizer would add to these in that step.

    Then all that the step has written is thrown away: training goes on as if nothing had been, to
    the last bit. `snapshots` is the record. Raises ValueError for numbers out of range.
    """

    def __init__(self, every: int | None = None, examples: int = 64, bins: int = 41) -> None:
        for name, value in (("every", every), ("examples", examples), ("bins", bins)):
            whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            if not whole and not (name == "every" and value is None):
                raise ValueError(f"Watch: {name} is a whole number of at least 1, not {value!r}")
        self.every, self.examples, self.bins = every, examples, bins
        self._clear()

    def _clear(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.seconds = 0.0
        self._batch: tuple[Array, Array] | None = None
        self._trained = self._last = 0.0
        self._began = time.perf_counter()

    # -- when ------------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin a record, or go on with it."""
        if self.trainer.step == 0:
            self._clear()
        self._began = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Keep the first examples, and look before anything is learned."""
        if self._batch is None:
            current = self.trainer.current
            assert current is not None
            self._batch = current[0][: self.examples].copy(), current[1][: self.examples].copy()
            self._look(self.trainer.epoch)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look every so many steps."""
        if self.every is not None and self.trainer.step % self.every == 0:
            self._look(self.trainer.epoch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Look if there is time for it."""
        if self.every is None and (len(self.snapshots) < 2 or self._affordable()):
            self._look(epoch + 1)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """See the last epoch in any case."""
        seen = self.snapshots and self.snapshots[-1].step == self.trainer.step
        if self.every is None and self._batch is not None and not seen:
            self._look(self.trainer.epoch)
        self._trained += time.perf_counter() - self._began

    def _affordable(self) -> bool:
        trained = self._trained + time.perf_counter() - self._began
        return self.seconds + self._last <= SHARE * trained

    # -- what ------------------------------------------------------------------------------------

    def _look(self, epoch: int) -> None:
        """Take a snapshot."""
        start = time.perf_counter()
        assert self._batch is not None
        arrays = _step(self.trainer, *self._batch)
        with np.errstate(all="ignore"):
            of = {kind: measure(arrays[kind], self.bins) for kind in KINDS}
        self.snapshots.append(Snapshot(self.trainer.step, epoch, of))
        self._last = time.perf_counter() - start
        self.seconds += self._last

    # -- with the run ----------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The record, the kept examples and the time that was taken."""
        trained = self._trained + time.perf_counter() - self._began
        return {
            "bins": self.bins,
            "snapshots": [
                {"step": s.step, "epoch": s.epoch, **{k: d.state() for k, d in s.of.items()}}
                for s in self.snapshots
            ],
            "batch": None if self._batch is None else list(self._batch),
            "seconds": [self.seconds, self._last, trained],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on with a record. Raises ValueError if its histograms have other bins."""
        if state["bins"] != self.bins:
            raise ValueError(f"the record has {state['bins']} bins, this Watch {self.bins}")
        self.snapshots = [
            Snapshot(s["step"], s["epoch"], {k: Distributions.of_state(s[k]) for k in KINDS})
            for s in state["snapshots"]
        ]
        self._batch = None if state["batch"] is None else tuple(state["batch"])
        self.seconds, self._last, self._trained = state["seconds"]


def _step(trainer: Trainer, x: Array, t: Array) -> dict[str, dict[str, Array]]:
    """The arrays of each kind in one training step of which nothing remains."""
    inside = Inside(trainer.model)
    with overlaid(Overlay()), observe(inside), np.errstate(all="ignore"):
        trainer.optimizer.zero_grad()
        trainer.model.zero_grad()
        before = _weights(trainer.model)
        try:
            trainer.train_step(x, t)
        except ValueError as error:  # then there is no update
            if not is_non_finite(error):
                raise
        after = _weights(trainer.model)
        updates = {name: after[name] - w for name, w in before.items()}
    return {
        "activation": inside.outputs,
        "gradient": inside.in_order(),
        "weight": before,
        "update": updates,
    }


def _weights(model: Module) -> dict[str, Array]:
    """Parameters of two or more axes, under the names of their layers."""
    return {
        f".{name}".removesuffix(".weight")[1:] or "(model)": p.data
        for name, p in model.named_parameters()
        if p.ndim >= 2
    }
