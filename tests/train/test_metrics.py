"""Metrics: values by hand, conventions for 0/0, ties, NaN, empty input, shapes that do not fit."""

import numpy as np
import pytest

from shinso.graph import Tensor
from shinso.train.metrics import (
    accuracy,
    confusion_matrix,
    f1_score,
    mean_absolute_error,
    precision,
    predicted_classes,
    recall,
    root_mean_squared_error,
    top_k_accuracy,
)

SCORES = np.array([[3.0, 1, 0], [0, 2, 1], [0, 5, 1], [1, 1, 0]], dtype=np.float32)
T = np.array([0, 1, 2, 1])


def test_accuracy_of_scores_classes_and_one_hot():
    assert accuracy(SCORES, T) == 0.5  # the tie in the last row goes to class 0
    assert accuracy(Tensor(SCORES), T) == 0.5
    assert accuracy(SCORES, np.eye(3)[T]) == 0.5
    assert accuracy(np.array([0, 1, 1, 0]), T) == 0.5
    assert accuracy(SCORES, T.astype(np.float32)) == 0.5


def test_accuracy_of_one_output_per_sample():
    p = np.array([0.2, 0.9, 0.5, 0.6])
    t = np.array([0.0, 1, 1, 0])
    assert accuracy(p, t) == 0.5  # 0.5 is not above the threshold
    assert accuracy(p[:, None], t[:, None]) == 0.5
    assert accuracy(p[:, None], t.astype(int)) == 0.5
    assert accuracy(p[:, None], t.astype(int)[:, None]) == 0.5
    logits = np.array([-1.0, 3, 0.1, 0.2])
    assert accuracy(logits, t, threshold=0.0) == 0.75


def test_accuracy_of_pixels():
    y = np.zeros((2, 3, 4, 4))
    y[:, 1] = 1
    t = np.ones((2, 4, 4), dtype=int)
    t[0, 0, 0] = 2
    assert accuracy(y, t) == 31 / 32


@pytest.mark.parametrize(
    "t", [np.zeros(3, int), np.zeros((4, 1, 1), int), np.zeros((4, 2, 2), int)]
)
def test_shapes_that_do_not_fit(t):
    with pytest.raises(ValueError, match=r"do not fit targets of shape"):
        accuracy(SCORES, t)


def test_a_single_number_is_refused():
    with pytest.raises(ValueError, match="one entry per sample"):
        predicted_classes(np.float64(3))


def test_top_k():
    assert top_k_accuracy(SCORES, T, k=1) == accuracy(SCORES, T)
    assert top_k_accuracy(SCORES, T, k=2) == 1.0
    equal = np.zeros((1, 4))
    assert [top_k_accuracy(equal, [2], k) for k in (1, 2, 3, 4)] == [0, 0, 1, 1]
    assert top_k_accuracy(SCORES, T, k=99) == 1.0
    assert top_k_accuracy(np.array([[np.nan, 1.0]]), [0], k=1) == 0


@pytest.mark.parametrize(
    ("y", "t", "k"), [(SCORES, T, 0), (SCORES[0], T, 1), (SCORES, np.array([0, 1, 2, 3]), 1)]
)
def test_top_k_refuses(y, t, k):
    with pytest.raises(ValueError, match="top-k accuracy"):
        top_k_accuracy(y, t, k)


def test_errors_of_regression():
    y, t = np.array([1.0, 2, 3]), np.array([1.0, 0, 7])
    assert mean_absolute_error(y, t) == 2.0
    assert root_mean_squared_error(y, t) == pytest.approx(np.sqrt(20 / 3))
    big = np.full(4, 1e30, dtype=np.float32)
    assert root_mean_squared_error(big, -big) == pytest.approx(2e30)  # computed in float64


@pytest.mark.parametrize("metric", [mean_absolute_error, root_mean_squared_error])
def test_broadcasting_is_refused(metric):
    with pytest.raises(ValueError, match=r"\(4, 1\) do not fit targets of shape \(4,\); reshape"):
        metric(np.zeros((4, 1)), np.zeros(4))


@pytest.mark.parametrize(
    "metric", [accuracy, mean_absolute_error, root_mean_squared_error, precision, recall, f1_score]
)
def test_no_samples(metric):
    with pytest.raises(ValueError, match="no samples is undefined"):
        metric(np.zeros(0), np.zeros(0))


def test_confusion_matrix():
    y, t = np.array([0, 1, 1, 0, 2]), np.array([0, 1, 0, 0, 1])
    matrix = confusion_matrix(y, t)
    assert matrix.tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert confusion_matrix(y, t, 4).shape == (4, 4)
    assert confusion_matrix(SCORES[:1, :], [0]).shape == (3, 3)  # as many as there are scores
    assert confusion_matrix(np.zeros(0, int), np.zeros(0, int), 2).tolist() == [[0, 0], [0, 0]]
    assert confusion_matrix(np.zeros(0, int), np.zeros(0, int)).shape == (0, 0)


@pytest.mark.parametrize("t", [[0, 5], [0, -1]])
def test_confusion_matrix_refuses_classes_out_of_range(t):
    with pytest.raises(ValueError, match="is outside 0 to 1"):
        confusion_matrix(np.array([0, 1]), np.array(t), 2)


def test_precision_recall_f1():
    t = np.array([0, 0, 0, 1, 1, 2])
    y = np.array([0, 0, 1, 1, 2, 2])
    assert precision(y, t, None).tolist() == [1.0, 0.5, 0.5]
    assert recall(y, t, None) == pytest.approx([2 / 3, 0.5, 1])
    assert f1_score(y, t, None) == pytest.approx([0.8, 0.5, 2 / 3])
    assert precision(y, t) == pytest.approx(2 / 3)
    assert recall(y, t) == pytest.approx((2 / 3 + 0.5 + 1) / 3)
    for metric in (precision, recall, f1_score):
        assert metric(y, t, "micro") == pytest.approx(accuracy(y, t))


def test_zero_divided_by_zero_is_zero_and_missing_classes_do_not_count():
    t, y = np.array([0, 0, 3]), np.array([0, 0, 0])
    assert precision(y, t, None).tolist() == [2 / 3, 0, 0, 0]  # 3 was never predicted
    assert recall(y, t, None).tolist() == [1, 0, 0, 0]  # 1 and 2 never occur
    assert precision(y, t) == pytest.approx(1 / 3)  # over classes 0 and 3 only
    assert f1_score(y, t) == pytest.approx(0.4)


def test_unknown_average():
    with pytest.raises(ValueError, match='average is "macro", "micro" or None'):
        precision(T, T, "weighted")
