"""Rosenblatt's perceptron as an estimator: one unit per class that learns from its mistakes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.optimize import linprog
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso.cell import Array
from shinso.classical.arguments import check_count, check_number
from shinso.classical.running import Report
from shinso.classical.saving import Saving
from shinso.classical.scores import chosen_classes, known_labels

_BLOCK = 128
_PROVABLE = 2_000_000


class PerceptronClassifier(Saving, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The simple perceptron: sign(w·x + b), and after each mistake w ← w + η y x, b ← b + η y.

    With more than two classes there is one unit for each class against all others, and the unit
    with the largest w·x + b decides. y is 1 for the unit's class and -1 otherwise.

    eta0: η. max_iter: the most epochs. shuffle: a new order in every epoch.
    random_state: decides the orders. fit_intercept: learn b, or leave it at 0.
    verbose: print a line per epoch.

    On linearly separable classes it stops after an epoch without a mistake, which comes after
    finitely many updates. Otherwise it never comes: after max_iter epochs there is a
    ConvergenceWarning, which says whether the classes are inseparable; XOR is the famous case.
    After fit: coef_ (units, features) and intercept_ (units,), one unit for two classes;
    n_iter_, the epochs; mistakes_, how many there were in each; stop_, "no mistakes" or
    "max_iter"; classes_, n_features_in_.
    F. Rosenblatt, "The perceptron", Psychological Review 65, 1958; A. B. J. Novikoff, "On
    convergence proofs for perceptrons", 1962; M. Minsky, S. Papert, "Perceptrons", 1969.
    """

    def __init__(
        self,
        *,
        eta0: float = 1.0,
        max_iter: int = 1000,
        shuffle: bool = True,
        random_state: Any = None,
        fit_intercept: bool = True,
        verbose: int = 0,
    ) -> None:
        self.eta0 = eta0
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.fit_intercept = fit_intercept
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> PerceptronClassifier:
        """Learn from X (n, features) and the classes y (n,), from the beginning. Returns self.

        Raises ValueError for arguments or data that do not fit, and for a single class. Warns with
        ConvergenceWarning if max_iter epochs all had mistakes.
        """
        check_count("max_iter", self.max_iter)
        x, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("a perceptron tells 2 classes or more apart, and y has only 1 class")
        self._start(x)
        rng = check_random_state(self.random_state)
        report = Report(self.verbose, "perceptron", self.max_iter)
        self.mistakes_: list[int] = []
        self.stop_ = "max_iter"
        for _ in range(self.max_iter):
            order = rng.permutation(len(x)) if self.shuffle else np.arange(len(x))
            count = self._epoch(x[order], labels[order])
            self.mistakes_.append(count)
            report(lambda count=count: f"{count} mistakes")  # type: ignore[misc]
            if count == 0:
                self.stop_ = "no mistakes"
                break
        self.n_iter_ = len(self.mistakes_)
        if self.stop_ == "max_iter":
            self._warn(x, labels)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> PerceptronClassifier:
        """One epoch over X (n, features) and y (n,), after whatever was learned before.

        classes: all classes there will be, needed in the first call. Returns self.
        """
        first = not hasattr(self, "coef_")
        x, y = validate_data(self, X, y, dtype=np.float64, reset=first)
        check_classification_targets(y)
        if first:
            if classes is None:
                raise ValueError("the first call of partial_fit needs classes=, all there will be")
            self.classes_ = np.unique(classes)
            self._start(x)
            self.mistakes_, self.n_iter_, self.stop_ = [], 0, "max_iter"
        elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
            raise ValueError(f"classes were {self.classes_} in the first call, not {classes}")
        labels = known_labels(y, self.classes_)
        rng = check_random_state(self.random_state)
        order = rng.permutation(len(x)) if self.shuffle else np.arange(len(x))
        self.mistakes_.append(self._epoch(x[order], labels[order]))
        self.n_iter_ += 1
        self.stop_ = "max_iter" if self.mistakes_[-1] else "no mistakes"
        return self

    def _start(self, x: Array) -> None:
        check_number("eta0", self.eta0, open_low=True)
        units = 1 if len(self.classes_) == 2 else len(self.classes_)
        self.coef_ = np.zeros((units, x.shape[1]))
        self.intercept_ = np.zeros(units)

    def _epoch(self, x: Array, labels: Array) -> int:
        """Every example once, in this order; returns how many updates there were."""
        count = 0
        for unit in range(len(self.coef_)):
            positive = 1 if len(self.coef_) == 1 else unit
            sign = np.where(labels == positive, 1.0, -1.0)
            w, b = self.coef_[unit], self.intercept_[unit : unit + 1]
            for start in range(0, len(x), _BLOCK):
                block = slice(start, start + _BLOCK)
                count += _learn(x[block], sign[block], w, b, self.eta0, self.fit_intercept)
        return count

    def _warn(self, x: Array, labels: Array) -> None:
        """Say what it means that the last epoch had mistakes."""
        names = [
            self.classes_[1 if len(self.coef_) == 1 else unit]
            for unit in range(len(self.coef_))
            if separable(x, labels == (1 if len(self.coef_) == 1 else unit)) is False
        ]
        if len(names) and len(self.coef_) == 1:
            why = "the classes are not linearly separable, so there always will be"
        elif names:
            listed = ", ".join(str(name) for name in names[:5])
            why = f"not linearly separable from all others: class {listed}"
        elif x.size > _PROVABLE:
            why = "the classes are not linearly separable, or more epochs are needed"
        else:
            why = "the classes are linearly separable, and more epochs will do"
        warnings.warn(
            f"stopped by max_iter={self.max_iter}, with {self.mistakes_[-1]} mistakes in the last "
            f"epoch: {why}",
            ConvergenceWarning,
            stacklevel=3,
        )

    def decision_function(self, X: Any) -> Array:
        """w·x + b of each row of X: (n,) for two classes, else (n, classes)."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=np.float64)
        scores = x @ self.coef_.T + self.intercept_
        return scores[:, 0] if len(self.coef_) == 1 else scores

    def predict(self, X: Any) -> Array:
        """The class of each row of X (n, features): (n,)."""
        return chosen_classes(self.decision_function(X), self.classes_)


def _learn(x: Array, sign: Array, w: Array, b: Array, eta: float, intercept: bool) -> int:
    """Rosenblatt's rule over the rows of x, one after the other; writes w and b.

    All rows are scored together, up to the first mistake; after it the rows that are left are
    scored again. That is the rule, only with fewer steps in Python. A score of 0 is a mistake for
    either class, so that learning starts from zeros.
    """
    count = first = 0
    while first < len(x):
        wrong = sign[first:] * (x[first:] @ w + b) <= 0
        found = int(wrong.argmax())
        if not wrong[found]:
            break
        first += found
        w += eta * sign[first] * x[first]
        if intercept:
            b += eta * sign[first]
        count += 1
        first += 1
    return count


def separable(x: Array, positive: Array) -> bool | None:
    """Whether a hyperplane has all rows of x that are `positive` (n,) on one side, the rest on the
    other; None if the data are too many to be asked.

    There are w, b with y (w·x + b) ≥ 1 for all rows, or there are none: a linear program decides.
    O. L. Mangasarian, "Linear and nonlinear separation of patterns by linear programming", 1965.
    """
    if x.size > _PROVABLE:
        return None
    sign = np.where(positive, 1.0, -1.0)[:, np.newaxis]
    scale = np.abs(x).max(axis=0)
    rows = np.hstack([x / np.where(scale > 0, scale, 1), np.ones((len(x), 1))])
    free = (None, None)
    found = linprog(
        np.zeros(rows.shape[1]), -sign * rows, -np.ones(len(x)), bounds=free, method="highs"
    )
    return None if found.status not in (0, 2) else bool(found.status == 0)
