"""How good are the outputs? Each metric as one plain function of arrays.

`y` is what the network gave, `t` what it should have given (the order of `ops.cross_entropy(y,
t)`).

Class metrics understand `y` as
    (N, C, ...) scores or probabilities, one per class: the largest wins, the first of equals;
    (N,) or (N, 1) floats, one output per sample: class 1 above `threshold`, else class 0 (0.5 is
        right for probabilities; give 0 if the outputs are logits);
    (N,) integers: the classes themselves;
and `t` as class numbers (N, ...), or one-hot or probability rows (N, C, ...). Of probabilities,
such as the mixed targets of `data.Mixup`, the largest is taken for the true class: an accuracy then
says how often the network finds the larger part of a mixture.

Conventions: 0/0 counts as 0 (a class that was never predicted has precision 0, one that never
occurs has recall 0, and F1 is 0 where both are). A macro average goes over the classes that occur
in `t` or in the predictions. The average of no samples at all is an error.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from shinso.cell import Array

Average = Literal["macro", "micro"] | None


def predicted_classes(y: Any, threshold: float = 0.5) -> Array:
    """The class that each output stands for (see the top of this file): int64, (N, ...).

    Raises ValueError for a single number.
    """
    y = np.asarray(y)
    if y.ndim == 0:
        raise ValueError("a metric takes arrays with one entry per sample, not a single number")
    if y.ndim == 1 and y.dtype.kind in "iub":
        return y.astype(np.int64)
    if y.ndim == 1 or y.shape[1] == 1:
        classes = (y > threshold).astype(np.int64)
        return classes if y.ndim == 1 else classes[:, 0]
    return y.argmax(axis=1)


def class_pairs(y: Any, t: Any, threshold: float = 0.5) -> tuple[Array, Array]:
    """Predicted and true classes, two int64 arrays of one shape.

    Raises ValueError if the shapes of y and t do not belong together.
    """
    predicted = predicted_classes(y, threshold)
    t = np.asarray(t)
    if t.ndim == predicted.ndim + 1:
        true = t.argmax(axis=1) if t.shape[1] > 1 else (t[:, 0] > 0.5).astype(np.int64)
        if t.shape[1] == 1 and t.dtype.kind in "iu":
            true = t[:, 0].astype(np.int64)
    elif t.dtype.kind == "f" and t.ndim:
        true = np.rint(t).astype(np.int64)
    else:
        true = t.astype(np.int64)
    if true.shape != predicted.shape:
        raise ValueError(
            f"outputs of shape {np.shape(y)} do not fit targets of shape {t.shape}: give one class "
            "number, or one row of class probabilities, per sample"
        )
    return predicted, true


def accuracy(y: Any, t: Any, threshold: float = 0.5) -> float:
    """The share of samples whose class is right: (number right) / N, from 0 to 1.

    y, t, threshold: see the top of this file. Raises ValueError for no samples.
    """
    predicted, true = class_pairs(y, t, threshold)
    return _share(int(np.count_nonzero(predicted == true)), predicted.size, "accuracy")


def top_k_accuracy(y: Any, t: Any, k: int = 5) -> float:
    """The share of samples whose true class is among the k largest scores.

    y: (N, C) scores. t: (N,) class numbers or (N, C) one-hot. Of equal scores the first ranks
    higher, so k = 1 is `accuracy`. Raises ValueError for no samples or k < 1.
    """
    return _share(int(np.count_nonzero(in_top_k(y, t, k))), len(np.asarray(y)), "top-k accuracy")


def in_top_k(y: Any, t: Any, k: int) -> Array:
    """For each sample, whether its true class is among the k largest scores: bool (N,)."""
    y = np.asarray(y)
    if y.ndim != 2 or k < 1:
        raise ValueError(
            f"top-k accuracy takes scores of shape (N, C) and k >= 1, got {y.shape} and k={k}"
        )
    _, true = class_pairs(y, t)
    if np.any((true < 0) | (true >= y.shape[1])):
        raise ValueError(f"top-k accuracy: a target class is outside 0 to {y.shape[1] - 1}")
    score = np.take_along_axis(y, true[:, None], axis=1)
    before = (y == score) & (np.arange(y.shape[1]) < true[:, None])
    found: Array = ((y > score) | before).sum(axis=1) < k
    # A NaN score is greater than nothing, yet must not count as a success.
    return found & ~np.isnan(score[:, 0])


def mean_absolute_error(y: Any, t: Any) -> float:
    """Mean of |y - t| over all elements. y, t: one shape. Raises ValueError otherwise."""
    d = difference(y, t)
    return float(np.abs(d).sum()) / d.size if d.size else _nothing("mean absolute error")


def root_mean_squared_error(y: Any, t: Any) -> float:
    """√ of the mean of (y - t)² over all elements. y, t: one shape. Raises ValueError otherwise."""
    d = difference(y, t)
    return float(np.sqrt((d * d).sum() / d.size)) if d.size else _nothing("RMSE")


def difference(y: Any, t: Any) -> Array:
    """y - t in float64; shapes that differ are refused, because (N, 1) - (N,) would be (N, N)."""
    y, t = np.asarray(y), np.asarray(t)
    if y.shape != t.shape:
        raise ValueError(
            f"outputs of shape {y.shape} do not fit targets of shape {t.shape}; reshape the "
            f"targets, e.g. t.reshape({', '.join(map(str, (-1, *y.shape[1:])))})"
        )
    return np.subtract(y, t, dtype=np.float64)


def confusion_matrix(
    y: Any, t: Any, num_classes: int | None = None, threshold: float = 0.5
) -> Array:
    """Counts of (true, predicted) pairs: row i, column j holds how often class i was taken for j.

    num_classes: C; None for scores' C or the largest class met plus one. Returns int64 (C, C).
    Raises ValueError for a class outside 0 to C - 1.
    """
    predicted, true = class_pairs(y, t, threshold)
    scores = np.asarray(y)
    if num_classes is None:
        wide = scores.shape[1] if scores.ndim > predicted.ndim else 0
        largest = max(predicted.max(), true.max()) if predicted.size else -1
        num_classes = max(int(largest) + 1, wide)
    pairs = np.concatenate([predicted.ravel(), true.ravel()])
    if pairs.size and not 0 <= pairs.min() <= pairs.max() < num_classes:
        wrong = int(pairs.min() if pairs.min() < 0 else pairs.max())
        raise ValueError(
            f"confusion matrix: class {wrong} is outside 0 to {num_classes - 1} "
            f"(num_classes={num_classes})"
        )
    flat = true.ravel() * num_classes + predicted.ravel()
    return np.bincount(flat, minlength=num_classes**2).reshape(num_classes, num_classes)


def precision(y: Any, t: Any, average: Average = "macro", threshold: float = 0.5) -> Any:
    """Of those taken for a class, the share that is of it: TP / (TP + FP).

    average: None gives one value per class (C,), "macro" their mean, "micro" counts all classes
    together (which, with one class per sample, is the accuracy). Raises ValueError for no samples.
    """
    return precision_of(confusion_matrix(y, t, threshold=threshold), average)


def recall(y: Any, t: Any, average: Average = "macro", threshold: float = 0.5) -> Any:
    """Of those that are of a class, the share that was found: TP / (TP + FN). See `precision`."""
    return recall_of(confusion_matrix(y, t, threshold=threshold), average)


def f1_score(y: Any, t: Any, average: Average = "macro", threshold: float = 0.5) -> Any:
    """Harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN). See `precision`."""
    return f1_of(confusion_matrix(y, t, threshold=threshold), average)


def precision_of(matrix: Array, average: Average = "macro") -> Any:
    """Precision from a confusion matrix (C, C). See `precision`."""
    return _averaged(np.diag(matrix), matrix.sum(axis=0), matrix, average, "precision")


def recall_of(matrix: Array, average: Average = "macro") -> Any:
    """Recall from a confusion matrix (C, C). See `recall`."""
    return _averaged(np.diag(matrix), matrix.sum(axis=1), matrix, average, "recall")


def f1_of(matrix: Array, average: Average = "macro") -> Any:
    """F1 from a confusion matrix (C, C). See `f1_score`."""
    both = matrix.sum(axis=0) + matrix.sum(axis=1)
    return _averaged(2 * np.diag(matrix), both, matrix, average, "F1")


def _averaged(part: Array, whole: Array, matrix: Array, average: Average, name: str) -> Any:
    if average not in (None, "macro", "micro"):
        raise ValueError(f'{name}: average is "macro", "micro" or None, not {average!r}')
    each = part / np.maximum(whole, 1)
    if average is None:
        return each
    occurs = (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0
    if not occurs.any():
        return _nothing(name)
    if average == "micro":
        return int(part.sum()) / int(whole.sum())
    return float(each[occurs].sum()) / int(occurs.sum())


def _share(right: int, count: int, name: str) -> float:
    return right / count if count else _nothing(name)


def _nothing(name: str) -> float:
    raise ValueError(f"the {name} of no samples is undefined")
