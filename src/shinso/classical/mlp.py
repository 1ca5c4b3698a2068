"""The multilayer perceptron as an estimator: scikit-learn's arguments, shinso's network."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, gen_batches, shuffle
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso.cell import Array
from shinso.classical.arguments import check_choice, check_count, check_number, check_widths
from shinso.classical.mlp_training import ACTIVATIONS, Training, initial_weights, settle
from shinso.classical.running import check_finite, chunks
from shinso.classical.saving import Saving
from shinso.classical.scores import ScoreClassifier, known_labels, probabilities

FLOATS = (np.float64, np.float32)
_ROWS = 4096
_SCHEDULES = ("constant", "invscaling", "adaptive")


class _MLP(Saving, BaseEstimator):  # type: ignore[misc]
    """What classifier and regressor share."""

    _not_saved: ClassVar[tuple[str, ...]] = ("_training", "_order")
    loss_curve_: list[float]
    validation_scores_: list[float]
    _order: Array | None

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: int = 0,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int = 10,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change

    def _check(self) -> None:
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("solver", self.solver, ("adam", "sgd", "lbfgs"))
        check_choice("learning_rate", self.learning_rate, _SCHEDULES)
        check_number("alpha", self.alpha)
        check_number("learning_rate_init", self.learning_rate_init, open_low=True)
        check_number("power_t", self.power_t)
        check_number("momentum", self.momentum, high=1)
        check_number("tol", self.tol)
        check_number("epsilon", self.epsilon, open_low=True)
        for name in ("beta_1", "beta_2", "validation_fraction"):
            if check_number(name, getattr(self, name), high=1) == 1:
                raise ValueError(f"{name} is less than 1")
        check_count("max_iter", self.max_iter)
        check_count("n_iter_no_change", self.n_iter_no_change)
        if self.batch_size != "auto":
            check_count("batch_size", self.batch_size)

    # -- learning --------------------------------------------------------------------------------

    def _learn(self, x: Array, t: Array, outputs: int, task: str) -> None:
        """fit, after the data were checked."""
        self._random_state = check_random_state(self.random_state)
        if not (self.warm_start and hasattr(self, "coefs_")):
            self._begin(x, outputs)
        self._training = self._new_training(x, task, self.max_iter)
        self.loss_curve_ = list(self.loss_curve_) if self.warm_start else []
        if self.solver == "lbfgs":
            self._minimize(x, t)
        else:
            self._epochs(x, t)
        self._keep()

    def _begin(self, x: Array, outputs: int) -> None:
        widths = [x.shape[1], *check_widths_or_none(self.hidden_layer_sizes), outputs]
        self.coefs_, self.intercepts_ = initial_weights(
            widths, self.activation, self._random_state, x.dtype
        )
        self.n_layers_, self.n_outputs_ = len(widths), outputs
        self.t_, self.loss_curve_, self.best_loss_ = 0, [], np.inf
        self._count = 0
        self._optimizer_arrays: dict[str, Any] | None = None

    def _new_training(self, x: Array, task: str, epochs: int) -> Training:
        size = self._size(len(x))
        return Training(
            self.coefs_,
            self.intercepts_,
            self.activation,
            task,
            self._optimizer_options(),
            float(self.alpha),
            steps=epochs * -(-len(x) // size) if self.solver != "lbfgs" else 2 * epochs,
            rows=size if self.solver != "lbfgs" else len(x),
        )

    def _optimizer_options(self) -> dict[str, Any]:
        if self.solver == "sgd":
            return {
                "lr": float(self.learning_rate_init),
                "momentum": float(self.momentum),
                "nesterov": bool(self.nesterovs_momentum and self.momentum > 0),
            }
        betas = (float(self.beta_1), float(self.beta_2))
        return {"lr": float(self.learning_rate_init), "betas": betas, "eps": float(self.epsilon)}

    def _size(self, n: int) -> int:
        return min(200 if self.batch_size == "auto" else int(self.batch_size), n)

    def _epochs(self, x: Array, t: Array) -> None:
        held = None
        if self.early_stopping:
            x, held_x, t, held_t = train_test_split(
                x,
                t,
                random_state=self._random_state,
                test_size=self.validation_fraction,
                stratify=t if self.n_outputs_ == 1 and is_classifier(self) else None,
            )
            if len(held_x) < 2:
                raise ValueError("early_stopping holds back less than 2 examples of so few")
            held, self.validation_scores_, self.best_validation_score_ = (
                (held_x, held_t),
                [],
                -np.inf,
            )
        best = None
        self.n_iter_, self._order = 0, None
        for _ in range(self.max_iter):
            self._epoch(x, t)
            if held is not None:
                best = self._judge(held, best)
            else:
                worse = self.loss_ > self.best_loss_ - self.tol
                self._count = self._count + 1 if worse else 0
                self.best_loss_ = min(self.best_loss_, self.loss_)
            if self.solver == "sgd" and self.learning_rate == "invscaling":
                self._training.lr = self.learning_rate_init / (self.t_ + 1) ** self.power_t
            if self._count > self.n_iter_no_change and self._stop():
                break
        else:
            warnings.warn(
                f"the loss still falls after max_iter={self.max_iter} epochs: raise max_iter, or "
                "tol if this is good enough",
                ConvergenceWarning,
                stacklevel=4,
            )
        if best is not None:
            self._training.put(*best)

    def _epoch(self, x: Array, t: Array) -> None:
        """Every example once."""
        if self._order is None or len(self._order) != len(x):
            self._order = np.arange(len(x))
        if self.shuffle:  # the order before it, shuffled again
            self._order = shuffle(self._order, random_state=self._random_state)
        size = self._size(len(x))
        buffers = np.empty((size, x.shape[1]), x.dtype), np.empty((size, *t.shape[1:]), t.dtype)
        total = 0.0
        for part in gen_batches(len(x), size):
            n = part.stop - part.start
            total += n * self._training.learn(
                *(
                    # Into the same memory each time: fresh pages cost as much as the copy.
                    np.take(whole, self._order[part], axis=0, out=buffer[:n], mode="clip")
                    for whole, buffer in zip((x, t), buffers, strict=True)
                )
            )
        self.loss_ = total / len(x)
        if not np.isfinite(self.loss_):
            raise ValueError(
                f"{type(self).__name__}: the loss is no longer a finite number: lower "
                "learning_rate_init, or scale the columns of X to a standard deviation of 1"
            )
        self.n_iter_ += 1
        self.t_ += len(x)
        self.loss_curve_.append(self.loss_)
        if self.verbose:
            print(f"[MLP] epoch {self.n_iter_}: loss {self.loss_:.6f}", flush=True)

    def _judge(self, held: tuple[Array, Array], best: Any) -> Any:
        """The score on what was held back; returns the best weights so far."""
        self.coefs_, self.intercepts_ = self._training.get()
        score = self._score(*held)
        self.validation_scores_.append(score)
        better = score >= self.best_validation_score_ + self.tol
        self._count = 0 if better else self._count + 1
        if self.verbose:
            print(f"[MLP] validation score {score:.4f}", flush=True)
        if score > self.best_validation_score_:
            self.best_validation_score_ = score
            return self.coefs_, self.intercepts_
        return best

    def _stop(self) -> bool:
        """Whether no progress means the end, or only a smaller learning rate."""
        if self.solver == "sgd" and self.learning_rate == "adaptive" and self._training.lr > 1e-6:
            self._training.lr /= 5
            self._count = 0
            return False
        return True

    def _minimize(self, x: Array, t: Array) -> None:
        found = self._training.minimize(x, t, self.tol, self.max_iter, bool(self.verbose))
        self.n_iter_, self.loss_ = found.iterations, found.value
        if found.why == "max_iter":
            warnings.warn(
                f"lbfgs stopped by max_iter={self.max_iter}: raise it, or scale the columns of X",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _learn_more(self, x: Array, t: Array, outputs: int, task: str) -> None:
        """partial_fit, after the data were checked: one epoch."""
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit needs solver='adam' or 'sgd'")
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        self._random_state = check_random_state(self.random_state)
        if not hasattr(self, "coefs_"):
            self._begin(x, outputs)
        if getattr(self, "_training", None) is None:
            self._training = self._new_training(x, task, self.max_iter)
            self._training.restore(self._optimizer_arrays)
        self.n_iter_, self._order = 0, None
        self._epoch(x, t)
        self._keep()

    def _keep(self) -> None:
        self.coefs_, self.intercepts_ = self._training.get()
        check_finite("the network", *self.coefs_, *self.intercepts_)
        self._optimizer_arrays = self._training.state()

    # -- what it has learned ---------------------------------------------------------------------

    def _scores(self, x: Array) -> Array:
        """The network's outputs (n, outputs), in the type of x."""
        f = settle(self.activation)
        layers = [
            (w.astype(x.dtype, copy=False), b.astype(x.dtype, copy=False))
            for w, b in zip(self.coefs_, self.intercepts_, strict=True)
        ]
        results = []
        for part in chunks(len(x), _ROWS):
            h = x[part]
            for i, (w, b) in enumerate(layers):
                h = h @ w
                h += b
                if i < len(layers) - 1:
                    h = f(h)
            results.append(h)
        return np.concatenate(results)

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self)
        return self._scores(validate_data(self, X, reset=False, dtype=FLOATS))

    def _score(self, x: Array, t: Array) -> float:
        raise NotImplementedError("classifier and regressor score differently")


def check_widths_or_none(sizes: Any) -> tuple[int, ...]:
    """Layer widths; an empty sequence means no hidden layer."""
    if isinstance(sizes, (tuple, list)) and not sizes:
        return ()
    return check_widths("hidden_layer_sizes", sizes)


class MLPClassifier(ScoreClassifier, _MLP):
    """A multilayer perceptron that tells classes apart, trained by backpropagation.

    Minimizes the mean of -log P(y | x) plus alpha/2 |W|² / (examples in a batch), with softmax
    outputs for several classes and a sigmoid for two.

    hidden_layer_sizes: widths. activation: "relu", "logistic", "tanh" or "identity". solver:
    "adam", "sgd", or "lbfgs" (all examples at once, for small data).
    alpha: weight of the penalty. batch_size: "auto" is 200, or all examples if they are fewer.
    learning_rate: "constant"; with sgd also "invscaling" (η / t^power_t) and "adaptive" (a fifth
    whenever the loss stops falling). learning_rate_init: η. max_iter: the most epochs, or steps of
    lbfgs. tol, n_iter_no_change: it stops when the loss has not fallen by tol for so many epochs.
    early_stopping: hold back validation_fraction of the examples, and watch the score on them
    instead. momentum, nesterovs_momentum: of sgd; beta_1, beta_2, epsilon: of adam.
    warm_start: fit goes on from the last weights. random_state: decides weights and order.
    verbose: print a line per epoch.

    Arguments, defaults, weights to begin with and order of the examples are scikit-learn's: with
    the same random_state it takes the same path up to rounding, only faster. Long trainings run as
    machine code, short ones in NumPy (see `classical.running`).
    Computes in X's type, float32 (twice as fast) or float64. After fit: coefs_, intercepts_,
    loss_, loss_curve_, best_loss_, n_iter_, t_, classes_, n_features_in_, n_layers_, n_outputs_;
    with early_stopping validation_scores_, best_validation_score_.
    D. E. Rumelhart, G. E. Hinton, R. J. Williams, Nature 323, 1986.
    """

    def fit(self, X: Any, y: Any) -> MLPClassifier:
        """Learn from X (n, features) and the classes y (n,). Returns self.

        Raises ValueError for arguments or data that do not fit, and if the loss stops being finite.
        Warns with ConvergenceWarning if max_iter is too small.
        """
        self._check()
        warm = self.warm_start and hasattr(self, "coefs_")
        x, y = validate_data(self, X, y, dtype=FLOATS, reset=not warm)
        if warm and not np.isin(np.unique(y), self.classes_).all():
            raise ValueError(f"warm_start=True goes on with the classes {self.classes_}")
        if not warm:
            self._targets(y, x.dtype)
        self._learn(x, *self._task(y, x.dtype))
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> MLPClassifier:
        """One epoch over X (n, features) and y (n,), after whatever was learned before.

        classes: all classes there will be, needed in the first call. Returns self.
        """
        self._check()
        first = not hasattr(self, "coefs_")
        x, y = validate_data(self, X, y, dtype=FLOATS, reset=first)
        check_classification_targets(y)
        if first:
            if classes is None:
                raise ValueError("the first call of partial_fit needs classes=, all there will be")
            self.classes_ = np.unique(classes)
        self._learn_more(x, *self._task(y, x.dtype))
        return self

    def _task(self, y: Array, dtype: Any) -> tuple[Array, int, str]:
        labels = known_labels(y, self.classes_)
        if len(self.classes_) == 2:
            return labels.astype(dtype), 1, "binary"
        return labels.astype(np.int64), len(self.classes_), "classes"

    def _score(self, x: Array, t: Array) -> float:
        scores = self._scores(x)
        said = scores[:, 0] > 0 if self.n_outputs_ == 1 else scores.argmax(axis=1)
        return float(accuracy_score(t.astype(np.int64), said.astype(np.int64)))

    def decision_function(self, X: Any) -> Array:
        """The scores (logits) of each row of X: (n,) for two classes, else (n, classes)."""
        scores = self._outputs(X)
        return scores[:, 0] if self.n_outputs_ == 1 else scores

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, (n, classes)."""
        return probabilities(self.decision_function(X))

    def predict_log_proba(self, X: Any) -> Array:
        """Its logarithm, (n, classes)."""
        return np.log(self.predict_proba(X))


class MLPRegressor(MultiOutputMixin, RegressorMixin, _MLP):  # type: ignore[misc]
    """A multilayer perceptron that predicts numbers, trained by backpropagation.

    Minimizes the mean of ½|y - ŷ|² plus alpha/2 |W|² / (examples in a batch). Arguments and what
    is there after fit: as for `MLPClassifier`, without classes_. Scale y, too.
    """

    def fit(self, X: Any, y: Any) -> MLPRegressor:
        """Learn from X (n, features) and y (n,) or (n, outputs). Returns self.

        Raises and warns as `MLPClassifier.fit`.
        """
        self._check()
        warm = self.warm_start and hasattr(self, "coefs_")
        x, y = validate_data(
            self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True, reset=not warm
        )
        self._learn(x, *self._task(y, x.dtype))
        return self

    def partial_fit(self, X: Any, y: Any) -> MLPRegressor:
        """One epoch over X (n, features) and y, after whatever was learned before. Returns self."""
        self._check()
        first = not hasattr(self, "coefs_")
        x, y = validate_data(
            self, X, y, dtype=FLOATS, multi_output=True, y_numeric=True, reset=first
        )
        self._learn_more(x, *self._task(y, x.dtype))
        return self

    def _task(self, y: Array, dtype: Any) -> tuple[Array, int, str]:
        self._one = y.ndim == 1
        t = np.asarray(y, dtype)
        t = t[:, np.newaxis] if self._one else t
        return t, t.shape[1], "numbers"

    def _score(self, x: Array, t: Array) -> float:
        return float(r2_score(t, self._scores(x)))

    def predict(self, X: Any) -> Array:
        """The value for each row of X (n, features): (n,) or (n, outputs), as y was."""
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one else outputs
