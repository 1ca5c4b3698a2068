"""The workloads in shinso."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding  # noqa: F401 (loaded here, so that it is not part of the first call)
import numpy as np

from bench.networks import NETWORKS, Framework
from bench.side import State
from bench.workloads import Workload
from bench.zoo import PEERS
from shinso import models, nn, ops, optim
from shinso.compiler import compile
from shinso.compiler import executable as _executable  # noqa: F401 (not part of the first call)
from shinso.graph import Tensor, no_grad
from shinso.version import __version__

SHINSO = Framework(nn, nn.ReLU, ops.pad)


def _network(workload: Workload) -> nn.Module:
    if workload.name in NETWORKS:
        return NETWORKS[workload.name](SHINSO)
    options = dict(PEERS[workload.name].ours)
    return models.create(workload.name, workload.classes, workload.shape, **options)


class ShinsoNetwork:
    """A network, its data and its optimizer (see `bench.side.Network`).

    compiled: run its step and its inference through `shinso.compile`, not in NumPy.
    """

    def __init__(self, workload: Workload, batch: int, compiled: bool = False) -> None:
        self.workload, self.compiled = workload, compiled
        self.model = _network(workload)
        x, t = workload.data(batch)
        self.x, self.t, self.one = Tensor(x), Tensor(t), Tensor(x[:1])
        self.loss = ops.binary_cross_entropy_with_logits if workload.binary else ops.cross_entropy
        self._new_optimizer()

    def _new_optimizer(self) -> None:
        self.optimizer = optim.SGD(
            self.model.parameters(), lr=self.workload.lr, momentum=self.workload.momentum
        )
        self.train: Callable[[], Tensor] = compile(self.step) if self.compiled else self.step
        self.infer: Callable[[], Tensor] = compile(self.output) if self.compiled else self.output

    def load(self, state: State) -> None:
        self.model.load_state_dict(state)
        self._new_optimizer()

    def state(self) -> State:
        return dict(self.model.state_dict())

    def step(self) -> Tensor:
        loss = self.loss(self.model(self.x), self.t)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss

    def output(self) -> Tensor:
        return self.model(self.one)

    def losses(self, steps: int) -> list[float]:
        self.model.train(not self.workload.dropout)
        return [float(self.train()) for _ in range(steps)]

    @contextmanager
    def ready(self, mode: str) -> Iterator[Callable[[], Any]]:
        self.model.train(mode == "train")
        if mode == "train":
            yield self.train
        else:
            with no_grad():
                yield self.infer


class ShinsoSide:
    """shinso, compiled, or as NumPy runs it (see `bench.side.Side`)."""

    def __init__(self, compiled: bool = True) -> None:
        self.compiled = compiled

    def variants(self, workload: Workload) -> list[str]:
        return ["compiled" if self.compiled else "numpy"]

    def build(self, workload: Workload, variant: str, batch: int) -> ShinsoNetwork:
        return ShinsoNetwork(workload, batch, variant == "compiled")

    def versions(self) -> dict[str, str]:
        config: Any = np.show_config(mode="dicts")
        blas = config["Build Dependencies"]["blas"]
        numpy = f"{np.__version__} ({blas['name']} {blas['version']})"
        return {"shinso": __version__, "NumPy": numpy}
