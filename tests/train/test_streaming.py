"""Streaming metrics: the same as at once however the batches are cut, states, names."""

import numpy as np
import pytest

from shinso.train.metrics import (
    accuracy,
    f1_score,
    mean_absolute_error,
    precision,
    recall,
    root_mean_squared_error,
    top_k_accuracy,
)
from shinso.train.streaming import (
    F1,
    Accuracy,
    ConfusionMatrix,
    Mean,
    MeanAbsoluteError,
    Metric,
    Precision,
    Recall,
    RootMeanSquaredError,
    TopKAccuracy,
    as_metrics,
)

RNG = np.random.default_rng(0)
Y, T = RNG.normal(size=(57, 4)).astype(np.float32), RNG.integers(0, 4, 57)
CLASSES = [
    (Accuracy(), accuracy),
    (TopKAccuracy(2), lambda y, t: top_k_accuracy(y, t, 2)),
    (Precision(), precision),
    (Recall("micro"), lambda y, t: recall(y, t, "micro")),
    (F1(), f1_score),
]
VALUES = [
    (MeanAbsoluteError(), mean_absolute_error),
    (RootMeanSquaredError(), root_mean_squared_error),
]


def cut(y, t, places):
    return zip(np.split(y, places), np.split(t, places), strict=True)


@pytest.mark.parametrize("places", [[], [1], [10, 20, 50], [0, 30], list(range(1, 57))])
@pytest.mark.parametrize(("metric", "function"), CLASSES)
def test_class_metrics_are_exact(metric, function, places):
    metric.reset()
    for y, t in cut(Y, T, places):
        metric.update(y, t)
    assert metric.compute() == function(Y, T)


@pytest.mark.parametrize("places", [[], [1], [10, 20, 50]])
@pytest.mark.parametrize(("metric", "function"), VALUES)
def test_value_metrics(metric, function, places):
    metric.reset()
    for y, t in cut(Y, Y[::-1].copy(), places):
        metric.update(y, t)
    assert metric.compute() == pytest.approx(function(Y, Y[::-1]), rel=1e-12)


def test_mean_is_weighted_by_samples():
    mean = Mean("loss")
    mean.update(np.float32(1), 10)
    mean.update(4, 5)
    assert mean.compute() == 2.0


def test_the_confusion_matrix_grows():
    metric = ConfusionMatrix()
    metric.update(np.array([0]), np.array([0]))
    metric.update(np.array([2]), np.array([1]))
    assert metric.matrix.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert metric.compute() == 0.5


@pytest.mark.parametrize("metric", [m for m, _ in CLASSES + VALUES] + [ConfusionMatrix(), Mean()])
def test_no_samples_yet(metric):
    metric.reset()
    with pytest.raises(ValueError, match="no samples"):
        metric.compute()


@pytest.mark.parametrize("metric", [m for m, _ in CLASSES])
def test_states(metric):
    metric.reset()
    metric.update(Y[:30], T[:30])
    saved = metric.state_dict()
    metric.update(Y[30:], T[30:])
    whole = metric.compute()
    metric.reset()
    metric.load_state_dict(saved)
    metric.update(Y[30:], T[30:])
    assert metric.compute() == whole


def test_another_metrics_state_is_refused():
    with pytest.raises(ValueError, match="'accuracy' holds"):
        Accuracy().load_state_dict({"total": 1.0})


def test_names():
    names = [m.name for m in as_metrics(["accuracy", "top_5_accuracy", TopKAccuracy(3), "mae"])]
    assert names == ["accuracy", "top_5_accuracy", "top_3_accuracy", "mae"]
    assert [m.name for m in as_metrics("accuracy")] == ["accuracy"]
    assert [m.name for m in as_metrics(F1())] == ["f1"]


@pytest.mark.parametrize(
    ("metrics", "message"),
    [
        (["accuracy_"], "Did you mean 'accuracy'"),
        ([3], "Known: accuracy"),
        (["accuracy", Accuracy()], "two numbers"),
        ([Mean("loss")], "two numbers"),
        ([Precision(average=None)], "one number per class"),
    ],
)
def test_names_that_are_refused(metrics, message):
    with pytest.raises(ValueError, match=message):
        as_metrics(metrics)


def test_the_base_says_what_to_write():
    with pytest.raises(NotImplementedError, match="must define update"):
        Metric().update(0, 0)
    with pytest.raises(NotImplementedError, match="must define compute"):
        Metric().compute()
