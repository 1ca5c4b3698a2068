"""Classes and scores: one output of ±1 for each class, and back again."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from shinso.cell import Array
from shinso.ops.activation import stable_sigmoid
from shinso.ops.softmax import stable_softmax


class ScoreClassifier(ClassifierMixin):  # type: ignore[misc]
    """A classifier whose `decision_function` gives scores: (n,) for two classes, else (n, classes).

    Scores of least squares on targets of ±1: they estimate 2 P(class | x) - 1.
    """

    classes_: Array

    def _targets(self, y: Array, dtype: Any) -> Array:
        """Targets for the classes y: (n, 1) for two classes, else (n, classes); sets classes_."""
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} tells 2 classes or more apart, and y has only 1 class"
            )
        return signs(labels, len(self.classes_), dtype)

    def decision_function(self, X: Any) -> Array:
        """The scores of each row of X."""
        raise NotImplementedError("a classifier with scores defines decision_function")

    def predict(self, X: Any) -> Array:
        """The class with the largest score for each row of X (n, features): (n,)."""
        return chosen_classes(self.decision_function(X), self.classes_)

    def predict_proba(self, X: Any) -> Array:
        """The softmax of twice the scores, (n, classes): it keeps their order, and is no more than
        a rough probability. For two classes with score s it is σ(2s)."""
        return probabilities(2 * self.decision_function(X))


def chosen_classes(scores: Array, classes: Array) -> Array:
    """The class with the largest score: (n,). Of two classes the second if its score is above 0."""
    chosen = (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)
    return classes[chosen]


def known_labels(y: Array, classes: Array) -> Array:
    """The place of each y among the sorted classes, (n,). Raises ValueError if one is not there."""
    labels = np.searchsorted(classes, y)
    inside = labels < len(classes)
    if not inside.all() or (classes[labels] != y).any():
        raise ValueError(f"y has classes that are not among {classes}")
    return labels


def probabilities(scores: Array) -> Array:
    """Of each class, (n, classes): σ(s) for two classes with scores (n,), else the softmax."""
    if scores.ndim == 1:
        return np.stack([stable_sigmoid(-scores), stable_sigmoid(scores)], axis=1)
    return stable_softmax(scores)


def signs(labels: Array, classes: int, dtype: Any) -> Array:
    """1 in the column of the label and -1 in all others; for two classes the second column only."""
    if classes == 2:
        return np.where(labels == 1, 1, -1).astype(dtype)[:, np.newaxis]
    y = np.full((len(labels), classes), -1, dtype)
    y[np.arange(len(labels)), labels] = 1
    return y
