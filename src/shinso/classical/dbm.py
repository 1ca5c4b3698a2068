"""The deep Boltzmann machine as an estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from shinso.cell import Array
from shinso.classical.arguments import check_choice, check_count, check_number, check_widths
from shinso.classical.boltzmann import bernoulli, mean_visible
from shinso.classical.contrastive import Pair, Rule
from shinso.classical.deep_boltzmann import Machine, gibbs, mean_fields
from shinso.classical.pretrained import PretrainedClassifier, is_gaussian
from shinso.classical.running import Report, prepared
from shinso.classical.seeding import next_seed, stream


class DBMClassifier(PretrainedClassifier):
    """Deep Boltzmann machine: layers that influence each other both ways, fine-tuned to classify.

    Three parts. Greedy: each layer as an RBM in which doubled weights stand for the neighbour that
    is still missing. Joint: the gradient of log P(v), with mean-field values where the data are
    given and persistent chains where they are not. Then a network whose first layer gets v and the
    mean field's μ² (each further layer μ of the one above it), begins where the machine stands and
    is trained by backpropagation.

    hidden_layer_sizes: widths, two or more. visible: as for `DBNClassifier`.
    pretrain_epochs, pretrain_learning_rate, pretrain_momentum, pretrain_weight_decay: of each RBM
    (CD with pretrain_k steps); Gaussian units learn at a tenth of the rate.
    joint_epochs, joint_learning_rate (falls to 0 in a straight line), joint_k (Gibbs steps per
    update), mean_field_rounds: of joint learning, which also takes pretrain_weight_decay.
    max_iter … input_dropout: of fine-tuning, as for `DBNClassifier`.
    batch_size: examples per update, and number of chains; "auto" takes n / 20, from 10 to 100.
    verbose: print a line per epoch. random_state: decides all that is drawn.

    After fit, beside what `PretrainedClassifier` lists: weights_ (in, out) and biases_ (v first),
    before fine-tuning.
    R. Salakhutdinov, G. E. Hinton, "Deep Boltzmann machines", 2009.
    """

    def __init__(
        self,
        hidden_layer_sizes: Any = (500, 500),
        *,
        visible: str = "auto",
        pretrain_epochs: int = 10,
        pretrain_learning_rate: float = 0.05,
        pretrain_momentum: float = 0.5,
        pretrain_weight_decay: float = 2e-4,
        pretrain_k: int = 1,
        joint_epochs: int = 10,
        joint_learning_rate: float = 0.005,
        joint_k: int = 1,
        mean_field_rounds: int = 10,
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
        self.pretrain_epochs = pretrain_epochs
        self.pretrain_learning_rate = pretrain_learning_rate
        self.pretrain_momentum = pretrain_momentum
        self.pretrain_weight_decay = pretrain_weight_decay
        self.pretrain_k = pretrain_k
        self.joint_epochs = joint_epochs
        self.joint_learning_rate = joint_learning_rate
        self.joint_k = joint_k
        self.mean_field_rounds = mean_field_rounds
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
        if len(check_widths("hidden_layer_sizes", self.hidden_layer_sizes)) < 2:
            raise ValueError(
                "a deep Boltzmann machine has two or more hidden layers, not "
                f"hidden_layer_sizes={self.hidden_layer_sizes!r}; with one it is an RBM"
            )
        check_number("pretrain_momentum", self.pretrain_momentum, high=1)
        check_number("pretrain_weight_decay", self.pretrain_weight_decay)
        check_count("pretrain_k", self.pretrain_k)
        check_count("joint_epochs", self.joint_epochs, 0)
        check_number("joint_learning_rate", self.joint_learning_rate, open_low=True)
        check_count("joint_k", self.joint_k)
        check_count("mean_field_rounds", self.mean_field_rounds)
        check_choice("visible", self.visible, ("auto", "bernoulli", "gaussian"))

    def _pretrain(
        self, x: Array, t: Array, widths: tuple[int, ...], rng: np.random.Generator
    ) -> tuple[list[Array], list[Array]]:
        self.gaussian_ = is_gaussian(self.visible, x)
        weights, biases = self._greedy(x, widths, rng)
        slower = 0.1 if self.gaussian_ else 1.0
        rule = Rule(
            "pcd",
            self.joint_k,
            self.joint_learning_rate * slower,
            "linear",
            0.0,
            self.pretrain_weight_decay,
            self._batch(len(x)),
            self.joint_epochs,
        )
        machine = Machine(weights, biases, self.gaussian_, rule.batch_size)
        report = Report(self.verbose, "DBMClassifier jointly", self.joint_epochs)
        machine.fit(x, rule, self.mean_field_rounds, rng, report)
        self.weights_ = [w.numpy() for w in machine.weights]
        self.biases_ = [b.numpy() for b in machine.biases]
        seen = []
        for i, w in enumerate(self.weights_):
            above = self.weights_[i + 1 : i + 2]
            seen.append(np.concatenate([w, *[next_.T for next_ in above]]))
        return seen, self.biases_[1:]

    def _greedy(
        self, x: Array, widths: tuple[int, ...], rng: np.random.Generator
    ) -> tuple[list[Array], list[Array]]:
        """One RBM after the other, with doubled weights where a neighbour is missing."""
        weights: list[Array] = []
        biases: list[Array] = []
        data = x
        for i, width in enumerate(widths):
            gaussian = self.gaussian_ and i == 0
            up, down = 1.0 if i == len(widths) - 1 else 2.0, 2.0 if i else 1.0
            pair = Pair(data.shape[1], width, rng, x.dtype, gaussian=gaussian, up=up, down=down)
            rule = Rule(
                "cd",
                self.pretrain_k,
                self.pretrain_learning_rate * (0.1 if gaussian else 1.0),
                "constant",
                self.pretrain_momentum,
                self.pretrain_weight_decay,
                self._batch(len(x)),
                self.pretrain_epochs,
            )
            report = Report(self.verbose, f"DBMClassifier layer {i + 1}", self.pretrain_epochs)
            pair.fit(data, rule, rng, report)
            weights.append(pair.weight.numpy())
            if i == 0:
                biases.append(pair.visible_bias.numpy())
            biases.append(pair.hidden_bias.numpy())
            data = pair.hidden(data)
        return weights, biases

    # -- fine-tuning -----------------------------------------------------------------------------

    def _inputs(self, x: Array) -> Array:
        """v and μ², μ³, … beside each other."""
        weights = [w.astype(x.dtype, copy=False) for w in self.weights_]
        biases = [b.astype(x.dtype, copy=False) for b in self.biases_]
        return np.concatenate(
            [x, *mean_fields(x, weights, biases, self.mean_field_rounds)[1:]], axis=1
        )

    def _side(self) -> list[int]:
        """The first layer gets μ², the second μ³, …; the last hidden layer and the scores none."""
        return [*[w.shape[1] for w in self.weights_[1:]], 0, 0]

    # -- the machine itself ----------------------------------------------------------------------

    def mean_field(self, X: Any) -> list[Array]:
        """μ¹ … μᴸ of each row, the approximate P(h = 1 | v): (n, features) → L of (n, width)."""
        x = self._validated(X)
        weights = [w.astype(x.dtype, copy=False) for w in self.weights_]
        biases = [b.astype(x.dtype, copy=False) for b in self.biases_]
        return mean_fields(x, weights, biases, self.mean_field_rounds)

    def reconstruct(self, X: Any) -> Array:
        """The expected visible units for μ¹: (n, features) → (n, features)."""
        z = self.mean_field(X)[0] @ self.weights_[0].T + self.biases_[0]
        return mean_visible(z, self.gaussian_)

    def sample(self, n: int = 1, steps: int = 1000, *, random_state: Any = None) -> Array:
        """n examples as the machine imagines them, (n, features): expected visible units.

        Gibbs sampling in all layers from random states. steps: Gibbs steps of each chain.
        random_state: None goes on with the estimator's own random numbers.
        """
        check_is_fitted(self)
        check_count("n", n)
        check_count("steps", steps)
        count, gaussian = len(self.weights_), self.gaussian_

        def walk(*arrays: Array) -> list[Array]:
            odd, parameters = arrays[: -2 * count - 1], arrays[-2 * count - 1 :]
            return gibbs(odd, parameters[:count], parameters[count:], gaussian)[1]

        parameters = [*self.weights_, *self.biases_]
        with stream(next_seed(random_state, self.random_state_)):
            half = [np.full((n, b.size), 0.5, b.dtype) for b in self.biases_[1::2]]
            odd = [bernoulli(p) for p in half]
            size = sum(w.size for w in self.weights_)
            run = prepared(walk, steps, 4.0 * n * size, n * sum(b.size for b in self.biases_))
            for _ in range(steps):
                odd = run(*odd, *parameters)
        z = np.asarray(odd[0]) @ self.weights_[0].T + self.biases_[0]
        return mean_visible(z, gaussian)
