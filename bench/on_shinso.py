"""The workloads in shinso."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bench.networks import NETWORKS, Framework
from bench.side import State
from bench.workloads import Workload
from shinso import nn, ops, optim
from shinso.graph import Tensor, no_grad
from shinso.version import __version__

SHINSO = Framework(nn, nn.ReLU, ops.pad)


class ShinsoNetwork:
    """A network, its data and its optimizer (see `bench.side.Network`)."""

    def __init__(self, workload: Workload, batch: int) -> None:
        self.workload = workload
        self.model = NETWORKS[workload.name](SHINSO)
        x, t = workload.data(batch)
        self.x, self.t, self.one = Tensor(x), Tensor(t), Tensor(x[:1])
        self.loss = ops.binary_cross_entropy_with_logits if workload.binary else ops.cross_entropy
        self._new_optimizer()

    def _new_optimizer(self) -> None:
        self.optimizer = optim.SGD(
            self.model.parameters(), lr=self.workload.lr, momentum=self.workload.momentum
        )

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

    def losses(self, steps: int) -> list[float]:
        self.model.train(not self.workload.dropout)
        return [float(self.step()) for _ in range(steps)]

    @contextmanager
    def ready(self, mode: str) -> Iterator[Callable[[], Any]]:
        self.model.train(mode == "train")
        if mode == "train":
            yield self.step
        else:
            with no_grad():
                yield lambda: self.model(self.one)


class ShinsoSide:
    """shinso, as it comes (see `bench.side.Side`)."""

    def variants(self, workload: Workload) -> list[str]:
        return ["numpy"]

    def build(self, workload: Workload, variant: str, batch: int) -> ShinsoNetwork:
        return ShinsoNetwork(workload, batch)

    def versions(self) -> dict[str, str]:
        config: Any = np.show_config(mode="dicts")
        blas = config["Build Dependencies"]["blas"]
        numpy = f"{np.__version__} ({blas['name']} {blas['version']})"
        return {"shinso": __version__, "NumPy": numpy}
