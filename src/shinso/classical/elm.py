"""Extreme learning machines: a hidden layer left at random, and an output solved in one step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso.cell import Array
from shinso.classical.arguments import check_choice, check_count, check_number
from shinso.classical.hidden import (
    WEIGHTS,
    activate,
    check_weights,
    columns_for,
    draw_differences,
    draw_weights,
    standardize_rows,
)
from shinso.classical.ridge import Normal, ridge
from shinso.classical.running import chunks
from shinso.classical.saving import Saving
from shinso.classical.scores import ScoreClassifier, known_labels, signs

FLOATS = (np.float64, np.float32)
_BLOCK_BYTES = 1 << 26
_KEPT = 2048


class _ELM(Saving, BaseEstimator):  # type: ignore[misc]
    """What classifier and regressor share."""

    def __init__(
        self,
        n_hidden: int = 500,
        *,
        activation: str = "sigmoid",
        alpha: float = 1e-3,
        weights: Any = "uniform",
        biases: Any = None,
        weight_scale: float = 1.0,
        image_shape: tuple[int, int] | None = None,
        standardize_rows: bool = False,
        random_state: Any = None,
    ) -> None:
        self.n_hidden = n_hidden
        self.activation = activation
        self.alpha = alpha
        self.weights = weights
        self.biases = biases
        self.weight_scale = weight_scale
        self.image_shape = image_shape
        self.standardize_rows = standardize_rows
        self.random_state = random_state

    def _draw(self, x: Array, labels: Array | None) -> None:
        """The hidden layer for data like x, of these classes."""
        check_number("alpha", self.alpha)
        units = check_count("n_hidden", self.n_hidden)
        scale = check_number("weight_scale", self.weight_scale, open_low=True)
        columns = columns_for(units, self.activation)
        rng = check_random_state(self.random_state)
        if isinstance(self.weights, str):
            kind = check_choice("weights", self.weights, WEIGHTS)
            if self.biases is not None:
                raise ValueError("biases go with weights that are given, not with drawn ones")
            if kind == "differences":
                shape, phase = self._image_shape(x.shape[1]), self.activation == "cos"
                w, b = draw_differences(x, labels, columns, scale, shape, phase, rng)
            else:
                w, b = draw_weights(kind, x.shape[1], columns, scale, rng)
        else:
            w, b = check_weights(self.weights, self.biases, x.shape[1], columns)
        self.hidden_weights_, self.hidden_biases_ = w.astype(x.dtype), b.astype(x.dtype)

    def _image_shape(self, features: int) -> tuple[int, ...] | None:
        shape = self.image_shape
        if shape is not None and (len(shape) != 2 or shape[0] * shape[1] != features):
            raise ValueError(f"image_shape={shape!r} is no (height, width) of {features} features")
        return shape

    def _input(self, x: Array) -> Array:
        return standardize_rows(x) if self.standardize_rows else x

    def _hidden(self, x: Array) -> Array:
        """h = g(xW + b), (n, n_hidden)."""
        z = x @ self.hidden_weights_.astype(x.dtype, copy=False)
        z += self.hidden_biases_.astype(x.dtype, copy=False)
        return activate(z, self.activation)

    def _parts(self, x: Array) -> Iterator[slice]:
        units = int(self.n_hidden)
        return chunks(len(x), max(1, _BLOCK_BYTES // (units * x.itemsize)))

    def _solve(self, x: Array, y: Array, labels: Array | None = None) -> None:
        """The output weights for targets y (n, outputs)."""
        x = self._input(x)
        self._draw(x, labels)
        self._sums: Any = None
        self._rows: Any = None
        exact = np.float64 if self.n_hidden <= _KEPT else x.dtype
        if len(x) <= self.n_hidden:
            h, y = self._hidden(x).astype(exact, copy=False), y.astype(exact, copy=False)
            self._rows = h, y
            self.output_weights_ = ridge(h, y, self.alpha).astype(x.dtype, copy=False)
            return
        normal = Normal(int(self.n_hidden), y.shape[1], exact)
        self._add(normal, x, y)
        keep = self.n_hidden <= _KEPT
        if keep:
            self._sums = normal.gram, normal.moment
        self.output_weights_ = normal.solve(self.alpha, keep=keep).astype(x.dtype, copy=False)

    def _add(self, normal: Normal, x: Array, y: Array) -> None:
        for part in self._parts(x):
            normal.add(self._hidden(x[part]), y[part])

    def _solve_more(self, x: Array, y: Array, first: bool, labels: Array | None = None) -> None:
        """The output weights for all targets since the first call, or since fit."""
        x = self._input(x)
        if first:
            self._draw(x, labels)
            self._sums = self._rows = None
        normal = Normal(int(self.n_hidden), y.shape[1], np.float64)
        if self._sums is not None:
            normal.gram, normal.moment = (np.asfortranarray(self._sums[0]), self._sums[1])
        elif self._rows is not None:
            normal.add(*self._rows)
        elif not first:
            raise ValueError(
                f"fit keeps what partial_fit goes on from for at most {_KEPT} hidden units: begin "
                "with partial_fit"
            )
        self._add(normal, x, y)
        self._sums, self._rows = (normal.gram, normal.moment), None
        dtype = self.hidden_weights_.dtype
        self.output_weights_ = normal.solve(self.alpha, keep=True).astype(dtype, copy=False)

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self)
        x = self._input(validate_data(self, X, reset=False, dtype=FLOATS))
        weights = self.output_weights_.astype(x.dtype, copy=False)
        return np.concatenate([self._hidden(x[part]) @ weights for part in self._parts(x)])


class ELMRegressor(MultiOutputMixin, RegressorMixin, _ELM):  # type: ignore[misc]
    """y = g(xW + b) B: W and b stay as they were drawn, and B = (HᵀH + αI)⁻¹HᵀY, once and for all.

    n_hidden: hidden units. activation: g, "sigmoid", "tanh", "relu", "linear", "cos" or "cos_sin";
    the last two are random Fourier features, which make this kernel regression in small.
    alpha: α, against large B. weights: how W is drawn, "uniform", "normal" or "orthogonal", or W
    itself, (features, n_hidden); biases: b, (n_hidden,), if W is given, None for zeros.
    For "cos_sin" W and b have n_hidden/2 columns. weights="differences" makes each column of W the
    difference of two examples (of different classes), see `hidden.draw_differences`; with
    image_shape=(height, width) each unit sees a random rectangle only.
    weight_scale: the largest weight of "uniform", the standard deviation of "normal", the length
    of "orthogonal" columns, the standard deviation of xW for "differences".
    standardize_rows: first give each example mean 0 and standard deviation 1, for images.
    random_state: decides what is drawn.

    Scale the columns of X first; with hundreds of them a weight_scale of 1 / √features keeps the
    units out of saturation. Computes in X's type, float32 or float64, block by block, so that rows
    cost no memory; equations are solved in float64 up to 2048 hidden units, and in X's type above,
    where float32 needs a larger α.
    After fit: hidden_weights_, hidden_biases_, output_weights_ (n_hidden, outputs),
    n_features_in_.
    G.-B. Huang, Q.-Y. Zhu, C.-K. Siew, "Extreme learning machine: theory and applications", 2006.
    """

    def fit(self, X: Any, y: Any) -> ELMRegressor:
        """Learn from X (n, features) and y (n,) or (n, outputs). Returns self.

        Raises ValueError for arguments or data that do not fit, and for an alpha too small for the
        equations to have one solution.
        """
        x, y = validate_data(self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True)
        y = np.asarray(y, x.dtype)
        self._one = y.ndim == 1
        self._solve(x, y[:, np.newaxis] if self._one else y)
        return self

    def partial_fit(self, X: Any, y: Any) -> ELMRegressor:
        """Learn from more data, with the same result as from all of them at once. Returns self.

        N.-Y. Liang et al., "A fast and accurate online sequential learning algorithm for
        feedforward networks", 2006.
        """
        first = not hasattr(self, "output_weights_")
        x, y = validate_data(
            self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True, reset=first
        )
        y = np.asarray(y, x.dtype)
        self._one = y.ndim == 1
        self._solve_more(x, y[:, np.newaxis] if self._one else y, first)
        return self

    def predict(self, X: Any) -> Array:
        """The value for each row of X (n, features): (n,) or (n, outputs), as y was."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one else outputs


class ELMClassifier(ScoreClassifier, _ELM):
    """An extreme learning machine on targets of ±1, one output per class; the largest decides.

    Arguments as for `ELMRegressor`. predict_proba is the softmax of twice the outputs.
    After fit: classes_, hidden_weights_, hidden_biases_, output_weights_ (n_hidden, 1) for two
    classes, else (n_hidden, classes); n_features_in_.
    G.-B. Huang et al., "Extreme learning machine for regression and multiclass classification",
    2012.
    """

    def fit(self, X: Any, y: Any) -> ELMClassifier:
        """Learn from X (n, features) and the classes y (n,). Returns self.

        Raises ValueError for arguments or data that do not fit, and for an alpha too small for the
        equations to have one solution.
        """
        x, y = validate_data(self, X, y, dtype=FLOATS)
        self._solve(x, self._targets(y, x.dtype), np.searchsorted(self.classes_, y))
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> ELMClassifier:
        """Learn from more data, with the same result as from all of them at once. Returns self.

        classes: all classes there will be, needed in the first call.
        """
        first = not hasattr(self, "output_weights_")
        x, y = validate_data(self, X, y, dtype=FLOATS, reset=first)
        check_classification_targets(y)
        if first:
            if classes is None:
                raise ValueError("the first call of partial_fit needs classes=, all there will be")
            self.classes_ = np.unique(classes)
        labels = known_labels(y, self.classes_)
        self._solve_more(x, signs(labels, len(self.classes_), x.dtype), first, labels)
        return self

    def decision_function(self, X: Any) -> Array:
        """The outputs for each row of X: (n,) for two classes, else (n, classes)."""
        outputs = self._outputs(X)
        return outputs[:, 0] if len(self.classes_) == 2 else outputs
