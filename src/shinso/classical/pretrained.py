"""What classifiers that are first trained layer by layer have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso.cell import Array
from shinso.classical.arguments import check_choice, check_count, check_number, check_widths
from shinso.classical.finetuning import LayeredNetwork, Tuning, fine_tune, run_network
from shinso.classical.running import Report
from shinso.classical.saving import Saving
from shinso.classical.seeding import draw_seed, stream
from shinso.ops.softmax import stable_log_softmax, stable_softmax

FLOATS = (np.float32, np.float64)


class _Transformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin):  # type: ignore[misc]
    """Output columns are named after the class."""


class PretrainedClassifier(Saving, _Transformer, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Layers that are trained one after the other without labels, then all together with them.

    A subclass says in `_pretrain` how the layers are found; here are fine-tuning by backpropagation
    and prediction. After fit: classes_, coefs_ and intercepts_ (of the fine-tuned network, the last
    for the scores), loss_curve_, n_iter_, n_features_in_.
    """

    hidden_layer_sizes: Any
    batch_size: Any
    activation: str = "logistic"

    # -- learning --------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any) -> PretrainedClassifier:
        """Learn from X (n, features) and the classes y (n,). Returns self.

        Raises ValueError for arguments or data that do not fit, and if weights stop being finite
        numbers.
        """
        widths = check_widths("hidden_layer_sizes", self.hidden_layer_sizes)
        self._check_pretraining()
        x, y = validate_data(self, X, y, dtype=FLOATS)
        tuning = self._tuning(len(x))
        check_classification_targets(y)
        self.classes_, t = np.unique(y, return_inverse=True)
        t = t.astype(np.int64)
        self.unit_interval_ = bool(x.min() >= 0 and x.max() <= 1)
        self.random_state_ = check_random_state(self.random_state)
        with stream(draw_seed(self.random_state_)) as rng:
            weights, biases = self._pretrain(x, t, widths, rng)
            weights.append(np.zeros((widths[-1], len(self.classes_)), x.dtype))
            biases.append(np.zeros(len(self.classes_), x.dtype))
            network = LayeredNetwork(weights, biases, self.activation, self._side())
            report = Report(self.verbose, f"{type(self).__name__} fine-tuning", tuning.epochs)
            self.loss_curve_ = fine_tune(network, self._inputs(x), t, tuning, rng, report)
        self.coefs_, self.intercepts_ = network.arrays()
        self.n_iter_ = max(1, tuning.epochs)
        self._n_features_out = widths[-1]
        return self

    def _check_pretraining(self) -> None:
        check_count("pretrain_epochs", self.pretrain_epochs, 0)
        check_number("pretrain_learning_rate", self.pretrain_learning_rate, open_low=True)

    def _tuning(self, n: int) -> Tuning:
        """The arguments of fine-tuning, checked. n: number of examples."""
        return Tuning(
            check_choice("solver", self.solver, ("adam", "sgd")),
            check_number("learning_rate_init", self.learning_rate_init, open_low=True),
            check_choice("learning_rate", self.learning_rate, ("constant", "linear")),
            check_number("momentum", self.momentum, high=1),
            check_number("alpha", self.alpha),
            check_number("dropout", self.dropout, high=0.99),
            check_number("input_dropout", self.input_dropout, high=0.99),
            self._batch(n),
            check_count("max_iter", self.max_iter, 0),
        )

    def _batch(self, n: int) -> int:
        """The batch size; "auto" is a twentieth of the examples, from 10 to 100."""
        if isinstance(self.batch_size, str) and self.batch_size == "auto":
            return int(min(100, max(10, n // 20)))
        return check_count("batch_size", self.batch_size)

    def _pretrain(
        self, x: Array, t: Array, widths: tuple[int, ...], rng: np.random.Generator
    ) -> tuple[list[Array], list[Array]]:
        """The hidden layers' weights (in, out) and biases, found from x (n, features)."""
        raise NotImplementedError(f"{type(self).__name__} must say how its layers are found")

    def _inputs(self, x: Array) -> Array:
        """What the network gets for examples x."""
        return x

    def _side(self) -> list[int] | None:
        """See `LayeredNetwork`."""
        return None

    # -- prediction ------------------------------------------------------------------------------

    def _validated(self, X: Any) -> Array:
        check_is_fitted(self)
        return validate_data(self, X, reset=False, dtype=FLOATS)

    def _run(self, x: Array, depth: int | None = None) -> Array:
        weights = [w.astype(x.dtype, copy=False) for w in self.coefs_]
        biases = [b.astype(x.dtype, copy=False) for b in self.intercepts_]
        network = LayeredNetwork(weights, biases, self.activation, self._side())
        return run_network(network, self._inputs(x), depth)

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, in the order of classes_: (n, features) → (n, classes)."""
        return stable_softmax(self._run(self._validated(X)))

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of `predict_proba`."""
        return stable_log_softmax(self._run(self._validated(X)))

    def predict(self, X: Any) -> Array:
        """The most probable class of each row, (n,)."""
        scores = self._run(self._validated(X))
        return self.classes_[scores.argmax(axis=1)]

    def transform(self, X: Any) -> Array:
        """The last hidden layer of the fine-tuned network: (n, features) → (n, width)."""
        return self._run(self._validated(X), len(self.coefs_) - 1)

    def __sklearn_tags__(self) -> Any:
        """Transforms keep float32 and float64."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def is_gaussian(visible: str, x: Array) -> bool:
    """Whether visible units are to be Gaussian: "auto" says so if X leaves the range 0 to 1."""
    check_choice("visible", visible, ("auto", "bernoulli", "gaussian"))
    if visible == "auto":
        return bool(x.min() < 0 or x.max() > 1)
    return visible == "gaussian"
