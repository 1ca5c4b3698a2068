"""Metrics over an epoch: add batch after batch, then ask for the value of all samples together.

Batches count by their samples, so the result is that of the whole set at once, however it is cut
(up to float64 rounding; counts are exact). `state_dict` lets a run stop in the middle of an epoch.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from shinso.cell import Array
from shinso.train.metrics import (
    Average,
    class_pairs,
    confusion_matrix,
    difference,
    f1_of,
    in_top_k,
    precision_of,
    recall_of,
)


class Metric:
    """Base: `update(y, t)` adds a batch, `compute()` gives the value so far, `reset()` starts anew.

    A subclass keeps what it has counted in the attributes named in `counted`; they start as 0.
    `name` is the name in logs and history.
    """

    name = "metric"
    counted: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.reset()

    def update(self, y: Any, t: Any) -> None:
        """Add one batch of outputs y and targets t."""
        raise NotImplementedError(f"{type(self).__name__} must define update")

    def compute(self) -> float:
        """The value over all samples so far. Raises ValueError if there are none."""
        raise NotImplementedError(f"{type(self).__name__} must define compute")

    def reset(self) -> None:
        """Forget all samples."""
        for name in self.counted:
            setattr(self, name, 0)

    def state_dict(self) -> dict[str, Any]:
        """What has been counted so far: plain numbers and arrays."""
        return {name: getattr(self, name) for name in self.counted}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on counting where `state_dict()` was taken. Raises ValueError for another's state."""
        if set(state) != set(self.counted):
            raise ValueError(
                f"the saved state of metric {self.name!r} holds {sorted(state)}, expected "
                f"{sorted(self.counted)}"
            )
        for name, value in state.items():
            setattr(self, name, value)


class Mean(Metric):
    """The mean of a number, each weighted: Σ n·value / Σ n. Used for the loss.

    Here `update(value, n)` takes the mean over a batch and its number of samples.
    """

    counted = ("total", "count")
    total: float
    count: int

    def __init__(self, name: str = "mean") -> None:
        self.name = name
        super().__init__()

    def update(self, y: Any, t: Any = 1) -> None:
        """Add a batch: y is its mean value, t how many samples it has."""
        self.total += float(y) * t
        self.count += t

    def compute(self) -> float:
        """Σ n·value / Σ n."""
        return _ratio(self.total, self.count, self.name)


class Accuracy(Metric):
    """The share of samples whose class is right. threshold: see `metrics.accuracy`."""

    name = "accuracy"
    counted = ("right", "count")
    right: int
    count: int

    def __init__(self, threshold: float = 0.5) -> None:
        self.threshold = threshold
        super().__init__()

    def update(self, y: Any, t: Any) -> None:
        """Add one batch."""
        predicted, true = class_pairs(y, t, self.threshold)
        self.right += int(np.count_nonzero(predicted == true))
        self.count += predicted.size

    def compute(self) -> float:
        """Number right / number of samples."""
        return _ratio(self.right, self.count, self.name)


class TopKAccuracy(Metric):
    """The share of samples whose true class is among the k largest scores."""

    counted = ("right", "count")
    right: int
    count: int

    def __init__(self, k: int = 5) -> None:
        self.k = k
        self.name = f"top_{k}_accuracy"
        super().__init__()

    def update(self, y: Any, t: Any) -> None:
        """Add one batch."""
        found = in_top_k(y, t, self.k)
        self.right += int(np.count_nonzero(found))
        self.count += found.size

    def compute(self) -> float:
        """Number found / number of samples."""
        return _ratio(self.right, self.count, self.name)


class MeanAbsoluteError(Metric):
    """Mean of |y - t| over all elements."""

    name = "mae"
    counted = ("total", "count")
    total: float
    count: int

    def update(self, y: Any, t: Any) -> None:
        """Add one batch."""
        d = difference(y, t)
        self.total += float(np.abs(d).sum())
        self.count += d.size

    def compute(self) -> float:
        """Σ |y - t| / number of elements."""
        return _ratio(self.total, self.count, self.name)


class RootMeanSquaredError(Metric):
    """√ of the mean of (y - t)² over all elements; the root is taken at the end, not per batch."""

    name = "rmse"
    counted = ("total", "count")
    total: float
    count: int

    def update(self, y: Any, t: Any) -> None:
        """Add one batch."""
        d = difference(y, t)
        self.total += float((d * d).sum())
        self.count += d.size

    def compute(self) -> float:
        """√(Σ (y - t)² / number of elements)."""
        return math.sqrt(_ratio(self.total, self.count, self.name))


class ConfusionMatrix(Metric):
    """Counts of (true, predicted) classes; `compute()` gives the accuracy, `.matrix` the counts.

    num_classes: None lets the matrix grow with the classes that come.
    """

    name = "confusion"
    counted = ("matrix",)
    matrix: Array

    def __init__(self, num_classes: int | None = None, threshold: float = 0.5) -> None:
        self.num_classes, self.threshold = num_classes, threshold
        super().__init__()

    def reset(self) -> None:
        """Forget all samples."""
        size = self.num_classes or 0
        self.matrix = np.zeros((size, size), dtype=np.int64)

    def update(self, y: Any, t: Any) -> None:
        """Add one batch."""
        new = confusion_matrix(y, t, self.num_classes, self.threshold)
        size = max(len(new), len(self.matrix))
        self.matrix = _grown(self.matrix, size) + _grown(new, size)

    def compute(self) -> Any:
        """The sum of the diagonal / number of samples."""
        return _ratio(int(np.trace(self.matrix)), int(self.matrix.sum()), self.name)


class _FromMatrix(ConfusionMatrix):
    formula: Callable[..., Any]

    def __init__(
        self,
        average: Average = "macro",
        num_classes: int | None = None,
        threshold: float = 0.5,
    ) -> None:
        self.average = average
        super().__init__(num_classes, threshold)

    def compute(self) -> Any:
        """The value over all samples so far; an array (C,) for average=None."""
        return type(self).formula(self.matrix, self.average)


class Precision(_FromMatrix):
    """TP / (TP + FP), averaged over the classes. See `metrics.precision`."""

    name = "precision"
    formula = staticmethod(precision_of)


class Recall(_FromMatrix):
    """TP / (TP + FN), averaged over the classes. See `metrics.recall`."""

    name = "recall"
    formula = staticmethod(recall_of)


class F1(_FromMatrix):
    """2 TP / (2 TP + FP + FN), averaged over the classes. See `metrics.f1_score`."""

    name = "f1"
    formula = staticmethod(f1_of)


_NAMED: dict[str, Callable[[], Metric]] = {
    "accuracy": Accuracy,
    "top_5_accuracy": TopKAccuracy,
    "mae": MeanAbsoluteError,
    "rmse": RootMeanSquaredError,
    "precision": Precision,
    "recall": Recall,
    "f1": F1,
}


def as_metrics(metrics: Sequence[str | Metric]) -> list[Metric]:
    """Metric objects for a list of names and metrics.

    Raises ValueError for an unknown name (suggesting the nearest) or a name that comes twice.
    """
    if isinstance(metrics, (str, Metric)):
        metrics = [metrics]
    made: list[Metric] = []
    for metric in metrics:
        if isinstance(metric, Metric):
            if getattr(metric, "average", "macro") is None:
                raise ValueError(
                    f"metric {metric.name!r} with average=None gives one number per class; a run "
                    'logs single numbers, so choose "macro" or "micro"'
                )
            made.append(metric)
        elif isinstance(metric, str) and metric in _NAMED:
            made.append(_NAMED[metric]())
        else:
            near = difflib.get_close_matches(str(metric), _NAMED, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(_NAMED)}."
            raise ValueError(f"no metric is called {metric!r}. {hint}")
    names = [metric.name for metric in made]
    for name in names:
        if names.count(name) > 1 or name in ("loss", "lr", "epoch"):
            raise ValueError(f"two numbers of this run would be called {name!r}; set metric.name")
    return made


def _grown(matrix: Array, size: int) -> Array:
    """A square matrix filled up with zeros to size × size."""
    extra = size - len(matrix)
    return np.pad(matrix, ((0, extra), (0, extra))) if extra else matrix


def _ratio(part: float, whole: int, name: str) -> float:
    if not whole:
        raise ValueError(f"{name}: no samples have been added yet")
    return part / whole
