"""The deep belief network: RBMs on top of each other, then backpropagation."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from shinso.cell import Array
from shinso.classical.arguments import check_choice, check_count, check_number
from shinso.classical.boltzmann import bernoulli, draw_visible, mean_visible
from shinso.classical.contrastive import Pair, Rule
from shinso.classical.pretrained import PretrainedClassifier, is_gaussian
from shinso.classical.running import Report, prepared
from shinso.classical.seeding import next_seed, stream
from shinso.ops.activation import stable_sigmoid


class DBNClassifier(PretrainedClassifier):
    """Deep belief network: a stack of RBMs, each learning the one below, fine-tuned to classify.

    Greedy: RBM 1 learns P(v); its hidden probabilities are the data of RBM 2, and so on. Together
    they are a generator, P(v, h¹, …) = P(v | h¹) … P(hᴸ⁻¹, hᴸ), see `sample`. Then the weights
    become those of a network with a softmax on top, trained by backpropagation.

    hidden_layer_sizes: widths. visible: "bernoulli", "gaussian", or "auto" for Gaussian units where
    X leaves the range 0 to 1. label_units: let the top RBM see the class, too, as a softmax among
    its visible units; `sample` can then be asked for classes.
    pretrain_epochs, pretrain_learning_rate, pretrain_momentum, pretrain_weight_decay,
    pretrain_k: of each RBM, see `RBM`; Gaussian units learn at a tenth of the rate.
    pretrain_epochs=0 begins from random weights. All learn by CD-k but the top one: top_algorithm
    "pcd" makes samples look like data (half the rate, falling to 0, no momentum); "cd" does not.
    max_iter: epochs of fine-tuning. solver ("adam", "sgd"), learning_rate_init, learning_rate
    ("constant", or "linear" to 0), momentum, alpha, dropout, input_dropout: see `Tuning`.
    batch_size: examples per update, in both parts; "auto" takes n / 20, from 10 to 100.
    verbose: print a line per epoch. random_state: decides all that is drawn.

    After fit, beside what `PretrainedClassifier` lists: weights_ (in, out), hidden_biases_ and
    visible_biases_, of the RBMs before fine-tuning.
    G. E. Hinton et al., "A fast learning algorithm for deep belief nets", 2006;
    G. E. Hinton, R. Salakhutdinov, Science 313, 2006.
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (500, 500),
        *,
        visible: str = "auto",
        label_units: bool = False,
        pretrain_epochs: int = 10,
        pretrain_learning_rate: float = 0.1,
        pretrain_momentum: float = 0.5,
        pretrain_weight_decay: float = 2e-4,
        pretrain_k: int = 1,
        top_algorithm: str = "pcd",
        max_iter: int = 100,
        solver: str = "adam",
        learning_rate_init: float = 3e-3,
        learning_rate: str = "linear",
        momentum: float = 0.9,
        alpha: float = 0.0,
        dropout: float = 0.0,
        input_dropout: float = 0.0,
        batch_size: Any = "auto",
        verbose: int = 0,
        random_state: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.visible = visible
        self.label_units = label_units
        self.pretrain_epochs = pretrain_epochs
        self.pretrain_learning_rate = pretrain_learning_rate
        self.pretrain_momentum = pretrain_momentum
        self.pretrain_weight_decay = pretrain_weight_decay
        self.pretrain_k = pretrain_k
        self.top_algorithm = top_algorithm
        self.max_iter = max_iter
        self.solver = solver
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.alpha = alpha
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.batch_size = batch_size
        self.verbose = verbose
        self.random_state = random_state

    def _check_pretraining(self) -> None:
        super()._check_pretraining()
        check_number("pretrain_momentum", self.pretrain_momentum, high=1)
        check_number("pretrain_weight_decay", self.pretrain_weight_decay)
        check_choice("top_algorithm", self.top_algorithm, ("pcd", "cd"))
        check_count("pretrain_k", self.pretrain_k)

    def _rule(self, n: int, gaussian: bool, top: bool) -> Rule:
        persistent = top and self.top_algorithm == "pcd"
        return Rule(
            "pcd" if persistent else "cd",
            self.pretrain_k,
            self.pretrain_learning_rate * (0.1 if gaussian else 1.0) * (0.5 if persistent else 1.0),
            "linear" if persistent else "constant",
            0.0 if persistent else self.pretrain_momentum,
            self.pretrain_weight_decay,
            self._batch(n),
            self.pretrain_epochs,
        )

    def _pretrain(
        self, x: Array, t: Array, widths: tuple[int, ...], rng: np.random.Generator
    ) -> tuple[list[Array], list[Array]]:
        gaussian = self.gaussian_ = is_gaussian(self.visible, x)
        self.n_labels_ = len(self.classes_) if self.label_units else 0
        self.weights_: list[Array] = []
        self.hidden_biases_: list[Array] = []
        self.visible_biases_: list[Array] = []
        data = x
        for i, width in enumerate(widths):
            first, top = i == 0, i == len(widths) - 1
            labels = self.n_labels_ if top else 0
            seen = np.concatenate([data, np.eye(labels, dtype=x.dtype)[t]], 1) if labels else data
            options: dict[str, Any] = {"gaussian": gaussian and first, "labels": labels}
            pair = Pair(seen.shape[1], width, rng, x.dtype, **options)
            report = Report(self.verbose, f"DBNClassifier layer {i + 1}", self.pretrain_epochs)
            pair.fit(seen, self._rule(len(x), gaussian and first, top), rng, report)
            self.weights_.append(pair.weight.numpy())
            self.hidden_biases_.append(pair.hidden_bias.numpy())
            self.visible_biases_.append(pair.visible_bias.numpy())
            if not top:
                data = pair.hidden(data)
        below = widths[-2] if len(widths) > 1 else x.shape[1]
        return [*self.weights_[:-1], self.weights_[-1][:below]], list(self.hidden_biases_)

    # -- the generator ---------------------------------------------------------------------------

    def sample(
        self, n: int = 1, steps: int = 1000, *, y: Any = None, random_state: Any = None
    ) -> Array:
        """n examples as the stack of RBMs imagines them, (n, features): expected visible units.

        Gibbs sampling in the top RBM, then once down through the layers below.
        steps: Gibbs steps. y: classes (n,) to imagine, or one for all; needs label_units=True.
        random_state: None goes on with the estimator's own random numbers.
        """
        check_is_fitted(self)
        check_count("n", n)
        check_count("steps", steps)
        clamped = None if y is None else self._one_hot(y, n)
        with stream(next_seed(random_state, self.random_state_)):
            h = self._top(n, steps, clamped)
            for i in reversed(range(len(self.weights_) - 1)):
                z = h @ self.weights_[i].T + self.visible_biases_[i]
                h = mean_visible(z, True) if i == 0 and self.gaussian_ else stable_sigmoid(z)
                h = bernoulli(h) if i else h
        return np.array(h)

    def _one_hot(self, y: Any, n: int) -> Array:
        if not self.n_labels_:
            raise ValueError("only DBNClassifier(label_units=True) can be asked for classes")
        wanted = np.broadcast_to(np.asarray(y), (n,))
        unknown = ~np.isin(wanted, self.classes_)
        if unknown.any():
            raise ValueError(
                f"{wanted[unknown].tolist()[0]!r} is not one of classes_ {self.classes_.tolist()}"
            )
        places = np.searchsorted(self.classes_, wanted)
        return np.eye(self.n_labels_, dtype=self.weights_[-1].dtype)[places]

    def _top(self, n: int, steps: int, clamped: Array | None) -> Array:
        """Gibbs sampling in the top RBM; returns its visible units without the labels."""
        w, a, b = self.weights_[-1], self.visible_biases_[-1], self.hidden_biases_[-1]
        labels, gaussian = self.n_labels_, self.gaussian_ and len(self.weights_) == 1

        def walk(v: Array, w: Array, a: Array, b: Array) -> tuple[Array, Array]:
            z = bernoulli(stable_sigmoid(v @ w + b)) @ w.T + a
            return draw_visible(z, gaussian, labels), mean_visible(z, gaussian, labels)

        run = prepared(walk, steps, 4.0 * n * w.size, n * sum(w.shape))
        v = expected = bernoulli(np.full((n, len(a)), 0.5, w.dtype))
        for _ in range(steps):
            if clamped is not None:
                v = np.concatenate([v[:, :-labels], clamped], axis=1)
            v, expected = run(v, w, a, b)
        result = np.asarray(expected if len(self.weights_) == 1 else v)
        return result[:, :-labels] if labels else result
