"""Kernel ridge regression and classification: linear in a space of features never written down."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso.cell import Array
from shinso.classical.arguments import check_choice, check_count, check_number
from shinso.classical.ridge import ridge, solve_positive
from shinso.classical.running import chunks
from shinso.classical.saving import Saving
from shinso.classical.scores import ScoreClassifier

KERNELS = ("linear", "rbf", "poly")
FLOATS = (np.float64, np.float32)
_AT_ONCE = 8_000_000


def kernel_matrix(x: Array, z: Array, kernel: str, gamma: float, degree: int, c: float) -> Array:
    """k(xᵢ, zⱼ) for all rows: (n, features), (m, features) → (n, m).

    "linear": x·z. "poly": (γ x·z + c)^degree. "rbf": exp(-γ |x - z|²).
    """
    k = x @ z.T
    if kernel == "poly":
        k *= k.dtype.type(gamma)
        k += k.dtype.type(c)
        return k**degree
    if kernel == "rbf":
        k *= -2
        k += np.square(x).sum(axis=1)[:, np.newaxis]
        k += np.square(z).sum(axis=1)
        np.maximum(k, 0, out=k)
        if x is z:
            np.einsum("ii->i", k)[:] = 0  # a point's distance from itself
        k *= -k.dtype.type(gamma)
        np.exp(k, out=k)
    return k


class _Kernel(Saving, BaseEstimator):  # type: ignore[misc]
    """What kernel regression and classification share."""

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        kernel: str = "linear",
        gamma: float | None = None,
        degree: int = 3,
        coef0: float = 1.0,
    ) -> None:
        self.alpha = alpha
        self.kernel = kernel
        self.gamma = gamma
        self.degree = degree
        self.coef0 = coef0

    def _check(self) -> None:
        check_number("alpha", self.alpha)
        check_choice("kernel", self.kernel, KERNELS)
        check_count("degree", self.degree)
        check_number("coef0", self.coef0, low=-np.inf)
        if self.gamma is not None:
            check_number("gamma", self.gamma, open_low=True)

    def _k(self, x: Array, z: Array) -> Array:
        gamma = 1.0 / x.shape[1] if self.gamma is None else self.gamma
        return kernel_matrix(x, z, self.kernel, gamma, self.degree, self.coef0)

    def _solve(self, x: Array, y: Array) -> None:
        """Find the dual coefficients for targets y (n, outputs)."""
        self.X_fit_ = x
        self._weights: Array | None = None
        if self.kernel == "linear" and x.shape[1] < len(x) and self.alpha > 0:
            # xᵀ(xxᵀ + α)⁻¹ = (xᵀx + α)⁻¹xᵀ: features² numbers in place of n².
            self._weights = ridge(x, y, self.alpha)
            self.dual_coef_ = (y - x @ self._weights) / x.dtype.type(self.alpha)
            return
        self.dual_coef_ = solve_positive(np.asfortranarray(self._k(x, x)), y, self.alpha)
        if self.kernel == "linear":
            self._weights = x.T @ self.dual_coef_

    def _outputs(self, X: Any) -> Array:
        """Σⱼ k(x, xⱼ) dual_coefⱼ for each row x of X: (n, outputs)."""
        check_is_fitted(self)
        x = validate_data(self, X, reset=False, dtype=FLOATS)
        if self._weights is not None:
            return x @ self._weights.astype(x.dtype)
        z, dual = self.X_fit_.astype(x.dtype), self.dual_coef_.astype(x.dtype)
        parts = chunks(len(x), max(1, _AT_ONCE // len(z)))
        return np.concatenate([self._k(x[part], z) @ dual for part in parts])


class KernelRidge(MultiOutputMixin, RegressorMixin, _Kernel):  # type: ignore[misc]
    """y = Σⱼ k(x, xⱼ) aⱼ with a = (K + αI)⁻¹ y: ridge regression in the kernel's feature space.

    alpha: α. kernel: "linear", "rbf" exp(-γ|x - z|²) or "poly" (γ x·z + coef0)^degree. gamma: γ;
    None means 1 / features. There is no intercept.
    Takes the time of n³/3 multiplications and n² numbers for n examples; the linear kernel,
    features³/3 and features² if that is less.
    Same results as scikit-learn's. After fit: dual_coef_ (n,) or (n, outputs), X_fit_,
    n_features_in_. C. Saunders, A. Gammerman, V. Vovk, "Ridge regression learning algorithm in dual
    variables", 1998.
    """

    def fit(self, X: Any, y: Any) -> KernelRidge:
        """Learn from X (n, features) and y (n,) or (n, outputs). Returns self.

        Raises ValueError for arguments or data that do not fit, and for an alpha too small for the
        equations to have one solution.
        """
        self._check()
        x, y = validate_data(self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True)
        y = np.asarray(y, x.dtype)
        self._solve(x, y[:, np.newaxis] if y.ndim == 1 else y)
        if y.ndim == 1:
            self.dual_coef_ = self.dual_coef_[:, 0]
        return self

    def predict(self, X: Any) -> Array:
        """The value for each row of X (n, features): (n,) or (n, outputs), as y was."""
        check_is_fitted(self)
        one = self.dual_coef_.ndim == 1
        outputs = self._outputs(X)
        return outputs[:, 0] if one and outputs.ndim == 2 else outputs


class KernelClassifier(ScoreClassifier, _Kernel):
    """Kernel ridge regression on targets of ±1, one output per class; the largest decides.

    Arguments and cost as for `KernelRidge`, with the RBF kernel by default. predict_proba is the
    softmax of twice the outputs. After fit: classes_, dual_coef_ (n, 1) for two classes, else
    (n, classes); X_fit_, n_features_in_.
    R. Rifkin, G. Yeo, T. Poggio, "Regularized least-squares classification", 2003.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        kernel: str = "rbf",
        gamma: float | None = None,
        degree: int = 3,
        coef0: float = 1.0,
    ) -> None:
        super().__init__(alpha, kernel=kernel, gamma=gamma, degree=degree, coef0=coef0)

    def fit(self, X: Any, y: Any) -> KernelClassifier:
        """Learn from X (n, features) and the classes y (n,). Returns self; errors as there."""
        self._check()
        x, y = validate_data(self, X, y, dtype=FLOATS)
        self._solve(x, self._targets(y, x.dtype))
        return self

    def decision_function(self, X: Any) -> Array:
        """The outputs for each row of X: (n,) for two classes, else (n, classes)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if len(self.classes_) == 2 else outputs
