"""Logistic regression, the sigmoid unit and its softmax form, solved to the optimum."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso.cell import Array
from shinso.classical.arguments import check_choice, check_count, check_number
from shinso.classical.lbfgs import Minimum, minimize
from shinso.classical.running import chunks
from shinso.classical.saving import Saving
from shinso.classical.scores import chosen_classes, probabilities
from shinso.ops.activation import stable_sigmoid
from shinso.ops.softmax import stable_log_softmax, stable_softmax

_PART = 32_768
_SAMPLE = 4
_WIDEST = 4000
_OWN_FACTOR = 1000
_CHEAP = 1e8
_DENSER = 4
_GROWTH = 1.5
_JITTER = 1e-4


class LogisticRegression(Saving, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """P(class k | x) = softmax(Wx + b)ₖ; for two classes P(second | x) = σ(w·x + b).

    fit minimizes ½|W|² + C Σᵢ -log P(yᵢ | xᵢ), which has one minimum only: the solution is the
    same as scikit-learn's. b is not penalized.

    C: how much the data count against the penalty. penalty: "l2", or None for none.
    tol: enough if no derivative of the mean loss is larger. max_iter: the most steps.
    fit_intercept: learn b, or leave it at 0. verbose: print a line per step.

    By L-BFGS, which begins with the second derivatives of the loss on some of the rows in place of
    a multiple of the identity, so that columns of any scale, correlated or not, need few steps.
    Computes in X's type, float32 or float64. After fit: coef_ (units, features) and intercept_
    (units,), one unit for two classes; n_iter_, loss_ (the objective, divided by C n), classes_,
    n_features_in_.
    D. R. Cox, "The regression analysis of binary sequences", 1958; D. Böhning, "Multinomial
    logistic regression algorithm", 1992.
    """

    def __init__(
        self,
        penalty: str | None = "l2",
        *,
        C: float = 1.0,
        tol: float = 1e-4,
        max_iter: int = 100,
        fit_intercept: bool = True,
        verbose: int = 0,
    ) -> None:
        self.penalty = penalty
        self.C = C
        self.tol = tol
        self.max_iter = max_iter
        self.fit_intercept = fit_intercept
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> LogisticRegression:
        """Learn from X (n, features) and the classes y (n,). Returns self.

        Raises ValueError for arguments or data that do not fit, and for a single class. Warns with
        ConvergenceWarning if max_iter steps do not reach tol.
        """
        if self.penalty is not None:
            check_choice("penalty", self.penalty, ("l2",))
        c = check_number("C", self.C, open_low=True)
        tol, steps = check_number("tol", self.tol), check_count("max_iter", self.max_iter)
        x, y = validate_data(self, X, y, dtype=(np.float64, np.float32), order="C")
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("logistic regression needs 2 classes or more, and y has only 1 class")
        decay = 0.0 if self.penalty is None else 1.0 / (c * len(x))
        problem = _Problem(
            x, labels, len(self.classes_), decay, bool(self.fit_intercept), bool(self.verbose)
        )
        found = minimize(
            problem,
            problem.start(),
            tol=tol,
            max_iter=steps,
            inverse=problem.inverse,
            curvature=0.3,
            each=problem.moved,
        )
        self._keep(found)
        return self

    def _keep(self, found: Minimum) -> None:
        if not found.converged:
            warnings.warn(
                f"logistic regression stopped after {found.iterations} steps ({found.why}) with a "
                f"derivative of {np.abs(found.gradient).max():.1e}, above tol={self.tol:g}: raise "
                "max_iter, or scale the columns of X to a standard deviation of 1",
                ConvergenceWarning,
                stacklevel=3,
            )
        self.coef_ = np.ascontiguousarray(found.x[:, :-1])
        self.intercept_ = found.x[:, -1].copy()
        self.n_iter_ = np.array([found.iterations], dtype=np.int32)
        self.loss_ = found.value

    def decision_function(self, X: Any) -> Array:
        """The scores Wx + b of each row of X: (n,) for two classes, else (n, classes)."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=(np.float64, np.float32))
        scores = x @ self.coef_.T.astype(x.dtype) + self.intercept_.astype(x.dtype)
        return scores[:, 0] if len(self.coef_) == 1 else scores

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, (n, classes)."""
        return probabilities(self.decision_function(X))

    def predict_log_proba(self, X: Any) -> Array:
        """Its logarithm, (n, classes), also where the probability is too small to be written."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return -np.stack([np.logaddexp(0, scores), np.logaddexp(0, -scores)], axis=1)
        return stable_log_softmax(scores)

    def predict(self, X: Any) -> Array:
        """The most probable class of each row of X (n, features): (n,)."""
        return chosen_classes(self.decision_function(X), self.classes_)


class _Problem:
    """The loss of all weights, an array (units, features + 1) whose last column is b.

    The scores z = x̃W̃ᵀ are kept: along a line they are z + step·x̃Dᵀ, so that looking along it
    needs no product with x. A step costs two of them, one for x̃Dᵀ and one for the gradient.
    """

    def __init__(
        self, x: Array, labels: Array, classes: int, decay: float, intercept: bool, verbose: bool
    ) -> None:
        self.x, self.labels, self.decay, self.intercept = x, labels, decay, intercept
        self.verbose = verbose
        self.units = 1 if classes == 2 else classes
        self.factors: list[Any] = []
        self.parts = list(chunks(len(x), max(64, _PART // self.units)))
        self.point = self.anew = self.start()
        self._plan()

    def _plan(self) -> None:
        """How many rows `inverse` takes, and how many steps it is used at least: until the time
        spent on it is about that spent on steps."""
        width = self.x.shape[1] + 1
        self.own = width <= _OWN_FACTOR
        factors = self.units if self.own else 1
        self.rows = int(max(_SAMPLE * width + 300, _CHEAP / (factors * width**2)))
        self.rows = min(self.rows, len(self.x))
        factoring = factors * (self.rows * width**2 + width**3 / 3)
        self.pause = 1 + int(factoring / (_DENSER * 4 * self.x.size * self.units))
        self.due = self.pause

    def start(self) -> Array:
        """Zeros."""
        return np.zeros((self.units, self.x.shape[1] + 1), self.x.dtype)

    def begin(self, x: Array) -> tuple[float, Array]:
        """Value and gradient at x."""
        self.point, self.z = x, self._scores(x)
        self.direction: Array | None = None
        self.rest = np.empty_like(self.z)
        value, _ = self._look(0.0, self.z)
        return value, self._gradient()

    def look(self, direction: Array, step: float) -> tuple[float, float]:
        """Value and slope at point + step·direction."""
        if self.direction is not direction:
            self.direction, self.along = direction, self._scores(direction)
            w, d = self.point[:, :-1], direction[:, :-1]
            self.squares = [float(np.vdot(a, b)) for a, b in ((w, w), (w, d), (d, d))]
        value, slope = self._look(step, self.along)
        ww, wd, dd = self.squares
        value += 0.5 * self.decay * (ww + 2 * step * wd + step * step * dd)
        return value, slope + self.decay * (wd + step * dd)

    def go(self, direction: Array, step: float) -> tuple[Array, Array]:
        """Move to point + step·direction, which was looked at last."""
        scale = self.x.dtype.type(step)
        self.point = self.point + scale * direction
        if self.looked != step:
            self._look(step, self.along)
        self.z += scale * self.along
        return self.point, self._gradient()

    def _scores(self, w: Array) -> Array:
        z = self.x @ np.ascontiguousarray(w[:, :-1].T)
        z += w[:, -1]
        return z

    def _look(self, step: float, along: Array) -> tuple[float, float]:
        """Mean loss and slope; `rest` becomes P - Y."""
        self.looked = step
        total = slope = 0.0
        for part in self.parts:
            z, rest = along[part], self.rest[part]
            np.multiply(z, z.dtype.type(step), out=rest)
            rest += self.z[part]
            total += _loss(rest, self.labels[part])
            slope += float(np.vdot(rest, z))
        return total / len(self.x), slope / len(self.x)

    def _gradient(self) -> Array:
        g = np.empty_like(self.point)
        g[:, :-1] = self.rest.T @ self.x
        g[:, -1] = self.rest.sum(axis=0) if self.intercept else 0
        g /= g.dtype.type(len(self.x))
        g[:, :-1] += g.dtype.type(self.decay) * self.point[:, :-1]
        return g

    def moved(self, step: int, point: Array, value: float) -> None:
        """After a step: now and then the second derivatives are worked out anew."""
        if self.verbose:
            print(f"[logistic regression] step {step}: loss {value:.6f}", flush=True)
        if step >= self.due:
            self.anew, self.factors = point, []
            self.due = max(step + self.pause, int(_GROWTH * step))

    def inverse(self, g: Array) -> Array:
        """About the inverse of the second derivatives at the last point, times g: those between
        weights of the same unit, X̃ᵀ diag(p (1 - p)) X̃ / n + decay, worked out on some rows."""
        if self.x.shape[1] > _WIDEST:
            return g
        if not self.factors:
            self._factor()
        if len(self.factors) == 1:
            return cho_solve(self.factors[0], g.T, check_finite=False).T
        pairs = zip(self.factors, g, strict=True)
        return np.stack([cho_solve(factor, row, check_finite=False) for factor, row in pairs])

    def _factor(self) -> None:
        """Cholesky factors for `inverse`, one for each unit, or one for all where that is much."""
        rows = self.x[:: len(self.x) // self.rows]
        rows = np.hstack([rows, np.full((len(rows), 1), float(self.intercept), rows.dtype)])
        z = rows @ self.anew.T
        p = stable_sigmoid(z) if self.units == 1 else stable_softmax(z)
        spread = p * (1 - p)
        if not self.own or not self.anew.any():
            spread = spread.mean(axis=1, keepdims=True)
        self.factors = [self._factor_of(rows, spread[:, k]) for k in range(spread.shape[1])]

    def _factor_of(self, rows: Array, spread: Array) -> Any:
        weighted = rows * np.sqrt(spread / rows.dtype.type(len(rows)))[:, np.newaxis]
        second = weighted.T @ weighted  # NumPy knows that it is symmetric
        diagonal = np.einsum("ii->i", second)
        diagonal[:-1] += self.decay
        diagonal += _JITTER * diagonal.mean() if diagonal.any() else 1.0
        if not self.intercept:
            diagonal[-1] = 1.0
        return cho_factor(second, lower=True, overwrite_a=True, check_finite=False)


def _loss(z: Array, labels: Array) -> float:
    """Σ -log P(label | scores z); z becomes its derivative, P - 1 at the label."""
    if z.shape[1] == 1:
        sign = np.where(labels == 1, 1, -1).astype(z.dtype)[:, np.newaxis]
        margin = sign * z
        total = np.logaddexp(0, -margin).sum(dtype=np.float64)
        np.multiply(-sign, stable_sigmoid(-margin), out=z)
        return float(total)
    rows = np.arange(len(z))
    z -= z.max(axis=1, keepdims=True)
    right = z[rows, labels].sum(dtype=np.float64)
    np.exp(z, out=z)
    sums = z.sum(axis=1, keepdims=True)
    z /= sums
    z[rows, labels] -= 1
    return float(np.log(sums).sum(dtype=np.float64) - right)
