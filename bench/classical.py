"""Estimators beside scikit-learn's, in turns in one process: `python -m bench.classical`.

Both sides get the same arrays and the same number of threads, and train the same number of
epochs or to their own idea of done; the score says whether that was the same work. Each round
trains one side, then the other, and the medians are compared. Needs scikit-learn.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import LogisticRegression as TheirLogisticRegression
from sklearn.linear_model import Ridge
from sklearn.neural_network import BernoulliRBM
from sklearn.neural_network import MLPClassifier as TheirMLP
from sklearn.pipeline import make_pipeline

import shinso.data
from bench.machine import describe
from shinso.classical import (
    RBM,
    KernelRidge,
    LogisticRegression,
    MLPClassifier,
    RandomFourierFeatures,
)
from shinso.classical.boltzmann import pseudo_likelihood

Data = tuple[Any, Any, Any, Any]  # x, y, test x, test y


@dataclass
class Pair:
    """One comparison. ours, theirs: make an estimator. goal: how many times as fast it should be.

    score: of a fitted estimator on the test part; larger is better.
    """

    name: str
    data: Data
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    goal: float
    score: Callable[[Any, Any, Any], float]
    seconds: dict[str, list[float]] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)

    def round(self) -> None:
        """Train both, one after the other."""
        x, y, test_x, test_y = self.data
        for side, make in (("ours", self.ours), ("theirs", self.theirs)):
            model = make()
            start = time.perf_counter()
            model.fit(x, y)
            self.seconds.setdefault(side, []).append(time.perf_counter() - start)
            self.scores[side] = self.score(model, test_x, test_y)

    def row(self) -> list[str]:
        """Cells of the table."""
        ours, theirs = (statistics.median(self.seconds[side]) for side in ("ours", "theirs"))
        return [
            self.name,
            f"{ours:.3f}",
            f"{theirs:.3f}",
            f"{theirs / ours:.2f}",
            f"{self.goal:g}",
            f"{self.scores['ours']:.4f}",
            f"{self.scores['theirs']:.4f}",
        ]


def accuracy(model: Any, x: Any, y: Any) -> float:
    """Share of right answers."""
    return float(model.score(x, y))


def accuracy_of_regression(model: Any, x: Any, y: Any) -> float:
    """The same where the largest of several numbers decides."""
    return float((model.predict(x).argmax(axis=1) == y.argmax(axis=1)).mean())


def likeness(model: Any, x: Any, y: Any) -> float:
    """The exact pseudo-likelihood of an RBM's first test rows: theirs is drawn at random."""
    w = np.ascontiguousarray(model.components_.T)
    parameters = w, model.intercept_visible_, model.intercept_hidden_
    return float(np.mean([pseudo_likelihood(v[None], *parameters) for v in x[:100]]))


def digits() -> Data:
    """The bundled digits, every third for testing."""
    x, y = load_digits(return_X_y=True)
    test = np.arange(len(x)) % 3 == 0
    return x[~test] / 16, y[~test], x[test] / 16, y[test]


def mnist(folder: str | None, examples: int) -> Data:
    """MNIST as float32 rows."""
    splits = shinso.data.load("mnist", **({} if folder is None else {"data_dir": folder}))
    parts = []
    for part, n in ((splits.train, examples), (splits.test, 10_000)):
        x, y = part[np.arange(min(n, len(part)))]
        parts += [np.ascontiguousarray(x.reshape(len(x), -1)), np.asarray(y)]
    x, y, test_x, test_y = parts
    return x, y, test_x, test_y


def one_hot(data: Data) -> Data:
    """Classes as targets of ±1."""
    x, y, test_x, test_y = data
    signs = 2 * np.eye(10, dtype=np.float32) - 1
    return x, signs[y], test_x, signs[test_y]


def pairs(name: str, data: Data, components: int, epochs: int) -> Iterator[Pair]:
    """All comparisons on one data set."""
    yield Pair(
        f"LogisticRegression, {name}",
        data,
        LogisticRegression,
        TheirLogisticRegression,
        1.0,
        accuracy,
    )
    options = {"gamma": "scale", "n_components": components, "random_state": 0}
    yield Pair(
        f"random Fourier features + ridge, {name}",
        one_hot(data),
        lambda: make_pipeline(RandomFourierFeatures(**options), KernelRidge(1.0)),
        lambda: make_pipeline(RBFSampler(**options), Ridge(1.0, fit_intercept=False)),
        1.0,
        accuracy_of_regression,
    )
    for size in (10, 100):
        machine = {"batch_size": size, "n_iter": 5, "random_state": 0}
        yield Pair(
            f"BernoulliRBM 256, batches of {size}, 5 epochs, {name}",
            data,
            partial(RBM, shuffle=False, **machine),
            partial(BernoulliRBM, **machine),
            3.0 if len(data[0]) >= 10_000 else 0.0,
            likeness,
        )
    network = {"hidden_layer_sizes": (100,), "max_iter": epochs, "random_state": 0}
    yield Pair(
        f"MLPClassifier, {epochs} epochs, {name}",
        data,
        lambda: MLPClassifier(**network),
        lambda: TheirMLP(**network),
        3.0,
        accuracy,
    )


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.classical", description=__doc__)
    parser.add_argument("--data-dir", help="the folder with mnist/; without it, digits only")
    parser.add_argument("--examples", type=int, default=60_000, help="of MNIST, to train on")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="comparisons whose name has this in it")
    parser.add_argument("--tiny", action="store_true", help="does it run at all?")
    options = parser.parse_args()
    rounds = 1 if options.tiny else options.rounds
    todo = list(pairs("digits", digits(), 50 if options.tiny else 500, 3 if options.tiny else 100))
    if options.data_dir and not options.tiny:
        data = mnist(options.data_dir, options.examples)
        todo += pairs(f"MNIST {len(data[0]):,}", data, 1000, 10)
    console = Console()
    threads = int(os.environ.get("OPENBLAS_NUM_THREADS", os.cpu_count() or 1))
    console.print(describe(threads))
    caption = "ratio = seconds of scikit-learn / seconds of shinso; medians of "
    table = Table(caption=f"{caption}{rounds} round{'s' * (rounds > 1)}")
    for heading in ("what", "shinso s", "scikit-learn s", "ratio", "goal", "score", "theirs"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for pair in todo:
        if options.only.lower() not in pair.name.lower():
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for _ in range(rounds):
                pair.round()
        console.print("  ".join(pair.row()))
        table.add_row(*pair.row())
    console.print(table)


if __name__ == "__main__":
    main()
