"""The restricted Boltzmann machine as an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from shinso.cell import Array, Cell
from shinso.classical.arguments import check_choice, check_count, check_number
from shinso.classical.boltzmann import (
    bernoulli,
    draw_visible,
    free_energy,
    mean_visible,
    pseudo_likelihood,
)
from shinso.classical.contrastive import Pair, Rule
from shinso.classical.running import Report, chunks, prepared
from shinso.classical.saving import Saving
from shinso.classical.seeding import draw_seed, next_seed, stream
from shinso.ops.activation import stable_sigmoid

FLOATS = (np.float32, np.float64)
_AT_ONCE = 4_000_000


class RBM(Saving, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Restricted Boltzmann machine: one layer of hidden units that learns what data look like.

    P(v) = Σₕ e^(-E(v, h)) / Z with E(v, h) = -a·v - b·h - v·W·h for visible units of 0 and 1, and
    ½|v - a|² in place of -a·v for Gaussian ones. It learns by (persistent) contrastive divergence.

    n_components: hidden units. visible: "bernoulli" for data from 0 to 1, where values in between
    count as probabilities; "gaussian" for columns of mean 0 and standard deviation 1.
    learning_rate: η. batch_size: examples per update, and number of persistent chains.
    n_iter: epochs. algorithm: "pcd" or "cd". k: Gibbs steps per update.
    schedule: "constant", or "linear" for a learning rate that falls to 0.
    momentum, weight_decay: see `contrastive.Rule`. shuffle: a new order in every epoch.
    verbose: print a line per epoch. random_state: decides all that is drawn.

    With visible="bernoulli" and the other defaults it learns as scikit-learn's BernoulliRBM does.
    Computes in X's type: float32, which is faster, or float64. After fit: components_ (hidden,
    visible), intercept_hidden_, intercept_visible_, h_samples_ (the chains), n_features_in_.
    P. Smolensky, 1986; G. E. Hinton, "Training products of experts by minimizing contrastive
    divergence", 2002; T. Tieleman, "Training restricted Boltzmann machines using approximations to
    the likelihood gradient", 2008.
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        visible: str = "bernoulli",
        learning_rate: float = 0.1,
        batch_size: int = 10,
        n_iter: int = 10,
        algorithm: str = "pcd",
        k: int = 1,
        schedule: str = "constant",
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        shuffle: bool = True,
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.n_components = n_components
        self.visible = visible
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_iter = n_iter
        self.algorithm = algorithm
        self.k = k
        self.schedule = schedule
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.shuffle = shuffle
        self.verbose = verbose
        self.random_state = random_state

    # -- learning --------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any = None) -> RBM:
        """Learn from X (n, features), from the beginning. y is not used. Returns self.

        Raises ValueError for arguments or data that do not fit, and if the weights stop being
        finite numbers.
        """
        rule = self._rule()
        x = validate_data(self, X, dtype=FLOATS)
        self.random_state_ = check_random_state(self.random_state)
        with stream(draw_seed(self.random_state_)) as rng:
            pair = self._new_pair(x, rng)
            self._learn(pair, x, rule, rng)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> RBM:
        """Learn from one batch X (n, features): one update, after whatever was learned before.

        y is not used. Returns self.
        """
        rule = self._rule(epochs=1)
        first = not hasattr(self, "components_")
        x = validate_data(self, X, dtype=FLOATS, reset=first)
        if first:
            self.random_state_ = check_random_state(self.random_state)
        with stream(draw_seed(self.random_state_)) as rng:
            pair = self._new_pair(x, rng)
            if not first:
                pair.weight.data = self.components_.T
                pair.visible_bias.data = self.intercept_visible_
                pair.hidden_bias.data = self.intercept_hidden_
                if rule.algorithm == "pcd":
                    pair.chains = Cell(self.h_samples_.astype(x.dtype))
                if rule.momentum:
                    pair.moving = [Cell(m) for m in self._moving]
            self._learn(pair, x, rule, rng, len(x))
        return self

    def _rule(self, epochs: int | None = None) -> Rule:
        """The arguments, checked."""
        check_count("n_components", self.n_components)
        check_choice("visible", self.visible, ("bernoulli", "gaussian"))
        return Rule(
            check_choice("algorithm", self.algorithm, ("pcd", "cd")),
            check_count("k", self.k),
            check_number("learning_rate", self.learning_rate, open_low=True),
            check_choice("schedule", self.schedule, ("constant", "linear")),
            check_number("momentum", self.momentum, high=1),
            check_number("weight_decay", self.weight_decay),
            check_count("batch_size", self.batch_size),
            check_count("n_iter", self.n_iter, 0) if epochs is None else epochs,
            bool(self.shuffle),
        )

    def _new_pair(self, x: Array, rng: np.random.Generator) -> Pair:
        gaussian = self.visible == "gaussian"
        return Pair(x.shape[1], self.n_components, rng, x.dtype, gaussian=gaussian)

    def _learn(
        self, pair: Pair, x: Array, rule: Rule, rng: np.random.Generator, at_once: int = 0
    ) -> None:
        if at_once:
            chains = pair.chains
            if rule.algorithm == "pcd" and chains is None:
                pair.chains = Cell(np.zeros((rule.batch_size, self.n_components), x.dtype))
            rule = Rule(**{**vars(rule), "batch_size": at_once, "shuffle": False})

        def figures() -> str:
            self._keep(pair)
            some = x[:200]
            score = float(self._scores(some).mean())
            name = "pseudo-likelihood" if not pair.gaussian else "minus free energy"
            return f"reconstruction error {pair.error(x):.5f}, {name} {score:.2f}"

        pair.fit(x, rule, rng, Report(self.verbose and not at_once, "RBM", rule.epochs), figures)
        self._keep(pair)

    def _keep(self, pair: Pair) -> None:
        self.components_ = np.ascontiguousarray(pair.weight.numpy().T)
        self.intercept_visible_ = pair.visible_bias.numpy()
        self.intercept_hidden_ = pair.hidden_bias.numpy()
        if pair.chains is not None:
            self.h_samples_ = pair.chains.numpy()
        else:
            shape = (self.batch_size, self.n_components)
            self.h_samples_ = np.zeros(shape, self.components_.dtype)
        self._moving = [m.numpy() for m in pair.moving]
        self._n_features_out = len(self.components_)

    # -- what it has learned ---------------------------------------------------------------------

    def _validated(self, X: Any) -> Array:
        check_is_fitted(self)
        return validate_data(self, X, reset=False, dtype=FLOATS)

    def _parameters(self, dtype: Any) -> tuple[Array, Array, Array]:
        """W (visible, hidden), a and b in this type."""
        return (
            self.components_.T.astype(dtype, copy=False),
            self.intercept_visible_.astype(dtype, copy=False),
            self.intercept_hidden_.astype(dtype, copy=False),
        )

    def transform(self, X: Any) -> Array:
        """P(h = 1 | v) = σ(vW + b) for each row v of X: (n, features) → (n, n_components)."""
        x = self._validated(X)
        w, _, b = self._parameters(x.dtype)
        return stable_sigmoid(x @ w + b)

    def inverse_transform(self, X: Any) -> Array:
        """The expected visible units for hidden units h: (n, n_components) → (n, features)."""
        check_is_fitted(self)
        h = np.asarray(X)
        h = h.astype(np.float64) if h.dtype not in FLOATS else h
        if h.ndim != 2 or h.shape[1] != self._n_features_out:
            raise ValueError(f"hidden units come as (n, {self._n_features_out}), not {h.shape}")
        w, a, _ = self._parameters(h.dtype)
        return mean_visible(h @ w.T + a, self.visible == "gaussian")

    def reconstruct(self, X: Any) -> Array:
        """Up and down again with expected values: (n, features) → (n, features)."""
        return self.inverse_transform(self.transform(X))

    def free_energy(self, X: Any) -> Array:
        """F(v) = -log Σₕ e^(-E(v, h)) for each row of X; P(v) = e^(-F(v)) / Z."""
        x = self._validated(X)
        return free_energy(x, *self._parameters(x.dtype), self.visible == "gaussian")

    def score_samples(self, X: Any) -> Array:
        """The pseudo-likelihood Σᵢ log P(vᵢ | all other visible units) of each row, (n,).

        All bits are flipped one after the other, so the result is exact and the same every time;
        scikit-learn draws one of them. With Gaussian visible units it is -F(v) instead, the
        log-likelihood without the constant -log Z.
        """
        return self._scores(self._validated(X))

    def _scores(self, x: Array) -> Array:
        w, a, b = self._parameters(x.dtype)
        if self.visible == "gaussian":
            return -free_energy(x, w, a, b, gaussian=True)
        rows = max(1, _AT_ONCE // max(1, w.size))
        w = np.ascontiguousarray(w)
        count = -(-len(x) // rows)
        run = prepared(pseudo_likelihood, count, 200.0 * rows * w.size)
        return np.concatenate([np.asarray(run(x[part], w, a, b)) for part in chunks(len(x), rows)])

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of `score_samples`: larger is better. y is not used."""
        return float(self.score_samples(X).mean())

    # -- sampling --------------------------------------------------------------------------------

    def gibbs(self, v: Any, random_state: Any = None) -> Array:
        """One step of Gibbs sampling from visible units v (n, features): h given v, v given h.

        random_state: None goes on with the estimator's own random numbers.
        """
        return self._walk(self._validated(v), 1, random_state)[0]

    def sample(
        self, n: int = 1, steps: int = 1000, *, start: Any = None, random_state: Any = None
    ) -> Array:
        """n examples as the model imagines them, (n, features): the last step's expected values.

        steps: Gibbs steps of each chain. start: visible units (n, features) to begin with; None
        begins with random ones. random_state: None goes on with the estimator's own numbers.
        """
        check_is_fitted(self)
        check_count("n", n)
        check_count("steps", steps)
        if start is None:
            seed = self._seed(random_state)
            rng = np.random.default_rng(seed)
            shape = (n, self.n_features_in_)
            gaussian = self.visible == "gaussian"
            v = rng.standard_normal(shape) if gaussian else rng.integers(0, 2, shape)
            v = v.astype(self.components_.dtype)
            random_state = seed
        else:
            v = self._validated(start)
            if len(v) != n:
                raise ValueError(f"start has {len(v)} rows, and n={n} samples are asked for")
        return self._walk(v, steps, random_state)[1]

    def _seed(self, random_state: Any) -> int:
        return next_seed(random_state, self.random_state_)

    def _walk(self, v: Array, steps: int, random_state: Any) -> tuple[Array, Array]:
        """Visible units after so many Gibbs steps, and what was expected of the last one."""
        w, a, b = self._parameters(v.dtype)
        gaussian = self.visible == "gaussian"
        w = np.ascontiguousarray(w)

        def walk(v: Array, w: Array, a: Array, b: Array) -> tuple[Array, Array]:
            h = bernoulli(stable_sigmoid(v @ w + b))
            z = h @ w.T + a
            return draw_visible(z, gaussian), mean_visible(z, gaussian)

        with stream(self._seed(random_state)):
            run = prepared(walk, steps, 4.0 * len(v) * w.size, len(v) * sum(w.shape))
            expected = v
            for _ in range(steps):
                v, expected = run(v, w, a, b)
        return np.array(v), np.array(expected)

    def __sklearn_tags__(self) -> Any:
        """Transforms keep float32 and float64."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
